"""The bench's own check of caps and spacing: exact to the microsecond and to the stroke."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hil.oracle.windows import DAY_US, HOUR_US, check, fullest

SPACING_US = 2_000_000
pytestmark = [pytest.mark.req("GUARD-1"), pytest.mark.req("DOSE-4")]


def judge(strokes, **limits):
    return check(strokes, stroke_uu=200_000, spacing_us=SPACING_US, **limits)


def burst(start_us, count):
    return [start_us + k * SPACING_US for k in range(count)]


def test_sixty_units_in_an_hour_pass_and_one_stroke_more_does_not():
    assert judge(burst(0, 300)).passed
    over = judge(burst(0, 301))
    assert not over.passed and over.max_hour_mu == 60_200
    assert "60200.000 mU in the hour" in over.violations[0]


def test_the_hour_rolls():
    # Half of them at the end of one clock hour, half at the start of the next.
    assert not judge(burst(HOUR_US - 600_000_000, 301)).passed


@pytest.mark.parametrize(("gap_us", "passed"), [(HOUR_US, True), (HOUR_US - 1, False)])
def test_the_window_is_exact(gap_us, passed):
    strokes = burst(0, 300)
    assert judge([*strokes, strokes[0] + gap_us]).passed is passed


@pytest.mark.parametrize(("last_us", "passed"), [(DAY_US, True), (DAY_US - 1, False)])
def test_the_day_is_exact(last_us, passed):
    strokes = [hour * HOUR_US + k * SPACING_US for hour in range(3) for k in range(250)]
    report = judge([*strokes, last_us], day_mu=150_000)
    assert report.passed is passed
    assert report.max_day_mu == (150_000 if passed else 150_200)


def test_spacing():
    assert judge([0, SPACING_US]).min_interval_us == SPACING_US
    report = judge([0, SPACING_US - 1, 2 * SPACING_US])
    assert report.violation_count == 1 and report.min_interval_us == SPACING_US - 1


def test_two_strokes_at_once_are_too_close_and_do_not_run_back():
    report = judge([5, 5])
    assert (report.min_interval_us, report.violation_count) == (0, 1)


def test_the_hour_and_the_day_are_told_apart():
    report = judge([0, HOUR_US, 2 * HOUR_US, 2 * HOUR_US + SPACING_US])
    assert (report.max_hour_mu, report.max_day_mu) == (400, 800)


def test_a_hundred_violations_are_kept_and_all_are_counted():
    for count in (99, 100, 101, 150):
        report = judge(list(range(count + 1)))
        assert (report.violation_count, len(report.violations)) == (count, min(count, 100))


def test_of_windows_as_full_the_first_is_told():
    assert fullest([3, 20, 40], 10) == (1, 3)
    assert fullest([3, 20, 21, 40, 41], 10) == (2, 21)
    assert fullest([], 10) == (0, 0)


def test_nothing_and_one_stroke():
    assert judge([]).passed and judge([]).min_interval_us is None
    assert judge([5]).max_hour_mu == Fraction(200)


def test_times_that_run_back_are_refused():
    with pytest.raises(ValueError, match="stroke at 1 us follows one at 2 us: times must not run back"):
        judge([2, 1])


@given(st.lists(st.integers(0, 50), max_size=40).map(sorted), st.integers(1, 20))
def test_the_fullest_window_is_the_one_found_by_trying_all(strokes, window_us):
    every = [sum(start <= each < start + window_us for each in strokes) for start in range(51)]
    assert fullest(strokes, window_us)[0] == max(every, default=0)
