"""What the dose core must do, written from the specification in exact fractions.

It knows nothing of how the core works: what is owed is an integral (flow.py), a cap is a count over all strokes there
ever were. Amounts are in strokes, as fractions; times in µs.

Where the specification leaves room (a cap may act up to a minute early, a promise end up to 1.05 s early; of several
reasons to refuse any may be named), the model gives the set of right answers, looks at which one the core took and goes
on from there.

The supervisor's view matters in one place, the order of strokes: what waits as of its last call goes before what comes
to be owed later. `books_us` is the time of that view.

A supervisor reads the clock and then calls, so a call may tell a time that something has passed meanwhile: it counts as
of `books_us` then. A reading older than a turn of it may last is refused.

Implements: nothing; it is the yardstick for DOSE-1 … DOSE-5, DOSE-8, GUARD-1, GUARD-3, GUARD-4
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor

from tests.core.flow import HOUR_US, TEMP_PERCENT, TEMP_RATE, Basal, Square

OK, E_TIME, E_RANGE, E_SUSPENDED, E_RUNNING, E_BUSY, E_NO_BOLUS = range(7)
E_MAX_BASAL, E_MAX_BOLUS, E_HOUR_CAP, E_DAY_CAP, E_FAULT, E_NO_TEMP = range(7, 13)
BASAL, TEMP, NORMAL, SQUARE = KINDS = range(4)
RUNNING, COMPLETED, CANCELLED, SUSPENDED, FAULTED, HOUR_CAPPED, DAY_CAPPED = range(7)
NOTHING, STROKE, WITHHELD, FAULT = range(4)
MEMORY_FAULT, COUNT_FAULT, STOPPED, SUPERVISOR = range(6, 10)

SECOND_US = 1_000_000
DAY_US = 24 * HOUR_US
# GUARD-1: the method may err on the safe side by this much; GUARD-3: and a promise may end so much early.
CAP_MARGIN_US = 60_000_000
PROMISE_MARGIN_US = 1_050_000
PROMISE_MAX_US, GRACE_US, BUSY_MAX_US = HOUR_US, 2 * SECOND_US, 8 * SECOND_US
HARD_MU = (35_000, 40_000, 60_000, 500_000)
DEFAULT_DAY_MU = 150_000
SQUARE_MIN_US = 30 * 60 * SECOND_US

Answers = tuple[set[int], set[int]]  # codes that forbid acceptance, codes that would also be right


@dataclass
class Ledger:
    """Strokes of one kind."""

    programmed: int = 0
    commanded: int = 0
    delivered: int = 0
    abandoned: int = 0

    @property
    def left(self) -> int:
        return self.programmed - self.commanded - self.abandoned


@dataclass
class Part:
    """The present or last bolus of one kind, or temporary basal; any of `reasons` is right."""

    id: int = 0
    start_us: int = 0
    end_us: int = 0
    reasons: set[int] = field(default_factory=lambda: {COMPLETED})

    def end(self, at_us: int, reasons: set[int]) -> None:
        self.end_us, self.reasons = at_us, reasons


class Model:
    """One pump. ask_… gives the right answers to a request, do_… carries out one that was accepted."""

    def __init__(self, stroke_nl: int, concentration_u_per_ml: int, spacing_us: int, history: int, now_us: int) -> None:
        self.stroke_mu = Fraction(stroke_nl * concentration_u_per_ml, 1000)
        self.spacing_us = spacing_us or {500: 2_000_000, 125: 500_000}[stroke_nl]
        self.history = history
        self.books_us = self.slot_us = self.stood_us = now_us
        self.basal = Basal(self.stroke_mu, now_us)
        self.square = Square()
        self.ledgers = {kind: Ledger() for kind in KINDS}
        self.parts = {NORMAL: Part(), SQUARE: Part(), TEMP: Part()}
        self.bolus_id = 0
        self.suspended = False
        self.fault = 0
        self.starts_us: list[int] = []
        self.confirmed = self.permitted = self.withheld = 0
        self.in_flight: int | None = None
        self.unconfirmed = False
        self.armed: tuple[int, int] | None = None  # when, kind
        self.held_until_us = now_us + BUSY_MAX_US  # the supervisor's word
        room_mu = floor(history * self.stroke_mu)
        self.do_set_limits(HARD_MU[0], HARD_MU[1], min(HARD_MU[2], room_mu), min(DEFAULT_DAY_MU, room_mu))

    # The supervisor's view

    def move_on(self, now_us: int) -> None:
        assert now_us >= self.books_us
        until_us = self.basal.temp[2] if self.basal.temp else 0
        self.basal.advance(now_us)
        if until_us and self.basal.temp is None:
            self.parts[TEMP].end(until_us, {COMPLETED})
        self.books_us = now_us

    def left(self, kind: int) -> int:
        return self.ledgers[kind].left

    def arm(self) -> None:
        """What the supervisor, at the end of each call, knows the next stroke to be."""
        self.stood_us = self.books_us
        self.armed = None
        if self.in_flight is not None or self.fault or self.permitted == len(self.starts_us):
            return
        basal, square_us = self.basal.next_owed(), self.square.next_owed_us(self.books_us)
        if self.left(NORMAL):
            owed = (0, NORMAL)
        elif any(self.basal.waiting):
            owed = (0, BASAL if self.basal.waiting[0] else TEMP)
        elif self.square.waiting(self.books_us):
            owed = (0, SQUARE)
        elif square_us is not None and (basal is None or square_us < basal[0]):
            owed = (square_us, SQUARE)
        elif basal is not None:
            owed = basal
        else:
            return
        self.armed = (max(owed[0], self.slot_us, self.books_us), owed[1])

    def time_of(self, now_us: int) -> int | None:
        """As of when a call counts that tells now_us; None: its clock runs back."""
        return None if now_us + BUSY_MAX_US < self.stood_us else max(now_us, self.books_us)

    def settle(self, now_us: int) -> set[int]:
        """Right codes."""
        at_us = self.time_of(now_us)
        if at_us is None:
            return {E_TIME}
        self.move_on(at_us)
        self.held_until_us = at_us + BUSY_MAX_US
        return {OK}

    def promise(self, now_us: int, back_us: int) -> bool:
        kept = now_us <= back_us <= now_us + PROMISE_MAX_US
        if kept:
            self.held_until_us = back_us + GRACE_US
        return kept

    def alive(self, now_us: int) -> set[bool]:
        """Right answers to: has the supervisor kept its word?"""
        if self.fault == SUPERVISOR or now_us > self.held_until_us:
            return {False}
        return {True} if now_us <= self.held_until_us - PROMISE_MARGIN_US else {True, False}

    # Caps

    def used(self, now_us: int, window_us: int) -> int:
        """Strokes that started within the last window_us."""
        return len(self.starts_us) - bisect_right(self.starts_us, now_us - window_us)

    def over(self, now_us: int, cap: int, window_us: int, strokes: int) -> tuple[bool, bool]:
        """Would so many more strokes (certainly, possibly) be refused?"""
        return (
            self.used(now_us, window_us) + strokes > cap,
            self.used(now_us, window_us + CAP_MARGIN_US) + strokes > cap,
        )

    # Requests

    def ask(self) -> set[int]:
        return {E_FAULT} if self.fault else set()

    def basal_at(self, now_us: int) -> Basal:
        return self.basal.at(now_us)

    def judge_rates(self, surely: list[int], perhaps: list[int]) -> Answers:
        """Rates that would come into force, and such as would if what is known of changes came otherwise."""
        limit = self.limits_mu[0]
        above = {E_MAX_BASAL}
        return (above if max(surely) > limit else set()), (above if max(surely + perhaps) > limit else set())

    def ask_set_basal(self, now_us: int, rate: int) -> Answers:
        codes, then = self.ask(), self.basal_at(now_us)
        must, may = self.judge_rates([rate, then.effective(rate)], [self.basal.effective(rate)])
        return codes | must, may

    def ask_plan_basal(self, now_us: int, boundary_us: int, rate: int) -> Answers:
        codes, then = self.ask(), self.basal_at(now_us)
        if not now_us < boundary_us <= now_us + DAY_US:
            codes.add(E_RANGE)
        meets = then.temp is not None and then.temp[2] > boundary_us
        must, may = self.judge_rates([rate, then.effective(rate) if meets else 0], [self.basal.effective(rate)])
        return codes | must, may

    def ask_temp_basal(self, now_us: int, kind: int, value: int, duration_us: int) -> Answers:
        codes, then = self.ask(), self.basal_at(now_us)
        if self.suspended:
            codes.add(E_SUSPENDED)
        if kind not in (TEMP_RATE, TEMP_PERCENT) or (kind == TEMP_PERCENT and value > 200):
            return codes | {E_RANGE}, set()
        if not 0 < duration_us <= DAY_US:
            codes.add(E_RANGE)
        then.temp = (kind, value, now_us + duration_us)
        surely, perhaps = [then.effective(then.rate)], [then.effective(self.basal.rate)]
        for boundary in (then.boundary, self.basal.boundary):
            if boundary:
                sure = boundary is then.boundary and boundary[0] < now_us + duration_us
                (surely if sure else perhaps).append(then.effective(boundary[1]))
        must, may = self.judge_rates(surely, perhaps)
        return codes | must, may

    def ask_cancel_temp(self, now_us: int) -> Answers:
        codes = self.ask()
        return codes if self.basal_at(now_us).temp else codes | {E_NO_TEMP}, set()

    def ask_bolus(self, now_us: int, normal: int, square: int, duration_us: int) -> Answers:
        codes, perhaps = self.ask(), set()
        spread = SQUARE_MIN_US <= duration_us <= DAY_US
        if not (spread if square else normal and not duration_us):
            codes.add(E_RANGE)
        if self.suspended:
            codes.add(E_SUSPENDED)
        for kind, strokes in ((NORMAL, normal), (SQUARE, square)):
            if strokes and (self.left(kind) or self.in_flight == kind):
                codes.add(E_BUSY)
        if normal + square > self.bolus_strokes:
            codes.add(E_MAX_BOLUS)
        caps = (
            (E_HOUR_CAP, self.hour_strokes, HOUR_US, normal),
            (E_DAY_CAP, self.day_strokes, DAY_US, normal),
        )
        if normal + square > self.day_strokes:
            codes.add(E_DAY_CAP)
        for code, cap, window_us, strokes in caps:
            certainly, possibly = self.over(now_us, cap, window_us, strokes)
            if certainly:
                codes.add(code)
            elif possibly:
                perhaps.add(code)
        return codes, perhaps

    def ask_cancel_bolus(self, now_us: int) -> Answers:
        codes = self.ask()
        return codes if self.left(NORMAL) or self.left(SQUARE) else codes | {E_NO_BOLUS}, set()

    def ask_suspend(self, now_us: int) -> Answers:
        codes = self.ask()
        return codes | {E_SUSPENDED} if self.suspended else codes, set()

    def ask_resume(self, now_us: int) -> Answers:
        codes = self.ask()
        return codes if self.suspended else codes | {E_RUNNING}, set()

    def do_set_basal(self, now_us: int, rate: int) -> None:
        self.move_on(now_us)
        self.basal.rate, self.basal.boundary = rate, None

    def do_plan_basal(self, now_us: int, boundary_us: int, rate: int) -> None:
        self.move_on(now_us)
        self.basal.boundary = (boundary_us, rate)

    def do_temp_basal(self, now_us: int, kind: int, value: int, duration_us: int) -> None:
        self.move_on(now_us)
        self.basal.temp = (kind, value, now_us + duration_us)
        self.parts[TEMP] = Part(0, now_us, 0, {RUNNING})

    def do_cancel_temp(self, now_us: int, reason: int = CANCELLED) -> None:
        self.move_on(now_us)
        self.basal.temp = None
        self.parts[TEMP].end(now_us, {reason})

    def do_bolus(self, now_us: int, normal: int, square: int, duration_us: int) -> None:
        self.move_on(now_us)
        self.bolus_id += 1
        for kind, strokes in ((NORMAL, normal), (SQUARE, square)):
            if strokes:
                self.ledgers[kind] = Ledger(strokes)
                self.parts[kind] = Part(self.bolus_id, now_us, 0, {RUNNING})
        if square:
            self.square = Square(now_us, square, duration_us)

    def do_cancel_bolus(self, now_us: int) -> None:
        self.move_on(now_us)
        self.end_boluses({CANCELLED})

    def do_suspend(self, now_us: int, reason: int = SUSPENDED) -> None:
        self.move_on(now_us)
        for source, waiting in enumerate(self.basal.waiting):
            self.ledgers[source].abandoned += waiting
            self.ledgers[source].programmed += waiting
        self.basal.waiting = (0, 0)
        if self.basal.temp:
            self.do_cancel_temp(now_us, reason)
        self.end_boluses({reason})
        self.suspended = self.basal.paused = True

    def do_resume(self, now_us: int) -> None:
        self.move_on(now_us)
        self.suspended = self.basal.paused = False

    def end_boluses(self, reasons: set[int]) -> None:
        for kind in (NORMAL, SQUARE):
            if self.left(kind):
                self.ledgers[kind].abandoned += self.left(kind)
                self.parts[kind].end(self.books_us, reasons)
        self.square = Square()

    # Limits

    def ask_set_limits(self, *limits_mu: int) -> tuple[set[int], int]:
        """(right codes to refuse with, the first limit out of range, 1 … 4, or 0)."""
        room_mu = self.history * self.stroke_mu
        refused = 0
        for number in (4, 3, 2, 1):
            too_many = number >= 3 and floor(limits_mu[number - 1] / self.stroke_mu) * self.stroke_mu > room_mu
            if limits_mu[number - 1] > HARD_MU[number - 1] or too_many:
                refused = number
        codes = {E_FAULT} if self.fault else set()
        codes |= {E_RANGE} if refused else set()
        basal = self.basal
        rates = [basal.rate, *([basal.boundary[1]] if basal.boundary else [])]
        if max(rates + [basal.effective(rate) for rate in rates]) > limits_mu[0]:
            codes.add(E_MAX_BASAL)
        return codes, refused

    def do_set_limits(self, *limits_mu: int) -> None:
        self.limits_mu = limits_mu
        self.bolus_strokes, self.hour_strokes, self.day_strokes = (floor(mu / self.stroke_mu) for mu in limits_mu[1:])

    # Permit, strokes, faults

    def permit(self, stroke: int) -> bool:
        if stroke != len(self.starts_us) + 1:
            return False
        self.permitted = stroke
        return True

    def ask_service(self, now_us: int) -> tuple[set[int], set[int]]:
        """Right things for the stroke timer's handler to do, and the right faults to find."""
        if self.armed is None or now_us < self.armed[0]:
            return {NOTHING}, set()
        faults = {COUNT_FAULT} if abs(len(self.starts_us) - self.confirmed) > 1 else set()
        alive = self.alive(now_us)
        if alive == {False}:
            faults.add(SUPERVISOR)
        if faults:
            return {FAULT}, faults | ({SUPERVISOR} if False in alive else set())
        hour = self.over(now_us, self.hour_strokes, HOUR_US, 1)
        day = self.over(now_us, self.day_strokes, DAY_US, 1)
        actions = {FAULT} if False in alive else set()
        if hour[0] or day[0]:
            return actions | {WITHHELD}, {SUPERVISOR}
        return actions | ({WITHHELD, STROKE} if hour[1] or day[1] else {STROKE}), {SUPERVISOR}

    def do_service(self, now_us: int, action: int, fault: int) -> None:
        if action in (STROKE, WITHHELD):
            assert self.armed is not None and not self.fault and not self.suspended
            kind = self.armed[1]
            self.armed = None
            self.take(now_us, kind)
            ledger = self.ledgers[kind]
            if action == STROKE:
                assert now_us >= self.slot_us, "closer than the spacing"
                self.slot_us = now_us + self.spacing_us
                self.starts_us.append(now_us)
                self.in_flight, self.unconfirmed = kind, True
                ledger.commanded += 1
                reasons = {COMPLETED}
            else:
                self.withheld += 1
                ledger.abandoned += ledger.left if kind == NORMAL else 1
                caps = ((HOUR_CAPPED, self.hour_strokes, HOUR_US), (DAY_CAPPED, self.day_strokes, DAY_US))
                reasons = {reason for reason, cap, window_us in caps if self.over(now_us, cap, window_us, 1)[1]}
            if kind in (NORMAL, SQUARE) and not ledger.left:
                self.parts[kind].end(now_us, reasons)
        elif action == FAULT:
            self.stop(now_us, fault)

    def take(self, now_us: int, kind: int) -> None:
        """A stroke leaves what owed it; DOSE-1: it was owed in full."""
        self.move_on(now_us)
        if kind == SQUARE:
            assert self.square.waiting(now_us) > 0, "a square stroke was taken that was not owed"
            self.square.taken += 1
        elif kind == NORMAL:
            assert self.left(NORMAL) > 0
        else:
            self.basal.take(kind)
            self.ledgers[kind].programmed += 1

    def stop(self, now_us: int, fault: int) -> None:
        if not self.fault:
            self.fault = fault
            at_us = max(now_us, self.books_us)
            if self.suspended:
                self.move_on(at_us)
            else:
                self.do_suspend(at_us, FAULTED)
        if self.unconfirmed:
            self.count_delivered()
        self.armed = None
        self.ended()

    def reconcile(self, most_apart: int) -> None:
        """A fault is cleared: counts that are further apart, or were the fault, agree; what was still stays still."""
        if self.fault == COUNT_FAULT or abs(len(self.starts_us) - self.confirmed) > most_apart:
            self.confirmed = len(self.starts_us)
        self.fault = 0

    def confirm(self) -> None:
        self.confirmed += 1
        if self.unconfirmed:
            self.count_delivered()

    def count_delivered(self) -> None:
        assert self.in_flight is not None
        self.unconfirmed = False
        self.ledgers[self.in_flight].delivered += 1

    def ended(self) -> None:
        self.in_flight, self.unconfirmed = None, False
