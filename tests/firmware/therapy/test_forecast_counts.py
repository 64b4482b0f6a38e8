"""The look ahead to the stroke: a cap one below what comes refuses, one that holds it and a minute more takes."""

from __future__ import annotations

import random

import pytest

from firmware import dose_codes as code
from firmware import protocol
from firmware.errors import Refused
from firmware.therapy.forecast import full
from tests.firmware.hand import SECOND_US, STROKE_UU, Hand
from tests.firmware.therapy.test_forecast import WINDOWS_US, fullest, order, script, step
from tests.firmware.therapy.therapy_by_hand import HOUR_US, MINUTE_US, limited

pytestmark = pytest.mark.req("GUARD-1")
HOLDS_ALL = (10_000, 10_000)  # strokes in an hour and in a day
PLAIN_US = (3600 * SECOND_US, 86_400 * SECOND_US)


def lived(seed: int) -> Hand:
    """A pump with wide limits that has lived through a script."""
    hand = limited(60_000)
    for kind, values in script(seed):
        if kind in ("bolus", "square", "dual"):
            try:
                order(hand, kind, values)
            except Refused:
                pass
        else:
            step(hand, kind, values)
    return hand


def asked(hand: Hand, parts: tuple[int, int, int], caps: tuple[int, int]) -> tuple[int, int] | None:
    hand.core.settle(hand.now_us)  # as before every order
    found = hand.pump.therapy.forecast.cut(
        hand.now_us, hand.pump.books.deliveries.square_until_us, *parts[:2], parts[2] * MINUTE_US, caps=caps
    )
    assert found is None or len(found) == 2
    return found


def beyond(hand: Hand, order_us: int) -> list[int]:
    """In an hour and in a day, the most strokes that start from the order on."""
    hand.live(hand.now_us + 34 * HOUR_US)
    most = []
    for window_us in (*PLAIN_US, *[each + 63 * SECOND_US for each in WINDOWS_US]):
        starts = [each for each in hand.strokes_us if each > order_us - window_us]
        most.append(fullest(starts, window_us))
    return most


@pytest.mark.parametrize("seed", range(24))
def test_what_is_asked_for_is_counted_to_the_stroke(seed: int) -> None:
    dice = random.Random(seed)
    free = lived(seed)
    runs = [free.pump.books.deliveries.runs(part) for part in (0, 1)]
    normal = 0 if runs[0] else dice.choice((0, 1, 7, 30))
    square = 0 if runs[1] else dice.choice((0, 2, 25))
    if not normal and not square:
        return
    parts = (normal, square, 30 * dice.randint(1, 6) if square else 0)
    bolused, left = lived(seed), lived(seed)
    bolused.core.bolus(bolused.now_us, normal, square, parts[2] * MINUTE_US)
    now_us = free.now_us
    most, without = beyond(bolused, now_us), beyond(left, now_us)
    assert asked(free, parts, HOLDS_ALL) is None
    for window in (code.HOUR, code.DAY):
        caps = list(HOLDS_ALL)
        caps[window] = most[2 + window]
        assert asked(free, parts, (caps[0], caps[1])) is None, "it fits"
        caps[window] = most[window] - 1
        if without[2 + window] <= caps[window]:  # else basal alone is beyond it
            found = asked(free, parts, (caps[0], caps[1]))
            assert found is not None, "it would be cut"
            assert found[0] == window and caps[window] < found[1] <= most[2 + window]


@pytest.mark.parametrize("seed", range(8))
def test_what_was_accepted_is_counted_to_the_stroke(seed: int) -> None:
    """A limit is not lowered below it; basal is not promised."""
    hand, lives = lived(seed), lived(seed)
    for each in (hand, lives):
        each.pump.therapy.set_basal(0)
        each.live(each.now_us + 10 * SECOND_US)
    until_us = hand.pump.books.deliveries.square_until_us
    now_us = hand.now_us
    most = beyond(lives, now_us)
    for window in (code.HOUR, code.DAY):
        caps = list(HOLDS_ALL)
        caps[window] = most[2 + window]
        assert hand.pump.therapy.forecast.cut(now_us, until_us, caps=caps) is None
        promised = len([each for each in lives.strokes_us if each > now_us])
        caps[window] = most[window] - 1
        found = hand.pump.therapy.forecast.cut(now_us, until_us, caps=caps)
        if promised and fullest([each for each in lives.strokes_us if each <= now_us], PLAIN_US[window]) < most[window]:
            assert found is not None and caps[window] < found[1] <= most[2 + window]
        if not promised:
            assert found is None


@pytest.mark.parametrize("free_s", [-70, 70])
def test_a_stroke_is_free_when_its_hour_is_over(free_s: int) -> None:
    hand = limited(10_000)
    hand.pump.boluses.bolus(200)
    hand.live(60 * SECOND_US)
    hand.pump.boluses.bolus(9800)
    hand.live(3602 * SECOND_US + free_s * SECOND_US)
    if free_s > 0:
        hand.pump.boluses.bolus(200)
    else:
        with pytest.raises(Refused) as error:
            hand.pump.boluses.bolus(200)
        assert (error.value.code, error.value.value, error.value.limit) == (protocol.HOUR_LIMIT, 10_200, 10_000)


def daily(rates: tuple[int, ...], hour_mu: int, day_mu: int, max_basal_mu_per_h: int = 35_000) -> int | None:
    hand = Hand()
    assert hand.core.set_limits(max_basal_mu_per_h, 200, hour_mu, day_mu)[0] == code.OK
    window: int | None = hand.pump.therapy.forecast.daily(rates)
    return window


def half_hours(**rates: int) -> tuple[int, ...]:
    """A pattern of 48, zero but for h0, h5, …"""
    return tuple(rates.get(f"h{at}", 0) for at in range(48))


# The guard's hour lasts 3,603 s and its day 86,403 s at most: a rate of 9,991 mU/h brings 9,999.3 mU in that hour.
@pytest.mark.req("THER-9")
@pytest.mark.parametrize(
    ("rates", "caps_mu", "window"),
    [
        ((9991,), (10_000, 500_000), None),
        ((9992,), (10_000, 500_000), code.HOUR),
        ((2083,), (10_000, 50_000), None),
        ((2084,), (10_000, 50_000), code.DAY),
        ((0,), (0, 0), None),
        (half_hours(h4=12_000, h5=7980), (10_000, 500_000), None),
        (half_hours(h4=12_000, h5=7986), (10_000, 500_000), code.HOUR),
        (half_hours(h47=12_000, h0=7980), (10_000, 500_000), None),
        (half_hours(h47=12_000, h0=7986), (10_000, 500_000), code.HOUR),
        (half_hours(h47=12_000, h1=12_000), (10_000, 500_000), None),
        ((2083,) * 48, (10_000, 50_000), None),
        ((2084,) * 48, (10_000, 50_000), code.DAY),
        (half_hours(h3=4000, h9=4000, h30=1999), (10_000, 5000), None),
        (half_hours(h3=4000, h9=4000, h30=2001), (10_000, 5000), code.DAY),
    ],
)
def test_basal_that_a_cap_must_cut_is_known_to_a_thousandth(
    rates: tuple[int, ...], caps_mu: tuple[int, int], window: int | None
) -> None:
    assert STROKE_UU == 200_000
    assert daily(rates, *caps_mu) == window


@pytest.mark.req("THER-9")
def test_what_the_basal_limit_cuts_is_not_cut_by_a_cap() -> None:
    assert daily((35_000,), 10_000, 500_000, max_basal_mu_per_h=5000) is None
    assert daily((35_000,), 10_000, 500_000, max_basal_mu_per_h=15_000) == code.HOUR


@pytest.mark.req("THER-9")
@pytest.mark.parametrize("lived_h", [0, 3])
@pytest.mark.parametrize(
    ("caps_mu", "temp", "window"),
    [
        ((10_000, 500_000), (17_900, 30), None),  # 8.95 U, and 1 U of the basal that follows
        ((10_000, 500_000), (18_050, 30), code.HOUR),
        ((20_000, 50_000), (4750, 60), None),  # 4.75 U, and 46 U in the 23 hours that follow
        ((20_000, 50_000), (4050, 60), None),
        ((20_000, 50_000), (2200, 600), None),
        ((20_000, 50_000), (2400, 600), code.DAY),
        ((20_000, 50_000), (1000, 600), None),
    ],
)
def test_a_temporary_rate_counts_with_the_basal_that_follows(
    lived_h: int, caps_mu: tuple[int, int], temp: tuple[int, int], window: int | None
) -> None:
    basal_mu_per_h = 1920 if caps_mu[1] == 50_000 else 2000
    hand = Hand()
    hand.pump.therapy.set_basal(basal_mu_per_h)
    hand.live(lived_h * HOUR_US)
    hand.pump.therapy.temp_basal(protocol.TEMP_RATE, *temp)
    assert hand.core.set_limits(35_000, 200, *caps_mu)[0] == code.OK
    assert hand.pump.therapy.forecast.daily((basal_mu_per_h,), hand.core.state(hand.now_us)) == window


class Ring:
    """A core with so many starts, in ticks of 2^20 µs, and caps of so many strokes."""

    def __init__(self, starts: list[int], caps: tuple[int, int]) -> None:
        self._ticks = [0] * 8
        for number, start in enumerate(starts):
            self._ticks[number % 8] = start
        self._caps = caps
        self.state = [0] * 200
        self.state[code.GUARD_COMMANDED] = len(starts)

    def ticks(self) -> list[int]:
        return self._ticks

    def limits(self) -> tuple[int, int, int, int]:
        return (35_000, 200, *self._caps)


HOUR_TICKS, DAY_TICKS = 3435, 82_399  # guard.h


@pytest.mark.req("ALARM-1")
@pytest.mark.parametrize(
    ("starts", "caps", "now", "window"),
    [
        ([100, 200], (2, 4), 3000, code.HOUR),
        ([100, 200], (4, 2), 3000, code.DAY),
        ([100, 200], (0, 2), 3000, code.HOUR),  # a cap of nothing never has room
        ([100, 200], (2, 0), 100 + HOUR_TICKS, code.DAY),
        ([100, 200], (2, 0), 99 + HOUR_TICKS, code.HOUR),
        ([100, 200], (1, 0), 199 + HOUR_TICKS, code.HOUR),
        ([100, 200], (1, 0), 200 + HOUR_TICKS, code.DAY),
        ([], (0, 1), 10, code.HOUR),
        ([], (1, 0), 10, code.DAY),
        ([100, 200, 300], (3, 2), 90_000, code.DAY),  # both have room again: the day's had none for longer
        ([100, 80_000], (1, 2), 84_000, code.HOUR),
        ([100, 80_000], (1, 2), 83_500, code.HOUR),
        ([100, 79_063], (1, 2), 90_000, code.DAY),
        ([100, 79_064], (1, 2), 90_000, code.HOUR),  # both until the same tick
        (list(range(0, 1100, 100)), (3, 5), 90_000, code.DAY),
        (list(range(0, 1100, 100)), (8, 9), 200, code.HOUR),
    ],
)
def test_of_two_caps_the_one_that_had_no_room_took_the_stroke(
    starts: list[int], caps: tuple[int, int], now: int, window: int
) -> None:
    ring = Ring(starts, caps)
    assert full(ring, now << 20, ring.state) == window
