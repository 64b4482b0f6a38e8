"""Which alarms are latched: those that must be there and those that must not.

An alarm with a cause that lasts may come a little later than the cause, when the pump next looks: at a stroke at the
latest. So each has the time from which it may be there and, once that has come, must be.

Implements: ALARM-1, ALARM-2 (the oracle's side)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hil.oracle.exact import NEVER_US
from hil.oracle.reasons import Reason

if TYPE_CHECKING:
    from hil.oracle.device import Device

# docs/alarms.md: number, priority, and beside which others it is not shown.
NUMBERS = {
    "pump_low_battery": 1, "depleted_battery": 2, "system_error": 3, "self_test_fail": 4, "low_reservoir": 5,
    "empty_reservoir": 6, "communication_error": 7, "not_initialised": 8, "initialised_to_defaults": 9,
    "pump_stopped": 10, "pump_suspended": 11, "auto_off": 12, "hourly_maximum_exceeded": 13,
    "daily_maximum_exceeded": 14, "occlusion": 15, "air_lock": 16, "under_delivery": 17, "over_delivery": 18,
    "motor_stall": 19, "pressure_sensor_fault": 20, "stroke_sensor_fault": 21, "clock_lost": 22, "memory_integrity": 23,
    "watchdog_reset": 24, "refill_due": 25,
}  # fmt: skip
# ALARM-2: their cause can stay for days; the acknowledgement quiets them, and they are shown all the while.
LASTING = ("pump_low_battery", "depleted_battery", "low_reservoir", "empty_reservoir", "refill_due")
NAMES = {number: name for name, number in NUMBERS.items()}
LOW, MEDIUM, HIGH = range(3)
_LOW = ("low_reservoir", "pump_suspended", "refill_due", "communication_error")
_HIGH = (
    ("depleted_battery", "system_error", "self_test_fail", "empty_reservoir", "not_initialised", "occlusion")
    + ("air_lock", "under_delivery", "over_delivery", "motor_stall", "stroke_sensor_fault", "memory_integrity")
)  # fmt: skip
PRIORITIES = {name: LOW if name in _LOW else HIGH if name in _HIGH else MEDIUM for name in NUMBERS}


@dataclass
class Latched:
    """Since when it may be latched and since when it must be, device time; its figure, None: not judged."""

    may_us: int
    must_us: int
    figure: int | range | None = None
    quiet: bool = False  # acknowledged while its cause was there
    unsure: bool = False  # acknowledged, and nobody but the pump knows whether its cause was there


class Alarms:
    """The alarms of one device."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self.latched: dict[str, Latched] = {}

    def latch(self, name: str, *, figure: int | range | None = 0, late_us: int = 0) -> None:
        """It has its cause now; latched already, it keeps its first time and figure."""
        now_us = self.device.pump.now_us
        latched = self.latched.get(name)
        if latched is not None and latched.unsure:
            latched = None  # it was gone, and is there again
        if latched is not None:
            latched.must_us = min(latched.must_us, max(now_us + late_us, latched.may_us))
        else:
            self.latched[name] = Latched(now_us, now_us + late_us, figure)
            self.device.pump.note("alarm", name=name, latched=self.latched[name])

    def relent(self) -> None:
        """What has lost its cause before the pump had to see it may be there or not."""
        for name, latched in self.latched.items():
            if name in LASTING and latched.must_us > self.device.pump.now_us and not self.cause_there(name):
                latched.must_us = NEVER_US

    def clear(self, name: str) -> None:
        """It is gone."""
        latched = self.latched.pop(name, None)
        if latched is not None:
            optional = latched.must_us > self.device.pump.now_us
            self.device.pump.note("acknowledged", name=name, optional=optional)

    def cause_there(self, name: str) -> bool | None:
        """Is its cause there now; None: that is left open."""
        device = self.device
        if name == "pump_stopped":
            return None if device.pump.state == "procedure" else device.pump.state == "stopped"
        if name == "pump_suspended":
            return device.pump.state == "suspended"
        if name in ("low_reservoir", "empty_reservoir"):
            return device.reservoir.below(name)
        if name == "clock_lost":
            return device.pump.programme.utc_at_zero_us is None
        if name == "refill_due":
            return device.reservoir.due
        if name in ("auto_off", "communication_error", "over_delivery"):
            return False
        return None

    def why_not(self, number: int, must: list[Reason], may: list[Reason]) -> None:
        """Reasons against an acknowledgement."""
        name = NAMES.get(number, "")
        if name not in self.latched:
            must.append(Reason("not_active"))
            return
        there = self.cause_there(name)
        if there and name not in LASTING:
            must.append(Reason("cause_there"))
        elif there is None:
            may.append(Reason("cause_there"))
        if self.latched[name].must_us > self.device.pump.now_us:
            may.append(Reason("not_active"))

    def acknowledge(self, number: int) -> None:
        """Clear it, if its cause is gone."""
        name = NAMES[number]
        there = self.cause_there(name)
        if there is None and name in LASTING:  # quieted or gone
            self.latched[name].must_us = NEVER_US
            self.latched[name].quiet = self.latched[name].unsure = True
            self.device.pump.note("acknowledged", name=name, optional=False, unsure=True)
        elif not there:
            self.clear(name)
        else:
            self.device.pump.note("quieted", name=name)
            self.latched[name].quiet = True

    def open_count(self) -> range:
        """How many are latched, those that may come a little later included or not."""
        now_us = self.device.pump.now_us
        sure = sum(each.must_us <= now_us for each in self.latched.values())
        return range(sure, len(self.latched) + 1)

    def speaks(self) -> set[int]:
        """Which may speak for all; 0 if there is none."""
        return {NUMBERS[name] for name in self.latched} | (set() if self.open_count().start else {0})
