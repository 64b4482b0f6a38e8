"""Proofs about the core's numbers, for every value they can take: exactness, no wrap, due instants, windows, promises.

The formulas are read from pace.c and guard.c (symbolic.py), so a wrong line of C fails here. Each group contains a
false lemma that must be refuted. If it were proved, the assumptions would contradict each other and prove anything.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import z3

from tools.core.proofs.symbolic import Machine, Value, constants, parse

TEN_YEARS_US = 3653 * 86_400_000_000  # leap days included
HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
MINUTE_US = 60_000_000
UU_PER_STROKE = (125 * 40, 500 * 500)  # the finest stroke of the thinnest insulin, the coarsest of the thickest
QUANTA_PER_UU = 3_600_000
SQUARE_STROKES_MAX = 8000  # 40 U (hard) in the finest strokes
YEAR_US = 365 * DAY_US  # the supervisor settles at least hourly, or the guard stops
TIME_MAX_US = 2**51  # 71 years; a tick of 2^20 µs then still fits 32 bits
LEMMA_TIMEOUT_MS = 60_000


class Lemma(NamedTuple):
    """A statement, its assumptions, and whether it must be proved or refuted."""

    name: str
    assumed: list[z3.BoolRef]
    claim: z3.BoolRef
    holds: bool = True


class Pace:
    """The two functions of pace.c on one symbolic state."""

    def __init__(self, core: Path, name: str = "") -> None:
        self.machine = Machine(parse(core / "pace.c", core), name)
        self.whole, self.owed, self.rate, self.now = z3.Ints("whole_q owed_q rate_q now_us")
        self.state: dict[str, Value] = {"whole_q": self.whole, "owed_q": self.owed, "rate_q": self.rate}
        self.sound = [
            self.whole > 0,
            *between(self.owed, 0, self.whole - 1),
            *between(self.rate, 0, constants(core / "pace.h")["PACE_RATE_MAX"]),
            *between(self.now, 0, TIME_MAX_US),
        ]

    def accrue(self, elapsed: Value) -> Value:
        """Return the whole strokes owed after `elapsed` µs; the state moves on."""
        return self.machine.call("pace_accrue", self.state, elapsed)

    def due(self) -> Value:
        """Return when the next stroke is due, seen from `now`, µs."""
        return self.machine.call("pace_due_us", self.state, self.now)

    def wait(self) -> Value:
        """Return the time to the next stroke, µs."""
        return self.due() - self.now

    def assume(self, *more: z3.BoolRef) -> list[z3.BoolRef]:
        """Return the assumptions: the state is sound, the law of division holds, and `more`."""
        return [*self.sound, *self.machine.laws, *more]

    def conditions(self, name: str, *more: z3.BoolRef) -> Iterator[Lemma]:
        """Return the side conditions: nothing wraps, nothing is truncated."""
        for what, condition in self.machine.conditions:
            yield Lemma(f"{name}: {what}", self.assume(*more), condition)


def between(value: Value, low: Value, high: Value) -> list[z3.BoolRef]:
    """Return low <= value <= high."""
    return [value >= low, value <= high]


def basal(pace: Pace) -> list[z3.BoolRef]:
    """Return the conditions on a stroke that basal_init() establishes."""
    stroke_uu = z3.Int("stroke_uu")
    return [pace.whole == stroke_uu * QUANTA_PER_UU, *between(stroke_uu, *UU_PER_STROKE)]


def square(pace: Pace, core: Path) -> list[z3.BoolRef]:
    """Return the conditions that dose_bolus() and the guard enforce: bounds of the duration and of the strokes."""
    limits = constants(core / "dose.h")
    duration = between(pace.whole, limits["DOSE_SQUARE_MIN_US"], constants(core / "basal.h")["BASAL_AHEAD_MAX_US"])
    return [*duration, pace.rate <= SQUARE_STROKES_MAX]


def accumulator(core: Path) -> Iterator[Lemma]:
    """The amount owed at a rate is exact: basal at any rate for ten years, a square bolus left alone for a year."""
    elapsed = z3.Int("elapsed_us")
    for name in ("basal", "square bolus"):
        pace = Pace(core)
        if name == "basal":
            domain = [*between(elapsed, 0, TEN_YEARS_US), *basal(pace)]
        else:
            domain = [*between(elapsed, 0, YEAR_US), *square(pace, core)]
        before = pace.owed
        strokes = pace.accrue(elapsed)
        after = pace.state["owed_q"]
        assumed = pace.assume(*domain)
        yield from pace.conditions(name, *domain)
        yield Lemma(f"{name}: what is owed stays below one stroke", assumed, z3.And(after >= 0, after < pace.whole))
        exact = strokes * pace.whole + after == before + elapsed * pace.rate
        yield Lemma(f"{name}: strokes and fraction are exactly what was programmed", assumed, exact)
        yield Lemma(
            f"{name}: at rate 0 nothing changes", [*assumed, pace.rate == 0], z3.And(strokes == 0, after == before)
        )
        yield Lemma(f"{name}: false: owed stays below half a stroke", assumed, after * 2 < pace.whole, False)
        yield Lemma(f"{name}: false: a stroke never comes", assumed, strokes == 0, False)
    pace = Pace(core)
    pace.accrue(elapsed)
    longer = [*between(elapsed, 0, 12 * 366 * DAY_US), *basal(pace)]
    wraps = z3.And(*(condition for _, condition in pace.machine.conditions))
    yield Lemma("basal: false: twelve years fit as well", pace.assume(*longer), wraps, False)


def carried(core: Path) -> Iterator[Lemma]:
    """A change of rate carries the fraction exactly, and the time of settling does not matter."""
    first, second, new_rate = z3.Ints("first_us second_us new_rate_q")
    pace = Pace(core)
    old_rate, owed = pace.rate, pace.owed
    strokes = pace.accrue(first)
    pace.state["rate_q"] = new_rate
    strokes += pace.accrue(second)
    programmed = owed + first * old_rate + second * new_rate
    assumed = pace.assume(first >= 0, second >= 0, new_rate >= 0)
    exact = strokes * pace.whole + pace.state["owed_q"] == programmed
    yield Lemma("a rate change neither loses nor repeats a quantum", assumed, exact)
    once = Pace(core, "once")
    whole = once.accrue(first + second)
    any_rate = [*assumed, *once.machine.laws]
    same_rate = [*any_rate, new_rate == old_rate]
    yield Lemma("settling once or twice gives the same strokes", same_rate, whole == strokes)
    yield Lemma(
        "settling once or twice gives the same fraction", same_rate, once.state["owed_q"] == pace.state["owed_q"]
    )
    yield Lemma("false: a new rate gives the same", any_rate, whole == strokes, False)


def due(core: Path) -> Iterator[Lemma]:
    """The due instant is the first microsecond at which a whole stroke is owed, and strokes keep their distance."""
    pace = Pace(core)
    wait = pace.wait()
    flowing = pace.rate > 0
    yield from pace.conditions("wait", *basal(pace))
    assumed = pace.assume(flowing)
    owed_then = pace.owed + wait * pace.rate
    yield Lemma("a whole stroke is owed at the due instant", assumed, owed_then >= pace.whole)
    yield Lemma("and not a microsecond earlier", assumed, owed_then - pace.rate < pace.whole)
    yield Lemma("a wait is at least 1 µs", assumed, wait >= 1)
    yield Lemma("at rate 0 the wait is for ever", pace.assume(pace.rate == 0), wait + pace.now == 2**64 - 1)
    yield Lemma("false: the wait is exact to the quantum", assumed, owed_then == pace.whole, False)
    for name, apart in (("basal", basal(pace)), ("square bolus", square(pace, core))):
        longest = [*assumed, *apart]
        yield Lemma(f"{name}: a due instant fits 64 bits", longest, wait <= pace.whole)
    pace = Pace(core)
    strokes = pace.accrue(pace.wait())
    # At most one stroke comes in a microsecond: all allowed rates are far below that.
    slow = pace.assume(pace.rate > 0, pace.rate <= pace.whole)
    yield Lemma("one stroke falls due at the due instant, not two", slow, strokes == 1)
    again = pace.wait()
    slow = pace.assume(pace.rate > 0, pace.rate <= pace.whole)
    yield Lemma("from due to due: not shorter than the interval, cut to µs", slow, (again + 1) * pace.rate > pace.whole)
    yield Lemma("from due to due: not longer than the interval, rounded up", slow, (again - 1) * pace.rate < pace.whole)
    pace.accrue(again)
    third = pace.wait()
    slow = pace.assume(pace.rate > 0, pace.rate <= pace.whole)
    yield Lemma("false: a stroke's wait is always the same", slow, again == third, False)


def windows(core: Path) -> Iterator[Lemma]:
    """The caps' windows in ticks hold the hour and the day, and at most a minute more."""
    machine = Machine(parse(core / "guard.c", core))
    limits = constants(core / "guard.h")
    early, late = z3.Ints("early_us late_us")
    times = [*between(early, 0, TIME_MAX_US), *between(late, early, TIME_MAX_US)]
    ticks = machine.call("tick", late) - machine.call("tick", early)
    for name, window, length in (("hour", "HOUR", HOUR_US), ("day", "DAY", DAY_US)):
        outside = ticks >= limits[f"GUARD_{window}_TICKS"]
        yield Lemma(f"two strokes a window apart are a whole {name} apart", [*times, outside], late - early >= length)
        far = [*times, late - early >= length + MINUTE_US]
        yield Lemma(f"a stroke {name} and minute ago has left the window", far, outside)
        shorter = ticks >= limits[f"GUARD_{window}_TICKS"] - 1
        yield Lemma(f"false: the {name}'s window less a tick will do", [*times, shorter], late - early >= length, False)
    for what, condition in machine.conditions:
        yield Lemma(f"ticks: {what}", times, condition)


def spacing(core: Path) -> Iterator[Lemma]:
    """The guard derives the time since the last start from low halves, and is right at any time."""
    limits = constants(core / "guard.c") | constants(core / "guard.h")
    machine = Machine(parse(core / "guard.c", core))
    last, now, needed = z3.Ints("last_us now_us spacing_us")
    times = [*between(last, 0, TIME_MAX_US), *between(now, last, TIME_MAX_US), *between(needed, 0, 1_000_000)]
    recent = machine.call("tick", now) - machine.call("tick", last) < limits["TICKS_IN_LOW_HALF"]
    since = (now % 2**32 - last % 2**32) % 2**32
    held_back = z3.And(recent, since < needed)
    yield Lemma(
        "the guard holds a stroke back if and only if the spacing is not over",
        times,
        held_back == (now - last < needed),
    )
    yield Lemma("false: the low halves alone would do", times, (since < needed) == (now - last < needed), False)


def promises(core: Path) -> Iterator[Lemma]:
    """A promise in ticks ends at most 1.05 s early and never late. The same holds for a busy stretch."""
    limits = constants(core / "guard.h")
    tick_us = 1 << limits["GUARD_TICK_SHIFT"]
    now, back, later = z3.Ints("now_us back_us later_us")
    times = [*between(now, 0, TIME_MAX_US), *between(later, 0, TIME_MAX_US), *between(back, 0, TIME_MAX_US)]
    for name, function, arguments, end in (
        ("promise", "guard_promise", (now, back), back + limits["GUARD_GRACE_US"]),
        ("busy stretch", "guard_returned", (now,), now + limits["GUARD_BUSY_MAX_US"]),
    ):
        machine = Machine(parse(core / "guard.c", core))
        guard: dict[str, Value] = {"alive_tick": {"value": z3.Int("value"), "check": z3.Int("check")}}
        accepted = machine.call(function, guard, *arguments)
        kept = accepted if z3.is_expr(accepted) else z3.BoolVal(True)
        alive = machine.call("tick", later) <= guard["alive_tick"]["value"]
        assumed = [*times, *machine.laws, kept]
        yield Lemma(f"a {name} is never kept beyond its end", [*assumed, alive], later < end)
        yield Lemma(f"a {name} holds up to a tick before its end", [*assumed, later <= end - tick_us], alive)
        yield Lemma(f"false: a {name} ends to the microsecond", [*assumed, later < end], alive, False)
        for what, condition in machine.conditions:
            yield Lemma(f"{name}: {what}", times, condition)
        if function == "guard_promise":
            whole = z3.And(back >= now, back - now <= limits["GUARD_PROMISE_MAX_US"])
            yield Lemma("a promise is taken if and only if it is at most an hour ahead", times, kept == whole)
            yield Lemma("at the time promised the supervisor still counts as alive", [*assumed, later == back], alive)


def decide(lemma: Lemma) -> str:
    """Return '' if z3's verdict is the wanted one, else its message."""
    solver = z3.Solver()
    solver.set("timeout", LEMMA_TIMEOUT_MS)
    solver.add(*lemma.assumed, z3.Not(lemma.claim))
    verdict = solver.check()
    wanted = z3.unsat if lemma.holds else z3.sat
    if verdict == wanted:
        return ""
    example = f", for {solver.model()}" if verdict == z3.sat else ""
    return f"{'not proved' if lemma.holds else 'not refuted'}: {verdict}{example}"


def lemmas(core: Path) -> Iterator[Lemma]:
    """Return all lemmas."""
    for group in (accumulator, carried, due, windows, spacing, promises):
        yield from group(core)
