"""Which alarm a cause has, and whether the cause persists: asked anew each time of the part that knows.

Implements: ALARM-2
"""

from firmware import dose_codes as code
from firmware import protocol
from firmware.occlusion import codes as finding
from firmware.therapy.reservoir import LEVEL_EMPTY, LEVEL_LOW

# The alarm of each finding of the occlusion detector.
_OF_FINDING = {
    finding.OCCLUSION: "occlusion",
    finding.PARTIAL: "under_delivery",
    finding.AIR_LOCK: "air_lock",
    finding.BACKFLOW: "under_delivery",
    finding.STALL: "motor_stall",
    finding.SENSOR_STUCK: "pressure_sensor_fault",
    finding.SENSOR_RANGE: "pressure_sensor_fault",
    finding.SENSOR_DRIFT: "pressure_sensor_fault",
}
OF_BATTERY = (None, "pump_low_battery", "depleted_battery")  # by energy.LEVELS
_EMPTY_LIKE = (finding.AIR_LOCK,)  # an empty reservoir looks the same
_STANDING = tuple(set(_OF_FINDING.values()))


class Causes:
    """The causes of one pump's alarms; the arguments are its parts. `watch` is None if nobody watches the catheter."""

    def __init__(self, core, clock, wall, memory, therapy, refills, upkeep, watch):
        self._core = core
        self._clock = clock
        self._wall = wall
        self._memory = memory
        self._therapy = therapy
        self._refills = refills
        self._upkeep = upkeep
        self._watch = watch

    def there(self, name):
        """Is the cause of the alarm `name` there now? False for alarms of something that has happened."""
        if name == "self_test_fail":
            return not self._upkeep.passed
        if name in OF_BATTERY:
            return self._upkeep.battery_level() >= OF_BATTERY.index(name)
        state = self._core.state()
        if name in ("stroke_sensor_fault", "system_error", "over_delivery", "motor_stall") and state[code.GUARD_FAULT]:
            return True
        if name in _STANDING:
            return _OF_FINDING.get(self.standing()) == name
        now_us = self._clock.now_us()
        if name == "hourly_maximum_exceeded":
            return self._at_cap(now_us, code.HOUR)
        if name == "daily_maximum_exceeded":
            return self._at_cap(now_us, code.DAY)
        if name == "clock_lost":
            return not self._wall.known
        if name == "refill_due":
            return self._refills.due()
        if name in ("low_reservoir", "empty_reservoir"):
            return self._refills.level() >= (LEVEL_LOW if name == "low_reservoir" else LEVEL_EMPTY)
        if name == "memory_integrity":
            return not self._memory.usable or state[code.GUARD_FAULT] == code.FAULT_MEMORY
        if name == "not_initialised":
            return self._memory.state == protocol.MEMORY_DAMAGED
        mode = self._therapy.state(state)
        if name == "pump_suspended":
            return mode == protocol.STATE_SUSPENDED
        if name == "pump_stopped":
            return mode == protocol.STATE_STOPPED
        return False

    def of_finding(self, found):
        """The alarm of a finding of the occlusion detector; None: it has none."""
        if found in _EMPTY_LIKE and self._refills.level() >= LEVEL_EMPTY:
            return "empty_reservoir"
        return _OF_FINDING.get(found)

    def of_fault(self, state):
        """The alarm of the fault that is latched in the core's `state`."""
        fault = state[code.GUARD_FAULT]
        if fault == code.FAULT_COUNT:
            if state[code.GUARD_CONFIRMED] > state[code.GUARD_COMMANDED]:
                return "over_delivery"
            return "motor_stall" if self.standing() == finding.STALL else "stroke_sensor_fault"
        return "memory_integrity" if fault == code.FAULT_MEMORY else "system_error"

    def standing(self):
        """The code of the finding that stands with the occlusion detector."""
        standing = None if self._watch is None else self._watch.standing
        return finding.NONE if standing is None else standing.code

    def _at_cap(self, now_us, window):
        return self._core.used(now_us, window) >= self._core.limits()[2 + window]
