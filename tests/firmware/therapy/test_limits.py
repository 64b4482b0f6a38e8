"""The limits that an order may set: whole strokes, in order, not below what is promised or programmed."""

from __future__ import annotations

import pytest

from firmware import protocol
from tests.firmware.hand import Hand, alarms, refused
from tests.firmware.therapy.therapy_by_hand import HOUR_US, MINUTE_US, limited, limits


@pytest.mark.req("GUARD-1")
@pytest.mark.parametrize("name", ["max_hour_mu", "max_day_mu"])
def test_a_cap_is_not_lowered_below_what_a_bolus_has_been_promised(name: str) -> None:
    hand = limited(20_000, 50_000)
    hand.pump.boluses.dual_bolus(4000, 8000, 60)
    hand.live(10 * MINUTE_US)
    low = {"max_hour_mu": 10_000, "max_day_mu": 10_000} if name == "max_day_mu" else {"max_hour_mu": 10_000}
    before = hand.core.raw()
    error = refused(lambda: limits(hand, **low), protocol.OUT_OF_RANGE)
    assert (error.value, error.limit) == (10_000, 12_000)
    assert error.field_name == "max_hour_mu"
    assert hand.core.raw() == before
    limits(hand, max_hour_mu=12_000)
    hand.live(2 * HOUR_US)
    assert alarms(hand) == []
    limits(hand, max_hour_mu=10_000)


@pytest.mark.req("GUARD-1", "THER-9")
@pytest.mark.parametrize(
    ("name", "value"), [("max_bolus_mu", 300), ("max_hour_mu", 10_100), ("max_day_mu", 100_001), ("max_bolus_mu", 1)]
)
def test_a_limit_that_is_not_whole_strokes_is_refused(name: str, value: int) -> None:
    hand = Hand()
    error = refused(lambda: limits(hand, **{name: value}), protocol.NOT_WHOLE_STROKES)
    assert (error.field_name, error.value, error.limit) == (name, value, 200)


@pytest.mark.req("THER-4", "THER-9")
@pytest.mark.parametrize("name", ["reservoir_low_mu", "reservoir_empty_mu", "reservoir_stop_mu"])
def test_a_level_of_the_reservoir_that_is_not_whole_strokes_is_refused(name: str) -> None:
    hand = Hand()
    before = hand.pump.patterns.read_settings()
    error = refused(
        lambda: hand.pump.patterns.set_settings(**(before | {name: before[name] + 100})), protocol.NOT_WHOLE_STROKES
    )
    assert (error.field_name, error.limit) == (name, 200)
    assert hand.pump.patterns.read_settings() == before


@pytest.mark.req("GUARD-1", "THER-9")
def test_a_day_s_limit_below_the_hour_s_is_refused() -> None:
    hand = Hand()
    error = refused(lambda: limits(hand, max_day_mu=50_000), protocol.OUT_OF_RANGE)
    assert (error.field_name, error.value, error.limit) == ("max_day_mu", 50_000, 60_000)


@pytest.mark.req("GUARD-1")
def test_a_cap_may_be_lowered_below_what_was_used_if_nothing_is_promised() -> None:
    hand = Hand()
    hand.pump.boluses.bolus(20_000)
    hand.live(10 * MINUTE_US)
    hand.pump.device.set_limits(35_000, 40_000, 10_000, 15_000)
    assert hand.pump.status()["max_hour_mu"] == 10_000
    hand.pump.therapy.set_basal(35_000)
    hand.live(HOUR_US // 2)
    assert len(hand.strokes_us) == 100


@pytest.mark.req("GUARD-1", "STORE-5")
@pytest.mark.parametrize("look", [False, True])
def test_a_basal_limit_is_judged_by_what_is_programmed_not_by_when_the_pump_looked_around(look: bool) -> None:
    """Stopped in the middle of a procedure the core holds no rate until the next hourly look."""
    hand = Hand()
    hand.pump.switch.stop()
    hand.pump.therapy.set_basal(35_000)
    hand.pump.clinic.start_procedure(protocol.PROCEDURES.index("patency"))
    hand.pump.switch.stop()
    if look:
        hand.live(hand.now_us + 61 * MINUTE_US)
    error = refused(lambda: limits(hand, max_basal_mu_per_h=200), protocol.OUT_OF_RANGE)
    assert (error.field_name, error.limit) == ("max_basal_mu_per_h", 35_000)
