"""The rolling caps of GUARD-1 by hand: when a stroke leaves a window, what the safe side's minute leaves open."""

from __future__ import annotations

import pytest

from hil.oracle.caps import DAY, GO, HOLD, HOUR, MAY, Caps
from tests.oracle.hand import MIN, H, S

DAY_US = 24 * H
STROKE_UU = 200_000
pytestmark = pytest.mark.req("GUARD-1")


def caps(*starts_us: int, **limits: int) -> Caps:
    made = Caps(STROKE_UU, **limits)
    for each in starts_us:
        made.count(each)
    return made


@pytest.mark.parametrize("window_us", [H, DAY_US])
def test_a_stroke_leaves_its_window_at_its_end_and_by_the_safe_side_a_minute_later(window_us: int) -> None:
    seen = caps(5, 7)
    assert seen.used(7, window_us) == (2, 2)
    assert seen.used(window_us + 4, window_us) == (2, 2)
    assert seen.used(window_us + 5, window_us) == (1, 2), "half open: an hour apart is not in one hour"
    assert seen.used(window_us + 7, window_us) == (0, 2)
    assert seen.used(window_us + MIN + 5, window_us) == (0, 2)
    assert seen.used(window_us + MIN + 6, window_us) == (0, 1)
    assert seen.used(window_us + MIN + 8, window_us) == (0, 0)


def test_the_two_windows_are_counted_apart() -> None:
    seen = caps(0, S)
    assert (seen.used(2 * H, H), seen.used(2 * H, DAY_US)) == ((0, 0), (2, 2))
    assert [(name, length, limit) for name, length, limit in caps(hour_mu=7, day_mu=9).windows()] == [
        (HOUR, H, 7_000),
        (DAY, DAY_US, 9_000),
    ]


def test_new_caps_are_the_hard_hour_and_the_clinician_s_preset_of_a_day() -> None:
    assert (Caps(STROKE_UU).hour_mu, Caps(STROKE_UU).day_mu, Caps(STROKE_UU).exact_only) == (60_000, 150_000, False)


@pytest.mark.req("THER-8")
def test_time_without_power_cannot_be_vouched_for() -> None:
    """Ten minutes dark: by time with power a stroke before them is ten minutes younger, one after them is not."""
    seen = caps(0)
    assert seen.used(H + MIN + 1, H) == (0, 0)
    seen.without_power(10 * MIN)
    assert seen.used(H + MIN + 1, H) == (0, 1), "what had left the window may be in it again"
    seen.count(H + 2 * MIN)
    assert seen.used(H + 11 * MIN, H) == (1, 2)
    assert seen.used(H + 11 * MIN + 1, H) == (1, 1)
    assert seen.used(2 * H + 3 * MIN, H) == (0, 1)
    assert seen.used(2 * H + 3 * MIN + 1, H) == (0, 0)
    assert seen.off_us == 10 * MIN
    seen.without_power(5 * MIN)
    assert seen.off_us == 15 * MIN


def test_a_stroke_that_counts_was_made_at_the_latest_when_power_came_back() -> None:
    seen = caps(10, 50)
    seen.without_power(4)
    seen.not_after(50)
    assert (seen.starts_us, seen.powered_us) == ([10, 50], [10, 50])
    seen.not_after(49)
    assert (seen.starts_us, seen.powered_us) == ([10, 49], [10, 45])
    nothing = caps()
    nothing.not_after(0)
    assert nothing.starts_us == []


def test_a_stroke_may_start_if_it_just_fits_and_must_not_beyond() -> None:
    seen = caps(0, 2 * S, 4 * S, hour_mu=1_000)  # five strokes of 0.2 U
    assert seen.verdict(5 * S) == (GO, ())
    seen.count(6 * S)
    assert seen.verdict(7 * S) == (GO, ())
    seen.count(8 * S)
    assert seen.verdict(10 * S) == (HOLD, (HOUR,))
    assert seen.verdict(H - 1) == (HOLD, (HOUR,))
    assert seen.verdict(H) == (MAY, (HOUR,)), "the first has left the hour, but not by the safe side"
    assert seen.verdict(H + MIN) == (MAY, (HOUR,))
    assert seen.verdict(H + MIN + 1) == (GO, ())


def test_where_the_future_is_played_there_is_no_safe_side() -> None:
    seen = caps(0, 2 * S, hour_mu=400, exact_only=True)
    assert seen.verdict(H - 1) == (HOLD, (HOUR,))
    assert seen.verdict(H) == (GO, ())


def test_each_cap_that_speaks_against_it_is_named_the_sure_one_first() -> None:
    seen = caps(0, H, hour_mu=200, day_mu=400)
    assert seen.verdict(H + S) == (HOLD, (HOUR, DAY))
    assert seen.verdict(2 * H) == (HOLD, (DAY, HOUR)), "the hour only by the safe side"
    assert seen.verdict(3 * H) == (HOLD, (DAY,))
    assert seen.verdict(DAY_US) == (MAY, (DAY,))
    assert caps(0, day_mu=300).verdict(1) == (HOLD, (DAY,)), "1.5 strokes hold one"
