"""GUARD-1 and DOSE-4 on raw strokes: rolling-hour and rolling-day volume, and the time between strokes, exactly.

A stroke belongs to the instant it starts. A rolling window is half open: strokes that start exactly an hour apart are
not in one hour. The greatest count over all windows is reached by one that ends with a stroke, so those are looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

from hil.oracle.exact import DAY_US, HARD_DAY_MU, HARD_HOUR_MU, HOUR_US

UU_PER_MU = 1_000
VIOLATIONS_KEPT = 100


@dataclass
class CapsReport:
    """What check() found: the fullest windows; min_interval_us is None below two strokes.

    `violations` keeps the first 100 of `violation_count`.
    """

    max_hour_mu: Fraction
    max_day_mu: Fraction
    min_interval_us: int | None
    violations: list[str] = field(default_factory=list)
    violation_count: int = 0

    @property
    def passed(self) -> bool:
        """Nothing was found."""
        return self.violation_count == 0

    def blame(self, text: str) -> None:
        """Count a violation, and keep it if there is room."""
        self.violation_count += 1
        if len(self.violations) < VIOLATIONS_KEPT:
            self.violations.append(text)


def fullest(strokes_start_us: Sequence[int], window_us: int) -> tuple[int, int]:
    """(most strokes in any window, start of the last stroke of the first such window). (0, 0) without strokes."""
    most, at_us, oldest = 0, 0, 0
    for newest, start_us in enumerate(strokes_start_us):
        while strokes_start_us[oldest] <= start_us - window_us:
            oldest += 1
        if newest - oldest + 1 > most:
            most, at_us = newest - oldest + 1, start_us
    return most, at_us


def check(
    strokes_start_us: Sequence[int],
    *,
    stroke_uu: int,
    spacing_us: int,
    hour_mu: int = HARD_HOUR_MU,
    day_mu: int = HARD_DAY_MU,
) -> CapsReport:
    """Judge strokes (start times, µs, ascending) against the caps and the spacing.

    Defaults are the hard limits of GUARD-1. Raises ValueError if times run back.
    Implements: GUARD-1, DOSE-4 (as the bench's own check)
    """
    volumes_mu = []
    texts = []
    for name, window_us, cap_mu in (("hour", HOUR_US, hour_mu), ("day", DAY_US, day_mu)):
        most, at_us = fullest(strokes_start_us, window_us)
        volumes_mu.append(Fraction(most * stroke_uu, UU_PER_MU))
        if volumes_mu[-1] > cap_mu:
            texts.append(f"{float(volumes_mu[-1]):.3f} mU in the {name} up to {at_us} us, cap {cap_mu} mU")
    intervals_us = [after_us - before_us for before_us, after_us in pairwise(strokes_start_us)]
    report = CapsReport(volumes_mu[0], volumes_mu[1], min(intervals_us, default=None))
    for text in texts:
        report.blame(text)
    for start_us, interval_us in zip(strokes_start_us[1:], intervals_us, strict=True):
        if interval_us < 0:
            before_us = start_us - interval_us
            raise ValueError(f"stroke at {start_us} us follows one at {before_us} us: times must not run back")
        if interval_us < spacing_us:
            report.blame(f"stroke at {start_us} us starts {interval_us} us after the last, spacing {spacing_us} us")
    return report
