"""The oracle's own arithmetic: which orders are refused, rates by the clock, resets; worked out by hand."""

from __future__ import annotations

import pytest

from hil.oracle import lives
from tests.oracle.hand import EPOCH_S, LIMITS, MIN, H, Hand, S, codes


@pytest.mark.req("GUARD-1")
def test_what_is_promised_counts_before_a_bolus_is_accepted() -> None:
    hand = Hand()
    hand.order(0, "set_limits", **LIMITS | {"max_hour_mu": 10_000})
    assert codes(hand.why_not(S, "dual_bolus", volume_mu=4_000, square_mu=8_000, duration_min=30)) == {"hour_limit"}
    hand.order(S, "square_bolus", volume_mu=8_000, duration_min=30)
    assert codes(hand.why_not(2 * S, "bolus", volume_mu=8_000)) == {"hour_limit"}
    assert not hand.why_not(2 * S, "bolus", volume_mu=2_000)


@pytest.mark.req("GUARD-1")
def test_a_square_bolus_of_forty_units_leaves_no_room_for_another_forty() -> None:
    hand = Hand()
    hand.order(0, "square_bolus", volume_mu=40_000, duration_min=30)
    assert codes(hand.why_not(S, "bolus", volume_mu=40_000)) == {"hour_limit"}
    assert not hand.why_not(S, "bolus", volume_mu=20_000)
    # Spread over eight hours only an eighth falls into any one.
    hand = Hand()
    hand.order(0, "square_bolus", volume_mu=40_000, duration_min=480)
    assert not hand.why_not(S, "bolus", volume_mu=40_000)


@pytest.mark.req("GUARD-1")
def test_basal_that_is_programmed_already_counts_for_a_spread_part() -> None:
    hand = Hand()
    hand.order(0, "set_basal", rate_mu_per_h=35_000)
    assert codes(hand.why_not(0, "square_bolus", volume_mu=30_000, duration_min=60)) == {"hour_limit"}
    assert not hand.why_not(0, "square_bolus", volume_mu=20_000, duration_min=60)


@pytest.mark.req("THER-2")
def test_a_bolus_is_refused_with_every_reason_that_holds() -> None:
    hand = Hand()
    hand.order(0, "set_limits", **LIMITS | {"max_bolus_mu": 5_000})
    assert codes(hand.why_not(0, "bolus", volume_mu=5_100)) == {"clinician_limit", "not_whole_strokes"}
    assert codes(hand.why_not(0, "bolus", volume_mu=40_200)) >= {"hard_limit", "clinician_limit"}
    assert codes(hand.why_not(0, "dual_bolus", volume_mu=3_000, square_mu=3_000, duration_min=30)) == {
        "clinician_limit"
    }
    hand.order(0, "bolus", volume_mu=1_000)
    assert codes(hand.why_not(S, "bolus", volume_mu=200)) == {"bolus_active"}
    assert not hand.why_not(S, "square_bolus", volume_mu=200, duration_min=30)


@pytest.mark.req("THER-2")
def test_a_percentage_is_rounded_down_and_held_to_the_limit_at_every_rate_of_the_pattern() -> None:
    hand = Hand()
    rates = [{"rate_mu_per_h": 50 + 50 * (place // 24)} for place in range(48)]
    staged = hand.order(0, "stage_pattern", pattern=2, rates=rates)
    assert staged["day_mu"] == 12 * 50 + 12 * 100
    hand.order(0, "commit_pattern", pattern=2, fingerprint=staged["fingerprint"])
    hand.order(0, "select_pattern", pattern=2)
    assert hand.order(S, "temp_basal", kind=1, value=33, duration_min=30)["in_force_mu_per_h"] == 16
    hand.order(2 * S, "set_limits", **LIMITS | {"max_basal_mu_per_h": 150})
    reasons = hand.why_not(3 * S, "temp_basal", kind=1, value=151, duration_min=30)
    assert [(each.code, each.value, each.limit) for each in reasons] == [("clinician_limit", 151, 150)]


@pytest.mark.req("THER-1", "THER-8")
def test_a_pattern_changes_at_the_half_hour_of_the_local_clock() -> None:
    hand = Hand()
    rates = [{"rate_mu_per_h": 100 * (place + 1)} for place in range(48)]
    staged = hand.order(0, "stage_pattern", pattern=0, rates=rates)
    hand.order(0, "commit_pattern", pattern=0, fingerprint=staged["fingerprint"])
    assert hand.order(S, "select_pattern", pattern=0)["rate_mu_per_h"] == 100
    hand.device.advance(30 * MIN)
    assert hand.device.pump.rate == 200
    hand.order(40 * MIN, "set_time", utc_s=EPOCH_S + 23 * 3_600 + 1_799)
    assert hand.device.pump.rate == 4_700
    hand.device.advance(40 * MIN + S)
    assert hand.device.pump.rate == 4_800
    hand.device.pump.programme.utc_at_zero_us = None
    hand.device.pump.follow()
    assert hand.device.pump.rate == 100


@pytest.mark.req("THER-7")
def test_a_recommendation_lapses_and_a_temporary_rate_ends_at_its_own_microsecond() -> None:
    hand = Hand()
    hand.order(0, "set_basal", rate_mu_per_h=1_000)
    assert hand.order(5, "recommend_rate", rate_mu_per_h=2_000, valid_min=1)["until_us"] == 5 + MIN
    hand.device.advance(4 + MIN)
    assert hand.device.pump.rate == 2_000
    hand.device.advance(5 + MIN)
    assert hand.device.pump.rate == 1_000
    assert codes(hand.why_not(2 * MIN, "cancel_temp")) == {"no_temp_active"}
    hand.order(2 * MIN, "temp_basal", kind=0, value=0, duration_min=30)
    assert codes(hand.why_not(3 * MIN, "recommend_rate", rate_mu_per_h=0, valid_min=1)) == {"temp_active"}
    hand.device.advance(32 * MIN)
    assert hand.device.pump.rate == 1_000


@pytest.mark.req("THER-3")
def test_auto_off_counts_from_the_latest_act_of_a_person() -> None:
    hand = Hand()
    settings = dict(hand.device.settings.values) | {"auto_off_min": 60}
    hand.order(S, "set_settings", **settings)
    hand.order(MIN, "set_basal", rate_mu_per_h=0)
    hand.device.advance(61 * MIN - 1)
    assert hand.device.pump.state == "running"
    hand.device.advance(61 * MIN)
    assert hand.device.pump.state == "stopped"
    assert "auto_off" in hand.device.alarms.latched


@pytest.mark.req("THER-4")
def test_at_the_stop_level_the_pump_stops_and_is_not_resumed() -> None:
    hand = Hand()
    hand.order(0, "set_basal", rate_mu_per_h=3_000)
    weights = {"put_before_mg": 30_000, "put_after_mg": 29_397, "taken_back_nl": 0}
    reply = hand.order(1, "record_refill", drawn_before_mg=1, drawn_after_mg=1, **weights)
    assert reply["filled_nl"] == 600_000  # 603 mg at 1.005 mg/µl, 240 U
    assert hand.device.reservoir.level == "empty"
    hand.device.advance(200 * 240 * S)
    assert hand.device.pump.state == "running"
    hand.device.advance(200 * 240 * S + S)
    assert (hand.device.pump.state, hand.device.reservoir.left_mu) == ("stopped", 200_000)
    assert codes(hand.why_not(20 * H, "resume")) == {"reservoir"}


@pytest.mark.req("STORE-2")
def test_a_permitted_stroke_that_was_due_counts_and_time_without_power_programs_nothing() -> None:
    hand = Hand()
    hand.order(0, "set_basal", rate_mu_per_h=3_000)
    hand.device.advance(700 * S)  # the third stroke is due at 720 s
    lives.restart(hand.device, 1_000 * S, 1_000 * S, EPOCH_S + 1_000)
    pump = hand.device.pump
    assert (pump.commanded, pump.confirmed, len(pump.strokes)) == (3, 3, 2)
    assert hand.strokes(1_240 * S)[2:] == [1_240 * S]


@pytest.mark.req("STORE-2", "STORE-5")
def test_a_short_cut_changes_nothing_but_that_a_bolus_has_ended() -> None:
    hand = Hand()
    hand.order(0, "set_basal", rate_mu_per_h=3_000)
    hand.order(0, "bolus", volume_mu=1_000)
    hand.device.advance(3 * S)
    lives.restart(hand.device, 3 * S + 1, 3 * S + 1, EPOCH_S + 3)
    assert hand.device.pump.normal is None
    assert hand.device.pump.entries[2].reason == "reset"
    assert hand.strokes(240 * S) == [0, 2 * S, 240 * S]
