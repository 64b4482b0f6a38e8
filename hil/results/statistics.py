"""Statistics of dosing: bolus bins, windows, trumpet curves, moments. Pure functions of counts, volumes and times.

Sums are exact (`math.fsum`), so that no result depends on the order in which a vector unit adds.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

# Bolus bins in % of what was commanded: 21 CFR 880.5730(b)(7), special controls of alternate-controller pumps.
BIN_EDGES_PERCENT = (25, 75, 95, 105, 125, 175, 250)
BIN_NAMES = ("<25", "25–75", "75–95", "95–105", "105–125", "125–175", "175–250", ">250")

# Observation windows: of ambulatory pumps (sample interval 15 min), and the short set of other infusion pumps (30 s).
AMBULATORY_SAMPLE_MIN = Fraction(15)
AMBULATORY_WINDOWS_MIN = (15, 60, 150, 330, 570, 930)
SHORT_SAMPLE_MIN = Fraction(1, 2)
SHORT_WINDOWS_MIN = (2, 5, 11, 19, 31)


def bolus_bins(percents: Sequence[float]) -> list[int]:
    """Count boluses (delivered in % of commanded) in the eight bins of `BIN_NAMES`.

    The middle bin holds both of its edges, 95 and 105 %; every other edge belongs to the bin nearer to 100 %.
    """
    counts = [0] * len(BIN_NAMES)
    for percent in percents:
        if percent <= 100:
            counts[sum(percent >= edge for edge in BIN_EDGES_PERCENT[:3])] += 1
        else:
            counts[3 + sum(percent > edge for edge in BIN_EDGES_PERCENT[3:])] += 1
    return counts


def share_within_percent(errors_percent: Sequence[float], bound_percent: float) -> float:
    """Return the share of the errors within ±bound, in %."""
    if not errors_percent:
        raise ValueError("no errors to take a share of")
    return 100 * sum(abs(error) <= bound_percent for error in errors_percent) / len(errors_percent)


@dataclass(frozen=True)
class Moments:
    """Mean, standard deviation (n − 1), least, greatest and number of a sample, in the sample's unit."""

    count: int
    mean: float
    deviation: float
    least: float
    greatest: float


def moments(sample: Sequence[float]) -> Moments:
    """Return the moments of a sample. Raises ValueError if it is empty. A single value has deviation 0."""
    count = len(sample)
    if not count:
        raise ValueError("no values to take moments of")
    mean = math.fsum(sample) / count
    square = math.fsum((value - mean) ** 2 for value in sample)
    return Moments(count, mean, math.sqrt(square / (count - 1)) if count > 1 else 0.0, min(sample), max(sample))


@dataclass(frozen=True)
class TrumpetPoint:
    """One window length: extreme errors of the mean flow over any such window, in % of the programmed rate.

    `mean_absolute_percent` is the mean absolute relative difference (MARD) over the same windows.
    """

    window_min: int
    windows: int
    least_percent: float
    greatest_percent: float
    mean_absolute_percent: float


def trumpet(
    cumulative: Sequence[float], per_sample: float, sample_min: Fraction, windows_min: Sequence[int]
) -> list[TrumpetPoint]:
    """Return the trumpet curve of a constant rate.

    `cumulative` is the volume at equidistant sample instants `sample_min` apart, `per_sample` what was programmed for
    one sample interval, in the same unit. For a window of P = k samples the errors are
    100·(W[j+k] − W[j] − k·r)/(k·r) for every j; windows longer than the record are left out.
    Raises ValueError if a window is not a whole number of samples.
    """
    points = []
    for window in windows_min:
        steps = Fraction(window) / sample_min
        if steps.denominator != 1:
            raise ValueError(f"a window of {window} min is not a whole number of samples of {sample_min} min")
        k = int(steps)
        if k >= len(cumulative):
            continue
        expected = k * per_sample
        errors = [
            100 * (late - early - expected) / expected for early, late in zip(cumulative, cumulative[k:], strict=False)
        ]
        mean_absolute = math.fsum(abs(error) for error in errors) / len(errors)
        points.append(TrumpetPoint(window, len(errors), min(errors), max(errors), mean_absolute))
    return points


def strokes_before(starts_us: Sequence[int], time_us: int) -> int:
    """Return how many of the ordered strokes began before `time_us`; one that begins then has given nothing yet."""
    return bisect_left(starts_us, time_us)


def edge_offset(stroke_interval: Fraction, window: Fraction) -> Fraction:
    """Return how far to shift equidistant window edges so that they lie as far from every stroke as possible.

    Strokes fall on multiples of `stroke_interval`, edges on multiples of `window` plus the offset (same unit). All
    distances between the two are multiples of their greatest common divisor, so half of it is the best offset. For
    windows of whole strokes that is half a stroke interval. Without it a stroke on an edge may count in either window.
    """
    denominator = math.lcm(stroke_interval.denominator, window.denominator)
    divisor = math.gcd(int(stroke_interval * denominator), int(window * denominator))
    return Fraction(divisor, 2 * denominator)
