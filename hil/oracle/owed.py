"""The account that the check of raw strokes keeps: what is owed after each command and stroke, and what is wrong.

A stroke that is held back is not late. It may start when it is owed in full *and* the spacing since the last start is
over. While a normal bolus is in progress its strokes take every slot, so the others wait by the same rule; while
suspended nothing comes to be owed. Lateness counts from that first allowed instant, in whole µs; in logical time it is
0 for every stroke.

Basal and a square bolus owe strokes separately: two halves are not one. The pins do not show whose a stroke was. It is
taken for basal that waited at the last stroke or command, else for a square stroke that did, else for whichever was
owed first. That matters only for what a cancelled bolus leaves.

A board with a processor starts strokes a little late (DOSE-6 allows 50 µs); `tolerance_us` is the lateness that is not
blamed. A stroke within it counts as if it had started when it was allowed to, so that everything else stays exact and
lateness that adds up from stroke to stroke soon shows.

Implements: DOSE-1, DOSE-2, DOSE-4, DOSE-5 (as the bench's own check)
"""

from dataclasses import dataclass, field
from fractions import Fraction

from hil.oracle.boluses import Basal, Bolus, Entry
from hil.oracle.commands import Command, Rates
from hil.oracle.exact import NEVER_US, Q_PER_UU

UU_PER_MU = 1_000
VIOLATIONS_KEPT = 100


@dataclass
class OwedReport:
    """The findings of check(). Volumes are in µU, exact.

    If min_owed_uu is below 0, the pump was ahead. max_owed_uu includes strokes rightly held back (a bolus of 30 U is
    owed at once). worst_lateness_us is the longest that a stroke free to start waited, worst_held_us the longest that
    an owed stroke was rightly held back. `violations` keeps the first 100 of `violation_count`, and that the pump was
    ahead.
    """

    min_owed_uu: Fraction = Fraction(0)
    max_owed_uu: Fraction = Fraction(0)
    worst_lateness_us: int = 0
    worst_held_us: int = 0
    violations: list[str] = field(default_factory=list)
    violation_count: int = 0
    strokes: int = 0
    abandoned_strokes: int = 0

    @property
    def passed(self) -> bool:
        """True if nothing was found."""
        return self.violation_count == 0


class Ledger:
    """What is owed, replayed command by command and stroke by stroke."""

    def __init__(self, stroke_uu: int, spacing_us: int, tolerance_us: int) -> None:
        self.report = OwedReport()
        self.tolerance_us = tolerance_us
        self.stroke_q = stroke_uu * Q_PER_UU
        self.stroke_uu = stroke_uu
        self.spacing_us = spacing_us
        self.rates = Rates()
        self.rate = 0  # in force
        self.since_us = 0  # basal.owed_q was owed at this instant, and the rate has run since
        self.basal = Basal()
        self.basal_from_us = NEVER_US  # when the next basal stroke is, or was, owed in full
        self.normal: Bolus | None = None
        self.square: Bolus | None = None
        self.seen_us = 0  # the last stroke or command
        self.slot_us = 0  # end of the spacing after the last stroke
        self.last_us: int | None = None
        self.min_q = 0
        self.max_q = 0

    def advance(self, at_us: int) -> None:
        """Apply each change that comes by itself up to at_us, at its own instant."""
        while (change_us := self.rates.next_change_us(self.since_us)) <= at_us:
            self.rates.lapse(change_us)
            self._rebase(change_us)

    def _owed_q(self, at_us: int) -> int:
        owed_q = self.basal.owed_q + self.rate * (at_us - self.since_us)
        for bolus in (self.normal, self.square):
            if bolus is not None:
                owed_q += bolus.owed_q(at_us, self.stroke_q)
        return owed_q

    def _square_if_next(self) -> Bolus | None:
        """The square bolus if the next stroke is its, should no normal bolus be in progress; None if it is basal's."""
        square = self.square
        if square is not None and self.basal_from_us > max(self.seen_us, square.ready_us):
            return square
        return None

    def _owed_from_us(self) -> int:
        """When the next stroke is, or was, owed in full; NEVER_US if none is coming."""
        bolus = self.normal or self._square_if_next()
        return self.basal_from_us if bolus is None else bolus.ready_us

    def allowed_us(self) -> int:
        """First instant at which the next stroke may start; NEVER_US if none is coming."""
        return max(self._owed_from_us(), self.slot_us)

    def _rebase(self, at_us: int) -> None:
        """Take up the rate in force; what is owed, and since when, stays."""
        self.basal.owed_q += self.rate * (at_us - self.since_us)
        self.since_us = at_us
        self.rate = self.rates.in_force(at_us)
        if self.basal_from_us >= at_us:
            self.basal_from_us = self.basal.ready_us(at_us, self.rate, self.stroke_q)

    def _blame(self, text: str) -> None:
        self.report.violation_count += 1
        if len(self.report.violations) < VIOLATIONS_KEPT:
            self.report.violations.append(text)

    def _late(self, lateness_us: int) -> None:
        self.report.worst_lateness_us = max(self.report.worst_lateness_us, lateness_us)

    def _see(self, at_us: int) -> None:
        owed_q = self._owed_q(at_us)
        self.min_q = min(self.min_q, owed_q)
        self.max_q = max(self.max_q, owed_q)

    def nothing_missing(self, at_us: int, what: str) -> None:
        """Check that no stroke is overdue just before something else, `what`, happens at at_us."""
        self.advance(at_us)
        self._see(at_us)
        allowed_us = self.allowed_us()
        if allowed_us + self.tolerance_us < at_us:
            self._late(at_us - allowed_us)
            self._blame(f"no stroke at {allowed_us} us although one was owed and free to start; {what} at {at_us} us")

    def stroke(self, at_us: int) -> None:
        """Enter a stroke that started at at_us."""
        report = self.report
        report.strokes += 1
        self.advance(at_us)
        allowed_us = self.allowed_us()
        if allowed_us < at_us <= allowed_us + self.tolerance_us:
            self._late(at_us - allowed_us)
            at_us = max(allowed_us, self.seen_us)
        owed_q = self._owed_q(at_us)
        self.max_q = max(self.max_q, owed_q)
        if self.last_us is not None and at_us < self.slot_us:
            gap_us = at_us - self.last_us
            self._blame(
                f"stroke {report.strokes} at {at_us} us: {gap_us} us after the last, spacing {self.spacing_us} us"
            )
        from_us = self._owed_from_us()
        if from_us > at_us:
            state = "suspended" if self.rates.suspended else "running"
            self._blame(
                f"stroke {report.strokes} at {at_us} us is early: "
                f"owed {float(owed_q / Q_PER_UU):.3f} of {self.stroke_uu} uU ({state})"
            )
        else:
            if at_us > allowed_us + self.tolerance_us:
                self._late(at_us - allowed_us)
                self._blame(f"stroke {report.strokes} at {at_us} us is {at_us - allowed_us} us late")
            report.worst_held_us = max(report.worst_held_us, allowed_us - from_us)
        self._take_one(at_us)
        self.min_q = min(self.min_q, owed_q - self.stroke_q)
        self.last_us = at_us
        self.slot_us = at_us + self.spacing_us

    def _take_one(self, at_us: int) -> None:
        if self.normal is not None:
            self.normal = _one_less(self.normal)
        elif square := self._square_if_next():
            self.square = _one_less(square)
        else:
            self.basal.owed_q -= self.stroke_q
            self.basal_from_us = self.basal.ready_us(self.since_us, self.rate, self.stroke_q)
        self.seen_us = at_us

    def _abandon_normal(self) -> None:
        if self.normal is not None:
            self.report.abandoned_strokes += self.normal.left
            self.normal = None

    def _abandon_boluses(self) -> None:
        self._abandon_normal()
        if self.square is not None:
            self.report.abandoned_strokes += self.square.left
            self.square = None

    def command(self, command: Command) -> None:
        """Enter a command that the device accepted. Raises ValueError for one that is not known."""
        at_us, name, values = command
        if name == "withheld":
            self.advance(at_us)
            self._withheld(at_us)
        else:
            self.nothing_missing(at_us, name)
            least_mu_per_h, before_mu_per_h = int(values.get("rate_mu_per_h", 0)), self.rates.in_force(at_us)
            if name == "suspend" and least_mu_per_h > before_mu_per_h:
                self._blame(f"suspended at {at_us} us to {least_mu_per_h} mU/h, more than the {before_mu_per_h} before")
            if self.rates.carry_out(command):
                self._rebase(at_us)
                if name in ("suspend", "stop"):
                    self._abandon_whole()
            elif name == "bolus":
                normal_uu = int(values.get("volume_mu", 0)) * UU_PER_MU
                square_uu = int(values.get("square_mu", 0)) * UU_PER_MU
                self._bolus(at_us, normal_uu, square_uu, int(values.get("duration_us", 0)))
            elif name == "cancel_bolus":
                self._abandon_boluses()
            elif name != "wake":
                raise ValueError(f"command {name!r} at {at_us} us is unknown to this check")
        self._see(at_us)
        self.seen_us = at_us

    def _bolus(self, at_us: int, normal_uu: int, square_uu: int, duration_us: int) -> None:
        for volume_uu in (normal_uu, square_uu):
            if volume_uu % self.stroke_uu:
                self._blame(
                    f"bolus of {volume_uu} uU accepted at {at_us} us: not a whole number of {self.stroke_uu} uU strokes"
                )
        busy = (normal_uu and self.normal is not None) or (square_uu and self.square is not None)
        if busy or self.rates.suspended:
            state = "suspended" if self.rates.suspended else "a bolus was still being delivered"
            self._blame(f"bolus accepted at {at_us} us while {state}")
        if normal_uu >= self.stroke_uu:
            self.normal = Bolus(Entry(0, "normal", at_us), normal_uu // self.stroke_uu)
        if square_uu >= self.stroke_uu:
            self.square = Bolus(Entry(0, "square", at_us), square_uu // self.stroke_uu, duration_us)

    def _abandon_whole(self) -> None:
        """A suspend keeps the fraction and abandons the strokes that wait."""
        whole = max(0, self.basal.waiting(self.stroke_q))
        self.basal.owed_q -= whole * self.stroke_q
        self.report.abandoned_strokes += whole
        self.basal_from_us = NEVER_US
        self._abandon_boluses()

    def _withheld(self, at_us: int) -> None:
        from_us = self._owed_from_us()
        if from_us > at_us:
            self._blame(f"a stroke was withheld at {at_us} us that was not owed")
        if self.normal is not None:
            self._abandon_normal()
        else:
            self.report.abandoned_strokes += 1
            self._take_one(at_us)


def _one_less(bolus: Bolus) -> Bolus | None:
    bolus.entry.commanded += 1
    return bolus if bolus.left else None
