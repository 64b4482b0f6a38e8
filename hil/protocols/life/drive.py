"""One life: the plan's events in their order, a patient and a clinic that act on them, and checks every day.

Implements: PWR-1 (bench side), STORE-4 (writes counted)
"""

from __future__ import annotations

import heapq
import os
import time
from collections.abc import Callable
from functools import partial

from hil.bench import Bench
from hil.oracle import strokes
from hil.protocols.life import plan as habits
from hil.protocols.life.acts import DAY_US, US_PER_S, Outcome, People
from hil.protocols.life.judge import Log, Programmed, conserved
from hil.protocols.life.orders import CLOCK_SLACK_S, in_use_s
from hil.protocols.life.patient import Patient
from hil.protocols.said import LOG_LINES, ask, failure

DAYS_EXPLAINED = 5  # days with violations after which the pump is asked for its alarms and log
SPACING_US = 2_000_000  # DOSE-4, strokes of 500 nl


class Life:
    """`days` days of the life that `seed` draws. Calls `tell(day)` after each."""

    def __init__(self, days: int, seed: int, tell: Callable[[int], None] = lambda day: None) -> None:
        self.plan = habits.draw(days, seed)
        self.outcome = Outcome(days, seed)
        self._seed = seed
        self._tell = tell
        self._ran_id = 1  # the delivery that was running at the last check
        self._explained = 0  # violations that have been asked about
        self._abandoned = 0  # strokes given up; the status counts only those of the latest boluses

    def live(self) -> Outcome:
        """Run the whole life and return its outcome."""
        start_s, before_s = time.perf_counter(), sum(os.times()[:4])
        outcome = self.outcome
        patient = Patient(self._seed)
        with Bench(patient) as bench:
            self.people = People(self.plan, outcome, patient, bench)
            self._programmed = Programmed(bench.board.stroke_uu)
            self._log = Log(outcome.violations)
            self.people.implant()
            for day in range(self.plan.days):
                self._day(day)
                self._tell(day + 1)
            outcome.simulated_s = bench.now_us / US_PER_S
            outcome.strokes = len(bench.stroke_starts_us)
            self._read_log()
            self._end_of_life()
            if outcome.violations.count:
                outcome.said_last = ask(self.people.programmer, max(0, self._log.last_number - LOG_LINES))
        outcome.heap_bytes = int(bench.board.last_words.rpartition("heap in use:")[2])
        self.judge_strokes()
        outcome.wall_s = time.perf_counter() - start_s
        # User and system time of bench and device: the cost on a machine that others use too.
        outcome.cpu_s = sum(os.times()[:4]) - before_s
        return outcome

    # A day

    def _day(self, day: int) -> None:
        plan, people = self.plan, self.people
        events: list[tuple[int, int, Callable[[], object]]] = []

        def at(second: int, what: Callable[[], object]) -> None:
            heapq.heappush(events, (second, len(events), what))

        if day % habits.QUARTER_DAYS == 0 and day:
            at(0, partial(people.select, plan.pattern(day)))
        for number, (second, volume_mu) in enumerate(habits.BOLUSES):
            at(second, partial(people.bolus, day, number, volume_mu))
        if day % habits.LOOP_DAY == habits.LOOP_DAY // 2:
            for number in range(habits.LOOP_TIMES):
                at(habits.LOOP_S + 1800 * number, people.recommend)
            at(habits.LOOP_LAPSED_S, people.acknowledge)
        else:
            for weekday, second, kind, value, minutes in habits.TEMPS:
                if day % 7 == weekday:
                    at(second, partial(people.temp, kind, value, minutes))
        if day in plan.occlusions:
            people.close_catheter(day * DAY_US + plan.occlusions[day] * US_PER_S)
        if day in plan.clock:
            at(habits.CLOCK_S, partial(people.move_clock, plan.clock[day]))
        if day in plan.refills:
            if day in plan.rinses:
                at(habits.REFILL_S - habits.CLINIC_DAY_S, people.clinic_day)
            else:
                at(habits.REFILL_S - habits.REFILL_TAKES_S, people.guided_refill)
            at(habits.REFILL_S, people.refill)
        self._four_weeks(day % habits.WEEKS_4, at)
        if day % habits.CONTACT_DAYS == habits.CONTACT_DAYS - 1:
            at(habits.CONTACT_S, partial(self._contact, day))
        while events:
            second, _, what = heapq.heappop(events)
            self._go_to(day * DAY_US + second * US_PER_S)
            what()
        self._go_to((day + 1) * DAY_US - US_PER_S)
        self._check(day)
        self._ask_why(day)

    def _ask_why(self, day: int) -> None:
        """After a day with violations, ask the pump for its alarms and the log of that time."""
        outcome = self.outcome
        found = outcome.violations.shown[self._explained :]
        self._explained += len(found)
        if found and len(outcome.failures) < DAYS_EXPLAINED:
            said = ask(self.people.programmer, max(0, self._log.last_number - LOG_LINES))
            outcome.failures.append(failure(f"day {day}", found, said))

    def _four_weeks(self, day: int, at: Callable[[int, Callable[[], object]], None]) -> None:
        people = self.people
        if day == habits.SUSPEND_DAY:
            at(habits.AFTERNOON_S, people.suspend)
            at(habits.AFTERNOON_S + habits.SUSPENDED_S, people.end_suspend)
        elif day == habits.GIVE_UP_TEMP_DAY:
            at(habits.AFTERNOON_S, partial(people.temp, *habits.GIVEN_UP_TEMP))
            at(habits.AFTERNOON_S + habits.GIVE_UP_TEMP_AFTER_S, people.give_up_temp)
        elif day == habits.GIVE_UP_SQUARE_DAY:
            at(habits.BOLUSES[1][0] + habits.GIVE_UP_SQUARE_AFTER_S, people.give_up_bolus)

    def _go_to(self, at_us: int) -> None:
        """Let time pass. A catheter that has been closed for long enough is opened on the way."""
        if self.people.stopped_at_us is not None:
            open_us = self.people.stopped_at_us + habits.OCCLUDED_S * US_PER_S
            if open_us <= at_us:
                self.people.bench.run_until_us(max(open_us, self.people.bench.now_us))
                self.people.open_catheter()
        if at_us > self.people.bench.now_us:
            self.people.bench.run_until_us(at_us)

    def _contact(self, day: int) -> None:
        self.people.programmer.hello()
        self._read_log()
        self.people.acknowledge()
        self.people.count("contacts")
        self.people.patient.encapsulate(habits.ENCAPSULATION ** (day / habits.DAYS), self.people.bench.now_us)
        energy = self.people.programmer.call("read_energy")
        writes = self.people.bench.board.memory.writes_per_cell
        self.outcome.series.append(
            {
                "day": day,
                "strokes": len(self.people.bench.stroke_starts_us),
                "reservoir_ml": self.people.patient.reservoir_nl / 1e6,
                "most_writes": int(writes.max()),
                "tau_ms": self.people.patient.tau_us / 1000,
                "events": self._log.last_number,
                "battery_mah": energy["battery_left_nah"] / 1e6,
            }
        )

    def _read_log(self) -> None:
        self._log.take(list(self.people.programmer.events(self._log.last_number)))

    # Daily and final checks

    def _check(self, day: int) -> None:
        bench, violations = self.people.bench, self.outcome.violations
        status = self.people.programmer.status()
        if status.state != "running" and self.people.stopped_at_us is None:
            self.people.look_why()
        conserved(status, bench.stroke_starts_us, violations, day)
        self._take_deliveries()
        self._programmed.take(self.people.follower.commands, status.now_us)
        owed_strokes = self._programmed.owed_strokes(status.strokes_commanded, self._abandoned)
        if not 0 <= owed_strokes < 1:
            violations.add(f"day {day}: {owed_strokes:.3f} strokes owed at its end")
        if abs((status.utc_s or 0) - self.people.follower.clock_s(status.now_us)) > CLOCK_SLACK_S:
            violations.add(f"day {day}: the clock shows {status.utc_s} s")
        left_mu = self.people.patient.reservoir_nl * 0.4
        if abs(status.reservoir_mu - left_mu) > 0.01 * habits.LEFT_NL * 0.4:
            violations.add(
                f"day {day}: {status.reservoir_mu} mU in the reservoir by computation, {left_mu:.0f} in truth"
            )
        self.people.patient.forget_strokes()
        if self.people.patient.unaccounted_pl:
            violations.add(f"day {day}: {self.people.patient.unaccounted_pl} pl are unaccounted for")

    def _take_deliveries(self) -> None:
        """Read the new deliveries, and the stretch of basal that was running at the last check: it may have ended."""
        records = list(self.people.programmer.deliveries(self._ran_id - 1))
        self._abandoned += sum(each.abandoned_strokes for each in records if each.end_us)
        self._ran_id = next((each.id for each in records if not each.end_us), records[-1].id + 1)
        self.people.follower.take(records)

    def _end_of_life(self) -> None:
        bench, outcome = self.people.bench, self.outcome
        status = self.people.programmer.status()
        running = [each.delivered_strokes for each in self.people.programmer.deliveries() if not each.end_us]
        told = self._log.delivered + sum(running)
        if told != status.strokes_delivered:
            outcome.violations.add(f"the log reports {told} strokes, {status.strokes_delivered} were delivered")
        memory = bench.board.memory
        outcome.memory = {
            "most_writes_of_a_cell": int(memory.writes_per_cell.max()),
            "bytes_written": int(memory.writes_per_cell.sum(dtype="uint64")),
            "write_calls": memory.writes,
            "events": self._log.last_number,
            "event_counts": self._log.counts,
        }
        outcome.energy = self.people.programmer.call("read_energy")
        outcome.link_s = in_use_s(self.people.programmer.exchanged_us)
        outcome.strokes_by_kind = self._log.by_kind
        outcome.worst_refill_tenths = max(outcome.worst_refill_tenths, self._log.worst_refill_tenths, key=abs)
        refills = sum(outcome.counts.get(name, 0) for name in ("refills", "procedure refill", "procedure rinse"))
        if self._log.refills != refills:
            outcome.violations.add(f"the log reports {self._log.refills} refills, there were {refills}")
        opened = outcome.counts.get("catheters opened", 0)
        if opened != len(self.plan.occlusions):
            outcome.violations.add(f"{opened} of {len(self.plan.occlusions)} closed catheters found")

    def judge_strokes(self) -> None:
        """Judge every stroke of the life at its instant (DOSE-1, DOSE-2, DOSE-4, DOSE-5)."""
        bench = self.people.bench
        end_us = (bench.now_us // DAY_US + 1) * DAY_US - US_PER_S
        report = strokes.check(
            bench.stroke_starts_us,
            self.people.follower.commands,
            stroke_uu=bench.board.stroke_uu,
            spacing_us=SPACING_US,
            end_us=min(end_us, bench.now_us),
        )
        self.outcome.worst_lateness_us = report.worst_lateness_us
        for text in report.violations:
            self.outcome.violations.add(text)
        self.outcome.violations.count += report.violation_count - len(report.violations)
