"""Which alarm a finding or a fault has, and whether the cause of an alarm is there, one rule at a time."""

from __future__ import annotations

from typing import Any

import pytest

from firmware import dose_codes as code
from firmware import protocol
from firmware.occlusion import codes as finding
from firmware.protocol.alarms import ALARMS, BY_NAME, BY_NUMBER
from firmware.upkeep import energy
from tests.firmware.alarms.test_alarms_kept import filled, told
from tests.firmware.hand import SECOND_US, Hand, refused

pytestmark = pytest.mark.req("ALARM-1", "ALARM-2")


@pytest.mark.req("OCC-2", "THER-4")
@pytest.mark.parametrize("empty", [False, True])
@pytest.mark.parametrize(
    ("found", "name"),
    [
        (finding.NONE, None),
        (finding.OCCLUSION, "occlusion"),
        (finding.PARTIAL, "under_delivery"),
        (finding.AIR_LOCK, "air_lock"),
        (finding.BACKFLOW, "under_delivery"),
        (finding.STALL, "motor_stall"),
        (finding.SENSOR_STUCK, "pressure_sensor_fault"),
        (finding.SENSOR_RANGE, "pressure_sensor_fault"),
        (finding.SENSOR_DRIFT, "pressure_sensor_fault"),
    ],
)
def test_what_the_detector_finds_is_named_and_nothing_to_pump_looks_like_air(
    found: int, name: str | None, empty: bool
) -> None:
    hand = filled(100_000)
    if empty:
        hand.pump.refills.level = lambda *_: 2
        name = "empty_reservoir" if found == finding.AIR_LOCK else name
    hand.pump.alarms.found(found)
    raised = [each for each in told(hand) if BY_NUMBER[each["alarm"]].name == name]
    assert [each["detail"] for each in raised] == ([] if name is None else [found])


class Faulty:
    """A core that has latched a fault."""

    def __init__(self, core: Any, fault: int, more_confirmed: int) -> None:
        self._core, self._fault, self._more = core, fault, more_confirmed

    def __getattr__(self, name: str) -> Any:
        return getattr(self._core, name)

    def state(self, *now_us: int) -> list[int]:
        state = list(self._core.state(*now_us))
        state[code.GUARD_FAULT] = self._fault
        state[code.GUARD_CONFIRMED] = state[code.GUARD_COMMANDED] + self._more
        return state


@pytest.mark.req("GUARD-2", "GUARD-4")
@pytest.mark.parametrize(
    ("fault", "more_confirmed", "standing", "name"),
    [
        (code.FAULT_MEMORY, 0, finding.NONE, "memory_integrity"),
        (code.FAULT_COUNT, -2, finding.NONE, "stroke_sensor_fault"),
        (code.FAULT_COUNT, -2, finding.STALL, "motor_stall"),
        (code.FAULT_COUNT, 2, finding.NONE, "over_delivery"),
        (code.FAULT_COUNT, 2, finding.STALL, "over_delivery"),
        (code.FAULT_COUNT, 0, finding.NONE, "stroke_sensor_fault"),
        (0, 0, finding.NONE, "system_error"),
    ],
)
def test_a_fault_of_the_core_is_named_by_what_is_known_of_it(
    fault: int, more_confirmed: int, standing: int, name: str
) -> None:
    hand = Hand()
    desk = hand.pump.alarms
    desk._core = desk._causes._core = Faulty(hand.core, fault, more_confirmed)
    desk._causes.standing = lambda: standing
    desk.fault()
    first = told(hand)[0]
    assert (BY_NUMBER[first["alarm"]].name, first["detail"]) == (name, fault)
    assert bool(first["cause_there"]) == bool(fault)


@pytest.mark.req("GUARD-1")
@pytest.mark.parametrize("window", ["hour", "day"])
def test_a_cap_is_reached_with_the_last_stroke_that_it_allows(window: str) -> None:
    hand = Hand()
    hand.pump.device.set_limits(35_000, 4_000, 1000, 1000 if window == "day" else 150_000)
    name = "hourly_maximum_exceeded" if window == "hour" else "daily_maximum_exceeded"
    hand.pump.alarms.raise_alarm(name)
    hand.pump.boluses.bolus(800)
    hand.live(20 * SECOND_US)
    assert not told(hand)[0]["cause_there"]
    hand.pump.boluses.bolus(200)
    hand.live(40 * SECOND_US)
    assert told(hand)[0]["cause_there"]
    refused(lambda: hand.pump.alarms.acknowledge_alarm(BY_NAME[name].number), protocol.CAUSE_THERE)


@pytest.mark.req("ALARM-2", "SELF-1")
def test_the_causes_of_alarms_that_are_the_pumps_own_are_looked_at_as_they_are() -> None:
    pump = Hand().pump

    def there() -> list[str]:
        return [each.name for each in ALARMS if pump.alarms._causes.there(each.name)]

    assert there() == []
    pump.upkeep.passed = False
    pump.upkeep.energy.level = lambda: energy.LOW  # type: ignore[method-assign]
    assert there() == ["pump_low_battery", "self_test_fail"]
    pump.upkeep.energy.level = lambda: energy.DEPLETED  # type: ignore[method-assign]
    assert there() == ["pump_low_battery", "depleted_battery", "self_test_fail"]
