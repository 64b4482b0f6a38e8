"""A detector at a bedside, whose readings are made by hand: the sensor, the base, a breath, what a stroke leaves."""

from __future__ import annotations

from math import pi, sin

from firmware.occlusion import codes
from firmware.occlusion.detector import Detector
from firmware.occlusion.physics import Known, Thresholds


class Fine(Known):
    stroke_nl = 125
    burst_us = 40_000


SECOND = 1_000_000


def counts(pa: float) -> int:
    return max(0, min(4095, round(512 + pa * 0.0256)))


class Bed:
    """A detector at a bedside: strokes `pace_us` apart, with a pressure after each."""

    def __init__(self, pace_us: int = 2 * SECOND, known: type[Known] = Known) -> None:
        self.found: list[codes.Diagnosis] = []
        self.detector = Detector(Thresholds(known), self.found.append)
        self.burst_us = known.burst_us
        self.pace_us = pace_us
        self.breath_pa = 0.0
        self.now_us = 0
        self.base_pa = 1265.0
        self.flip = 0

    def read(self, pa: float) -> int:
        self.flip ^= 1  # no real sensor repeats itself
        return counts(pa + self.breath_pa * sin(2 * pi * self.now_us / Known.breath_us)) + self.flip

    def stroke(self, peak_pa: float, after=None, *, confirmed: bool = True) -> None:
        """`after(µs since the end)`: rise above the base; None: the pulse of an open catheter, gone at once."""
        before = self.read(self.base_pa)
        self.now_us += self.burst_us
        end_us, next_us = self.now_us, self.now_us - self.burst_us + self.pace_us
        self.detector.stroke(end_us, before, self.read(self.base_pa + peak_pa), confirmed, next_us)
        while self.detector.wake_us < next_us:
            self.now_us = self.detector.wake_us
            rise = after(self.now_us - end_us) if after else 0
            self.detector.reading(self.now_us, self.read(self.base_pa + rise))
        self.now_us = next_us
        if after:
            self.base_pa += after(next_us - end_us)

    def names(self) -> list[str]:
        return [codes.NAMES[each.code] for each in self.found]
