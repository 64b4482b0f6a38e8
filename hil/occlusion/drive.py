"""The firmware's own detector against the plant, without the firmware around it: the same readings at the same times.

A virtual board lives a stroke in some 12 µs, but starting one costs a fifth of a second; a campaign of thousands of
short lives is faster without. `hil.occlusion.board` runs a part of the campaign through the whole firmware and compares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from firmware.occlusion import codes
from firmware.occlusion.detector import NEVER_US, Detector
from firmware.occlusion.physics import Known, SyringeMock, Thresholds
from hil.plant import Plant

STEPS = 96
BURST_US = Known.burst_us
CONFIRM_US = 50_000  # how long the board waits for the edge of a stroke
THRESHOLDS = {"implant": Thresholds(Known), "syringe_mock": Thresholds(SyringeMock)}


class Pump:
    """The part of a pump that a detector sees: strokes at given times, readings, and a stop when it says so.

    `findings` are the diagnoses in order, `found_at` the number of strokes made when each came; `stopped_us` is when
    delivery ended, None while it goes on.
    """

    def __init__(self, plant: Plant, mechanism: str = "implant", *, detector: type[Detector] = Detector) -> None:
        self.plant = plant
        self.findings: list[codes.Diagnosis] = []
        self.found_at: list[int] = []
        self.found_us: list[int] = []
        self.strokes = 0
        self.wakes = 0
        self.now_us = 0
        self.stopped_us: int | None = None
        self.detector = detector(THRESHOLDS[mechanism], self._tell)

    def _tell(self, diagnosis: codes.Diagnosis) -> None:
        self.findings.append(diagnosis)
        self.found_at.append(self.strokes)
        self.found_us.append(self.now_us)
        if diagnosis.code in codes.STOPS and self.stopped_us is None:
            self.stopped_us = self.now_us

    def live(self, starts_us: Iterator[int], strokes: int) -> None:
        """Make up to `strokes` strokes at `starts_us`, fewer if delivery is stopped."""
        plant, detector = self.plant, self.detector
        pressure, make_stroke = plant.pressure_counts, plant.stroke
        judge: Callable[..., None] = detector.stroke
        start_us = next(starts_us)
        for _ in range(strokes):
            next_us = next(starts_us)
            before = pressure(start_us)
            edge_us = make_stroke(start_us, STEPS, BURST_US)
            self.now_us = now_us = edge_us or start_us + BURST_US + CONFIRM_US
            self.strokes += 1
            judge(now_us, before, pressure(now_us), edge_us > 0, next_us)
            if detector.wake_us < next_us:
                self.rest(next_us)
            if self.stopped_us is not None:
                return
            start_us = next_us

    def rest(self, until_us: int) -> None:
        """Let time pass without strokes."""
        detector = self.detector
        while detector.wake_us < until_us:
            self.now_us = max(self.now_us, detector.wake_us)
            self.wakes += 1
            detector.reading(self.now_us, self.plant.pressure_counts(self.now_us))


def every(interval_us: int, first_us: int = 0) -> Iterator[int]:
    """Strokes at an even pace."""
    now_us = first_us
    while True:
        yield now_us
        now_us += interval_us


__all__ = ["NEVER_US", "Pump", "every"]
