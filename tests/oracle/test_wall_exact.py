"""The wall clock by hand (docs/adr/0011): what the battery-backed clock shows; when it is followed, when it is lost."""

from __future__ import annotations

import pytest

from hil.oracle.wall import (
    DISAGREES,
    EARLIEST_S,
    LATEST_S,
    SILENT,
    BackedClock,
)
from tests.oracle.hand import EPOCH_S, MIN, H, S
from tests.oracle.wall_world import World

pytestmark = pytest.mark.req("THER-8")
TEN_MIN_US = 10 * MIN


# The battery-backed clock
def test_the_clock_counts_whole_seconds_and_can_be_set_lost_and_moved() -> None:
    clock = BackedClock(100)
    assert [clock.utc_s(at) for at in (0, S - 1, S, 2 * S)] == [100, 100, 101, 102]
    assert (clock.lost, clock.changes, clock.far_off) == (False, 0, False)
    clock.set(5 * S + 1, 50)
    assert (clock.utc_s(5 * S), clock.utc_s(6 * S), clock.changes) == (50, 51, 1)
    clock.jump(-7)
    assert (clock.utc_s(6 * S), clock.changes) == (44, 2)
    clock.lose()
    assert (clock.utc_s(6 * S), clock.lost, clock.changes) == (None, True, 3)
    clock.jump(1_000)
    assert (clock.utc_s(6 * S), clock.changes) == (None, 4)
    clock.set(7 * S, 9)
    assert (clock.utc_s(7 * S), clock.lost, clock.changes) == (9, False, 5)


@pytest.mark.req("SELF-1")
def test_a_clock_that_runs_fast_is_moved_every_ten_minutes() -> None:
    clock = BackedClock(0)
    clock.run_fast(30 * S, 20_000)  # 12 s in ten minutes
    assert clock.changes == 1 and clock.far_off
    assert [clock.utc_s(at) for at in (30 * S + TEN_MIN_US - 1, 30 * S + TEN_MIN_US)] == [629, 642]
    assert clock.utc_s(30 * S + 3 * TEN_MIN_US) == 30 + 1_800 + 36
    slow = BackedClock(0)
    slow.run_fast(0, -2_500)  # 1.5 s in ten minutes, rounded to 2
    assert slow.utc_s(2 * TEN_MIN_US) == 1_200 - 4
    slow.run_fast(2 * TEN_MIN_US + S, 0)
    assert slow.utc_s(9 * TEN_MIN_US) == 5_400 - 4 and slow.changes == 2


@pytest.mark.req("SELF-1")
def test_what_is_due_of_a_rate_comes_before_any_other_change() -> None:
    for change in (lambda c: c.set(TEN_MIN_US, 5), lambda c: c.jump(0), lambda c: c.lose()):
        clock = BackedClock(0)
        clock.run_fast(0, 20_000)
        change(clock)
        assert clock.utc_s(TEN_MIN_US) in (5, 612, None)
    clock = BackedClock(0)
    clock.run_fast(0, 20_000)
    clock.run_fast(TEN_MIN_US, 10_000)
    assert clock.utc_s(TEN_MIN_US) == 612
    assert clock.utc_s(2 * TEN_MIN_US) == 1_218
    lost = BackedClock(0)
    lost.run_fast(0, 20_000)
    lost.lose()
    assert lost.utc_s(TEN_MIN_US) is None
    lost.set(TEN_MIN_US + S, 0)
    assert lost.utc_s(TEN_MIN_US + S) == 0 and lost.utc_s(2 * TEN_MIN_US) == 599 + 12, "nothing moves while lost"


@pytest.mark.req("SELF-1")
def test_no_quartz_goes_wrong_by_a_hundredth() -> None:
    for ppm, far_off in ((9_999, False), (10_000, True), (-9_999, False), (-10_000, True)):
        clock = BackedClock(0)
        clock.run_fast(0, ppm)
        assert clock.far_off is far_off
    clock.lose()
    assert not clock.far_off


# The look
def test_the_pump_looks_every_hour_of_its_life() -> None:
    world = World()
    assert world.wall.next_us(world.pump) == H
    world.hand.device.advance(90 * MIN)
    assert world.wall.next_us(world.pump) == 2 * H and world.pump.recorded_us == H
    assert world.events() == [] and not world.lost


@pytest.mark.parametrize(("by_s", "lost"), [(3, False), (4, True), (-3, False), (-4, True)])
def test_a_clock_that_is_off_by_more_than_two_seconds_and_500_ppm_is_lost(by_s: int, lost: bool) -> None:
    """An hour by 500 ppm is 1.8 s: whole seconds, 1."""
    world = World()
    world.clock.jump(by_s)
    world.hand.device.advance(H)
    assert world.lost is lost and world.reasons() == [DISAGREES] * lost
    assert world.events() == ([(H, "alarm"), (H, "clock_lost")] if lost else [])
    if not lost:
        assert world.pump.programme.utc_s(H) == EPOCH_S + 3_600 + by_s, "it follows"


@pytest.mark.parametrize(("by_s", "follows"), [(1, False), (2, True), (-1, False), (-2, True)])
def test_a_second_apart_is_how_whole_seconds_are(by_s: int, follows: bool) -> None:
    world = World()
    world.clock.jump(by_s)
    world.hand.device.advance(H)
    assert world.pump.programme.utc_s(H) == EPOCH_S + 3_600 + by_s * follows


def test_the_time_since_the_two_were_brought_together_counts() -> None:
    for together_h, by_s, lost in ((0, 4, False), (0, 5, True), (1, 3, False), (1, 4, True)):
        world = World()
        world.clock.jump(2 if together_h else 0)  # two seconds: brought together at the first look
        world.hand.device.advance(90 * MIN)
        world.clock.jump(by_s)
        world.hand.device.advance(2 * H)  # 3.6 s since the beginning, 1.8 s since the first look
        assert world.lost is (lost if together_h else by_s > 5), (together_h, by_s)


@pytest.mark.parametrize(("utc_s", "lost"), [(EARLIEST_S - 1, True), (EARLIEST_S, False)])
def test_a_time_before_2020_is_none(utc_s: int, lost: bool) -> None:
    assert (EARLIEST_S, LATEST_S) == (1_577_836_800, 4_102_444_799)  # 2020-01-01 and 2099-12-31 23:59:59
    world = World()
    world.hand.device.advance(59 * MIN)
    world.pump.programme.set_clock(H, utc_s)
    world.clock.set(H, utc_s)
    world.hand.device.advance(H)
    assert world.lost is lost


@pytest.mark.parametrize(("utc_s", "lost"), [(LATEST_S + 1, True), (LATEST_S, False)])
def test_a_time_after_2099_is_none(utc_s: int, lost: bool) -> None:
    world = World()
    world.pump.programme.set_clock(H, utc_s)
    world.clock.set(H, utc_s)
    world.hand.device.advance(H)
    assert world.lost is lost and world.reasons() == [DISAGREES] * lost


def test_a_silent_clock_is_noted_once_and_lost_after_a_day() -> None:
    world = World()
    world.hand.device.advance(90 * MIN)
    world.clock.lose()
    world.hand.device.advance(24 * H)
    assert world.events() == [(2 * H, "clock_silent")] and not world.lost
    world.hand.device.advance(25 * H)  # last heard at 1 h
    assert world.events()[1:] == [(25 * H, "alarm"), (25 * H, "clock_lost")] and world.reasons() == [SILENT]
    world.hand.device.advance(60 * H)
    assert len(world.events()) == 3, "what is lost is lost once"
    world.clock.set(60 * H, EPOCH_S + 60 * 3_600)
    world.hand.device.advance(61 * H)
    assert world.lost and len(world.events()) == 3, "until a person sets it"


def test_a_clock_that_never_answered_is_lost_after_a_day() -> None:
    world = World()
    world.clock.lose()
    world.hand.device.advance(24 * H - 1)
    assert not world.lost
    world.hand.device.advance(24 * H)
    assert world.lost


@pytest.mark.parametrize(("together_s", "lost"), [(1_999, True), (2_000, False)])
def test_500_ppm_are_a_second_in_two_thousand(together_s: int, lost: bool) -> None:
    world = World()
    world.hand.order(H - together_s * S, "set_time", utc_s=EPOCH_S)
    world.clock.jump(3)
    world.hand.device.advance(H)
    assert world.lost is lost


@pytest.mark.parametrize(("by_s", "lost"), [(20, False), (21, True)])
def test_a_new_pump_s_clocks_were_together_at_its_beginning(by_s: int, lost: bool) -> None:
    world = World()
    world.hand.device.advance(9 * H)
    world.clock.jump(by_s)
    world.hand.device.advance(10 * H)  # 36,000 s by 500 ppm: 18 s
    assert world.lost is lost


@pytest.mark.req("THER-1")
def test_a_clock_that_is_followed_into_another_half_hour_takes_the_pattern_with_it() -> None:
    world = World()
    world.pump.programme.rates[0] = [1_000 + place for place in range(48)]
    world.pump.programme.pattern = 0
    world.hand.order(0, "set_time", utc_s=EPOCH_S + 1_798)
    world.clock.jump(3)
    world.hand.device.advance(H)  # 59:58 by the pump's own, 60:01 by the other
    assert world.pump.rate == 1_003


def test_a_clock_that_answers_again_is_silent_anew() -> None:
    world = World()
    world.clock.lose()
    world.hand.device.advance(H)
    world.clock.set(H, EPOCH_S + 3_600)
    world.hand.device.advance(2 * H)
    world.clock.lose()  # last heard then
    world.hand.device.advance(25 * H)
    assert world.events() == [(H, "clock_silent"), (3 * H, "clock_silent")] and not world.lost
    world.hand.device.advance(26 * H)
    assert world.lost


def test_a_person_who_sets_the_time_brings_them_together() -> None:
    world = World()
    world.clock.jump(4)
    world.hand.order(30 * MIN, "set_time", utc_s=EPOCH_S + 9)
    assert world.clock.utc_s(30 * MIN) == EPOCH_S + 9
    assert world.reasons() == [DISAGREES], "a clock that goes wrong is told all the same"
    assert not world.lost
    world.hand.device.advance(4 * H)
    assert len(world.reasons()) == 1
    world.clock.lose()
    world.hand.device.advance(5 * H)
    world.hand.order(5 * H, "set_time", utc_s=EPOCH_S)
    assert not world.wall.silent
    world.clock.lose()
    world.hand.device.advance(28 * H)
    assert not world.lost
    world.hand.device.advance(29 * H)  # a day after it was set
    assert world.lost
    world.hand.order(29 * H, "set_time", utc_s=EPOCH_S)
    assert len(world.reasons()) == 2, "lost already: told once"
