"""Computed volume, level, time to empty, refill due."""

from __future__ import annotations

import pytest

from firmware import protocol
from firmware.errors import Refused
from firmware.therapy import reservoir as place
from firmware.therapy.reservoir import Reservoir

pytestmark = pytest.mark.req("THER-4")
DAY_S = 86_400
FILLED_S = 1_767_225_600


@pytest.fixture
def reservoir() -> Reservoir:
    one = Reservoir(500, 400)
    one.filled(15_000_000, 1_000, FILLED_S)
    return one


def test_a_full_one_holds_6000_u_and_each_ordered_stroke_takes_its_own(reservoir: Reservoir) -> None:
    assert reservoir.left_mu(1_000) == 6_000_000
    assert (reservoir.left_nl(1_001), reservoir.left_mu(1_001)) == (14_999_500, 5_999_800)
    assert reservoir.left_nl(31_000) == 0
    assert reservoir.left_nl(31_001) == 0


def test_the_fine_quantum_and_other_insulin() -> None:
    fine = Reservoir(125, 100)
    fine.filled(1_000_000, 0, FILLED_S)
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
    assert place.level_of(left_mu) == level


def test_thresholds_are_passed_in() -> None:
    assert place.level_of(900_000, (1_000_000, 500_000, 100_000)) == place.LEVEL_LOW


def test_40_u_a_day_last_145_days_to_the_stop_and_150_to_nothing(reservoir: Reservoir) -> None:
    report = reservoir.report(1_000, 40_000, FILLED_S)
    assert report["stops_in_s"] == 145 * DAY_S
    assert report["empty_in_s"] == 150 * DAY_S
    assert report["reservoir_level"] == place.LEVEL_FULL


def test_without_use_nobody_can_say_how_long(reservoir: Reservoir) -> None:
    report = reservoir.report(1_000, 0, FILLED_S)
    assert report["stops_in_s"] is None
    assert report["empty_in_s"] is None


def test_below_the_threshold_no_time_is_left() -> None:
    assert place.lasts_s(100_000, 200_000, 40_000) == 0


def test_refill_is_due_after_45_days_to_the_second(reservoir: Reservoir) -> None:
    due_s = FILLED_S + 45 * DAY_S
    assert reservoir.due(due_s - 1) == (place.NOT_DUE, due_s)
    assert reservoir.due(due_s) == (place.DUE, due_s)


def test_a_new_life_counts_from_the_same_fill(reservoir: Reservoir) -> None:
    reservoir.set_life(90)
    assert reservoir.due(FILLED_S + 89 * DAY_S)[0] == place.NOT_DUE
    assert reservoir.due(FILLED_S + 90 * DAY_S)[0] == place.DUE


@pytest.mark.parametrize("now_s", [None, 0, FILLED_S - 1])
def test_without_a_clock_it_is_unknown_and_said_so(reservoir: Reservoir, now_s: int | None) -> None:
    assert reservoir.due(now_s) == (place.UNKNOWN, 0)
    assert reservoir.report(1_000, 40_000, now_s)["refill"] == place.UNKNOWN


@pytest.mark.parametrize("filled_s", [None, 0])
def test_filled_while_the_clock_was_lost_is_unknown_for_ever(reservoir: Reservoir, filled_s: int | None) -> None:
    reservoir.filled(1, 1_000, filled_s)
    assert reservoir.due(FILLED_S) == (place.UNKNOWN, 0)


@pytest.mark.parametrize(("volume_nl", "limit"), [(15_000_001, 15_000_000), (-1, 0)])
def test_what_does_not_fit_is_refused_and_nothing_changes(reservoir: Reservoir, volume_nl: int, limit: int) -> None:
    with pytest.raises(Refused) as refused:
        reservoir.filled(volume_nl, 5_000, FILLED_S + 1)
    assert (refused.value.code, refused.value.field_name) == (protocol.OUT_OF_RANGE, "filled_nl")
    assert (refused.value.value, refused.value.limit) == (volume_nl, limit)
    assert (reservoir.filled_nl, reservoir.strokes_at_fill, reservoir.filled_utc_s) == (15_000_000, 1_000, FILLED_S)


@pytest.mark.parametrize(("days", "limit"), [(0, 1), (91, 90)])
def test_a_life_of_no_day_or_beyond_90_is_refused(reservoir: Reservoir, days: int, limit: int) -> None:
    with pytest.raises(Refused) as refused:
        reservoir.set_life(days)
    assert (refused.value.value, refused.value.limit, reservoir.life_days) == (days, limit, 45)


def test_fewer_strokes_than_at_the_fill_are_refused(reservoir: Reservoir) -> None:
    with pytest.raises(Refused):
        reservoir.left_nl(999)


def test_bytes_and_back(reservoir: Reservoir) -> None:
    reservoir.set_life(60)
    raw = bytearray(2 + place.STATE_BYTES)
    reservoir.pack_into(raw, 2)
    again = Reservoir(500, 400)
    again.unpack(raw, 2)
    assert vars(again) == vars(reservoir)
