"""One look ahead, part by part: what is promised until when, what comes by a second, where intervals are divided."""

from __future__ import annotations

from typing import Any

import pytest

from firmware import dose_codes as code
from firmware.therapy.look import Look, Spread
from tests.firmware.hand import SECOND_US

pytestmark = pytest.mark.req("GUARD-1")
STROKE_Q = 720_000  # 200 mU in mU/h times s
SPACING_US = 2 * SECOND_US
LATE_S = 8  # three strokes that wait for each other, and what is rounded
HOUR_S = 3603
NOW_US = 10 * SECOND_US
NEVER_S = 1 << 29


def state_of(**fields: int) -> list[int]:
    state = [0] * 200
    for name, value in fields.items():
        state[getattr(code, name)] = value
    return state


def a_look(square_until_us: int = 0, **fields: int) -> Any:
    return Look(state_of(**fields), NOW_US, square_until_us, STROKE_Q, SPACING_US)


# Spacing 2 s, the next place for a stroke in 1.5 s: n strokes, and three that may wait, are out in 1.5 + 2 (n + 3) s.
@pytest.mark.parametrize(
    ("fields", "until_s"),
    [
        ({}, 0),
        ({"BASAL_WAITING": 5, "TEMP_WAITING": 2}, 0),  # a cap may cut it
        ({"NORMAL_PROGRAMMED": 30, "NORMAL_COMMANDED": 10, "NORMAL_ABANDONED": 5}, 38),
        ({"NORMAL_PROGRAMMED": 30, "NORMAL_COMMANDED": 15, "BASAL_WAITING": 2, "TEMP_WAITING": 3}, 48),
        ({"SQUARE_PROGRAMMED": 10, "SQUARE_COMMANDED": 5, "SQUARE_ABANDONED": 1, "SQUARE_WAITING": 4}, 16),
        ({"SQUARE_PROGRAMMED": 20, "SQUARE_COMMANDED": 5, "SQUARE_ABANDONED": 1, "SQUARE_WAITING": 4}, 136),
        ({"SQUARE_PROGRAMMED": 20, "SQUARE_COMMANDED": 6, "SQUARE_ABANDONED": 4}, 128),
        ({"SQUARE_PROGRAMMED": 8, "SQUARE_WAITING": 4, "NORMAL_PROGRAMMED": 4}, 132),
        ({"SQUARE_PROGRAMMED": 4, "SQUARE_WAITING": 4, "NORMAL_PROGRAMMED": 4}, 24),
        ({"SQUARE_PROGRAMMED": 4, "NORMAL_PROGRAMMED": 4}, 124),
        ({"NORMAL_PROGRAMMED": 1}, 10),
    ],
)
def test_what_is_promised_is_out_by_then(fields: dict[str, int], until_s: int) -> None:
    look = a_look(NOW_US + 100 * SECOND_US, SLOT_US=NOW_US + 1_500_000, **fields)
    assert look.until_s == until_s and not look.asked and look.asked_until_s == 0


@pytest.mark.parametrize(
    ("asked", "until_s", "asked_until_s"),
    [
        ((0, 0, 0), 30, 0),
        ((1, 0, 0), 32, 32),
        ((5, 0, 3_599_999_999), 40, 40),
        ((0, 5, 3_599_999_999), 3639, 3639),
        ((2, 5, 60 * SECOND_US), 104, 104),
        ((0, 1, 999_999), 33, 33),
    ],
)
def test_what_is_asked_for_comes_behind_what_waits(
    asked: tuple[int, int, int], until_s: int, asked_until_s: int
) -> None:
    look = a_look(SLOT_US=NOW_US + 1_500_000, NORMAL_PROGRAMMED=9, BASAL_WAITING=2)
    assert look.until_s == 30
    look.ask(*asked)
    assert (look.until_s, look.asked_until_s, look.asked) == (until_s, asked_until_s, bool(asked[0] or asked[1]))


def test_a_request_that_is_out_before_what_was_promised_shortens_nothing() -> None:
    look = a_look(NOW_US + 900 * SECOND_US, SLOT_US=NOW_US, SQUARE_PROGRAMMED=10)
    look.ask(1, 0, 0)
    assert (look.until_s, look.asked_until_s) == (927, 9)


def test_of_a_spread_part_comes_its_share_of_the_time_and_never_more_than_is_left() -> None:
    spread = Spread(6, 10, 100, 65)  # four have come, the fifth is due in 15 s
    assert [spread.come(at_s) for at_s in (0, 14, 15, 24, 25, 64, 65, 66, 1000)] == [0, 0, 1, 1, 2, 5, 6, 6, 6]
    assert [spread.come_parts(at_s) for at_s in (0, 14, 15, 65, 66)] == [-50, 90, 100, 600, 600]


def test_waiting_strokes_come_at_their_spacing_from_the_next_place_on() -> None:
    look = a_look(SLOT_US=NOW_US + 1_500_000, NORMAL_PROGRAMMED=4)
    look.take_basal([(0, 0, 0)])
    assert [look.came(at_s, False) for at_s in (0, 1, 2, 3, 4, 7, 8, 9)] == [0, 0, 1, 1, 2, 3, 4, 4]
    free = a_look(SLOT_US=NOW_US - 1, NORMAL_PROGRAMMED=4)
    free.take_basal([(0, 0, 0)])
    assert [free.came(at_s, False) for at_s in (0, 1, 2, 3, 4, 6, 99)] == [1, 1, 2, 2, 3, 4, 4]


def test_basal_comes_by_what_is_owed_to_within_what_is_rounded() -> None:
    """At 36 U/h a stroke comes every 20 s; at most two quanta more may be owed than is known."""
    for owed_q, most, least in ((0, 0, 0), (35_997, 0, 0), (35_998, 1, 0), (35_999, 1, 0), (36_000, 1, 1)):
        look = a_look(OWED_Q=owed_q * SECOND_US + 999_999)
        look.take_basal([(0, 36_000, 0)])
        assert (look.came(19, False), look.came_before(19 + LATE_S, False)) == (most, least), owed_q


def test_the_fewest_that_have_come_are_those_of_some_seconds_before() -> None:
    look = a_look(NORMAL_PROGRAMMED=4)
    look.take_basal([(0, 0, 0)])
    assert [look.came_before(LATE_S + at_s, False) for at_s in (-LATE_S - 9, -1, 0, 1, 2, 3, 4, 99)] == [
        0, 0, 0, 1, 2, 2, 3, 4,
    ]  # fmt: skip
    quarter = Look(state_of(NORMAL_PROGRAMMED=4), NOW_US, 0, STROKE_Q, SPACING_US // 4)
    quarter.take_basal([(0, 0, 0)])
    assert [quarter.came_before(at_s, False) for at_s in (3, 4, 5)] == [0, 3, 4], "1.5 s, and two"


def test_every_kind_counts_by_its_own_share() -> None:
    look = a_look(
        NOW_US + 50 * SECOND_US, SQUARE_START_US=0, SQUARE_PROGRAMMED=12, SQUARE_COMMANDED=2, NORMAL_PROGRAMMED=3
    )
    look.ask(2, 10, 200 * SECOND_US)
    look.take_basal([(0, 36_000, 0), (100, 0, 3_600_000), (140, 72_000, 3_600_000)])
    # Of the square part a stroke every 5 s; of the one asked for every 20 s.
    for at_s, basal, square, asked in (
        (0, 0, 0, 0),
        (50, 2, 10, 2),
        (99, 4, 10, 4),
        (150, 6, 10, 7),
        (400, 31, 10, 10),
    ):
        assert look.came(at_s, False) == min(3 + basal + square, 1 + at_s // 2), at_s
        assert look.came(at_s, True) == min(3 + basal + square + 2 + asked, 1 + at_s // 2), at_s


@pytest.mark.parametrize(("until_s", "come"), [(0, 1), (1, 1), (2, 0)])
def test_a_square_part_in_its_last_second_comes_at_its_end(until_s: int, come: int) -> None:
    look = a_look(NOW_US + until_s * SECOND_US + 999_999, SQUARE_START_US=NOW_US, SQUARE_PROGRAMMED=1)
    look.take_basal([(0, 0, 0)])
    assert [look.came(at_s, False) for at_s in (0, 1, 2)] == [0, come, 1]
    assert look.until_s == max(1, until_s) + 9


STEPS = [(0, 36_000, 0), (100, 0, 3_625_200), (140, 72_000, 3_625_200)]  # 36 U/h for 100.7 s, and from 140 s on 72 U/h


def test_the_amount_of_basal_by_a_second_is_exact_from_the_second_in_which_the_rate_changes() -> None:
    look = a_look()
    look.take_basal(STEPS)
    for at_s, amount_q in (
        (0, 0), (99, 3_564_000), (100, 3_625_200), (101, 3_625_200), (140, 3_625_200), (141, 3_697_200),
        (1000, 65_545_200),
    ):  # fmt: skip
        assert look._basal_q(at_s) == amount_q, at_s


def test_strokes_wait_for_their_turn_until_the_last_has_its_place() -> None:
    look = a_look(SLOT_US=NOW_US + 1_500_000, NORMAL_PROGRAMMED=4)
    look.ask(2, 0, 0)
    look.take_basal([(0, 0, 0)])
    assert [look._crowded(at_s, False) for at_s in (0, 7, 9, 10, 99)] == [True, True, True, False, False]
    assert [look._crowded(at_s, True) for at_s in (9, 10, 13, 14)] == [True, True, True, False]


def test_a_window_s_share_of_each_kind_is_what_comes_in_it() -> None:
    look = a_look(NOW_US + 50 * SECOND_US, SQUARE_START_US=0, SQUARE_PROGRAMMED=12, SQUARE_COMMANDED=2)
    look.ask(2, 10, 200 * SECOND_US)
    look.take_basal(STEPS)
    assert look._share(141, 50, 0, True) == (3_697_200 - 36_000 * 91, STROKE_Q)
    assert look._share(90, 50, 1, False) == look._share(90, 50, 1, True) == (120, 60), "two strokes, in 10 s"
    assert look._share(180, 50, 2, True) == (500, 200) and look._share(180, 50, 2, False) == (0, 1)
    without = a_look()
    without.take_basal(STEPS)
    assert [without._share(at_s, 50, 1, False) for at_s in (50, 51, 99)] == [(0, 1)] * 3


def test_windows_in_the_future_are_divided_where_a_rate_changes_at_either_end_and_others_halved() -> None:
    look = a_look()
    look.take_basal([(0, 36_000, 0), (5000, 0, 0), (9000, 36_000, 0)])
    window_s = HOUR_S + LATE_S
    for from_s, to_s, middle_s in (
        (0, 3000, 1500),
        (0, window_s, 1805),
        (0, window_s + 1, window_s),
        (window_s - 1, window_s + 1, window_s),
        (window_s, 5000, window_s + 1),  # a square part that is none ends in the first second
        (4000, 12_000, 5000 + window_s),
        (5000 + window_s, 12_000, 9000),
        (9000, 12_000, None),
        (9000, 9000 + window_s, None),
        (9000, 9001 + window_s, 9000 + window_s),
        (window_s + 1, 5000, None),
        (window_s + 1, 5001, 5000),
        (13_000, 99_999, None),
    ):
        assert look.middle(from_s, to_s, HOUR_S, True) == middle_s, (from_s, to_s)


def test_where_strokes_wait_for_their_turn_windows_are_halved() -> None:
    look = a_look(NORMAL_PROGRAMMED=30)  # out in a minute
    look.ask(30, 0, 0)
    look.take_basal([(0, 0, 0)])
    window_s = HOUR_S + LATE_S
    for from_s, to_s, asked, middle_s in (
        (window_s + 58, window_s + 258, False, window_s + 158),
        (window_s + 60, window_s + 260, False, None),
        (window_s + 60, window_s + 260, True, window_s + 160),
        (window_s + 118, window_s + 318, True, window_s + 218),
        (window_s + 120, window_s + 320, True, None),
    ):
        assert look.middle(from_s, to_s, HOUR_S, asked) == middle_s, (from_s, asked)


def test_windows_that_begin_where_strokes_wait_are_halved_whichever_end_it_is() -> None:
    look = a_look()
    look.take_basal([(0, 0, 0)])
    window_s = HOUR_S + LATE_S
    for crowded_s, middle_s in ((100, window_s + 250), (400, window_s + 250), (250, None)):
        look._crowded = lambda at_s, _, crowded_s=crowded_s: at_s == crowded_s
        assert look.middle(window_s + 100, window_s + 400, HOUR_S, True) == middle_s


@pytest.mark.parametrize("rates", range(1, 9))
def test_the_next_change_is_of_basal_or_the_end_of_a_square_part(rates: int) -> None:
    look = a_look(NOW_US + 800 * SECOND_US, SQUARE_PROGRAMMED=5)
    look.ask(0, 5, 1800 * SECOND_US)
    look.take_basal([(1000 * at, 200, 0) for at in range(rates)])
    turns = sorted([1000 * at for at in range(rates)] + [800, 1800])
    for at_s in [-1, *[each + by for each in turns for by in (-1, 0, 1)]]:
        after = [each for each in turns if each > at_s]
        assert look._turn_after(at_s) == (after[0] if after else NEVER_S), at_s


Shares = tuple[tuple[int, int], tuple[int, int]]


@pytest.mark.parametrize(
    ("shares", "strokes"),
    [
        ((((25, 10), (5, 10)), ((0, 1), (0, 1)), ((0, 1), (0, 1))), 3),
        ((((5, 10), (25, 10)), ((0, 1), (0, 1)), ((0, 1), (0, 1))), 3),
        ((((25, 10), (25, 10)), ((11, 10), (11, 10)), ((1, 7), (1, 7))), 6),
        ((((25, 10), (5, 10)), ((11, 10), (31, 10)), ((0, 1), (0, 1))), 6),  # 5 at both ends; one more between them
        ((((25, 10), (5, 10)), ((11, 10), (31, 10)), ((5, 10), (15, 10))), 9),
        ((((20, 10), (30, 10)), ((10, 10), (40, 10)), ((0, 1), (0, 1))), 7),  # never more than each at its most
    ],
)
def test_a_straight_line_is_fullest_at_one_of_its_ends_or_one_more_between(
    shares: tuple[Shares, Shares, Shares], strokes: int
) -> None:
    look = a_look()

    def share(at_s: int, window_s: int, kind: int, asked: bool) -> tuple[int, int]:
        assert window_s == HOUR_S + LATE_S and asked and at_s in (5000, 6000)
        return shares[kind][at_s == 6000]

    look._share = share
    assert look.straight(5000, 6000, HOUR_S, True) == strokes
