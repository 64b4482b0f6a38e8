"""The stroke recorder of a virtual bench. It passes on the burst starts that the bench saw on the motor's pins."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol


class SeesStrokes(Protocol):
    """A bench, reduced to the part that this instrument needs."""

    stroke_starts_us: list[int]


class BenchStrokeCapture:
    """Strokes as the bench link reported them; in logical time their time stamps are exact."""

    def __init__(self, bench: SeesStrokes) -> None:
        self._bench = bench

    def starts_us(self) -> Sequence[int]:
        """Return the device time of the first step edge of every burst so far."""
        return self._bench.stroke_starts_us
