"""Acts of patient and clinic in a life, order by order, and the checks they make when the pump does not obey."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from firmware.protocol import NEVER_US, PROCEDURES
from firmware.protocol.all_procedures import BY_NUMBER
from hil.backends.backed import EPOCH_S
from hil.bench import Bench
from hil.protocols.life import plan as habits
from hil.protocols.life.judge import REFILL_TENTHS_MAX, Violations
from hil.protocols.life.orders import Follower, Recorder
from hil.protocols.life.patient import Patient
from hil.protocols.said import Failure
from host.errors import Refused
from host.records import Settings

US_PER_S = 1_000_000
DAY_US = habits.DAY_S * US_PER_S
# Most strokes that a closed catheter may cost before the pump reports it: OCC-1 allows 3 on the implant mechanism, plus
# one that is in progress.
MISSED_STROKES_MAX = 4
DENSITY_MG_PER_ML = 1005


@dataclass
class Outcome:
    """The results of a life. `series` holds a row for each week, for the plots."""

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
    link_s: float = 0.0  # by the bench's clock
    sounded_s: float = 0.0  # a closed catheter's alarm
    strokes_by_kind: dict[str, int] = field(default_factory=dict)
    heap_bytes: int = 0
    series: list[dict[str, float]] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)  # days with violations, the first few
    said_last: dict[str, Any] | None = None  # by the pump, at the end of a life with violations


class People:
    """Patient and clinic of one life on `bench`. Violations are collected in `outcome`."""

    def __init__(self, plan: habits.Plan, outcome: Outcome, patient: Patient, bench: Bench) -> None:
        self.plan = plan
        self.outcome = outcome
        self.patient = patient
        self.bench = bench
        self.programmer = Recorder(bench.board, bench.programmer.keyring)
        self.follower = Follower(self.programmer, outcome.violations)
        self.stopped_at_us: int | None = None  # stopped by the pump itself
        self._at_clinic = False  # stopped by the clinic
        self._filled = False  # guided refill done, delivery not resumed since
        self._offset_min = 0
        self._occluded_us = 0

    def close_catheter(self, at_us: int) -> None:
        """Block the catheter from then on."""
        self._occluded_us = at_us
        self.patient.close_catheter(at_us)

    def _order(self, order: Callable[[], object], counted: str = "") -> Any:
        """Give an order and return its reply, or None if the pump refused it because it had stopped by itself."""
        reply = None
        try:
            reply = order()
            if counted:
                self.count(counted)
        except Refused as refused:
            self.count("refused")
            if refused.code != "wrong_state":
                self.outcome.violations.add(f"{self.bench.now_us} us: an order was refused: {refused}")
            if not self._at_clinic:
                self.look_why()
        return reply

    def implant(self) -> None:
        """Set the settings and patterns and make the first fill."""
        programmer = self.programmer
        self._settings = programmer.read_settings()
        self._set(in_use_days=90, auto_off_min=7 * 1440)
        for pattern in habits.PATTERNS:
            staged = programmer.stage_pattern(pattern, habits.rates(pattern))
            programmer.commit_pattern(pattern, staged.fingerprint)
        self._fill()
        self.select(self.plan.pattern(0))
        self.acknowledge()

    def _set(self, **changes: Any) -> None:
        self._settings = Settings(**asdict(self._settings) | changes)
        self._order(lambda: self.programmer.set_settings(self._settings), "settings")

    def select(self, pattern: str) -> None:
        """Select another pattern."""
        self.follower.changes(self.bench.now_us, "pattern", habits.rates(pattern))
        self._order(lambda: self.programmer.select_pattern(pattern), "patterns selected")

    def bolus(self, day: int, number: int, volume_mu: int) -> None:
        """Give the `number`th bolus of the day."""
        programmer, weekday = self.programmer, day % 7
        if number == 1 and weekday in habits.SQUARE_WEEKDAYS:
            self._order(lambda: programmer.square_bolus(volume_mu, habits.SQUARE_MIN), "square boluses")
        elif number == 1 and weekday in habits.DUAL_WEEKDAYS:
            self._order(lambda: programmer.dual_bolus(*habits.DUAL_MU, habits.SQUARE_MIN), "dual boluses")
        else:
            self._order(lambda: programmer.bolus(volume_mu), "boluses")

    def temp(self, kind: str, value: int, minutes: int) -> None:
        """Start a temporary rate."""
        self._order(lambda: self.programmer.temp_basal(kind, value, minutes), "temporary rates")

    def recommend(self) -> None:
        """Recommend a rate, as a closed loop does."""
        self._order(
            lambda: self.programmer.recommend_rate(habits.LOOP_MU_PER_H, habits.LOOP_VALID_MIN), "recommended rates"
        )

    def stop(self, why: str) -> None:
        """Stop delivery, at the clinic."""
        self._at_clinic = self._order(self.programmer.stop, why) is not None

    def clinic_day(self) -> None:
        """Do the yearly procedures: strokes into a pipette; a rinse with sodium hydroxide, buffer and insulin, which is
        also the refill; a flush of the side port; then a few strokes to test whether the catheter is open.
        """
        self.stop("clinic days")
        if not self._at_clinic:
            return
        self._procedure("stroke_volume", {"count": habits.TEST_STROKES, "read": habits.PIPETTE_NL})
        left_nl = habits.LEFT_NL - habits.RINSE_NL  # the insulin through the side port is not filled in again
        put_in_nl = habits.LEFT_NL + habits.TAKEN_BACK_NL
        values = {"remove_insulin": int(self.patient.reservoir_nl), "fill_insulin": put_in_nl}
        self._procedure("rinse", values | {"take_back": habits.TAKEN_BACK_NL}, habits.RINSE_NL)
        self.patient.forget_strokes()
        self.patient.refill(left_nl)
        self._filled = True
        self._procedure("flush", {"flush": habits.FLUSHED_NL})
        self._procedure("patency", {"watch": habits.PATENCY_PA})

    def guided_refill(self) -> None:
        """Refill by the device's guided procedure and the scales of the syringes. The device logs its verdict."""
        self.stop("refill stops")
        if not self._at_clinic:
            return
        self.patient.forget_strokes()
        drawn_nl = self.patient.refill(habits.LEFT_NL)
        put_in_nl = habits.LEFT_NL + habits.TAKEN_BACK_NL
        values = {"withdraw": drawn_nl, "fill": put_in_nl, "take_back": habits.TAKEN_BACK_NL}
        self._procedure("refill", values)
        self._filled = True

    def _procedure(self, name: str, values: Mapping[str, int], otherwise: int = 0) -> None:
        """Confirm every step until the procedure ends. `values` holds the values to enter, by the step's name."""
        call, place = self.programmer.call, PROCEDURES.index(name)
        steps = BY_NUMBER[place].steps
        reply = self._order(partial(call, "start_procedure", procedure=place), f"procedure {name}")
        while reply is not None and reply["procedure"] == name:
            self.bench.run_for(seconds=habits.STEP_S)
            reply = call("read_procedure")
            if reply["procedure"] == name:  # else its last stroke has ended it
                step = reply["step"]
                value = values.get(steps[step].name, otherwise)
                reply = self._order(partial(call, "answer_procedure", step=step, choice=0, value=value))
        if reply is None or reply["procedure_end"] or not reply["fit"] or reply["until_insulin_nl"]:
            self.outcome.violations.add(f"{self.bench.now_us} us: {name} did not end as it should: {reply}")

    def suspend(self) -> None:
        """Suspend delivery to the suspend rate of the settings."""
        self._order(self.programmer.suspend, "suspends")

    def end_suspend(self) -> None:
        """Resume, if the pump has not stopped meanwhile."""
        if self.programmer.status().state == "suspended":
            self._order(self.programmer.resume)
            self.acknowledge()
        else:
            self.look_why()

    def give_up_temp(self) -> None:
        """End a temporary rate before its time, unless a stop has ended it: a closed catheter, seen to since then."""
        if self.programmer.status().temp_until_us not in (None, NEVER_US):
            self._order(self.programmer.cancel_temp, "temporary rates given up")

    def give_up_bolus(self) -> None:
        """End a square bolus before its time, unless a stop has ended it: a closed catheter, seen to since then."""
        if self.programmer.status().square_remaining_mu:
            self._order(self.programmer.cancel_bolus, "boluses given up")

    def look_why(self) -> None:
        """Find out why delivery stopped: the diagnosis must be an occlusion, and the catheter must be closed."""
        if self.stopped_at_us is not None:
            return
        found = self.programmer.read_diagnosis()
        # The stop ended the stretch of basal whose end has another reason than a new rate.
        stretches = [each for each in self.programmer.deliveries() if each.kind.endswith("basal") and each.end_us]
        self.stopped_at_us = [each.end_us or 0 for each in stretches if each.reason != "superseded"][-1]
        self.follower.stopped(self.stopped_at_us)
        if found.diagnosis != "occlusion" or found.at_us < self._occluded_us:
            self.outcome.violations.add(f"{found.at_us} us: the pump stopped and found {found.diagnosis}")
        missed = sum(1 for each in self.bench.stroke_starts_us[-40:] if self._occluded_us <= each <= found.at_us)
        if missed > MISSED_STROKES_MAX:
            self.outcome.violations.add(f"{found.at_us} us: {missed} strokes against a closed catheter")
        row = {"day": found.at_us // DAY_US, "strokes": missed, "missed_mu": found.missed_mu}
        self.outcome.occlusions.append(row | {"seconds": round((found.at_us - self._occluded_us) / US_PER_S)})

    def open_catheter(self) -> None:
        """Open the closed catheter and resume."""
        if self.stopped_at_us is not None:
            self.outcome.sounded_s += (self.bench.now_us - self.stopped_at_us) / US_PER_S
        self.stopped_at_us = None
        self.patient.clear(self.bench.now_us)
        self._order(self.programmer.resume, "catheters opened")
        self.acknowledge()

    def acknowledge(self) -> None:
        """Acknowledge every latched alarm whose cause is gone."""
        for alarm in self.programmer.read_alarms():
            name = f"alarm {alarm.alarm}"
            self.outcome.alarms[name] = self.outcome.alarms.get(name, 0) + 1
            if not alarm.cause_there:
                self._order(partial(self.programmer.acknowledge_alarm, alarm.alarm), "alarms acknowledged")

    def _fill(self) -> None:
        """Refill by weight, as the worksheet asks. The device's verdict must be that all is well."""
        self.patient.forget_strokes()
        drawn_nl = self.patient.refill(habits.LEFT_NL)
        full_mg = habits.SYRINGE_MG
        put_in_mg = round((habits.LEFT_NL + habits.TAKEN_BACK_NL) * DENSITY_MG_PER_ML / 1e6)
        drawn_mg = round(drawn_nl * DENSITY_MG_PER_ML / 1e6)
        weights = (full_mg, full_mg - put_in_mg, habits.TAKEN_BACK_NL, full_mg, full_mg + drawn_mg)
        reply = self._order(lambda: self.programmer.record_refill(*weights), "refills")
        if reply is None:
            return
        tenths = reply.accuracy_tenths or 0  # none at the first refill
        self.outcome.worst_refill_tenths = max(self.outcome.worst_refill_tenths, tenths, key=abs)
        if reply.band not in ("good", "first_refill") or abs(tenths) > REFILL_TENTHS_MAX:
            what = f"{reply.band}, {tenths / 10} %"
            self.outcome.violations.add(f"{reply.at_us} us: refill of a healthy pump: {what}")

    def refill(self) -> None:
        """Resume after a refill. Do the refill by weight first if there was no guided one."""
        if not self._filled:
            self._fill()
        self._filled = False
        if self._at_clinic:  # else it had stopped before, and the catheter must be opened first
            self._at_clinic = False
            self._order(self.programmer.resume)

    def move_clock(self, seconds: int) -> None:
        """Move the clock. Whole hours change the local time; seconds correct a wrong clock."""
        self.count("clock changes")
        if seconds % 3600 == 0:
            self._offset_min += seconds // 60
            self.follower.changes(self.bench.now_us, "offset_s", self._offset_min * 60)
            self._set(utc_offset_min=self._offset_min)
        else:
            utc_s = (self.programmer.read_time().utc_s or 0) + seconds
            reply = self._order(lambda: self.programmer.set_time(utc_s))
            self.follower.changes(reply.at_us, "moved_s", utc_s - EPOCH_S - reply.at_us // US_PER_S)

    def count(self, what: str) -> None:
        """Count one more of `what`."""
        self.outcome.counts[what] = self.outcome.counts.get(what, 0) + 1
