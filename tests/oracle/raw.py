"""The bench's own check of raw strokes, asked by hand: strokes of 0.2 U at least 2 s apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hil.oracle.strokes import Command, OwedReport, check
from tests.oracle.hand import S

EVERY_US = 144 * S  # 0.2 U at 5 U/h
BASAL_5 = Command(0, "set_basal", {"rate_mu_per_h": 5_000})


def judged(strokes: Sequence[int], commands: Sequence[Command], end_us: int = 3_600 * S, **more: int) -> OwedReport:
    """What it finds."""
    return check(strokes, commands, stroke_uu=200_000, spacing_us=2 * S, end_us=end_us, **more)


def bolus(at_us: int, volume_mu: int = 0, square_mu: int = 0, duration_us: int = 0) -> Command:
    """An accepted bolus: its normal and its square part."""
    return Command(at_us, "bolus", {"volume_mu": volume_mu, "square_mu": square_mu, "duration_us": duration_us})


def command(at_us: int, name: str, **values: Any) -> Command:
    """Another accepted command."""
    return Command(at_us, name, values)
