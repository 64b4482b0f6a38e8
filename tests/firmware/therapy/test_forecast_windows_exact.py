"""Which windows a look ahead counts, and how many: the fullest is found within a minute, and the turn stays short."""

from __future__ import annotations

import random
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from firmware import dose_codes as code
from firmware.therapy.forecast import Forecast
from firmware.therapy.look import Look
from tests.firmware.hand import SECOND_US, STROKE_UU
from tests.firmware.therapy.test_forecast_look_exact import HOUR_S, NOW_US, SPACING_US, STROKE_Q, state_of

pytestmark = pytest.mark.req("GUARD-1")


class Looking:
    """A forecast for a core in this state, with basal `ahead`; `past(seconds)` is what an hour holds of the past."""

    def __init__(
        self,
        ahead: list[tuple[int, int, int]],
        past: Callable[[int], int] = lambda _: 0,
        caps: tuple[int, int] = (10_000, 10_000),
        **fields: int,
    ) -> None:
        self.caps = caps
        self._state = state_of(**fields)
        self.asked_of: list[int] = []
        self._ahead = ahead
        self._past = past
        self.forecast: Any = Forecast(self, SimpleNamespace(ahead=self.ahead), STROKE_UU, SPACING_US)

    def ahead(self, now_us: int, until_s: int) -> list[tuple[int, int, int]]:
        assert now_us == NOW_US
        self.asked_of.append(until_s)
        return self._ahead

    def state(self) -> list[int]:
        return self._state

    def limits(self) -> tuple[int, int, int, int]:
        return (35_000, 200, *self.caps)

    def used(self, at_us: int, window: int) -> int:
        assert (at_us - NOW_US) % SECOND_US == 0
        return self._past((at_us - NOW_US) // SECOND_US) if window == code.HOUR else 0


def halved(from_s: int, to_s: int, *_: object) -> int:
    return (from_s + to_s) // 2


def most(counted: Callable[[int, int], int], cap: int, to_s: int, **look: Any) -> tuple[int, list[tuple[int, int]]]:
    """What _most() makes of a look of which `counted` is known, and the intervals that it counted."""
    looking = Looking([])
    seen: list[tuple[int, int]] = []
    asks = look.pop("asked", True)

    def count(_: object, now_us: int, window: int, from_s: int, to_s: int, asked: bool) -> int:
        assert (now_us, window, asked) == (NOW_US, code.HOUR, asks)
        seen.append((from_s, to_s))
        return counted(from_s, to_s)

    looking.forecast._counted = count
    looking.forecast._looks = look.pop("looks", 200)
    given = SimpleNamespace(**({"middle": halved} | look))
    return looking.forecast._most(given, NOW_US, code.HOUR, cap, 0, to_s, asks), seen


def test_once_a_cap_is_exceeded_a_few_more_intervals_are_looked_at_to_find_by_how_much() -> None:
    found, seen = most(lambda from_s, to_s: 101 + (to_s - from_s > 60), 100, 60 << 8)
    assert found == 101
    assert 2 * (8 + 23) + 1 <= len(seen) <= 2 * (8 + 25) + 1


def test_all_in_all_no_more_are_looked_at_than_two_hundred_and_what_is_not_speaks_against_a_request() -> None:
    def counted(from_s: int, to_s: int) -> int:
        return 100 + (to_s - from_s > 60)

    for asked in (True, False):
        found, seen = most(counted, 100, 60 << 12, asked=asked)
        assert found == (101 if asked else 0) and 2 * 199 + 1 <= len(seen) <= 2 * 201 + 1
    found, seen = most(counted, 100, 60 << 12, looks=30)
    assert found == 101 and 2 * 29 + 1 <= len(seen) <= 2 * 31 + 1
    assert most(counted, 100, 60 << 4)[0] == 0, "all were"


def test_the_greatest_of_all_is_found_wherever_it_is() -> None:
    for fullest in range(16):

        def counted(from_s: int, to_s: int, at: int = 60 * fullest) -> int:
            return 150 if from_s <= at < to_s else 101 if to_s - from_s <= 60 else 140

        assert most(counted, 100, 60 << 4)[0] == 150
        assert most(counted, 149, 60 << 4)[0] == 150 and most(counted, 150, 60 << 4) == (0, [(0, 60 << 4)])


def test_an_interval_that_need_not_be_divided_counts_what_its_ends_do() -> None:
    """Of strokes more than a minute apart one is worth more than a minute: then it is divided all the same."""
    length_s = 60 << 5
    for straight, came, found, few in (
        (101, 32, 101, True),
        (101, 31, 101, False),
        (101, 10, 0, False),
        (100, 0, 0, True),
        (100, 99, 0, True),
        (99, 99, 0, True),
        (200, 99, 130, True),
    ):
        told, seen = most(
            lambda from_s, to_s: 130 if to_s - from_s > 60 else 100,
            100,
            length_s,
            middle=lambda *_: None,
            straight=lambda *_, straight=straight: straight,
            came=lambda at_s, _, came=came: 1000 + came * at_s // length_s,
        )
        assert told == found and (len(seen) == 1) == few, (straight, came)


@pytest.mark.parametrize("asked", [0, 10])
def test_a_window_that_ends_now_holds_what_is_past(asked: int) -> None:
    """What has its place within the first second counts with those that leave the hour in it."""
    looking = Looking(
        [(0, 0, 0)], lambda at_s: 95 if at_s == 0 else 0, (104, 10_000), NORMAL_PROGRAMMED=10 - asked, SLOT_US=NOW_US
    )
    assert looking.forecast.cut(NOW_US, 0, asked) == (code.HOUR, 105)
    assert looking.forecast.cut(NOW_US, 0, asked, caps=(105, 105)) is None
    assert looking.forecast.cut(NOW_US, 0, asked, caps=(105, 9)) == (code.DAY, 10)
    assert looking.asked_of == [27 + 86_403] * 3, "until the last is out, and a day"


def test_how_far_to_look_can_be_told() -> None:
    looking = Looking([(0, 36_000, 0)], caps=(100, 10_000))
    assert looking.forecast.cut(NOW_US, 0) is None and looking.asked_of == []
    assert looking.forecast.cut(NOW_US, 0, until_us=NOW_US + SECOND_US - 1) is None and looking.asked_of == []
    assert looking.forecast.cut(NOW_US, 0, until_us=NOW_US + 1000 * SECOND_US) is None
    found = looking.forecast.cut(NOW_US, 0, until_us=NOW_US + 3000 * SECOND_US)
    assert looking.asked_of == [1000 + 86_403, 3000 + 86_403] and found[0] == code.HOUR and 100 < found[1] <= 151


def test_without_a_request_what_could_not_be_looked_at_speaks_against_nothing() -> None:
    """More changes of the rate than can be looked at, and each interval looks as if it might be beyond the cap."""
    basal = [(70 * at, 200 * (at % 2), 0) for at in range(2000)]
    for normal, found in ((0, None), (1, (code.HOUR, 101))):
        looking = Looking(basal, caps=(100, 10_000))
        looking.forecast._counted = lambda _, __, window, from_s, to_s, ___: (
            101 if window == code.HOUR and to_s - from_s > 60 else 0
        )
        assert looking.forecast.cut(NOW_US, 0, normal, until_us=NOW_US + 100_000 * SECOND_US) == found


def scene(seed: int) -> tuple[Looking, tuple[int, int, int], int]:
    """A pump with boluses and basal of several rates, a request, and the end of its square part."""
    dice = random.Random(seed)
    basal, at_s, amount_q = [], 0, 0
    for _ in range(dice.randint(1, 4)):
        rate = dice.choice((0, 200, 1500, 12_000, 36_000))
        basal.append((at_s, rate, amount_q))
        length_s = dice.randint(200, 4000)
        at_s, amount_q = at_s + length_s, amount_q + rate * length_s
    leave_s = sorted(dice.randint(0, 3600) for _ in range(dice.choice((0, 20))))
    square = dice.choice((0, 1, 3, 40))
    until_us = NOW_US + dice.randint(1, 5000) * SECOND_US
    looking = Looking(
        basal,
        lambda at_s: sum(each > at_s for each in leave_s),
        SLOT_US=NOW_US + dice.choice((0, 700_000)),
        NORMAL_PROGRAMMED=dice.choice((0, 30)),
        SQUARE_PROGRAMMED=square,
        SQUARE_START_US=until_us - 6000 * SECOND_US,
        OWED_Q=dice.randrange(STROKE_Q) * SECOND_US,
    )
    return looking, (dice.choice((0, 1, 20)), dice.choice((1, 5, 60)), dice.randint(1800, 6000) * SECOND_US), until_us


@pytest.mark.parametrize("seed", range(16))
def test_of_all_windows_the_fullest_is_found_within_a_minute(seed: int) -> None:
    """Compared with every second's window, counted one by one."""
    looking, asked, until_us = scene(seed)
    look = Look(looking.state(), NOW_US, until_us, STROKE_Q, SPACING_US)
    look.ask(*asked)
    look.take_basal(looking.ahead(NOW_US, 0))
    came = [look.came(at_s, True) for at_s in range(look.asked_until_s + 61)]
    before = [look.came_before(at_s, True) for at_s in range(look.asked_until_s + 1)]
    exact = least = 0
    for at_s in range(look.asked_until_s + 1):
        rest = looking.used(NOW_US + at_s * SECOND_US, code.HOUR) - (before[at_s - HOUR_S] if at_s > HOUR_S else 0)
        least = max(least, rest + came[at_s])
        exact = max(exact, rest + came[at_s + 60])
    forecast = looking.forecast
    for cap in (least - 1, exact):
        forecast._looks = 200
        found = forecast._most(look, NOW_US, code.HOUR, cap, 0, look.asked_until_s, True)
        assert (found == 0) if cap == exact else (least <= found <= exact), (found, least, exact)
