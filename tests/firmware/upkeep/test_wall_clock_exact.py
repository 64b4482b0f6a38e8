"""The wall clock to the second: what it takes for a time, when it is lost, when two clocks go at other rates."""

from __future__ import annotations

import pytest

from firmware import protocol
from firmware.drivers.clock import Clock
from firmware.protocol import UTC_MAX_S, UTC_MIN_S
from firmware.upkeep import wall_clock
from firmware.upkeep.wall_clock import AHEAD, BEHIND, DISAGREES, LOST_BEFORE, SILENT, WallClock, rates_agree
from tests.firmware.hand import refused

pytestmark = pytest.mark.req("THER-1", "THER-8")
NOW_S = 1_767_225_600
S = 1_000_000


class Rtc:
    """Tells `answers`, one after the other, then what time it is; None: the time is lost, OSError: no answer."""

    def __init__(self, utc_s: int | None = NOW_S) -> None:
        self.utc_s = utc_s
        self.answers: list[int | OSError | None] = []
        self.failing = False

    def read(self) -> int | None:
        answer = self.answers.pop(0) if self.answers else OSError() if self.failing else self.utc_s
        if isinstance(answer, OSError):
            raise answer
        return answer

    def set(self, utc_s: int) -> None:
        if self.failing:
            raise OSError
        self.utc_s = utc_s


class World:
    def __init__(self, utc_s: int | None = NOW_S) -> None:
        self.now_us = 7 * S
        self.rtc = Rtc(utc_s)
        self.wall = WallClock(Clock(lambda: self.now_us), self.rtc)

    def go(self, device_s: int, gained_s: int = 0) -> bool:
        """So long by device time, in which the other clock gains so much; then a look."""
        self.now_us += device_s * S
        if self.rtc.utc_s is not None:
            self.rtc.utc_s += device_s + gained_s
        return self.wall.look()

    def elapsed(self) -> tuple[int, int] | None:
        found = self.wall.elapsed()
        return None if found is None else (found[0] // S, found[1])


def test_a_time_is_what_can_be_set() -> None:
    for utc_s in (UTC_MIN_S, UTC_MAX_S):
        assert World(utc_s).wall.utc_s(7 * S) == utc_s
    for utc_s in (UTC_MIN_S - 1, UTC_MAX_S + 1, None):
        wall = World(utc_s).wall
        assert (wall.known, wall.silent, wall.why, wall.utc_s(9 * S)) == (False, False, SILENT, 0)
        assert wall.stamp_s(9_999_999) == 9, "device time"


def test_utc_and_device_time_are_one_line() -> None:
    wall = World().wall
    assert [wall.utc_s(us) for us in (7 * S, 7_999_999, 8 * S, 3607 * S)] == [NOW_S, NOW_S, NOW_S + 1, NOW_S + 3600]
    assert wall.stamp_s(8 * S) == NOW_S + 1
    assert [wall.device_us(NOW_S + after) for after in (0, 1, 3600)] == [7 * S, 8 * S, 3607 * S]


def test_a_clock_that_does_not_answer_is_asked_three_times() -> None:
    world = World()
    world.rtc.answers = [OSError(), None]
    assert world.go(10) and not world.wall.silent
    world.rtc.answers = [OSError(), OSError(), OSError(), NOW_S]
    assert world.go(10) and world.wall.silent and world.rtc.answers == [NOW_S]


def test_a_silent_clock_is_held_for_a_day_since_it_was_last_heard() -> None:
    world = World()
    assert world.go(1)
    world.rtc.failing = True
    assert world.go(86_399) and world.wall.silent
    world.rtc.failing = False
    assert world.go(0) and not world.wall.silent
    world.rtc.failing = True
    assert world.go(86_399)
    world.now_us += S - 1
    assert world.wall.look(), "a microsecond less than a day"
    world.now_us += 1
    assert not world.wall.look() and world.wall.why == SILENT
    world.wall.lose(AHEAD)
    assert world.wall.why == SILENT, "why it is lost is why it was lost first"


@pytest.mark.parametrize(("after_s", "most_s"), [(0, 2), (1_999, 2), (2_000, 3), (3_999, 3), (4_000, 4), (86_400, 45)])
def test_two_clocks_may_be_two_seconds_and_one_in_2000_apart(after_s: int, most_s: int) -> None:
    for sign in (1, -1):
        assert World().go(after_s, sign * most_s)
        world = World()
        assert not world.go(after_s, sign * (most_s + 1)) and world.wall.why == DISAGREES


def test_a_reading_that_does_not_fit_is_read_again() -> None:
    world = World()
    world.rtc.answers = [NOW_S + 10_000]
    assert world.go(60)
    world.rtc.answers = [NOW_S + 10_000, NOW_S + 10_000]
    assert not world.go(60)


def test_a_time_that_can_be_none_is_no_silence() -> None:
    world = World()
    world.rtc.answers = [UTC_MAX_S + 1] * 6
    assert not world.go(60) and not world.wall.silent and world.wall.why == DISAGREES
    assert world.elapsed() is None, "nothing to compare from"
    assert not world.go(60) and world.elapsed() == (0, 0), "from here on"
    world.rtc.failing = True
    assert not world.go(60) and world.wall.silent and world.elapsed() is None


def test_a_second_apart_is_rounding_and_moves_nothing_two_move_the_time() -> None:
    for sign in (1, -1):
        world = World()
        assert world.go(60, sign) and world.wall.utc_s(67 * S) == NOW_S + 60
        assert world.go(60, sign) and world.wall.utc_s(127 * S) == NOW_S + 120 + 2 * sign


@pytest.mark.req("THER-8")
def test_a_clock_that_is_set_is_known_and_compared_from_then_on() -> None:
    world = World(None)
    world.go(100)
    world.rtc.failing = True
    assert refused(lambda: world.wall.set(NOW_S), protocol.CLOCK_FAILED) and not world.wall.known
    world.wall.look()
    assert world.wall.silent
    world.rtc.failing = False
    world.wall.set(NOW_S + 5)
    assert world.wall.known and not world.wall.silent and world.rtc.utc_s == NOW_S + 5
    assert world.wall.utc_s(world.now_us) == NOW_S + 5
    assert world.elapsed() == (0, 0)
    world.rtc.failing = True
    assert world.go(86_399), "heard when it was set"
    assert not world.go(1)


@pytest.mark.parametrize(
    ("looks", "seconds"),
    [
        # (device s, gained s) of each look; what is compared then: s by the device and gained.
        ([(3600, 3), (3600, 3)], (7200, 6)),  # three in an hour agree, and no such look moves the anchor
        ([(3600, 4)], (0, 0)),  # a jump, perhaps
        ([(3600, 4), (3600, 4)], (0, 0)),
        ([(3600, 4), (3600, 4), (3600, 4)], (3600, 4)),  # the third alike: no jump
        ([(3600, -4), (3600, -4), (3600, -4)], (3600, -4)),
        ([(3600, 4), (3600, 4), (3600, 4), (3600, 4), (3600, 4)], (10_800, 12)),
        ([(3600, 4), (3600, 4), (3600, 8)], (3600, 8)),  # four seconds off are alike
        ([(3600, 4), (3600, 4), (3600, 9)], (0, 0)),
        ([(3600, 4), (3600, 4), (3600, 4), (3600, 9)], (0, 0)),
        ([(3600, 35), (3600, 40), (3600, 40)], (3600, 40)),  # or an eighth
        ([(3600, 40), (3600, 46), (3600, 46)], (0, 0)),
        ([(3600, 48), (3600, 42), (3600, 42)], (0, 0)),
        ([(3600, 4), (3600, 4), (3600, 3)], (0, 0)),  # it was none
        ([(3600, 4), (3600, 4), (3600, 3), (3600, 3)], (3600, 3)),
        ([(3600, 4), (3600, 4), (3600, 3), (3600, 4)], (0, 0)),
        ([(1800, 4), (3600, 8), (7200, 16)], (7200, 16)),  # by the hour
        ([(1800, -4), (3600, -8), (7200, -16)], (7200, -16)),
        ([(599, 2)], (599, 2)),
        ([(599, 3)], (0, 0)),  # too short to tell rates by, long enough for a jump
        ([(599, 2), (599, 2)], (0, 0)),  # four seconds in 1,198
        ([(600, 2), (600, 2)], (1200, 4)),  # two in 600, twice
        ([(3600, 4), (3600, 4), (599, 2), (3001, 2)], (3600, 4)),  # a short look counts with the next
    ],
)
def test_apart_by_the_same_hour_after_hour_is_another_rate_and_all_else_a_jump(
    looks: list[tuple[int, int]], seconds: tuple[int, int]
) -> None:
    world = World()
    for device_s, gained_s in looks:
        world.go(device_s, gained_s)
    device_s, gained_s = seconds
    assert world.elapsed() == (device_s, device_s + gained_s)


def test_rates_are_compared_within_15_s_and_one_in_2000() -> None:
    for device_s, most_s in ((0, 15), (1_999, 15), (2_000, 16), (200_000, 115)):
        for sign in (1, -1):
            assert rates_agree(device_s * S + S - 1, device_s + sign * most_s)
            assert not rates_agree(device_s * S, device_s + sign * (most_s + 1))


def test_device_time_that_was_moved_on_is_where_both_begin_anew() -> None:
    world = World()
    world.now_us += 3600 * S
    world.wall.advanced()
    assert world.wall.utc_s(world.now_us) == NOW_S
    assert world.elapsed() == (0, 0)
    world.rtc.failing = True
    assert world.go(86_399) and not world.go(1)


@pytest.mark.parametrize(
    ("gone_s", "likely_us", "most_us"),
    [
        (-4, 0, 5 * S),
        (0, 0, 5 * S),
        (1, 500_000, 6 * S),
        (1_995, 1_994_500_000, 2_000 * S),
        (1_996, 1_995_500_000, 2_002 * S),
        (86_400, 86_399_500_000, 86_448 * S),
    ],
)
def test_how_long_the_power_was_gone_is_known_within_4_s_and_one_in_2000(
    gone_s: int, likely_us: int, most_us: int
) -> None:
    world = World()
    assert world.wall.gone_us(NOW_S - gone_s) == (likely_us, most_us) and world.wall.known


@pytest.mark.parametrize(
    ("since_s", "vouched_s", "why"),
    [
        (NOW_S + 5, 86_400, BEHIND),
        (NOW_S - 86_401, 86_400, AHEAD),
        (NOW_S - 4_201, wall_clock.VOUCHED_RESET_S, AHEAD),
        (0, 86_400, LOST_BEFORE),
    ],
)
def test_a_time_that_contradicts_what_is_stored_is_lost(since_s: int, vouched_s: int, why: int) -> None:
    world = World()
    vouched = () if vouched_s == 86_400 else (vouched_s,)  # a day if nothing is said
    assert world.wall.gone_us(since_s, *vouched) is None
    assert not world.wall.known and world.wall.why == why
    assert world.wall.gone_us(NOW_S) is None, "it stays lost"


def test_what_is_vouched_for_is_a_day_and_70_minutes_over_a_reset() -> None:
    assert World().wall.gone_us(NOW_S - 86_400) == World().wall.gone_us(NOW_S - 86_400, 86_400) is not None
    assert World().wall.gone_us(NOW_S - 4_200, wall_clock.VOUCHED_RESET_S) is not None
    assert len({SILENT, BEHIND, AHEAD, DISAGREES, LOST_BEFORE}) == 5 and SILENT == 1
