"""The alarms in English: name to (title, what it means, what to do). A title fits a line of 21 characters."""

TEXTS = {
    "pump_low_battery": (
        "Pump battery low",
        "The pump's battery is near its end.",
        "Plan the replacement of the pump. Delivery goes on.",
    ),
    "depleted_battery": (
        "Battery depleted",
        "The battery can no longer drive the pump. Nothing is delivered.",
        "Take insulin by another route and call the clinic at once.",
    ),
    "system_error": (
        "System error",
        "The pump found an error in itself and stopped at once.",
        "Take insulin by another route and call the clinic. Clear the alarm after the check there.",
    ),
    "self_test_fail": (
        "Self-test failed",
        "The pump does not pass its own test. It delivers nothing.",
        "Take insulin by another route and call the clinic.",
    ),
    "low_reservoir": (
        "Reservoir low",
        "The reservoir is below its first level, 800 U unless set otherwise.",
        "Arrange a refill within two weeks.",
    ),
    "empty_reservoir": (
        "Reservoir empty",
        "The reservoir is below its second level, 400 U unless set otherwise. At the third, 200 U, the pump stops.",
        "Arrange a refill now. Have insulin at hand to take by another route.",
    ),
    "communication_error": (
        "Link error",
        "The closed loop has not renewed its rate: the link or the loop is gone. The programmed basal runs.",
        "Bring the programmer near, see that the loop works, and look at the status.",
    ),
    "not_initialised": (
        "Not initialised",
        "The pump has no settings yet. It delivers nothing.",
        "The clinic enters the settings.",
    ),
    "initialised_to_defaults": (
        "Set to defaults",
        "Settings were lost and replaced by the defaults. The pump delivers nothing.",
        "The clinic checks and enters all settings, then starts delivery.",
    ),
    "pump_stopped": (
        "Pump stopped",
        "Nothing is delivered.",
        "Find out why, then start delivery with the resume command.",
    ),
    "pump_suspended": (
        "Pump suspended",
        "Only the minimal rate is delivered, or nothing if it is set to zero.",
        "Resume when you are ready.",
    ),
    "auto_off": (
        "Auto-off",
        "Nobody used the programmer for longer than the time set. The pump stopped.",
        "If you are well, acknowledge and resume.",
    ),
    "hourly_maximum_exceeded": (
        "Hourly maximum",
        "A dose was withheld: it would have exceeded the limit for one hour.",
        "Check what was delivered. Wait, or ask the clinic about the limit.",
    ),
    "daily_maximum_exceeded": (
        "Daily maximum",
        "A dose was withheld: it would have exceeded the limit for 24 hours.",
        "Check what was delivered. Wait, or ask the clinic about the limit.",
    ),
    "occlusion": (
        "Catheter blocked",
        "Insulin does not leave the catheter. Delivery stopped. The status shows how much did not arrive.",
        "Check glucose and ketones, take insulin by another route, call the clinic.",
    ),
    "air_lock": (
        "No pressure pulse",
        "The motor moves but no insulin: air in the pump, or its mechanism is not coupled. Delivery stopped.",
        "Take insulin by another route, call the clinic.",
    ),
    "under_delivery": (
        "Under-delivery",
        "Part of each stroke flows back: less arrives than was counted.",
        "Check glucose more often, call the clinic.",
    ),
    "over_delivery": (
        "Over-delivery",
        "More was delivered than was ordered. The pump stopped at once.",
        "Check glucose often, eat if it falls, call for help.",
    ),
    "motor_stall": (
        "Motor stalled",
        "The motor turned without completing a stroke. The pump stopped at once.",
        "Take insulin by another route, call the clinic.",
    ),
    "pressure_sensor_fault": (
        "Pressure sensor",
        "The pressure sensor gives no sensible reading. Delivery goes on, but a blocked catheter would not be noticed.",
        "Check glucose more often, call the clinic.",
    ),
    "stroke_sensor_fault": (
        "Stroke sensor",
        "Strokes ordered and strokes seen do not agree. The pump stopped at once.",
        "Take insulin by another route, call the clinic.",
    ),
    "clock_lost": (
        "Clock lost",
        "The time of day is unknown. The lowest rate of the pattern is delivered.",
        "Set the time with the programmer.",
    ),
    "memory_integrity": (
        "Memory error",
        "The memory does not answer, or a record in it is damaged. The pump stopped at once.",
        "Take insulin by another route, call the clinic.",
    ),
    "watchdog_reset": (
        "Pump restarted",
        "The pump restarted itself. Deliveries that were running have ended.",
        "Check the status and give again what is missing.",
    ),
    "refill_due": ("Refill due", "The insulin in the pump has reached its time of use.", "Arrange a refill."),
}
