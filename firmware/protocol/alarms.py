"""The alarms as data: number, name, priority, what the device does, and which other alarms say the same more exactly.

Texts for people are the programmer's, by name: host/texts/alarms_en.py and _fr.py; docs/alarms.md is made from all
three. Numbers are stored in the log and sent over the link: they are never used again for another alarm.

Names after the implant's own list of messages; occlusion and its look-alikes are additions of this project.
Implements: ALARM-1
"""

# As in IEC 60601-1-8; the greater comes first.
PRIORITIES = ("low", "medium", "high")
LOW, MEDIUM, HIGH = range(3)

# NONE: delivery goes on. STOP: the stroke in progress is completed, nothing more is delivered. STOP_NOW: the motor too.
ACTIONS = ("none", "stop", "stop_now")
NONE, STOP, STOP_NOW = range(3)


class Alarm:
    """One kind of alarm. `yields_to` are the names of alarms beside which it need not be shown: they say why."""

    def __init__(self, number, name, priority, action, yields_to=()):
        self.number = number
        self.name = name
        self.priority = priority
        self.action = action
        self.yields_to = yields_to


# What stops the motor by itself, and so explains that the pump has stopped or that too little came.
_CAUSES = ("occlusion", "air_lock", "motor_stall", "stroke_sensor_fault", "pressure_sensor_fault", "memory_integrity")

ALARMS = (
    Alarm(1, "pump_low_battery", MEDIUM, NONE, ("depleted_battery",)),
    Alarm(2, "depleted_battery", HIGH, STOP),
    Alarm(3, "system_error", HIGH, STOP_NOW, _CAUSES + ("watchdog_reset", "self_test_fail")),
    Alarm(4, "self_test_fail", HIGH, STOP_NOW, ("memory_integrity", "stroke_sensor_fault", "pressure_sensor_fault")),
    Alarm(5, "low_reservoir", LOW, NONE, ("empty_reservoir",)),
    Alarm(6, "empty_reservoir", HIGH, NONE),
    Alarm(7, "communication_error", LOW, NONE),
    Alarm(8, "not_initialised", HIGH, STOP),
    Alarm(9, "initialised_to_defaults", MEDIUM, STOP, ("not_initialised", "memory_integrity")),
    Alarm(10, "pump_stopped", MEDIUM, NONE, _CAUSES + ("empty_reservoir", "depleted_battery", "system_error")),
    Alarm(11, "pump_suspended", LOW, NONE, ("pump_stopped", "auto_off")),
    Alarm(12, "auto_off", MEDIUM, STOP),
    Alarm(13, "hourly_maximum_exceeded", MEDIUM, NONE),
    Alarm(14, "daily_maximum_exceeded", MEDIUM, NONE),
    Alarm(15, "occlusion", HIGH, STOP),
    Alarm(16, "air_lock", HIGH, STOP),
    Alarm(17, "under_delivery", HIGH, NONE, ("occlusion", "air_lock", "motor_stall", "empty_reservoir")),
    Alarm(18, "over_delivery", HIGH, STOP_NOW),
    Alarm(19, "motor_stall", HIGH, STOP_NOW),
    Alarm(20, "pressure_sensor_fault", MEDIUM, NONE),
    Alarm(21, "stroke_sensor_fault", HIGH, STOP_NOW, ("motor_stall",)),
    Alarm(22, "clock_lost", MEDIUM, NONE),
    Alarm(23, "memory_integrity", HIGH, STOP_NOW),
    Alarm(24, "watchdog_reset", MEDIUM, NONE),
    Alarm(25, "refill_due", LOW, NONE),
)

# Their cause can stay for days, and everybody knows: they can be quieted while it does.
LASTING = ("pump_low_battery", "depleted_battery", "low_reservoir", "empty_reservoir", "refill_due")

BY_NAME = {alarm.name: alarm for alarm in ALARMS}
BY_NUMBER = {alarm.number: alarm for alarm in ALARMS}
