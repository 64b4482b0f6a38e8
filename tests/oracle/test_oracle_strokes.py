"""The oracle's own arithmetic: strokes, against cases that were worked out by hand from the specification."""

from __future__ import annotations

import pytest

from hil.oracle.exact import US_PER_H
from tests.oracle.hand import EDGE_US, MIN, H, Hand, S


@pytest.mark.req("DOSE-1")
def test_basal_makes_a_stroke_when_a_whole_one_is_owed_and_never_before() -> None:
    hand = Hand()
    hand.order(S, "set_basal", rate_mu_per_h=3_000)  # 0.2 U in 240 s
    assert hand.strokes(S + 720 * S) == [S + 240 * S, S + 480 * S, S + 720 * S]
    # 0.35 U/h: 0.2 U in 2057.142857... s, rounded up to a whole µs.
    hand = Hand()
    hand.order(0, "set_basal", rate_mu_per_h=350)
    assert hand.strokes(2 * H) == [2_057_142_858, 4_114_285_715, 6_171_428_572]


@pytest.mark.req("DOSE-2")
def test_the_fraction_owed_carries_over_every_change() -> None:
    hand = Hand()
    hand.order(0, "set_basal", rate_mu_per_h=1_000)
    hand.order(360 * S, "set_basal", rate_mu_per_h=2_000)  # half a stroke is owed: the other half takes 180 s
    hand.order(450 * S, "set_basal", rate_mu_per_h=500)  # three quarters: the last takes 360 s
    assert hand.strokes(900 * S) == [810 * S]


@pytest.mark.req("DOSE-3", "DOSE-4")
def test_a_normal_bolus_goes_first_then_waiting_basal_then_the_square_bolus() -> None:
    hand = Hand()
    hand.order(0, "set_basal", rate_mu_per_h=30_000)  # a stroke every 24 s
    hand.order(0, "square_bolus", volume_mu=15_000, duration_min=30)  # and one every 24 s
    assert hand.strokes(24 * S) == [24 * S]
    hand.order(24 * S + 1, "bolus", volume_mu=600)
    assert hand.strokes(24 * S + 1 + 6 * S, "normal_bolus") == [26 * S, 28 * S, 30 * S]
    assert hand.strokes(47 * S, "square_bolus") == [32 * S]
    assert hand.strokes(50 * S, "basal") == [24 * S, 48 * S]
    assert hand.strokes(50 * S, "square_bolus") == [32 * S, 50 * S]


@pytest.mark.req("THER-2", "DOSE-8")
def test_a_square_bolus_is_spread_evenly_to_its_end() -> None:
    hand = Hand(stroke_nl=125)
    hand.order(7, "square_bolus", volume_mu=350, duration_min=30)  # 7 strokes of 50 mU in 1,800 s
    assert hand.strokes(H) == [7 + -(-place * 1_800 * S // 7) for place in range(1, 8)]
    entry = hand.device.pump.entries[1]
    assert (entry.reason, entry.end_us, entry.commanded) == ("completed", 7 + 1_800 * S, 7)


@pytest.mark.req("DOSE-5", "THER-3")
def test_a_suspend_gives_up_whole_strokes_that_wait_and_keeps_the_fraction() -> None:
    """35 U/h, a bolus of 30 U: after 299 s basal has 2.907 U, 14 strokes and a fraction, waiting."""
    hand = Hand()
    hand.order(0, "set_basal", rate_mu_per_h=35_000)
    hand.order(0, "bolus", volume_mu=30_000)
    reply = hand.order(299 * S, "suspend")
    assert hand.strokes(299 * S, "normal_bolus")[-1] == 298 * S
    owed_mu = 35_000 * 299 // 3_600
    assert owed_mu == 2_906
    assert reply == {"abandoned_strokes": 14, "rate_mu_per_h": 200}
    fraction_q = 35_000 * 299 * S - 14 * 200 * US_PER_H
    next_us = 299 * S + -(-(200 * US_PER_H - fraction_q) // 200)
    assert hand.strokes(H)[150:] == [next_us]


@pytest.mark.req("THER-3")
@pytest.mark.parametrize("zero", ["basal", "temp"])
def test_a_suspend_never_delivers_more_than_was_in_force_before(zero: str) -> None:
    hand = Hand()
    hand.order(0, "set_basal", rate_mu_per_h=0 if zero == "basal" else 1_000)
    if zero == "temp":
        hand.order(S, "temp_basal", kind=1, value=0, duration_min=60)
    assert hand.order(MIN, "suspend")["rate_mu_per_h"] == 0
    assert hand.strokes(30 * H) == []


@pytest.mark.req("DOSE-5")
def test_a_stop_completes_the_stroke_in_progress_and_the_fraction_stays() -> None:
    hand = Hand()
    hand.order(0, "set_basal", rate_mu_per_h=3_000)
    hand.order(240 * S + 1, "stop")
    pump = hand.device.pump
    assert (pump.commanded, pump.confirmed) == (1, 0)
    hand.device.advance(240 * S + EDGE_US)
    assert pump.confirmed == 1
    hand.order(H, "resume")
    assert hand.strokes(H + 240 * S)[1:] == [H + 240 * S - 1]  # 1 µs at 3 U/h was owed before


@pytest.mark.req("GUARD-1")
@pytest.mark.parametrize("safe_side", [False, True])
def test_a_stroke_beyond_a_cap_is_given_up_and_the_next_comes_when_it_fits(safe_side: bool) -> None:
    """The first of five leaves the window 60 min after its start, by the safe side's measure up to a minute later."""
    hand = Hand(seen=[] if safe_side else [11 * 360 * S, 12 * 360 * S])
    hand.order(0, "set_limits", max_basal_mu_per_h=35_000, max_bolus_mu=40_000, max_hour_mu=1_000, max_day_mu=150_000)
    hand.order(0, "set_basal", rate_mu_per_h=2_000)  # a stroke every 360 s, ten an hour, five fit
    made = hand.strokes(12 * 360 * S)
    assert made[:5] == [360 * S * place for place in range(1, 6)]
    assert made[5] == (12 if safe_side else 11) * 360 * S
    assert hand.device.pump.abandoned == (6 if safe_side else 5)
    assert hand.device.alarms.latched["hourly_maximum_exceeded"].may_us == 6 * 360 * S
