"""Runs the firmware's own detector against the plant without the rest of the firmware: same readings, same times.

A virtual board computes a stroke in some 12 µs, but starting a board costs a fifth of a second. Thousands of short
lives are faster without one. `whole_pump.py` runs a part of the campaign through the whole firmware and compares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from firmware.occlusion import codes
from firmware.occlusion.detector import NEVER_US, Detector
from firmware.occlusion.physics import Known, SyringeMock, Thresholds
from hil.plant import FaultyPlant
from hil.protocols.occlusion.jobs import COARSE, FINE, Quantum

CONFIRM_US = 50_000  # how long the board waits for the edge of a stroke


def thresholds(known: type[Known], quantum: Quantum) -> Thresholds:
    """Return the thresholds that follow for strokes of `quantum`, as a board's Watch derives them."""
    mechanism = known()
    mechanism.stroke_nl, mechanism.burst_us = quantum.stroke_nl, quantum.burst_us
    return Thresholds(mechanism)


THRESHOLDS = {
    ("implant", COARSE): thresholds(Known, COARSE),
    ("implant", FINE): thresholds(Known, FINE),
    ("syringe_mock", COARSE): thresholds(SyringeMock, COARSE),
}


class Pump:
    """The part of a pump that a detector sees: strokes at given times, readings, and a stop when the detector asks for
    one.

    `findings` are the diagnoses in order, `found_at` the strokes made when each came, `found_us` the time, and
    `found_pl` the volume that had left the catheter. `standing` is the diagnosis that stands. `stopped_us` is when
    delivery ended.
    """

    def __init__(
        self,
        plant: FaultyPlant,
        mechanism: str = "implant",
        quantum: Quantum = COARSE,
        *,
        detector: type[Detector] = Detector,
    ) -> None:
        self.plant = plant
        self._quantum = quantum
        self.findings: list[codes.Diagnosis] = []
        self.found_at: list[int] = []
        self.found_us: list[int] = []
        self.found_pl: list[float] = []
        self.strokes = 0
        self.wakes = 0
        self.now_us = 0
        self._next_us: int | None = None
        self.standing: codes.Diagnosis | None = None
        self.stopped_us: int | None = None
        self.detector = detector(THRESHOLDS[mechanism, quantum], self._tell)

    def _tell(self, diagnosis: codes.Diagnosis) -> None:
        self.findings.append(diagnosis)
        self.found_at.append(self.strokes)
        self.found_us.append(self.now_us)
        self.plant.settle(self.now_us)
        self.found_pl.append(self.plant.delivered_pl)
        if codes.displaces(diagnosis.code, self.standing.code if self.standing else codes.NONE):
            self.standing = diagnosis
        if diagnosis.code in codes.STOPS and self.stopped_us is None:
            self.stopped_us = self.now_us

    @property
    def standing_name(self) -> str:
        """The name of the diagnosis that stands, or "none"."""
        return codes.NAMES[self.standing.code] if self.standing else "none"

    def live(self, starts_us: Iterator[int], strokes: int) -> None:
        """Make up to `strokes` strokes at `starts_us`; fewer if delivery is stopped."""
        plant, detector = self.plant, self.detector
        pressure, make_stroke = plant.pressure_counts, plant.stroke
        steps, burst_us = self._quantum.steps, self._quantum.burst_us
        judge: Callable[..., None] = detector.stroke
        start_us = next(starts_us) if self._next_us is None else self._next_us
        for _ in range(strokes):
            next_us = self._next_us = next(starts_us)
            before = pressure(start_us)
            edge_us = make_stroke(start_us, steps, burst_us)
            self.now_us = now_us = edge_us or start_us + burst_us + CONFIRM_US
            self.strokes += 1
            judge(now_us, before, pressure(now_us), edge_us > 0, next_us)
            while detector.wake_us < next_us and self.stopped_us is None:
                self._read()
            if self.stopped_us is not None:
                return
            start_us = next_us

    def rest(self, until_us: int) -> None:
        """Let time pass without strokes."""
        while self.detector.wake_us < until_us:
            self._read()

    def _read(self) -> None:
        self.now_us = max(self.now_us, self.detector.wake_us)
        self.wakes += 1
        self.detector.reading(self.now_us, self.plant.pressure_counts(self.now_us))


def every(interval_us: int, first_us: int = 0) -> Iterator[int]:
    """Return the starts of strokes at an even pace."""
    now_us = first_us
    while True:
        yield now_us
        now_us += interval_us


__all__ = ["NEVER_US", "Pump", "every"]
