"""Strokes into a catheter behind a sensor that shows whole pascals, for the tests of the detector.

The catheter's softest rise is 1,000 Pa: 500 Pa are suspect, a third of a rise must stay. A burst lasts 0.1 s, the looks
are 75 ms apart until a cough of 0.3 s is over, a breath lasts 4 s and the watch four of them.
"""

from __future__ import annotations

from collections.abc import Callable

from firmware.occlusion import codes
from firmware.occlusion.detector import NEVER_US, Detector
from firmware.occlusion.physics import Known, Thresholds

S = 1_000_000
MS = 1_000
REST = 1_265
EMPTY_US = 3600 * S  # between two strokes


class Plain(Known):
    zero_counts = 0
    pa_per_kilocount = 1_000
    full_scale_counts = 100_000
    noise_millicounts = 10_000
    burst_us = 100 * MS
    compliance_max_pl_per_pa = 445


T = Thresholds(Plain)


class Bed:
    """Strokes one after the other; `after(µs since the end of the burst)` is what the sensor shows then."""

    def __init__(self, pace_us: int = EMPTY_US) -> None:
        self.found: list[codes.Diagnosis] = []
        self.detector = Detector(T, self.found.append)
        self.pace_us = pace_us
        self.end_us = 0
        self.looks_us: list[int] = []  # after the latest stroke

    def stroke(
        self, before: int, end: int, after: Callable[[int], int] | int = REST, *, confirmed: bool = True
    ) -> list[str]:
        """Names of what was found by the time of the next stroke."""
        self.end_us += self.pace_us
        next_us = self.end_us - T.known.burst_us + self.pace_us
        self.detector.stroke(self.end_us, before, end, confirmed, next_us)
        self.looks_us = []
        while self.detector.wake_us < min(next_us, self.end_us + 17 * S):  # what comes later is looked at by hand
            since_us = self.detector.wake_us - self.end_us
            self.looks_us.append(since_us)
            self.detector.reading(self.detector.wake_us, after if isinstance(after, int) else after(since_us))
            assert len(self.looks_us) < 40
        return self.names()

    def names(self) -> list[str]:
        return [codes.NAMES[each.code] for each in self.found]

    def read(self, since_us: int, pa: int) -> int:
        """A reading so long after the stroke; how long after it the next is wanted, -1: none."""
        self.detector.reading(self.end_us + since_us, pa)
        return self.detector.wake_us - self.end_us if self.detector.wake_us < NEVER_US else -1


def fields(found: codes.Diagnosis) -> dict[str, int]:
    return {name: value for name, value in vars(found).items() if name not in ("code", "at_us")}


def occluded() -> Bed:
    """Found at the next stroke's time; then the pump has stopped."""
    bed = Bed(2 * S)
    bed.stroke(REST, REST + 1000, REST + 1000)
    bed.stroke(REST + 1000, REST + 2000, REST + 2000)
    assert bed.names() == ["occlusion"]
    return bed


def unread(pace_us: int, *befores: int) -> list[codes.Diagnosis]:
    """Strokes that raise by 1,000 Pa, and a supervisor that comes to no look in between."""
    found: list[codes.Diagnosis] = []
    detector = Detector(T, found.append)
    for number, before in enumerate(befores):
        end_us = S + number * pace_us
        detector.stroke(end_us, before, before + 1000, True, end_us - 100 * MS + pace_us)
    return found
