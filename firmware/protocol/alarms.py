"""The alarms as data: number, name, priority, the device's action, and the more specific alarms that each yields to.

The programmer has the texts for people, by name: host/texts/alarms_en.py and _fr.py; docs/alarms.md is made from all
three. Numbers are stored in the log and sent over the link, so they are never reused for another alarm.

The names follow the implant's own list of messages; occlusion and its look-alikes are additions of this project.
Implements: ALARM-1
"""

from collections import namedtuple

# As in IEC 60601-1-8; the higher one is shown first.
PRIORITIES = ("low", "medium", "high")
LOW, MEDIUM, HIGH = range(3)

# NONE: delivery goes on. STOP: the stroke in progress is completed, nothing more is delivered. STOP_NOW: the motor is
# stopped at once, too.
ACTIONS = ("none", "stop", "stop_now")
NONE, STOP, STOP_NOW = range(3)


# One kind of alarm. It need not be shown beside the alarms named in `yields_to`, because they say why.
Alarm = namedtuple("Alarm", "number name priority action yields_to")

# Alarms that by themselves explain why the pump has stopped or delivered too little.
_CAUSES = ("occlusion", "air_lock", "motor_stall", "stroke_sensor_fault", "pressure_sensor_fault", "memory_integrity")

ALARMS = (
    Alarm(1, "pump_low_battery", MEDIUM, NONE, ("depleted_battery",)),
    Alarm(2, "depleted_battery", HIGH, STOP, ()),
    Alarm(3, "system_error", HIGH, STOP_NOW, _CAUSES + ("watchdog_reset", "self_test_fail")),
    Alarm(4, "self_test_fail", HIGH, STOP_NOW, ("memory_integrity", "stroke_sensor_fault", "pressure_sensor_fault")),
    Alarm(5, "low_reservoir", LOW, NONE, ("empty_reservoir",)),
    Alarm(6, "empty_reservoir", HIGH, NONE, ()),
    Alarm(7, "communication_error", LOW, NONE, ()),
    Alarm(8, "not_initialised", HIGH, STOP, ()),
    Alarm(9, "initialised_to_defaults", MEDIUM, STOP, ("not_initialised", "memory_integrity")),
    Alarm(10, "pump_stopped", MEDIUM, NONE, _CAUSES + ("empty_reservoir", "depleted_battery", "system_error")),
    Alarm(11, "pump_suspended", LOW, NONE, ("pump_stopped", "auto_off")),
    Alarm(12, "auto_off", MEDIUM, STOP, ()),
    Alarm(13, "hourly_maximum_exceeded", MEDIUM, NONE, ()),
    Alarm(14, "daily_maximum_exceeded", MEDIUM, NONE, ()),
    Alarm(15, "occlusion", HIGH, STOP, ()),
    Alarm(16, "air_lock", HIGH, STOP, ()),
    Alarm(17, "under_delivery", HIGH, NONE, ("occlusion", "air_lock", "motor_stall", "empty_reservoir")),
    Alarm(18, "over_delivery", HIGH, STOP_NOW, ()),
    Alarm(19, "motor_stall", HIGH, STOP_NOW, ()),
    Alarm(20, "pressure_sensor_fault", MEDIUM, NONE, ()),
    Alarm(21, "stroke_sensor_fault", HIGH, STOP_NOW, ("motor_stall",)),
    Alarm(22, "clock_lost", MEDIUM, NONE, ()),
    Alarm(23, "memory_integrity", HIGH, STOP_NOW, ()),
    Alarm(24, "watchdog_reset", MEDIUM, NONE, ()),
    Alarm(25, "refill_due", LOW, NONE, ()),
)

# Alarms whose cause can last for days and is known to everybody: they can be quieted meanwhile.
LASTING = ("pump_low_battery", "depleted_battery", "low_reservoir", "empty_reservoir", "refill_due")

BY_NAME = {alarm.name: alarm for alarm in ALARMS}
BY_NUMBER = {alarm.number: alarm for alarm in ALARMS}
