"""What `pump-bench fault` can do to a running pump, and which alarm should follow."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Act:
    """`fault` is the plant's kind of fault, "" for what is none. `alarm` follows when `soon` says, "" if none does.

    `figure` and `unit` are given if the act takes a figure: the usual one, and its unit.
    """

    name: str
    does: str
    alarm: str = ""
    soon: str = ""
    fault: str = ""
    figure: float = 0.0
    unit: str = ""


_STROKES = "within a few strokes: order a bolus to see it soon"
_LOOK = "when the pump next looks around, within an hour"
ACTS = {
    each.name: each
    for each in (
        Act("close-catheter", "Block the catheter.", "occlusion", _STROKES, "occlusion"),
        Act("let-in-air", "Put an air bubble into the pump's chamber.", "air_lock", _STROKES, "air_lock"),
        Act("let-flow-back", "Keep the outlet valve from closing.", "under_delivery", _STROKES, "backflow"),
        Act("empty-reservoir", "Take all insulin; the pump only counts.", "air_lock", _STROKES),
        Act("stall-motor", "Block the motor.", "motor_stall", "at the next stroke", "motor_stall"),
        Act("pull-stroke-sensor", "Unplug the stroke sensor.", "motor_stall", "at the next stroke: it looks the same"),
        Act("pull-pressure-sensor", "Unplug the pressure sensor.", "pressure_sensor_fault", _STROKES, "sensor_open"),
        Act(
            "break-memory",
            "Have the memory take no writes.",
            "memory_integrity",
            "when the pump next stores: at the next order",
        ),
        Act("lose-clock", "Take the clock's battery out.", "clock_lost", "after a power cut, or in a day"),
        Act("jump-clock", "Move the clock; back with a minus.", "clock_lost", _LOOK, figure=1000.0, unit="hours"),
        Act(
            "show-presence",
            "Hold the pump's button for a minute: a new programmer needs it.",
            figure=60.0,
            unit="seconds",
        ),
        Act("cut-power", "Cut the pump's power.", figure=5.0, unit="seconds"),
        Act("mend", "Undo all faults but those of clock and power; fill the reservoir."),
    )
}
