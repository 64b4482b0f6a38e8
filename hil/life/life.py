"""One life: the plan's events in their order, a patient and a clinic that do what people do, checks every day.

Implements: PWR-1 (bench side), STORE-4 (writes counted)
"""

from __future__ import annotations

import bisect
import heapq
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from hil.backends.backed import EPOCH_S
from hil.bench import Bench
from hil.checks import owed
from hil.checks.schedule import Command
from hil.life import plan as habits
from hil.life.books import Log, Programmed, Violations, conserved
from hil.life.patient import Patient
from host.errors import Refused

US_PER_S = 1_000_000
DAY_US = habits.DAY_S * US_PER_S
SPACING_US = 2_000_000  # DOSE-4, strokes of 500 nl
_KNOWN = ("set_basal", "bolus", "cancel_bolus", "suspend", "resume")
# Most that a closed catheter may cost before the pump says so: OCC-1, 3 strokes on the implant mechanism, and one that
# is in progress.
MISSED_STROKES_MAX = 4


@dataclass
class Outcome:
    """What came of a life. `series` holds a row for each week, for the plots."""

    days: int
    seed: int
    strokes: int = 0
    violations: Violations = field(default_factory=Violations)
    wall_s: float = 0.0
    simulated_s: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)
    occlusions: list[dict[str, Any]] = field(default_factory=list)
    memory: dict[str, Any] = field(default_factory=dict)
    worst_lateness_us: int = 0
    energy: dict[str, int] = field(default_factory=dict)
    heap_bytes: int = 0
    series: list[dict[str, float]] = field(default_factory=list)


class Life:
    """`days` days of the life that `seed` draws; `tell(day)` after each."""

    def __init__(self, days: int, seed: int, tell: Callable[[int], None] = lambda day: None) -> None:
        self.plan = habits.draw(days, seed)
        self.outcome = Outcome(days, seed)
        self._seed = seed
        self._tell = tell
        self._stopped_at_us: int | None = None
        self._clock_moved_s = 0
        self._link_us = 0

    def live(self) -> Outcome:
        """Live it."""
        start_s = time.perf_counter()
        outcome = self.outcome
        self.patient = Patient(self._seed)
        with Bench(self.patient) as bench:
            self.bench = bench
            bench.programmer.hello()
            self._programmed = Programmed(bench.board.stroke_uu)
            self._log = Log(outcome.violations)
            for day in range(self.plan.days):
                self._day(day)
                self._tell(day + 1)
            outcome.simulated_s = bench.now_us / US_PER_S
            outcome.strokes = len(bench.stroke_starts_us)
            self._read_log()
            self._end_of_life()
        outcome.heap_bytes = int(bench.board.last_words.rpartition("heap in use:")[2])
        self._judge_strokes()
        outcome.wall_s = time.perf_counter() - start_s
        return outcome

    # A day

    def _day(self, day: int) -> None:
        events: list[tuple[int, int, Callable[[], None]]] = []

        def at(second: int, what: Callable[[], None]) -> None:
            heapq.heappush(events, (second, len(events), what))

        rates = habits.PATTERNS[self.plan.pattern(day)]
        for hour, rate in zip(habits.PATTERN_H, rates, strict=True):
            at(hour * 3600, partial(self._set_basal, rate))
        for second, volume_mu in habits.BOLUSES:
            at(second, partial(self._bolus, volume_mu))
        if day in self.plan.occlusions:
            onset_us = day * DAY_US + self.plan.occlusions[day] * US_PER_S
            self.patient.close_catheter(onset_us)
            self._occluded_us = onset_us
        if day in self.plan.clock:
            at(habits.CLOCK_S, lambda: self._move_clock(self.plan.clock[day]))
        if day in self.plan.rinses:
            at(habits.REFILL_S - habits.RINSE_S, self._begin_rinse)
        if day in self.plan.refills:
            at(habits.REFILL_S, lambda: self._refill(day in self.plan.rinses))
        if day % habits.CONTACT_DAYS == habits.CONTACT_DAYS - 1:
            at(habits.CONTACT_S, lambda: self._contact(day))
        while events:
            second, _, what = heapq.heappop(events)
            self._go_to(day * DAY_US + second * US_PER_S)
            what()
        self._go_to((day + 1) * DAY_US - US_PER_S)
        self._check(day)

    def _go_to(self, at_us: int) -> None:
        """Let time pass; a catheter that has been closed for long enough is seen to on the way."""
        if self._stopped_at_us is not None:
            open_us = self._stopped_at_us + habits.OCCLUDED_S * US_PER_S
            if open_us <= at_us:
                self.bench.run_until_us(max(open_us, self.bench.now_us))
                self._open_catheter()
        if at_us > self.bench.now_us:
            self.bench.run_until_us(at_us)

    # What people do

    def _order(self, order: Callable[[], object]) -> bool:
        """Give an order; if the pump has stopped by itself, look why. Returns whether it was accepted."""
        before_us = self.bench.now_us
        try:
            order()
            accepted = True
        except Refused as refused:
            accepted = False
            self._count("refused")
            if refused.code != "wrong_state":
                self.outcome.violations.add(f"{self.bench.now_us} us: an order was refused: {refused}")
            self._look_why()
        self._link_us += self.bench.now_us - before_us
        return accepted

    def _set_basal(self, rate_mu_per_h: int) -> None:
        self._order(lambda: self.bench.programmer.set_basal(rate_mu_per_h))

    def _bolus(self, volume_mu: int) -> None:
        if self._order(lambda: self.bench.programmer.bolus(volume_mu)):
            self._count("boluses")

    def _look_why(self) -> None:
        """Delivery has stopped: the finding must be the catheter, and the catheter must be closed."""
        if self._stopped_at_us is not None:
            return
        known = len(self.bench.commands)
        found = self.bench.programmer.read_diagnosis()
        del self.bench.commands[known:]  # a question, though its reply tells a time
        # The stretch of basal that ended for another reason than a new rate ended with the stop.
        stretches = [each for each in self.bench.programmer.deliveries() if each.kind == "basal" and each.end_us]
        at_us = [each.end_us for each in stretches if each.reason != "superseded"][-1]
        self._stopped_at_us = at_us
        # Orders may have been accepted since; the check wants them in their order.
        bisect.insort(self.bench.commands, Command(at_us, "suspend"), key=lambda each: each.at_us)
        if found.diagnosis != "occlusion" or found.at_us < self._occluded_us:
            self.outcome.violations.add(f"{found.at_us} us: the pump stopped and found {found.diagnosis}")
        missed = sum(1 for each in self.bench.stroke_starts_us[-40:] if self._occluded_us <= each <= found.at_us)
        if missed > MISSED_STROKES_MAX:
            self.outcome.violations.add(f"{found.at_us} us: {missed} strokes against a closed catheter")
        row = {"day": found.at_us // DAY_US, "strokes": missed, "missed_mu": found.missed_mu}
        self.outcome.occlusions.append(row | {"seconds": round((found.at_us - self._occluded_us) / US_PER_S)})

    def _open_catheter(self) -> None:
        self._stopped_at_us = None
        self.patient.clear(self.bench.now_us)
        self._order(self.bench.programmer.resume)
        self._count("occlusions")

    def _begin_rinse(self) -> None:
        self._order(self.bench.programmer.suspend)

    def _refill(self, rinsed: bool) -> None:
        self.patient.forget_strokes()
        self.patient.refill()
        self._count("refills")
        if rinsed:
            self._order(self.bench.programmer.resume)
            self._count("rinses")

    def _move_clock(self, seconds: int) -> None:
        status = self.bench.programmer.status()
        self._order(lambda: self.bench.programmer.set_time(status.utc_s + seconds))
        self._clock_moved_s += seconds
        self._count("clock_changes")

    def _contact(self, day: int) -> None:
        before_us = self.bench.now_us
        self.bench.programmer.hello()
        self._read_log()
        self._link_us += self.bench.now_us - before_us
        self._count("contacts")
        self.patient.encapsulate(habits.ENCAPSULATION ** (day / habits.DAYS), self.bench.now_us)
        writes = self.bench.board.memory.writes_per_cell
        self.outcome.series.append(
            {
                "day": day,
                "strokes": len(self.bench.stroke_starts_us),
                "reservoir_ml": self.patient.reservoir_nl / 1e6,
                "most_writes": int(writes.max()),
                "tau_ms": self.patient.tau_us / 1000,
                "events": self._log.last_number,
                "wakes": self.bench.board.exchanges,
                "bytes_written": int(writes.sum(dtype="uint64")),
                "link_us": self._link_us,
            }
        )

    def _read_log(self) -> None:
        self._log.take(list(self.bench.programmer.events(self._log.last_number)))

    def _count(self, what: str) -> None:
        self.outcome.counts[what] = self.outcome.counts.get(what, 0) + 1

    # What must be so

    def _check(self, day: int) -> None:
        bench, violations = self.bench, self.outcome.violations
        status = bench.programmer.status()
        if status.state != "running" and self._stopped_at_us is None:
            self._look_why()
        conserved(status, len(bench.stroke_starts_us), violations, day)
        self._programmed.take(bench.commands, status.now_us)
        owed_strokes = self._programmed.owed_strokes(status.strokes_commanded, status.strokes_abandoned)
        if not 0 <= owed_strokes < 1:
            violations.add(f"day {day}: {owed_strokes:.3f} strokes owed at its end")
        utc_s = EPOCH_S + self._clock_moved_s + status.now_us // US_PER_S
        if abs(status.utc_s - utc_s) > self.outcome.counts.get("clock_changes", 0) + 2:
            violations.add(f"day {day}: the clock shows {status.utc_s} s")
        self.patient.forget_strokes()
        if self.patient.unaccounted_pl:
            violations.add(f"day {day}: {self.patient.unaccounted_pl} pl are nowhere")

    def _end_of_life(self) -> None:
        bench, outcome = self.bench, self.outcome
        status = bench.programmer.status()
        told = self._log.delivered + sum(
            each.delivered_strokes for each in bench.programmer.deliveries() if not each.end_us
        )
        if told != status.strokes_delivered:
            outcome.violations.add(f"the log tells of {told} strokes, {status.strokes_delivered} were delivered")
        memory = bench.board.memory
        outcome.memory = {
            "most_writes_of_a_cell": int(memory.writes_per_cell.max()),
            "bytes_written": int(memory.writes_per_cell.sum(dtype="uint64")),
            "write_calls": memory.writes,
            "events": self._log.last_number,
            "event_counts": self._log.counts,
        }
        outcome.energy = {"wakes": bench.board.exchanges, "link_us": self._link_us}
        if set(self.plan.occlusions) and outcome.counts.get("occlusions", 0) != len(self.plan.occlusions):
            outcome.violations.add(
                f"{outcome.counts.get('occlusions', 0)} of {len(self.plan.occlusions)} occlusions found"
            )

    def _judge_strokes(self) -> None:
        """Every stroke of the life at its instant (DOSE-1, DOSE-2, DOSE-4, DOSE-5)."""
        bench = self.bench
        commands = [each for each in bench.commands if each.name in _KNOWN]
        report = owed.check(
            bench.stroke_starts_us,
            commands,
            stroke_uu=bench.board.stroke_uu,
            spacing_us=SPACING_US,
            end_us=bench.now_us,
        )
        self.outcome.worst_lateness_us = report.worst_lateness_us
        for text in report.violations:
            self.outcome.violations.add(text)
        self.outcome.violations.count += report.violation_count - len(report.violations)
