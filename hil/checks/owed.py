"""DOSE-1 on raw strokes: was the pump ever ahead, ever late, and is anything missing?

Works from what the bench saw on the motor pins and from the commands the device accepted, and from nothing else: it
shares no code and no method with the scheduler. The scheduler steps a due time on from stroke to stroke; here the
programmed volume is integrated again from the last command, in exact integers.

Unit inside: one quantum is 1 mU/h for 1 µs, so that rate times time is an integer; 1 µU is 3 600 000 quanta.

Why looking at event instants is looking at every instant: between two events (a stroke, a command) owed is a straight
line that never falls. Its least value lies just after an event and its greatest just before one, and both are taken.
A stroke that ought to have started between two events shows at the later one, as lateness.

Held back is not late: a stroke may start when it is owed in full *and* the spacing since the last start is over. While
a normal bolus is in progress its strokes take every slot, so the others wait by the same rule; while suspended nothing
comes to be owed. Lateness counts from that first allowed instant, in whole µs; in logical time every stroke has 0.

Basal and a square bolus owe strokes each by itself: two halves are not one. Whose a stroke was cannot be seen on the
pins; it is taken for basal that waited at the last stroke or command, else for a square stroke that did, else for the
one owed first. That matters only for what a cancelled bolus leaves.

A board with a processor starts a little late (DOSE-6 allows 50 µs). `tolerance_us` says how late is not blamed. A
stroke within it is taken as if it had come when it was allowed, so that everything else stays exact, and lateness that
adds up from stroke to stroke soon shows.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from hil.checks.schedule import Command, Schedule, Square

__all__ = ["Command", "OwedReport", "check"]

QUANTA_PER_UU = 3_600_000
UU_PER_MU = 1_000
VIOLATIONS_KEPT = 100


@dataclass
class OwedReport:
    """What check() found. Volumes in µU, exact.

    min_owed_uu below 0: the pump was ahead. max_owed_uu counts time held back as well (a bolus of 30 U is owed at
    once). worst_lateness_us is how long a stroke that was free to start waited at most, worst_held_us how long one that
    was owed was rightly held back. `violations` keeps the first 100 of `violation_count`.
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
        """Nothing was found."""
        return self.violation_count == 0


class _Ledger:
    """What is owed, replayed command by command and stroke by stroke."""

    def __init__(self, stroke_uu: int, spacing_us: int, tolerance_us: int) -> None:
        self.report = OwedReport()
        self.tolerance_us = tolerance_us
        self.stroke_q = stroke_uu * QUANTA_PER_UU
        self.stroke_uu = stroke_uu
        self.spacing_us = spacing_us
        self.schedule = Schedule()
        self.rate = 0  # in force
        self.since_us = 0  # basal_q was owed at this instant, and the rate has run since
        self.basal_q = 0
        self.basal_from_us: int | None = None  # when the first basal stroke not taken is owed in full
        self.bolus_left = 0  # normal
        self.bolus_from_us = 0
        self.square = Square()
        self.seen_us = 0  # the last stroke or command
        self.slot_us = 0  # end of the spacing after the last stroke
        self.last_us: int | None = None
        self.min_q = 0
        self.max_q = 0

    def advance(self, at_us: int) -> None:
        """Whatever changes by itself up to at_us takes effect, each at its own instant."""
        while (change_us := self.schedule.next_change_us()) is not None and change_us <= at_us:
            self.schedule.change(change_us)
            self.rebase(change_us)

    def owed_q(self, at_us: int) -> int:
        owed_q = self.basal_q + self.rate * (at_us - self.since_us) + self.bolus_left * self.stroke_q
        return owed_q + self.square.owed_q(at_us, self.stroke_q) if self.square.left else owed_q

    def square_is_next(self) -> bool:
        """Not basal, when no normal bolus is in progress."""
        square_us, basal_us = self.square.owed_from_us(), self.basal_from_us
        if square_us is None or basal_us is None:
            return basal_us is None and square_us is not None
        waited_us = self.seen_us
        return basal_us > waited_us and (square_us <= waited_us or square_us < basal_us)

    def owed_from_us(self) -> int | None:
        if self.bolus_left:
            return self.bolus_from_us
        return self.square.owed_from_us() if self.square_is_next() else self.basal_from_us

    def allowed_us(self) -> int | None:
        """First instant at which the next stroke may start; None if none is coming."""
        from_us = self.owed_from_us()
        return None if from_us is None else max(from_us, self.slot_us)

    def look_for_basal(self) -> None:
        missing_q = self.stroke_q - self.basal_q
        if missing_q <= 0:
            self.basal_from_us = self.since_us
        elif self.rate:
            self.basal_from_us = self.since_us - (-missing_q // self.rate)
        else:
            self.basal_from_us = None

    def rebase(self, at_us: int) -> None:
        """The rate in force changes; what is owed, and since when, stays."""
        waiting_from_us = self.basal_from_us
        self.basal_q += self.rate * (at_us - self.since_us)
        self.since_us = at_us
        self.rate = self.schedule.in_force()
        self.look_for_basal()
        if waiting_from_us is not None and waiting_from_us < at_us:
            self.basal_from_us = waiting_from_us

    def blame(self, text: str) -> None:
        self.report.violation_count += 1
        if len(self.report.violations) < VIOLATIONS_KEPT:
            self.report.violations.append(text)

    def late(self, lateness_us: int) -> None:
        self.report.worst_lateness_us = max(self.report.worst_lateness_us, lateness_us)

    def see(self, at_us: int) -> None:
        owed_q = self.owed_q(at_us)
        self.min_q = min(self.min_q, owed_q)
        self.max_q = max(self.max_q, owed_q)

    def nothing_missing(self, at_us: int, what: str) -> None:
        """Called just before something happens at at_us that is not a stroke."""
        self.advance(at_us)
        self.see(at_us)
        allowed_us = self.allowed_us()
        if allowed_us is not None and allowed_us + self.tolerance_us < at_us:
            self.late(at_us - allowed_us)
            self.blame(f"no stroke at {allowed_us} us although one was owed and free to start; {what} at {at_us} us")

    def stroke(self, at_us: int) -> None:
        report = self.report
        report.strokes += 1
        self.advance(at_us)
        allowed_us = self.allowed_us()
        if allowed_us is not None and allowed_us < at_us <= allowed_us + self.tolerance_us:
            self.late(at_us - allowed_us)
            at_us = max(allowed_us, self.seen_us)
        owed_q = self.owed_q(at_us)
        self.max_q = max(self.max_q, owed_q)
        if self.last_us is not None and at_us < self.slot_us:
            gap_us = at_us - self.last_us
            self.blame(
                f"stroke {report.strokes} at {at_us} us: {gap_us} us after the last, spacing {self.spacing_us} us"
            )
        from_us = self.owed_from_us()
        if from_us is None or from_us > at_us:
            state = "suspended" if self.schedule.suspended else "running"
            self.blame(
                f"stroke {report.strokes} at {at_us} us is early: "
                f"owed {float(owed_q / QUANTA_PER_UU):.3f} of {self.stroke_uu} uU ({state})"
            )
        elif allowed_us is not None:
            if at_us > allowed_us:
                self.late(at_us - allowed_us)
                self.blame(f"stroke {report.strokes} at {at_us} us is {at_us - allowed_us} us late")
            report.worst_held_us = max(report.worst_held_us, allowed_us - from_us)
        self.take_one(at_us)
        self.min_q = min(self.min_q, owed_q - self.stroke_q)
        self.last_us = at_us
        self.slot_us = at_us + self.spacing_us

    def take_one(self, at_us: int) -> None:
        if self.bolus_left:
            self.bolus_left -= 1
        elif self.square_is_next():
            self.square.taken += 1
        else:
            self.basal_q -= self.stroke_q
            self.look_for_basal()
        self.seen_us = at_us

    def abandon_normal(self) -> None:
        self.report.abandoned_strokes += self.bolus_left
        self.bolus_left = 0

    def abandon_boluses(self) -> None:
        self.abandon_normal()
        self.report.abandoned_strokes += self.square.left
        self.square = Square()

    def command(self, command: Command) -> None:
        at_us, name, values = command
        if name == "withheld":
            self.advance(at_us)
            self.withheld(at_us)
        else:
            self.nothing_missing(at_us, name)
            least_mu_per_h, before_mu_per_h = int(values.get("rate_mu_per_h", 0)), self.schedule.in_force()
            if name == "suspend" and least_mu_per_h > before_mu_per_h:
                self.blame(f"suspended at {at_us} us to {least_mu_per_h} mU/h, more than the {before_mu_per_h} before")
            if self.schedule.command(at_us, name, values):
                self.rebase(at_us)
                if self.schedule.suspended and name in ("suspend", "stop"):
                    self.abandon_whole()
            elif name == "bolus":
                normal_uu = int(values.get("volume_mu", 0)) * UU_PER_MU
                square_uu = int(values.get("square_mu", 0)) * UU_PER_MU
                self.bolus(at_us, normal_uu, square_uu, int(values.get("duration_us", 0)))
            elif name == "cancel_bolus":
                self.abandon_boluses()
            elif name != "wake":
                raise ValueError(f"command {name!r} at {at_us} us is unknown to this check")
        self.see(at_us)
        self.seen_us = at_us

    def bolus(self, at_us: int, normal_uu: int, square_uu: int, duration_us: int) -> None:
        for volume_uu in (normal_uu, square_uu):
            if volume_uu % self.stroke_uu:
                self.blame(
                    f"bolus of {volume_uu} uU accepted at {at_us} us: not a whole number of {self.stroke_uu} uU strokes"
                )
        busy = (normal_uu and self.bolus_left) or (square_uu and self.square.left)
        if busy or self.schedule.suspended:
            state = "suspended" if self.schedule.suspended else "a bolus was still being delivered"
            self.blame(f"bolus accepted at {at_us} us while {state}")
        if normal_uu:
            self.bolus_left += normal_uu // self.stroke_uu
            self.bolus_from_us = at_us
        if square_uu:
            self.square = Square(at_us, square_uu // self.stroke_uu, duration_us)

    def abandon_whole(self) -> None:
        """A suspend keeps the fraction and abandons the strokes that wait."""
        whole = max(0, self.basal_q // self.stroke_q)
        self.basal_q -= whole * self.stroke_q
        self.report.abandoned_strokes += whole
        self.basal_from_us = None
        self.abandon_boluses()

    def withheld(self, at_us: int) -> None:
        from_us = self.owed_from_us()
        if from_us is None or from_us > at_us:
            self.blame(f"a stroke was withheld at {at_us} us that was not owed")
        if self.bolus_left:
            self.abandon_normal()
        else:
            self.report.abandoned_strokes += 1
            self.take_one(at_us)


def _ascending(times_us: Iterable[int], what: str) -> None:
    last_us = 0
    for at_us in times_us:
        if at_us < last_us:
            raise ValueError(f"{what} at {at_us} us follows one at {last_us} us: times must not run back from 0 on")
        last_us = at_us


def check(
    strokes_start_us: Sequence[int],
    commands: Sequence[Command],
    *,
    stroke_uu: int,
    spacing_us: int,
    end_us: int,
    tolerance_us: int = 0,
) -> OwedReport:
    """Judge strokes (start times, µs, ascending) against accepted commands (ascending) up to end_us.

    A stroke may start up to tolerance_us late: 0 in logical time, 50 on a board (DOSE-6).

    stroke_uu is the programmed volume of a stroke, spacing_us the least time from start to start. Before the first
    command nothing is programmed. A stroke and a command at the same µs: the stroke came first if it was owed then.
    A stroke due at end_us itself may be there or not.

    Raises ValueError for times that run back, a command that is not known, or strokes after end_us.
    Implements: DOSE-1, DOSE-2, DOSE-4, DOSE-5 (as the bench's own check)
    """
    _ascending(strokes_start_us, "stroke")
    _ascending((command.at_us for command in commands), "command")
    if strokes_start_us and strokes_start_us[-1] > end_us:
        raise ValueError(f"stroke at {strokes_start_us[-1]} us lies after the end of the run at {end_us} us")
    ledger = _Ledger(stroke_uu, spacing_us, tolerance_us)
    upcoming = 0
    count = len(strokes_start_us)
    for command in commands:
        if command.at_us > end_us:
            break
        while upcoming < count:
            at_us = strokes_start_us[upcoming]
            if at_us > command.at_us:
                break
            if at_us == command.at_us:
                ledger.advance(at_us)
                allowed_us = ledger.allowed_us()
                if allowed_us is None or allowed_us > at_us:
                    break
            ledger.stroke(at_us)
            upcoming += 1
        ledger.command(command)
    for at_us in strokes_start_us[upcoming:]:
        ledger.stroke(at_us)
    ledger.nothing_missing(end_us, "end of run")
    report = ledger.report
    report.min_owed_uu = Fraction(ledger.min_q, QUANTA_PER_UU)
    report.max_owed_uu = Fraction(ledger.max_q, QUANTA_PER_UU)
    if report.min_owed_uu < 0:
        report.violation_count += 1
        report.violations.append(f"ahead: owed fell to {float(report.min_owed_uu):.6f} uU")
    return report
