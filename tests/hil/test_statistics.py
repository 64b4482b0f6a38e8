"""Bins, moments, trumpet curves: against hand-made cases and brute force."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.results.statistics import (
    AMBULATORY_WINDOWS_MIN,
    BIN_NAMES,
    bolus_bins,
    edge_offset,
    moments,
    share_within_percent,
    strokes_before,
    trumpet,
)

pytestmark = pytest.mark.req("HIL-2")


def test_bins_by_hand() -> None:
    percents = [0, 24.9, 25, 74.9, 75, 94.9, 95, 100, 105, 105.1, 125, 125.1, 175, 175.1, 250, 250.1]
    assert bolus_bins(percents) == [2, 2, 2, 3, 2, 2, 2, 1]


@given(st.lists(st.floats(0, 1000)))
def test_every_bolus_falls_into_one_bin(percents: list[float]) -> None:
    counts = bolus_bins(percents)
    assert len(counts) == len(BIN_NAMES)
    assert sum(counts) == len(percents)


def test_moments_by_hand() -> None:
    sample = moments([2, 4, 4, 4, 5, 5, 7, 9])
    assert (sample.count, sample.mean, sample.least, sample.greatest) == (8, 5, 2, 9)
    assert sample.deviation == pytest.approx((32 / 7) ** 0.5)
    assert moments([3]).deviation == 0
    with pytest.raises(ValueError, match="no values"):
        moments([])


def test_shares_count_the_bound_itself() -> None:
    assert share_within_percent([-5, 0, 5, 5.01], 5) == 75
    with pytest.raises(ValueError, match="no errors"):
        share_within_percent([], 5)


def test_trumpet_of_a_perfect_flow_is_flat() -> None:
    for point in trumpet([0.25 * k for k in range(289)], 0.25, Fraction(15), AMBULATORY_WINDOWS_MIN):
        assert point.least_percent == point.greatest_percent == point.mean_absolute_percent == 0


@given(
    st.lists(st.floats(0, 5), min_size=4, max_size=60),
    st.floats(0.05, 5),
    st.lists(st.integers(1, 70), min_size=1, max_size=4, unique=True),
)
def test_trumpet_agrees_with_brute_force(amounts: list[float], per_sample: float, steps: list[int]) -> None:
    cumulative = [0.0]
    for amount in amounts:
        cumulative.append(cumulative[-1] + amount)
    points = trumpet(cumulative, per_sample, Fraction(1, 2), [])
    assert points == []
    windows = [2 * k for k in steps]  # min, with samples of 2 min
    points = trumpet(cumulative, per_sample, Fraction(2), windows)
    assert [point.window_min for point in points] == [window for window in windows if window // 2 <= len(amounts)]
    for point in points:
        k = point.window_min // 2
        errors = []
        for j in range(len(amounts) - k + 1):
            flow = sum(amounts[j : j + k]) / (2 * k)
            errors.append(100 * (flow - per_sample / 2) / (per_sample / 2))
        assert point.windows == len(errors)
        assert point.least_percent == pytest.approx(min(errors), abs=1e-6)
        assert point.greatest_percent == pytest.approx(max(errors), abs=1e-6)
        assert point.mean_absolute_percent == pytest.approx(sum(map(abs, errors)) / len(errors), abs=1e-6)


def test_trumpet_refuses_windows_that_are_no_whole_samples() -> None:
    with pytest.raises(ValueError, match="20 min"):
        trumpet([0, 1, 2], 1, Fraction(15), (20,))


def test_quantisation_at_1_u_per_h_is_as_arithmetic_says() -> None:
    """A stroke every 12 min: windows of 15 min hold one or two of 1.25, of 60 min five, of 930 min 77 or 78."""
    interval_min, sample_min = Fraction(12), Fraction(15)
    offset = edge_offset(interval_min, sample_min)
    strokes = [int(12 * k) for k in range(1, 400)]
    edges = [offset + 15 * k for k in range(289)]
    counted = [sum(stroke < edge for stroke in strokes) for edge in edges]
    by_window = {point.window_min: point for point in trumpet(counted, 1.25, sample_min, AMBULATORY_WINDOWS_MIN)}
    assert by_window[15].least_percent == pytest.approx(-20)
    assert by_window[15].greatest_percent == pytest.approx(60)
    assert by_window[60].least_percent == by_window[60].greatest_percent == 0
    assert by_window[930].greatest_percent == pytest.approx(100 * 0.5 / 77.5)


@given(st.integers(1, 500), st.integers(1, 12), st.integers(1, 200))
def test_edges_lie_as_far_from_strokes_as_can_be(numerator: int, denominator: int, window: int) -> None:
    interval = Fraction(numerator, denominator)
    offset = edge_offset(interval, Fraction(window))

    def nearest(shift: Fraction) -> Fraction:
        rests = [(shift + k * window) % interval for k in range(interval.numerator)]
        return min(min(rest, interval - rest) for rest in rests)

    assert nearest(offset) == offset > 0
    assert all(nearest(offset * Fraction(part, 4)) <= offset for part in range(1, 9))


def test_half_a_stroke_interval_for_windows_of_whole_strokes() -> None:
    assert edge_offset(Fraction(720), Fraction(3600)) == 360
    assert edge_offset(Fraction(144, 7), Fraction(3600)) == Fraction(72, 7)


def test_strokes_at_an_edge_belong_to_what_follows() -> None:
    assert [strokes_before([10, 20, 20, 30], time) for time in (9, 10, 11, 20, 21, 31)] == [0, 0, 1, 1, 3, 4]
    assert all(a <= b for a, b in pairwise(strokes_before([1, 5, 9], time) for time in range(12)))
