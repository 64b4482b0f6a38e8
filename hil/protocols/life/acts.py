"""What patient and clinic do in a life, order by order, and where they look when the pump does not obey."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from firmware.protocol import PROCEDURES
from firmware.protocol.procedures import BY_NUMBER
from hil.backends.backed import EPOCH_S
from hil.bench import Bench
from hil.protocols.life import plan as habits
from hil.protocols.life.judge import REFILL_TENTHS_MAX, Violations
from hil.protocols.life.orders import Follower, Recorder
from hil.protocols.life.patient import Patient
from host.errors import Refused
from host.records import Settings

US_PER_S = 1_000_000
DAY_US = habits.DAY_S * US_PER_S
# Most that a closed catheter may cost before the pump says so: OCC-1, 3 strokes on the implant mechanism, and one that
# is in progress.
MISSED_STROKES_MAX = 4
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
    link_s: float = 0.0  # by the bench's clock
    strokes_by_kind: dict[str, int] = field(default_factory=dict)
    heap_bytes: int = 0
    series: list[dict[str, float]] = field(default_factory=list)


class People:
    """Patient and clinic of one life on `bench`; what goes wrong is in `outcome`."""

    def __init__(self, plan: habits.Plan, outcome: Outcome, patient: Patient, bench: Bench) -> None:
        self.plan = plan
        self.outcome = outcome
        self.patient = patient
        self.bench = bench
        self.programmer = Recorder(bench.board)
        self.follower = Follower(self.programmer, outcome.violations)
        self.stopped_at_us: int | None = None  # by the pump itself
        self._at_clinic = False  # stopped by the clinic
        self._filled = False  # guided, and not gone on since
        self._offset_min = 0
        self._occluded_us = 0

    def close_catheter(self, at_us: int) -> None:
        """It is blocked from then on."""
        self._occluded_us = at_us
        self.patient.close_catheter(at_us)

    def _order(self, order: Callable[[], object], counted: str = "") -> Any:
        """Give an order and return its reply; None if the pump has refused it because it had stopped by itself."""
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
        """Settings, patterns and the first fill."""
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
        """Run another pattern."""
        self.follower.changes(self.bench.now_us, "pattern", habits.rates(pattern))
        self._order(lambda: self.programmer.select_pattern(pattern), "patterns selected")

    def bolus(self, day: int, number: int, volume_mu: int) -> None:
        """The `number`th bolus of the day."""
        programmer, weekday = self.programmer, day % 7
        if number == 1 and weekday in habits.SQUARE_WEEKDAYS:
            self._order(lambda: programmer.square_bolus(volume_mu, habits.SQUARE_MIN), "square boluses")
        elif number == 1 and weekday in habits.DUAL_WEEKDAYS:
            self._order(lambda: programmer.dual_bolus(*habits.DUAL_MU, habits.SQUARE_MIN), "dual boluses")
        else:
            self._order(lambda: programmer.bolus(volume_mu), "boluses")

    def temp(self, kind: str, value: int, minutes: int) -> None:
        """A temporary rate."""
        self._order(lambda: self.programmer.temp_basal(kind, value, minutes), "temporary rates")

    def recommend(self) -> None:
        """A closed loop's rate."""
        self._order(
            lambda: self.programmer.recommend_rate(habits.LOOP_MU_PER_H, habits.LOOP_VALID_MIN), "recommended rates"
        )

    def stop(self, why: str) -> None:
        """Stop delivery, at the clinic."""
        self._at_clinic = self._order(self.programmer.stop, why) is not None

    def clinic_day(self) -> None:
        """Once a year: strokes into a pipette; sodium hydroxide, buffer, insulin, which is the refill; the side port
        flushed; then a few strokes to see whether the catheter is open.
        """
        self.stop("clinic days")
        if not self._at_clinic:
            return
        self._procedure("stroke_volume", {"count": habits.TEST_STROKES, "read": habits.PIPETTE_NL})
        left_nl = habits.LEFT_NL - habits.RINSE_NL  # what comes into the side port is not put in on top
        put_in_nl = habits.LEFT_NL + habits.TAKEN_BACK_NL
        values = {"remove_insulin": int(self.patient.reservoir_nl), "fill_insulin": put_in_nl}
        self._procedure("rinse", values | {"take_back": habits.TAKEN_BACK_NL}, habits.RINSE_NL)
        self.patient.forget_strokes()
        self.patient.refill(left_nl)
        self._filled = True
        self._procedure("flush", {"flush": habits.FLUSHED_NL})
        self._procedure("patency", {"watch": habits.PATENCY_PA})

    def guided_refill(self) -> None:
        """By the device's own procedure and the scales of the syringes; its verdict stands in the log."""
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
        """Say yes at every step, until it ends; `values` is what is entered at a step, by its name."""
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
        """Suspend: the least rate of the settings."""
        self._order(self.programmer.suspend, "suspends")

    def end_suspend(self) -> None:
        """Go on, if the pump has not stopped meanwhile."""
        if self.programmer.status().state == "suspended":
            self._order(self.programmer.resume)
            self.acknowledge()
        else:
            self.look_why()

    def give_up_temp(self) -> None:
        """End a temporary rate before its time."""
        self._order(self.programmer.cancel_temp, "temporary rates given up")

    def give_up_bolus(self) -> None:
        """End a square bolus before its time."""
        self._order(self.programmer.cancel_bolus, "boluses given up")

    def look_why(self) -> None:
        """Delivery has stopped: the finding must be the catheter, and the catheter must be closed."""
        if self.stopped_at_us is not None:
            return
        found = self.programmer.read_diagnosis()
        # The stretch of basal that ended for another reason than a new rate ended with the stop.
        stretches = [each for each in self.programmer.deliveries() if each.kind.endswith("basal") and each.end_us]
        self.stopped_at_us = [each.end_us for each in stretches if each.reason != "superseded"][-1]
        self.follower.stopped(self.stopped_at_us)
        if found.diagnosis != "occlusion" or found.at_us < self._occluded_us:
            self.outcome.violations.add(f"{found.at_us} us: the pump stopped and found {found.diagnosis}")
        missed = sum(1 for each in self.bench.stroke_starts_us[-40:] if self._occluded_us <= each <= found.at_us)
        if missed > MISSED_STROKES_MAX:
            self.outcome.violations.add(f"{found.at_us} us: {missed} strokes against a closed catheter")
        row = {"day": found.at_us // DAY_US, "strokes": missed, "missed_mu": found.missed_mu}
        self.outcome.occlusions.append(row | {"seconds": round((found.at_us - self._occluded_us) / US_PER_S)})

    def open_catheter(self) -> None:
        """The closed catheter is open again: go on."""
        self.stopped_at_us = None
        self.patient.clear(self.bench.now_us)
        self._order(self.programmer.resume, "catheters opened")
        self.acknowledge()

    def acknowledge(self) -> None:
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

    def refill(self) -> None:
        """Go on after a refill; by weight if nobody has been guided through it."""
        if not self._filled:
            self._fill()
        self._filled = False
        if self._at_clinic:  # else it had stopped before, and the catheter comes first
            self._at_clinic = False
            self._order(self.programmer.resume)

    def move_clock(self, seconds: int) -> None:
        """By whole hours it is the local time that changes, by seconds the clock that was wrong."""
        self.count("clock changes")
        if seconds % 3600 == 0:
            self._offset_min += seconds // 60
            self.follower.changes(self.bench.now_us, "offset_s", self._offset_min * 60)
            self._set(utc_offset_min=self._offset_min)
        else:
            utc_s = self.programmer.read_time().utc_s + seconds
            reply = self._order(lambda: self.programmer.set_time(utc_s))
            self.follower.changes(reply.at_us, "moved_s", utc_s - EPOCH_S - reply.at_us // US_PER_S)

    def count(self, what: str) -> None:
        """One more of `what`."""
        self.outcome.counts[what] = self.outcome.counts.get(what, 0) + 1
