"""The figure that belongs to an alarm, in words: what it counts or names differs from alarm to alarm.

Implements: ALARM-2
"""

from __future__ import annotations

from firmware.protocol import CHECKS, DIAGNOSES, MEMORIES
from firmware.protocol.alarms import BY_NUMBER
from host.screens.common import FAULTS, plain
from host.texts.spoken import number_said, said
from host.units import amount

# Alarms whose figure may be the core's fault, and those whose figure is a place among these names.
_OF_FAULTS = ("memory_integrity", "motor_stall", "stroke_sensor_fault", "over_delivery")
_NAMES: dict[str, tuple[str, ...]] = {
    "communication_error": ("", "tones", "telemetry", "link", "visitors", "battery"),  # firmware/upkeep/parts.py
    "watchdog_reset": ("", "watchdog", "Python ended", "MicroPython gave up", "processor"),  # c_ext/board/start.h
    "memory_integrity": MEMORIES,
    **dict.fromkeys(("occlusion", "air_lock", "under_delivery", "motor_stall", "pressure_sensor_fault"), DIAGNOSES),
    "empty_reservoir": DIAGNOSES,  # if the detector found it: the number is far less than a stroke's mU
}
_COUNTED = {
    "low_reservoir": ("{} left", "mU"),
    "empty_reservoir": ("{} left", "mU"),
    "over_delivery": ("{} missing", "mU"),
    "hourly_maximum_exceeded": ("{} strokes withheld", ""),
    "daily_maximum_exceeded": ("{} strokes withheld", ""),
}


def figure_text(number: int, figure: int, language: str) -> str:
    """Return the figure of an alarm with its unit, or the name that it stands for; empty if it tells nothing more."""
    name = BY_NUMBER[number].name if number in BY_NUMBER else ""
    names = _NAMES.get(name, ())
    if not figure:
        return ""
    if name in _OF_FAULTS and figure in FAULTS:
        return said(FAULTS[figure], language)
    if figure < len(names):
        return "" if names[figure] == name else said(plain(names[figure]), language)
    if name == "self_test_fail":
        return ", ".join(said(plain(each), language) for place, each in enumerate(CHECKS) if figure >> place & 1)
    if name in _COUNTED:
        what, unit = _COUNTED[name]
        return said(what, language, number_said(amount(figure, unit).strip(), language))
    return str(figure)
