"""What therapy programs, in strokes, as exact fractions of time: basal with its changes, and a square bolus.

Basal is the integral of its rate: a stroke comes to be owed at the first whole microsecond at which the integral
reaches the next whole number, and belongs to whichever rate (programmed or temporary) programmed the last of it. A
square bolus has a closed form: its k-th stroke of N is owed k/N of the duration after its start.
"""

from copy import copy
from fractions import Fraction
from math import ceil, floor

HOUR_US = 3_600_000_000
PROGRAMMED, TEMPORARY = 0, 1
NO_TEMP, TEMP_RATE, TEMP_PERCENT = 0, 1, 2


class Basal:
    """The basal schedule and what it has made owed up to now_us. Rates in mU/h."""

    def __init__(self, stroke_mu: Fraction, now_us: int) -> None:
        self.now_us = now_us
        self.per_us = 1 / (stroke_mu * HOUR_US)  # strokes per µs at 1 mU/h
        self.rate = 0
        self.boundary: tuple[int, int] | None = None  # at, rate
        self.temp: tuple[int, int, int] | None = None  # kind, value, until
        self.paused = False
        self.total = Fraction(0)  # strokes programmed since the beginning
        self.waiting = (0, 0)  # whole strokes owed and not taken, by source

    def effective(self, rate: int) -> int:
        """What is in force when `rate` is programmed. A percentage is rounded down to whole mU/h: never more."""
        if self.temp is None:
            return rate
        kind, value, _ = self.temp
        return value if kind == TEMP_RATE else floor(Fraction(rate * value, 100))

    def speed(self) -> Fraction:
        return Fraction(0) if self.paused else self.effective(self.rate) * self.per_us

    def source(self) -> int:
        return PROGRAMMED if self.temp is None else TEMPORARY

    def fraction(self) -> Fraction:
        return self.total - floor(self.total)

    def next_change_us(self) -> int | None:
        instants = [self.boundary[0]] if self.boundary else []
        instants += [self.temp[2]] if self.temp else []
        return min(instants, default=None)

    def pass_time(self, until_us: int) -> None:
        """Nothing changes on the way."""
        before = floor(self.total)
        self.total += self.speed() * (until_us - self.now_us)
        self.now_us = until_us
        came = floor(self.total) - before
        if came:
            programmed, temporary = self.waiting
            self.waiting = (programmed, temporary + came) if self.source() else (programmed + came, temporary)

    def change(self) -> None:
        if self.boundary and self.boundary[0] == self.now_us:
            self.rate, self.boundary = self.boundary[1], None
        if self.temp and self.temp[2] == self.now_us:
            self.temp = None

    def advance(self, now_us: int) -> None:
        """Up to now_us; changes take effect at their own instants."""
        while (at_us := self.next_change_us()) is not None and at_us <= now_us:
            self.pass_time(at_us)
            self.change()
        self.pass_time(now_us)

    def at(self, now_us: int) -> "Basal":
        """As it will be at now_us if nothing is commanded until then."""
        then = copy(self)
        then.advance(now_us)
        return then

    def next_owed(self) -> tuple[int, int] | None:
        """(when, whose) the next whole stroke comes to be owed; None: never, as things stand."""
        then = copy(self)
        target = floor(self.total) + 1
        while True:
            speed, change_us = then.speed(), then.next_change_us()
            if speed:
                owed_us = then.now_us + ceil((target - then.total) / speed)
                if change_us is None or owed_us <= change_us:
                    return owed_us, then.source()
            if change_us is None:
                return None
            then.pass_time(change_us)
            then.change()

    def take(self, source: int) -> None:
        """One stroke that waits is commanded or given up."""
        assert self.waiting[source] > 0, "a basal stroke was taken that was not owed"
        self.waiting = tuple(n - (i == source) for i, n in enumerate(self.waiting))  # type: ignore[assignment]


class Square:
    """A square bolus of `count` strokes over duration_us, of which `taken` were commanded or given up."""

    def __init__(self, start_us: int = 0, count: int = 0, duration_us: int = 1) -> None:
        self.start_us, self.count, self.duration_us, self.taken = start_us, count, duration_us, 0

    def owed(self, now_us: int) -> Fraction:
        """Strokes that came to be owed up to now_us, with the fraction."""
        return min(Fraction(self.count), Fraction(self.count * (now_us - self.start_us), self.duration_us))

    def waiting(self, now_us: int) -> int:
        return max(0, floor(self.owed(now_us)) - self.taken)

    def next_owed_us(self, now_us: int) -> int | None:
        """When the next stroke after those waiting comes to be owed."""
        k = floor(self.owed(now_us)) + 1
        return None if k > self.count else self.start_us + ceil(Fraction(k * self.duration_us, self.count))
