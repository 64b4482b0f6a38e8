"""The check of DOSE-1 on what a bench saw, as the suite's tests assert it."""

from __future__ import annotations

from hil.bench import Bench
from hil.oracle import strokes

SPACING_US = 2_000_000  # DOSE-4, strokes of 500 nl


def assert_owed(bench: Bench, spacing_us: int = SPACING_US) -> strokes.OwedReport:
    """Every stroke was owed and none is missing; what the check found."""
    report = strokes.check(
        bench.stroke_starts_us,
        bench.commands,
        stroke_uu=bench.board.stroke_uu,
        spacing_us=spacing_us,
        end_us=bench.now_us,
        tolerance_us=bench.start_tolerance_us,
    )
    assert not report.violations
    return report


def assert_exact(bench: Bench, spacing_us: int = SPACING_US) -> None:
    """As assert_owed; none was later than the bench can see, and the pump was never ahead."""
    report = assert_owed(bench, spacing_us)
    assert report.worst_lateness_us <= bench.start_tolerance_us
    assert report.min_owed_uu >= 0
