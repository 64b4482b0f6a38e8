"""The interface that the protocols need of an instrument. A driver and its simulated twin both offer exactly this.

A balance is told in advance at which moments readings are needed (`plan`), because a real one must be triggered then.
Between those it reads at its own period. Readings are raw: the instrument corrects nothing.

Implements: HIL-4
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from hil.instruments.calibration import Calibration
from hil.instruments.weighings import Weighings


class Balance(Protocol):
    """A balance under the catheter's tip."""

    @property
    def calibration(self) -> Calibration:
        """The certificate that the analysis uses."""

    def plan(self, times_us: Iterable[int]) -> None:
        """Request readings at these moments, none of which has passed."""

    def readings(self, from_us: int, to_us: int) -> Weighings:
        """Return the readings from `from_us` to `to_us`, both included: the periodic and the planned ones."""

    def blank(self) -> Weighings:
        """Return the readings of a run without any flow, with the same beaker and oil film."""


class StrokeCapture(Protocol):
    """A recorder of the start of each burst on the motor's step pin."""

    def starts_us(self) -> Sequence[int]:
        """Return the device time of the first step edge of every burst so far."""
