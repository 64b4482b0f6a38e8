"""One life: the plan's events in their order, a patient and a clinic that do what people do, checks every day.

Implements: PWR-1 (bench side), STORE-4 (writes counted)
"""

from __future__ import annotations

import heapq
import os
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from firmware.protocol import PROCEDURES
from hil.backends.backed import EPOCH_S
from hil.bench import Bench
from hil.checks import owed
from hil.life import plan as habits
from hil.life.books import Log, Programmed, Violations, conserved
from hil.life.orders import CLOCK_SLACK_S, Follower, Recorder
from hil.life.patient import Patient
from host.errors import Refused
from host.records import Settings

US_PER_S = 1_000_000
DAY_US = habits.DAY_S * US_PER_S
SPACING_US = 2_000_000  # DOSE-4, strokes of 500 nl
# Most that a closed catheter may cost before the pump says so: OCC-1, 3 strokes on the implant mechanism, and one that
# is in progress.
MISSED_STROKES_MAX = 4
# The plant's mean stroke is right; weights are rounded to a mg (0.1 % of the least interval's 4.5 ml at most).
REFILL_TENTHS_MAX = 5
STROKE_MU = 200
DENSITY_MG_PER_ML = 1005


@dataclass
class Outcome:
    """What came of a life. `series` holds a row for each week, for the plots."""

    days: int
    seed: int
    strokes: int = 0
    violations: Violations = field(default_factory=Violations)
    wall_s: float = 0.0
    cpu_s: float = 0.0
    simulated_s: float = 0.0
    counts: dict[str, int] = field(default_factory=dict)
    occlusions: list[dict[str, Any]] = field(default_factory=list)
    worst_refill_tenths: int = 0
    alarms: dict[str, int] = field(default_factory=dict)
    memory: dict[str, Any] = field(default_factory=dict)
    worst_lateness_us: int = 0
    energy: dict[str, Any] = field(default_factory=dict)
    strokes_by_kind: dict[str, int] = field(default_factory=dict)
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
        self._at_clinic = False  # stopped by the clinic
        self._offset_min = 0
        self._ran_id = 1  # the delivery that ran at the last check
        self._abandoned = 0  # strokes; the status counts only those of the boluses that are the latest

    def live(self) -> Outcome:
        """Live it."""
        start_s, before_s = time.perf_counter(), sum(os.times()[:4])
        outcome = self.outcome
        self.patient = Patient(self._seed)
        with Bench(self.patient) as bench:
            self.bench = bench
            self.programmer = Recorder(bench.board)
            self.follower = Follower(self.programmer, outcome.violations)
            self._programmed = Programmed(bench.board.stroke_uu)
            self._log = Log(outcome.violations)
            self._implant()
            for day in range(self.plan.days):
                self._day(day)
                self._tell(day + 1)
            outcome.simulated_s = bench.now_us / US_PER_S
            outcome.strokes = len(bench.stroke_starts_us)
            self._read_log()
            self._end_of_life()
        outcome.heap_bytes = int(bench.board.last_words.rpartition("heap in use:")[2])
        self.judge_strokes()
        outcome.wall_s = time.perf_counter() - start_s
        # Bench and device, user and system: what it costs on a machine that others use too.
        outcome.cpu_s = sum(os.times()[:4]) - before_s
        return outcome

    # A day

    def _day(self, day: int) -> None:
        plan = self.plan
        events: list[tuple[int, int, Callable[[], object]]] = []

        def at(second: int, what: Callable[[], object]) -> None:
            heapq.heappush(events, (second, len(events), what))

        if day % habits.QUARTER_DAYS == 0 and day:
            at(0, partial(self._select, plan.pattern(day)))
        for number, (second, volume_mu) in enumerate(habits.BOLUSES):
            at(second, partial(self._bolus, day, number, volume_mu))
        if day % habits.LOOP_DAY == habits.LOOP_DAY // 2:
            for number in range(habits.LOOP_TIMES):
                at(habits.LOOP_S + 1800 * number, self._recommend)
        else:
            for weekday, second, kind, value, minutes in habits.TEMPS:
                if day % 7 == weekday:
                    at(second, partial(self._temp, kind, value, minutes))
        if day in plan.occlusions:
            self._occluded_us = day * DAY_US + plan.occlusions[day] * US_PER_S
            self.patient.close_catheter(self._occluded_us)
        if day in plan.clock:
            at(habits.CLOCK_S, partial(self._move_clock, plan.clock[day]))
        if day in plan.refills:
            if day in plan.rinses:
                at(habits.REFILL_S - habits.RINSE_S, self._rinse)
            else:
                at(habits.REFILL_S - habits.REFILL_TAKES_S, partial(self._stop, "refill stops"))
            at(habits.REFILL_S, self._refill)
        if day % habits.CONTACT_DAYS == habits.CONTACT_DAYS - 1:
            at(habits.CONTACT_S, partial(self._contact, day))
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

    def _order(self, order: Callable[[], object], counted: str = "") -> Any:
        """Give an order and return its reply; None if the pump has refused it because it had stopped by itself."""
        reply = None
        try:
            reply = order()
            if counted:
                self._count(counted)
        except Refused as refused:
            self._count("refused")
            if refused.code != "wrong_state":
                self.outcome.violations.add(f"{self.bench.now_us} us: an order was refused: {refused}")
            if not self._at_clinic:
                self._look_why()
        return reply

    def _implant(self) -> None:
        """Settings, patterns and the first fill."""
        programmer = self.programmer
        self._settings = programmer.read_settings()
        self._set(in_use_days=90, auto_off_min=7 * 1440)
        for pattern in habits.PATTERNS:
            staged = programmer.stage_pattern(pattern, habits.rates(pattern))
            programmer.commit_pattern(pattern, staged.fingerprint)
        self._fill()
        self._select(self.plan.pattern(0))
        self._acknowledge()

    def _set(self, **changes: Any) -> None:
        self._settings = Settings(**asdict(self._settings) | changes)
        self._order(lambda: self.programmer.set_settings(self._settings), "settings")

    def _select(self, pattern: str) -> None:
        self.follower.changes(self.bench.now_us, "pattern", habits.rates(pattern))
        self._order(lambda: self.programmer.select_pattern(pattern), "patterns selected")

    def _bolus(self, day: int, number: int, volume_mu: int) -> None:
        programmer, weekday = self.programmer, day % 7
        if number == 1 and weekday in habits.SQUARE_WEEKDAYS:
            self._order(lambda: programmer.square_bolus(volume_mu, habits.SQUARE_MIN), "square boluses")
        elif number == 1 and weekday in habits.DUAL_WEEKDAYS:
            self._order(lambda: programmer.dual_bolus(*habits.DUAL_MU, habits.SQUARE_MIN), "dual boluses")
        else:
            self._order(lambda: programmer.bolus(volume_mu), "boluses")

    def _temp(self, kind: str, value: int, minutes: int) -> None:
        self._order(lambda: self.programmer.temp_basal(kind, value, minutes), "temporary rates")

    def _recommend(self) -> None:
        self._order(
            lambda: self.programmer.recommend_rate(habits.LOOP_MU_PER_H, habits.LOOP_VALID_MIN), "recommended rates"
        )

    def _stop(self, why: str) -> None:
        self._at_clinic = self._order(self.programmer.stop, why) is not None

    def _rinse(self) -> None:
        """Sodium hydroxide, buffer, insulin; then a few strokes to see whether the catheter is open."""
        self._stop("clinic days")
        if not self._at_clinic:
            return
        for name, value in (("rinse", habits.RINSE_NL), ("patency", habits.PATENCY_PA)):
            self._procedure(name, value)

    def _procedure(self, name: str, value: int) -> None:
        """Say yes at every step, until it ends."""
        call, place = self.programmer.call, PROCEDURES.index(name)
        reply = self._order(partial(call, "start_procedure", procedure=place), name)
        while reply is not None and reply["procedure"] == name:
            self.bench.run_for(seconds=habits.STEP_S)
            step = call("read_procedure")["step"]
            reply = self._order(partial(call, "answer_procedure", step=step, choice=0, value=value))
        if reply is None or reply["procedure_end"] or not reply["fit"] or reply["until_insulin_nl"]:
            self.outcome.violations.add(f"{self.bench.now_us} us: {name} did not end as it should: {reply}")

    def _look_why(self) -> None:
        """Delivery has stopped: the finding must be the catheter, and the catheter must be closed."""
        if self._stopped_at_us is not None:
            return
        found = self.programmer.read_diagnosis()
        # The stretch of basal that ended for another reason than a new rate ended with the stop.
        stretches = [each for each in self.programmer.deliveries() if each.kind.endswith("basal") and each.end_us]
        self._stopped_at_us = [each.end_us for each in stretches if each.reason != "superseded"][-1]
        self.follower.stopped(self._stopped_at_us)
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
        self._order(self.programmer.resume, "catheters opened")
        self._acknowledge()

    def _acknowledge(self) -> None:
        """Every alarm that is latched; none may stay."""
        for alarm in self.programmer.read_alarms():
            name = f"alarm {alarm.alarm}"
            self.outcome.alarms[name] = self.outcome.alarms.get(name, 0) + 1
            if not alarm.cause_there:
                self._order(partial(self.programmer.acknowledge_alarm, alarm.alarm), "alarms acknowledged")

    def _fill(self) -> None:
        """By weight, as the worksheet wants it; the device's verdict must be that all is well."""
        self.patient.forget_strokes()
        drawn_nl = self.patient.refill(habits.LEFT_NL)
        full_mg = habits.SYRINGE_MG
        put_in_mg = round((habits.LEFT_NL + habits.TAKEN_BACK_NL) * DENSITY_MG_PER_ML / 1e6)
        drawn_mg = round(drawn_nl * DENSITY_MG_PER_ML / 1e6)
        weights = (full_mg, full_mg - put_in_mg, habits.TAKEN_BACK_NL, full_mg, full_mg + drawn_mg)
        reply = self._order(lambda: self.programmer.record_refill(*weights), "refills")
        if reply is None:
            return
        self.outcome.worst_refill_tenths = max(self.outcome.worst_refill_tenths, reply.accuracy_tenths, key=abs)
        if reply.band not in ("good", "first_refill") or abs(reply.accuracy_tenths) > REFILL_TENTHS_MAX:
            what = f"{reply.band}, {reply.accuracy_tenths / 10} %"
            self.outcome.violations.add(f"{reply.at_us} us: refill of a pump that is well: {what}")

    def _refill(self) -> None:
        self._fill()
        if self._at_clinic:  # else it had stopped before, and the catheter comes first
            self._at_clinic = False
            self._order(self.programmer.resume)

    def _move_clock(self, seconds: int) -> None:
        """By whole hours it is the local time that changes, by seconds the clock that was wrong."""
        self._count("clock changes")
        if seconds % 3600 == 0:
            self._offset_min += seconds // 60
            self.follower.changes(self.bench.now_us, "offset_s", self._offset_min * 60)
            self._set(utc_offset_min=self._offset_min)
        else:
            utc_s = self.programmer.read_time().utc_s + seconds
            reply = self._order(lambda: self.programmer.set_time(utc_s))
            self.follower.changes(reply.at_us, "moved_s", utc_s - EPOCH_S - reply.at_us // US_PER_S)

    def _contact(self, day: int) -> None:
        self.programmer.hello()
        self._read_log()
        self._acknowledge()
        self._count("contacts")
        self.patient.encapsulate(habits.ENCAPSULATION ** (day / habits.DAYS), self.bench.now_us)
        energy = self.programmer.call("read_energy")
        writes = self.bench.board.memory.writes_per_cell
        self.outcome.series.append(
            {
                "day": day,
                "strokes": len(self.bench.stroke_starts_us),
                "reservoir_ml": self.patient.reservoir_nl / 1e6,
                "most_writes": int(writes.max()),
                "tau_ms": self.patient.tau_us / 1000,
                "events": self._log.last_number,
                "battery_mah": energy["battery_left_nah"] / 1e6,
            }
        )

    def _read_log(self) -> None:
        self._log.take(list(self.programmer.events(self._log.last_number)))

    def _count(self, what: str) -> None:
        self.outcome.counts[what] = self.outcome.counts.get(what, 0) + 1

    # What must be so

    def _check(self, day: int) -> None:
        bench, violations = self.bench, self.outcome.violations
        status = self.programmer.status()
        if status.state != "running" and self._stopped_at_us is None:
            self._look_why()
        conserved(status, bench.stroke_starts_us, violations, day)
        self._take_deliveries()
        self._programmed.take(self.follower.commands, status.now_us)
        owed_strokes = self._programmed.owed_strokes(status.strokes_commanded, self._abandoned)
        if not 0 <= owed_strokes < 1:
            violations.add(f"day {day}: {owed_strokes:.3f} strokes owed at its end")
        if abs(status.utc_s - self.follower.clock_s(status.now_us)) > CLOCK_SLACK_S:
            violations.add(f"day {day}: the clock shows {status.utc_s} s")
        left_mu = self.patient.reservoir_nl * 0.4
        if abs(status.reservoir_mu - left_mu) > 0.01 * habits.LEFT_NL * 0.4:
            violations.add(
                f"day {day}: {status.reservoir_mu} mU in the reservoir by computation, {left_mu:.0f} in truth"
            )
        self.patient.forget_strokes()
        if self.patient.unaccounted_pl:
            violations.add(f"day {day}: {self.patient.unaccounted_pl} pl are nowhere")

    def _take_deliveries(self) -> None:
        """Those that are new, and the stretch of basal that ran at the last check, which may have ended since."""
        records = list(self.programmer.deliveries(self._ran_id - 1))
        self._abandoned += sum(each.abandoned_strokes for each in records if each.end_us)
        self._ran_id = next((each.id for each in records if not each.end_us), records[-1].id + 1)
        self.follower.take(records)

    def _end_of_life(self) -> None:
        bench, outcome = self.bench, self.outcome
        status = self.programmer.status()
        running = [each.delivered_strokes for each in self.programmer.deliveries() if not each.end_us]
        told = self._log.delivered + sum(running)
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
        outcome.energy = self.programmer.call("read_energy")
        outcome.strokes_by_kind = self._log.by_kind
        opened = outcome.counts.get("catheters opened", 0)
        if opened != len(self.plan.occlusions):
            outcome.violations.add(f"{opened} of {len(self.plan.occlusions)} closed catheters found")

    def judge_strokes(self) -> None:
        """Every stroke of the life at its instant (DOSE-1, DOSE-2, DOSE-4, DOSE-5)."""
        bench = self.bench
        end_us = (bench.now_us // DAY_US + 1) * DAY_US - US_PER_S
        report = owed.check(
            bench.stroke_starts_us,
            self.follower.commands,
            stroke_uu=bench.board.stroke_uu,
            spacing_us=SPACING_US,
            end_us=min(end_us, bench.now_us),
        )
        self.outcome.worst_lateness_us = report.worst_lateness_us
        for text in report.violations:
            self.outcome.violations.add(text)
        self.outcome.violations.count += report.violation_count - len(report.violations)
