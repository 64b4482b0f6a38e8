"""The wall clock at the begin of a life, by hand (docs/adr/0011): what it may show after a reset."""

from __future__ import annotations

import pytest

from hil.oracle.exact import NEVER_US
from hil.oracle.wall import (
    AHEAD,
    BEHIND,
    DISAGREES,
    EARLIEST_S,
    LATEST_S,
    LOST_BEFORE,
    SILENT,
)
from tests.oracle.hand import EPOCH_S, MIN, H
from tests.oracle.wall_world import World

pytestmark = pytest.mark.req("THER-8")
DAY_US = 24 * H


# Lives
@pytest.mark.req("STORE-5")
def test_a_life_begins_with_a_look_in_an_hour_and_clocks_together() -> None:
    world = World()
    world.clock.lose()
    world.hand.device.advance(H)
    world.clock.set(H, EPOCH_S + 3_600)
    world.hand.device.advance(90 * MIN)
    world.wall.silent = True
    world.wall.begin()
    assert (world.wall.next_us(world.pump), world.wall.silent) == (150 * MIN, False)
    world.clock.jump(4)  # in an hour: not by 500 ppm
    world.hand.device.advance(150 * MIN)
    assert world.lost


@pytest.mark.req("STORE-2", "STORE-5")
def test_after_a_reset_a_time_well_before_the_record_or_a_day_after_it_is_none() -> None:
    for by_s, reasons in (
        (-4, {0}),
        (-5, {BEHIND}),
        (86_400, {0}),
        (86_401, {AHEAD}),
        (0, {0}),
    ):
        world = World()
        world.hand.device.advance(H)
        world.clock.jump(by_s)
        assert world.wall.after_reset(H) == (EPOCH_S + 3_600 + by_s, frozenset(reasons)), by_s


@pytest.mark.req("STORE-2")
def test_the_record_may_be_from_any_time_between_the_sure_one_and_the_cut() -> None:
    world = World()
    world.hand.device.advance(H)
    world.pump.recorded_us = 30 * MIN
    world.clock.jump(-60)  # before the cut, after the record
    assert world.wall.after_reset(H) == (EPOCH_S + 3_540, frozenset({0, BEHIND}))
    world.clock.jump(60 + 86_400 - 60)  # a day after the record, not after the cut
    assert world.wall.after_reset(H) == (EPOCH_S + 3_540 + 86_400, frozenset({0, AHEAD}))


def test_a_clock_without_a_time_is_silent_after_a_reset_and_one_lost_before_stays_lost() -> None:
    world = World()
    world.clock.lose()
    assert world.wall.after_reset(0) == (None, frozenset({SILENT}))
    for utc_s, reason in ((EARLIEST_S - 1, SILENT), (EARLIEST_S, 0), (LATEST_S, 0), (LATEST_S + 1, SILENT)):
        world.clock.set(0, utc_s)
        world.pump.programme.set_clock(0, utc_s)
        assert world.wall.after_reset(0) == (None if reason else utc_s, frozenset({reason}))
    world.clock.set(0, EPOCH_S)
    world.pump.programme.utc_at_zero_us = None
    assert world.wall.after_reset(0) == (None, frozenset({LOST_BEFORE}))
    assert (SILENT, BEHIND, AHEAD, DISAGREES, LOST_BEFORE) == (1, 2, 3, 4, 5), "as the log has them"
    assert NEVER_US > DAY_US
