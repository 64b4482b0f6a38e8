"""Limits by their figures: told beside the old ones, and each that cannot hold refused by name."""

from __future__ import annotations

import pytest

from firmware import dose_codes as code
from firmware import protocol
from tests.firmware.hand import SECOND_US, Hand
from tests.firmware.therapy.settings_answers import accepted, named

pytestmark = pytest.mark.req("THER-1", "THER-9", "GUARD-1")
LIMITS = ("max_basal_mu_per_h", "max_bolus_mu", "max_hour_mu", "max_day_mu")


def test_new_limits_are_told_beside_the_old_ones() -> None:
    hand = Hand()
    old = dict(zip(LIMITS, hand.pump.reports.limits(), strict=True))
    hand.now_us = 6
    reply = hand.pump.device.set_limits(2_000, 3_000, 4_000, 5_000)
    assert reply == {
        "at_us": 6, "cut_by": 0, **{f"old_{name}": old[name] for name in LIMITS},
        **dict(zip([f"new_{name}" for name in LIMITS], (2_000, 3_000, 4_000, 5_000), strict=True)),
    }  # fmt: skip
    assert hand.pump.reports.limits() == (2_000, 3_000, 4_000, 5_000)
    assert accepted(hand, "set_limits") == [(2_000, 3_000, 4_000, 5_000)]


def test_limits_that_cannot_hold_are_refused_by_name() -> None:
    hand = Hand()
    limits = hand.pump.device.set_limits
    whole, out, hard = protocol.NOT_WHOLE_STROKES, protocol.OUT_OF_RANGE, protocol.HARD_LIMIT
    limits(2_000, 3_000, 4_000, 5_000)
    assert named(lambda: limits(2_000, 3_001, 4_000, 5_000), whole) == ("max_bolus_mu", 3_001, 200)
    assert named(lambda: limits(2_000, 3_000, 4_001, 5_000), whole) == ("max_hour_mu", 4_001, 200)
    assert named(lambda: limits(2_000, 3_000, 4_000, 5_001), whole) == ("max_day_mu", 5_001, 200)
    assert named(lambda: limits(2_000, 3_000, 5_200, 5_000), out) == ("max_day_mu", 5_000, 5_200)
    assert limits(2_000, 3_000, 5_000, 5_000)["new_max_hour_mu"] == 5_000
    assert named(lambda: limits(35_050, 3_000, 4_000, 5_000), hard) == ("max_basal_mu_per_h", 35_050, 35_000)
    assert named(lambda: limits(2_000, 40_200, 4_000, 5_000), hard) == ("max_bolus_mu", 40_200, 40_000)
    assert named(lambda: limits(2_000, 3_000, 60_200, 500_000), hard) == ("max_hour_mu", 60_200, 60_000)
    assert named(lambda: limits(2_000, 3_000, 4_000, 500_200), hard) == ("max_day_mu", 500_200, 500_000)
    hand.pump.therapy.set_basal(1_500)
    assert named(lambda: limits(1_450, 3_000, 4_000, 5_000), out) == ("max_basal_mu_per_h", 1_450, 1_500)
    assert limits(1_500, 3_000, 4_000, 5_000)["new_max_basal_mu_per_h"] == 1_500
    assert hand.pump.reports.limits() == (1_500, 3_000, 4_000, 5_000)


def test_what_a_running_percentage_promises_is_no_limit_below_it() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(1_000)
    hand.pump.therapy.temp_basal(protocol.TEMP_PERCENT, 150, 60)
    limits = hand.pump.device.set_limits
    found = named(lambda: limits(1_450, 40_000, 60_000, 500_000), protocol.OUT_OF_RANGE)
    assert found == ("max_basal_mu_per_h", 1_450, 1_500)
    limits(1_500, 40_000, 60_000, 500_000)


@pytest.mark.parametrize(("hour_mu", "day_mu", "field"), [(1_800, 500_000, 0), (1_800, 1_800, 0), (2_000, 2_000, None)])
def test_caps_below_what_was_accepted_are_refused(hour_mu: int, day_mu: int, field: int | None) -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(0)
    hand.pump.boluses.bolus(2_000)
    call = lambda: hand.pump.device.set_limits(35_000, 40_000, hour_mu, day_mu)  # noqa: E731
    if field is None:
        assert call()["new_max_hour_mu"] == hour_mu
    else:
        assert named(call, protocol.OUT_OF_RANGE) == (("max_hour_mu", "max_day_mu")[field], 1_800, 2_000)


def test_each_volume_is_held_to_its_own_hard_limit_before_it_is_to_whole_strokes() -> None:
    limits = Hand().pump.device.set_limits
    whole, hard = protocol.NOT_WHOLE_STROKES, protocol.HARD_LIMIT
    assert named(lambda: limits(2_000, 3_000, 45_001, 500_000), whole) == ("max_hour_mu", 45_001, 200)
    assert named(lambda: limits(2_000, 3_000, 4_000, 300_001), whole) == ("max_day_mu", 300_001, 200)
    assert named(lambda: limits(2_000, 3_000, 60_001, 500_000), hard) == ("max_hour_mu", 60_001, 60_000)
    assert named(lambda: limits(2_000, 40_001, 4_000, 500_000), hard) == ("max_bolus_mu", 40_001, 40_000)


def test_a_day_s_cap_below_what_was_accepted_is_refused_though_the_hour_s_stays() -> None:
    hand = Hand()
    hand.pump.device.set_limits(35_000, 40_000, 2_000, 500_000)
    hand.pump.therapy.set_basal(0)
    for _ in range(2):
        hand.pump.boluses.bolus(2_000)
        hand.live(hand.now_us + 7_200 * SECOND_US)
    hand.pump.boluses.bolus(1_000)
    limits = hand.pump.device.set_limits
    found = named(lambda: limits(35_000, 40_000, 2_000, 4_800), protocol.OUT_OF_RANGE)
    assert found == ("max_day_mu", 4_800, 5_000)
    limits(35_000, 40_000, 2_000, 5_000)


@pytest.mark.req("GUARD-2")
def test_a_pump_with_a_fault_takes_no_limits() -> None:
    hand = Hand()
    hand.core.stop(0, code.FAULT_STOPPED)
    found = named(lambda: hand.pump.device.set_limits(2_000, 3_000, 4_000, 5_000), protocol.WRONG_STATE)
    assert found == (None, protocol.STATE_FAULT, 0)
