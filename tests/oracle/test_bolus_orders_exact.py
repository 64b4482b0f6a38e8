"""The orders about boluses by hand: what each does, what its reply says, and each reason against it at its edge."""

from __future__ import annotations

import pytest

from hil.oracle.reasons import Reason
from tests.oracle.hand import EDGE_US, LIMITS, MIN, H, Hand, S, against, basal, both_codes, codes


@pytest.mark.req("THER-2", "GUARD-1")
def test_a_bolus_is_whole_strokes_within_both_limits() -> None:
    hand = Hand()
    hand.device.settings.limits["max_bolus_mu"] = 5_000
    assert against(hand, "bolus", volume_mu=5_000) == ([], [])
    assert against(hand, "bolus", volume_mu=5_200) == ([Reason("clinician_limit", None, 5_200, 5_000)], [])
    assert against(hand, "bolus", volume_mu=201) == ([Reason("not_whole_strokes", "volume_mu", 201, 200)], [])
    dual = {"duration_min": 30, "volume_mu": 2_400}
    assert against(hand, "dual_bolus", square_mu=2_600, **dual) == ([], [])
    assert against(hand, "dual_bolus", square_mu=2_800, **dual) == (
        [Reason("clinician_limit", None, 5_200, 5_000)], [],
    )  # fmt: skip
    assert against(hand, "dual_bolus", square_mu=300, **dual) == (
        [Reason("not_whole_strokes", "square_mu", 300, 200)], [],
    )  # fmt: skip
    hand.device.settings.limits["max_bolus_mu"] = 90_000
    dual = {"duration_min": 30, "volume_mu": 20_000}
    assert against(hand, "dual_bolus", square_mu=20_000, **dual) == ([], [])
    assert against(hand, "dual_bolus", square_mu=20_200, **dual)[0] == [Reason("hard_limit", None, 40_200, 40_000)]
    assert against(hand, "square_bolus", volume_mu=40_000, duration_min=30) == ([], [])


@pytest.mark.req("THER-2", "DOSE-5")
def test_one_bolus_of_each_kind_at_a_time_its_last_stroke_included() -> None:
    spread = {"volume_mu": 200, "duration_min": 30}
    hand = Hand()
    hand.order(0, "bolus", volume_mu=400)
    busy = (["bolus_active"], [])
    assert both_codes(against(hand, "bolus", volume_mu=200)) == busy
    assert both_codes(against(hand, "dual_bolus", square_mu=200, **spread)) == busy
    assert both_codes(against(hand, "square_bolus", **spread)) == ([], [])
    hand.device.advance(2 * S)
    assert hand.device.pump.normal is None and both_codes(against(hand, "bolus", volume_mu=200)) == busy
    hand.device.advance(2 * S + EDGE_US)
    assert both_codes(against(hand, "bolus", volume_mu=200)) == ([], [])
    hand.order(10 * S, "square_bolus", **spread)
    assert both_codes(against(hand, "square_bolus", **spread)) == busy
    assert both_codes(against(hand, "dual_bolus", square_mu=200, **spread)) == busy
    assert both_codes(against(hand, "bolus", volume_mu=200)) == ([], [])
    hand.device.advance(10 * S + 30 * MIN)
    assert both_codes(against(hand, "square_bolus", **spread)) == busy
    hand.device.advance(10 * S + 30 * MIN + EDGE_US)
    assert both_codes(against(hand, "square_bolus", **spread)) == ([], [])


@pytest.mark.req("THER-2", "DOSE-3")
def test_each_bolus_has_its_accounts_and_strokes() -> None:
    hand = Hand()
    assert hand.order(0, "bolus", volume_mu=600) == {"delivery_id": 2, "strokes": 3}
    assert hand.order(0, "square_bolus", volume_mu=800, duration_min=40) == {"delivery_id": 3, "strokes": 4}
    pump = hand.device.pump
    assert pump.square is not None and (pump.square.strokes, pump.square.over_us) == (4, 40 * MIN)
    hand = Hand()
    reply = hand.order(0, "dual_bolus", volume_mu=600, square_mu=800, duration_min=40)
    assert reply == {"delivery_id": 2, "square_id": 3, "strokes": 7}
    assert [each.kind for each in hand.device.pump.entries] == ["basal", "dual_normal", "dual_square"]
    pump = hand.device.pump
    assert pump.square is not None and (pump.square.strokes, pump.square.over_us) == (4, 40 * MIN)
    fine = Hand(125, 100)
    assert fine.order(0, "bolus", volume_mu=40_000) == {"delivery_id": 2, "strokes": 3_200}


@pytest.mark.req("THER-4", "THER-2")
def test_what_the_reservoir_has_counts_for_the_whole_bolus() -> None:
    hand = Hand()
    hand.device.reservoir.fill(505_000, 0, 0)  # 2 U above the stop; 0.4 U may be on the way
    assert against(hand, "dual_bolus", volume_mu=800, square_mu=800, duration_min=30) == ([], [])
    assert "reservoir" in both_codes(against(hand, "dual_bolus", volume_mu=800, square_mu=1_000, duration_min=30))[1]


@pytest.mark.req("GUARD-1")
def test_the_future_is_played_for_an_acceptance_and_for_a_refusal_by_a_cap() -> None:
    hand = Hand()
    hand.order(0, "set_limits", **LIMITS | {"max_hour_mu": 1_000})
    for code, asked in (("", True), ("hour_limit", True), ("day_limit", True), ("temp_active", False)):
        assert ("hour_limit" in both_codes(against(hand, "bolus", code, volume_mu=1_200))[0]) is asked
    made = Hand()
    made.order(0, "set_limits", **LIMITS | {"max_hour_mu": 1_000})
    made.device.advance(2 * H)
    for place in range(5):
        made.device.pump.caps.count(H - 30 * S + place)
    assert both_codes(against(made, "bolus", "hour_limit", volume_mu=200)) == ([], ["hour_limit"]), "by the safe side"
    accepted, refused = (
        against(hand, "bolus", volume_mu=1_200)[0],
        against(hand, "bolus", "day_limit", volume_mu=1_200)[0],
    )
    assert accepted == [Reason("hour_limit")] and refused[0].limit == 1_000
    spread = {"duration_min": 120, "volume_mu": 2_000}
    assert both_codes(against(hand, "square_bolus", **spread)) == ([], []), "half of it falls into the hour"
    assert both_codes(against(hand, "square_bolus", **spread | {"duration_min": 60}))[0] == ["hour_limit"]


@pytest.mark.req("GUARD-1")
def test_a_bolus_that_finds_a_cap_full_is_refused_though_basal_is_cut_half_a_minute_later() -> None:
    hand = basal(24_000)  # a stroke in 30 s
    hand.order(0, "set_limits", **LIMITS | {"max_hour_mu": 1_000})
    for place in range(5):
        hand.device.pump.caps.count(place - 5)
    assert codes(against(hand, "bolus", volume_mu=200)[0]) == {"hour_limit"}


@pytest.mark.req("THER-2")
def test_a_cancelled_bolus_tells_what_was_delivered() -> None:
    hand = Hand()
    assert both_codes(against(hand, "cancel_bolus")) == (["no_bolus_active"], [])
    hand.order(0, "dual_bolus", volume_mu=600, square_mu=800, duration_min=30)
    hand.device.advance(2 * S)
    assert hand.order(2 * S, "cancel_bolus") == {
        "delivery_id": 2, "programmed_mu": 600, "delivered_mu": 200,
        "square_id": 3, "square_programmed_mu": 800, "square_delivered_mu": 0,
    }  # fmt: skip
    assert [each.reason for each in hand.device.pump.entries[1:]] == ["cancelled"] * 2
    assert hand.device.pump.normal is None and hand.device.pump.square is None
    hand.device.advance(3 * S)
    hand.order(3 * S, "square_bolus", volume_mu=800, duration_min=30)
    reply = hand.order(4 * S, "cancel_bolus")
    assert (reply["delivery_id"], reply["programmed_mu"], reply["delivered_mu"], reply["square_id"]) == (0, 0, 0, 4)
    assert hand.order(5 * S, "bolus", volume_mu=200)["delivery_id"] == 5


@pytest.mark.req("THER-2", "DOSE-5")
def test_a_bolus_whose_last_stroke_is_in_progress_may_be_over_or_not() -> None:
    hand = Hand()
    hand.order(0, "bolus", volume_mu=200)
    hand.device.advance(1)
    assert both_codes(against(hand, "cancel_bolus")) == ([], ["no_bolus_active"])
    reply = hand.device.orders.do("cancel_bolus", {})
    assert (reply["delivery_id"], reply["programmed_mu"], reply["delivered_mu"]) == ({0, 2}, {0, 200}, {0})
    hand.device.advance(EDGE_US)
    assert both_codes(against(hand, "cancel_bolus")) == (["no_bolus_active"], [])
    hand.order(10 * S, "square_bolus", volume_mu=200, duration_min=30)
    hand.device.advance(10 * S + 30 * MIN)
    assert both_codes(against(hand, "cancel_bolus")) == ([], ["no_bolus_active"])
    hand.device.pump.programme.state = "procedure"
    assert both_codes(against(hand, "cancel_bolus")) == (["no_bolus_active"], [])
    hand.device.pump.begin("buffer", 5)
    assert both_codes(against(hand, "cancel_bolus")) == (["no_bolus_active"], [])
