"""Computed volume, level, time to empty, refill due."""

from __future__ import annotations

import pytest

from firmware.errors import Refused
from firmware.protocol import refill
from firmware.therapy import reservoir as place
from firmware.therapy.reservoir import Reservoir

pytestmark = pytest.mark.req("THER-4")
DAY_S = 86_400
FILLED_S = 1_767_225_600


THRESHOLDS_MU = (800_000, 400_000, 200_000)


def filled(one: Reservoir, volume_nl: int, strokes: int) -> Reservoir:
    one.filled_nl, one.strokes_at_fill, one.filled_utc_s, one.life_days = volume_nl, strokes, FILLED_S, 45
    return one


@pytest.fixture
def reservoir() -> Reservoir:
    return filled(Reservoir(500, 400), 15_000_000, 1_000)


def test_a_full_one_holds_6000_u_and_each_ordered_stroke_takes_its_own(reservoir: Reservoir) -> None:
    assert reservoir.left_mu(1_000) == 6_000_000
    assert (reservoir.left_nl(1_001), reservoir.left_mu(1_001)) == (14_999_500, 5_999_800)
    assert reservoir.left_nl(31_000) == 0
    assert reservoir.left_nl(31_001) == 0


def test_the_fine_quantum_and_other_insulin() -> None:
    fine = filled(Reservoir(125, 100), 1_000_000, 0)
    assert fine.left_mu(1) == 99_987  # 99.9875 U, rounded down


@pytest.mark.parametrize(
    ("left_mu", "level"),
    [
        (6_000_000, place.LEVEL_FULL),
        (800_001, place.LEVEL_FULL),
        (800_000, place.LEVEL_LOW),
        (400_001, place.LEVEL_LOW),
        (400_000, place.LEVEL_EMPTY),
        (200_001, place.LEVEL_EMPTY),
        (200_000, place.LEVEL_STOP),
        (0, place.LEVEL_STOP),
    ],
)
def test_levels_begin_at_their_thresholds(left_mu: int, level: int) -> None:
    assert place.level_of(left_mu, THRESHOLDS_MU) == level


def test_thresholds_are_passed_in() -> None:
    assert place.level_of(900_000, (1_000_000, 500_000, 100_000)) == place.LEVEL_LOW


def test_40_u_a_day_last_145_days_to_the_stop_and_150_to_nothing(reservoir: Reservoir) -> None:
    left_mu = reservoir.left_mu(1_000)
    assert place.lasts_s(left_mu, 200_000, 40_000) == 145 * DAY_S
    assert place.lasts_s(left_mu, 0, 40_000) == 150 * DAY_S


def test_without_use_nobody_can_say_how_long() -> None:
    assert place.lasts_s(6_000_000, 0, 0) is None


def test_below_the_threshold_no_time_is_left() -> None:
    assert place.lasts_s(100_000, 200_000, 40_000) == 0


def test_refill_is_due_after_45_days_to_the_second(reservoir: Reservoir) -> None:
    due_s = FILLED_S + 45 * DAY_S
    assert reservoir.due(due_s - 1, 45 * DAY_S - 1) == (place.NOT_DUE, due_s)
    assert reservoir.due(due_s, 45 * DAY_S) == (place.DUE, due_s)


def test_a_new_life_counts_from_the_same_fill(reservoir: Reservoir) -> None:
    reservoir.life_days = 90
    assert reservoir.due(FILLED_S + 89 * DAY_S, 89 * DAY_S)[0] == place.NOT_DUE
    assert reservoir.due(FILLED_S + 90 * DAY_S, 90 * DAY_S)[0] == place.DUE


@pytest.mark.req("THER-8")
@pytest.mark.parametrize("utc_s", [0, FILLED_S - 1, FILLED_S, FILLED_S + 10 * DAY_S])
def test_a_clock_that_is_lost_or_was_put_back_postpones_nothing(reservoir: Reservoir, utc_s: int) -> None:
    assert reservoir.due(utc_s, 45 * DAY_S - 1)[0] == (place.NOT_DUE if utc_s else place.UNKNOWN)
    assert reservoir.due(utc_s, 45 * DAY_S)[0] == place.DUE


@pytest.mark.req("THER-8")
def test_what_comes_first_counts_and_is_what_is_shown(reservoir: Reservoir) -> None:
    # Put forward by ten days, which may have been without power: the insulin is that old.
    assert reservoir.due(FILLED_S + 40 * DAY_S, 30 * DAY_S) == (place.NOT_DUE, FILLED_S + 45 * DAY_S)
    assert reservoir.due(FILLED_S + 45 * DAY_S, 35 * DAY_S) == (place.DUE, FILLED_S + 45 * DAY_S)
    assert reservoir.due(FILLED_S + 20 * DAY_S, 30 * DAY_S) == (place.NOT_DUE, FILLED_S + 35 * DAY_S)


@pytest.mark.req("THER-8")
def test_filled_while_the_clock_was_lost_is_due_by_device_time(reservoir: Reservoir) -> None:
    reservoir.filled_utc_s = 0
    assert reservoir.due(0, 5) == (place.UNKNOWN, 0)
    assert reservoir.due(FILLED_S, 5 * DAY_S) == (place.NOT_DUE, FILLED_S + 40 * DAY_S)
    assert reservoir.due(FILLED_S, 45 * DAY_S)[0] == place.DUE


def test_fewer_strokes_than_at_the_fill_are_refused(reservoir: Reservoir) -> None:
    with pytest.raises(Refused):
        reservoir.left_nl(999)


@pytest.mark.req("THER-4")
def test_a_new_one_is_empty_and_a_full_one_holds_15_ml() -> None:
    new = Reservoir(500, 400)
    assert (new.left_nl(0), new.used_nl(0), new.filled_nl, new.filled_utc_s, new.life_days) == (0, 0, 0, 0, 0)
    assert refill.CAPACITY_NL == 15_000_000
    assert place.lasts_s(200, 200, 0) == place.lasts_s(199, 200, 0) == 0 and place.lasts_s(201, 200, 0) is None
    assert place.lasts_s(201, 200, 1) == DAY_S, "1 mU at 1 mU a day"
    new.life_days = 1
    assert new.due(0, 86_400) == (place.DUE, 0) and new.due(0, 86_399) == (place.UNKNOWN, 0)
