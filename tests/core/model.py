"""What the dose core must do, written from the specification in exact fractions.

It knows nothing of how the core works: basal is the integral of its rate, a cap is a count over all strokes there ever
were. Amounts are in strokes, as fractions; times in µs.

Where the specification leaves room (a cap may act up to a minute early; of several reasons to refuse any may be named),
the model gives the set of right answers, looks at which one the core took and goes on from there.

Implements: nothing; it is the yardstick for DOSE-1 … DOSE-5, DOSE-8, GUARD-1, GUARD-3 (permit), GUARD-4
"""

from bisect import bisect_right
from fractions import Fraction
from math import ceil, floor

OK, E_TIME, E_RANGE, E_SUSPENDED, E_RUNNING, E_BUSY, E_NO_BOLUS = range(7)
E_MAX_BASAL, E_MAX_BOLUS, E_HOUR_CAP, E_DAY_CAP, E_FAULT = range(7, 12)
NO_KIND, BASAL, NORMAL = range(3)
RUNNING, COMPLETED, CANCELLED, SUSPENDED, FAULTED, HOUR_CAPPED, DAY_CAPPED = range(7)
NOTHING, STROKE, WITHHELD, FAULT = range(4)
MEMORY_FAULT, COUNT_FAULT, STOPPED = 6, 7, 8

HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
# GUARD-1: the method may err on the safe side by this much.
CAP_MARGIN_US = 60_000_000
HARD_MU = (35_000, 40_000, 60_000, 500_000)
DEFAULT_DAY_MU = 150_000

Answers = tuple[set[int], set[int]]  # codes that forbid acceptance, codes that would also be right


class Model:
    """One pump. ask_… gives the right answers to a request, do_… carries out one that was accepted."""

    def __init__(self, stroke_nl: int, concentration_u_per_ml: int, spacing_us: int, history: int, now_us: int) -> None:
        self.stroke_mu = Fraction(stroke_nl * concentration_u_per_ml, 1000)
        self.spacing_us = spacing_us or {500: 2_000_000, 125: 500_000}[stroke_nl]
        self.history = history
        self.now_us = now_us
        self.last_us = now_us
        self.slot_us = now_us
        self.rate_mu_per_h = 0
        self.suspended = False
        self.fault = 0
        self.programmed = Fraction(0)  # basal, since the beginning
        self.basal_commanded = self.basal_delivered = self.basal_abandoned = 0
        self.bolus_id = self.bolus_programmed = self.bolus_commanded = self.bolus_delivered = self.bolus_abandoned = 0
        self.bolus_start_us = self.bolus_end_us = 0
        self.bolus_reasons = {COMPLETED}
        self.starts_us: list[int] = []
        self.confirmed = self.permitted = self.withheld = 0
        self.in_flight, self.unconfirmed = NO_KIND, False
        self.do_set_limits(HARD_MU[0], HARD_MU[1], HARD_MU[2], DEFAULT_DAY_MU)

    # What is owed

    @property
    def rate(self) -> Fraction:
        """Strokes per µs that are coming to be owed."""
        return Fraction(0) if self.suspended else Fraction(self.rate_mu_per_h) / self.stroke_mu / HOUR_US

    @property
    def owed(self) -> Fraction:
        """Basal strokes owed now."""
        return self.programmed - self.basal_commanded - self.basal_abandoned

    @property
    def bolus_left(self) -> int:
        return self.bolus_programmed - self.bolus_commanded - self.bolus_abandoned

    def advance(self, now_us: int) -> None:
        assert now_us >= self.now_us
        self.programmed += self.rate * (now_us - self.now_us)
        self.now_us = now_us

    def due(self) -> int:
        """The kind of the stroke due now by what is owed and by spacing."""
        if self.now_us < self.slot_us or self.in_flight:
            return NO_KIND
        if self.bolus_left:
            return NORMAL
        return BASAL if self.owed >= 1 else NO_KIND

    def next_us(self) -> int:
        """First instant, not before now, at which a stroke is due; -1 while none may be."""
        if self.in_flight or self.fault or self.permitted == len(self.starts_us):
            return -1
        if self.bolus_left or self.owed >= 1:
            return max(self.now_us, self.slot_us)
        if self.rate == 0:
            return -1
        return max(self.slot_us, self.now_us + ceil((1 - self.owed) / self.rate))

    # Caps

    def used(self, window_us: int) -> int:
        """Strokes that started within the last window_us."""
        return len(self.starts_us) - bisect_right(self.starts_us, self.now_us - window_us)

    def over(self, cap: int, window_us: int, strokes: int) -> tuple[bool, bool]:
        """Would so many more strokes (certainly, possibly) be refused?"""
        return self.used(window_us) + strokes > cap, self.used(window_us + CAP_MARGIN_US) + strokes > cap

    # Requests

    def ask(self, now_us: int) -> set[int]:
        codes = {E_FAULT} if self.fault else set()
        if now_us < self.last_us:
            codes.add(E_TIME)
        else:
            self.advance(max(now_us, self.now_us))
        return codes

    def ask_set_basal(self, now_us: int, rate_mu_per_h: int) -> Answers:
        codes = self.ask(now_us)
        if rate_mu_per_h > self.limits_mu[0]:
            codes.add(E_MAX_BASAL)
        return codes, set()

    def ask_bolus(self, now_us: int, strokes: int) -> Answers:
        codes, perhaps = self.ask(now_us), set()
        if strokes == 0:
            codes.add(E_RANGE)
        if self.suspended:
            codes.add(E_SUSPENDED)
        if self.bolus_left or self.in_flight == NORMAL:
            codes.add(E_BUSY)
        if strokes > self.bolus_strokes:
            codes.add(E_MAX_BOLUS)
        caps = ((E_HOUR_CAP, self.hour_strokes, HOUR_US), (E_DAY_CAP, self.day_strokes, DAY_US))
        for code, cap, window_us in caps:
            certainly, possibly = self.over(cap, window_us, strokes)
            if certainly:
                codes.add(code)
            elif possibly:
                perhaps.add(code)
        return codes, perhaps

    def ask_cancel_bolus(self, now_us: int) -> Answers:
        codes = self.ask(now_us)
        return codes if self.bolus_left else codes | {E_NO_BOLUS}, set()

    def ask_suspend(self, now_us: int) -> Answers:
        codes = self.ask(now_us)
        return codes | {E_SUSPENDED} if self.suspended else codes, set()

    def ask_resume(self, now_us: int) -> Answers:
        codes = self.ask(now_us)
        return codes if self.suspended else codes | {E_RUNNING}, set()

    def do_set_basal(self, now_us: int, rate_mu_per_h: int) -> None:
        self.last_us = now_us
        self.rate_mu_per_h = rate_mu_per_h

    def do_bolus(self, now_us: int, strokes: int) -> None:
        self.last_us = self.bolus_start_us = now_us
        self.bolus_id += 1
        self.bolus_programmed = strokes
        self.bolus_commanded = self.bolus_delivered = self.bolus_abandoned = self.bolus_end_us = 0
        self.bolus_reasons = {RUNNING}

    def do_cancel_bolus(self, now_us: int) -> None:
        self.last_us = now_us
        self.end_bolus({CANCELLED})

    def do_suspend(self, now_us: int, reason: int = SUSPENDED) -> None:
        self.last_us = now_us
        self.basal_abandoned += floor(self.owed)
        if self.bolus_left:
            self.end_bolus({reason})
        self.suspended = True

    def do_resume(self, now_us: int) -> None:
        self.last_us = now_us
        self.suspended = False

    def end_bolus(self, reasons: set[int]) -> None:
        self.bolus_abandoned += self.bolus_left
        self.bolus_end_us = self.now_us
        self.bolus_reasons = reasons

    # Limits

    def ask_set_limits(self, *limits_mu: int) -> tuple[set[int], int]:
        """(right codes to refuse with, the first limit out of range, 1 … 4, or 0)."""
        room_mu = self.history * self.stroke_mu
        refused = 0
        for number in (4, 3, 2, 1):
            too_many = number >= 3 and floor(limits_mu[number - 1] / self.stroke_mu) * self.stroke_mu > room_mu
            if limits_mu[number - 1] > HARD_MU[number - 1] or too_many:
                refused = number
        codes = {E_RANGE} if refused else set()
        if self.rate_mu_per_h > limits_mu[0]:
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

    def ask_service(self, now_us: int) -> set[int]:
        """Right things for the stroke timer's handler to do."""
        self.advance(now_us)
        if self.due() == NO_KIND or self.fault:
            return {NOTHING}
        disagree = abs(len(self.starts_us) - self.confirmed) > 1
        if self.permitted == len(self.starts_us):
            return {NOTHING, FAULT} if disagree else {NOTHING}
        if disagree:
            return {FAULT}
        hour, day = self.over(self.hour_strokes, HOUR_US, 1), self.over(self.day_strokes, DAY_US, 1)
        if hour[0] or day[0]:
            return {WITHHELD}
        return {WITHHELD, STROKE} if hour[1] or day[1] else {STROKE}

    def do_service(self, action: int) -> None:
        kind = self.due()
        if action == STROKE:
            self.last_us = self.now_us
            self.slot_us = self.now_us + self.spacing_us
            self.starts_us.append(self.now_us)
            self.in_flight, self.unconfirmed = kind, True
            if kind == NORMAL:
                self.bolus_commanded += 1
                if not self.bolus_left:
                    self.end_bolus({COMPLETED})
            else:
                self.basal_commanded += 1
        elif action == WITHHELD:
            self.last_us = self.now_us
            self.withheld += 1
            if kind == NORMAL:
                caps = ((HOUR_CAPPED, self.hour_strokes, HOUR_US), (DAY_CAPPED, self.day_strokes, DAY_US))
                self.end_bolus({reason for reason, cap, window_us in caps if self.over(cap, window_us, 1)[1]})
            else:
                self.basal_abandoned += 1
        elif action == FAULT:
            self.stop(self.now_us, COUNT_FAULT)

    def stop(self, now_us: int, fault: int) -> None:
        self.advance(max(now_us, self.now_us))
        self.fault = self.fault or fault
        if not self.suspended:
            self.do_suspend(self.now_us, FAULTED)
        if self.unconfirmed:
            self.count_delivered()
        self.ended()

    def confirm(self) -> None:
        self.confirmed += 1
        if self.unconfirmed:
            self.count_delivered()

    def count_delivered(self) -> None:
        self.unconfirmed = False
        if self.in_flight == NORMAL:
            self.bolus_delivered += 1
        else:
            self.basal_delivered += 1

    def ended(self) -> None:
        self.in_flight, self.unconfirmed = NO_KIND, False
