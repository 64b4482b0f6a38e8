"""Judges a run: every stroke to the microsecond, every answer, every figure shown and the whole log.

The oracle's device executes the script in step with the record of the run. It carries out every order that the pump
accepted, rightly or not, so that one wrong answer gives one disagreement. An empty list: the run is as specified.

Implements: HIL-5
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from typing import Any

from hil.oracle import figures, lives, records
from hil.oracle.alarms import NAMES
from hil.oracle.device import Device
from hil.oracle.disagreement import Disagreement
from hil.oracle.exact import US_PER_S
from hil.oracle.looks import judge_look
from hil.oracle.pump import Seen
from hil.oracle.questions import answer_to
from hil.oracle.reasons import MESSAGES, Reason
from hil.oracle.repeats import NEVER_LATE, Repeats, first_us
from hil.oracle.wall import BackedClock, Wall
from hil.scripts.script import AGAIN, LOOK, WORLD, Answer, Life, Run, Step

ENOUGH = 40  # disagreements of one run; after the first few all follow from one
EPOCH_S = 1_767_225_600  # the battery-backed clock at the bench's time 0


def judge(run: Run) -> list[Disagreement]:
    """Return the disagreements of the run with the specification, in order of time."""
    return Judge(run).judge()


class Judge:
    """One run being judged; `device` is the oracle's model of the pump."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self.found: list[Disagreement] = []
        script = run.script
        self.device = Device(
            script.stroke_nl, script.concentration_u_per_ml, _edge_us(run), Seen([*run.strokes_us, *run.late_us])
        )
        self.clock = BackedClock(EPOCH_S)
        self.wall = self.device.wall = Wall(self.device, self.clock, self._told)
        self.device.pump.watchers.append(self.wall)
        self.repeats = Repeats(self.device)
        self.clock_touched = False  # the script has disturbed the battery-backed clock
        self.told_at, self.lost_at_start = told(run.log)
        resets = [bool(row["b"]) for row in run.log if row["event"] == "reset"]
        # By reset: was a stroke counted in doubt?
        self.counted = dict(enumerate([*resets, *[True] * len(run.lives)], 1))
        self._lives = deque(run.lives)
        self._answers = deque(run.answers)
        self._looks = deque(run.looks)
        self._renewed = deque(run.renewed_us)

    def judge(self) -> list[Disagreement]:
        """Return the disagreements in order of time, at most ENOUGH."""
        self._lives.popleft()  # the first begins at the device's and the bench's time 0
        self.device.pump.programme.set_clock(0, EPOCH_S)
        self.device.pump.note("initialised")
        self.device.pump.note("connected")
        for number, step in enumerate(self.run.script.steps):
            if len(self.found) >= ENOUGH:
                break
            self._step(number, step)
        if len(self.found) < ENOUGH and self._looks:
            self._sessions(self.run.script.end_us)
            self.found += judge_look(self.device, self._looks.popleft())
        self._strokes()
        if self.wall.overlooked_us:
            self.found.append(
                Disagreement(self.wall.overlooked_us, "clocks at two rates", "found", "overlooked", "SELF-1")
            )
        self.found += records.judge_log(self.device, self.run)
        self.found.sort(key=lambda each: each.at_us)
        return self.found[:ENOUGH]

    def say(self, what: str, expected: Any, seen: Any, requirement: str) -> None:
        """Report a disagreement at the present time."""
        self.found.append(Disagreement(self.device.pump.bench_us, what, expected, seen, requirement))

    def _to(self, bench_us: int) -> None:
        self.device.advance(bench_us - self.device.pump.bench_offset_us)

    # Steps

    def _step(self, number: int, step: Step) -> None:
        self._sessions(step.at_us)
        self._to(step.at_us)
        if step.what == LOOK:
            if self._looks:
                self.found += judge_look(self.device, self._looks.popleft())
        elif step.what in WORLD:
            self._world(step)
        else:
            answer = self._answers.popleft()
            assert answer.step == number
            self._answer(step, answer)

    def _sessions(self, before_us: int) -> None:
        """The sessions that began before then; the pump stores that each has."""
        while self._renewed and self._renewed[0] < before_us:
            self._to(self._renewed.popleft())
            self.device.pump.note("connected")
            self.device.pump.recorded_us = self.device.pump.now_us

    def _world(self, step: Step) -> None:
        if step.what == "power_cut":
            life = self._lives.popleft()
            self._power_is_back(life)
        else:
            self.clock_touched = True
            bench_us = self.device.pump.bench_us
            if step.what == "clock_lost":
                self.clock.lose()
            elif step.what == "clock_jump":
                self.clock.jump(step.values["by_s"])
            else:
                self.clock.run_fast(bench_us, step.values["ppm"])

    def _power_is_back(self, life: Life) -> None:
        device, pump = self.device, self.device.pump
        utc_s, reasons = self.wall.after_reset(life.start_us)
        if 0 in reasons and (len(reasons) == 1 or not self.lost_at_start[device.resets + 1]):
            reasons = frozenset((0,))
        why = max(reasons)
        true_us = life.start_us - pump.bench_offset_us
        if utc_s is None or why:
            utc_s = None
        elif abs(apart_s := utc_s - pump.programme.utc_s(true_us)) > 1:
            true_us = max(pump.recorded_us, true_us + apart_s * US_PER_S)
        unsure_us = US_PER_S if self.clock_touched else 0
        if utc_s is not None and not lives.may_begin(pump, true_us, life.device_us, unsure_us):
            self.say("device time after a reset", true_us, life.device_us, "STORE-5")
        lives.restart(device, life.start_us, life.device_us, utc_s, why, counted=self.counted[device.resets + 1])
        self.wall.begin()
        pump.note("connected")

    def _told(self, what: str) -> bool:
        """Is it in the log at this second? Only clocks that run at different rates can make a self-test fail."""
        pump = self.device.pump
        known = pump.programme.utc_at_zero_us is not None
        stamp_s = pump.programme.utc_s(pump.now_us) if known else pump.now_us // US_PER_S
        told = (self.device.resets, what, known, stamp_s) in self.told_at
        return told and (what != "self_test" or self.clock_touched)

    # Answers

    def _answer(self, step: Step, answer: Answer) -> None:
        if step.what != AGAIN:
            self.repeats.send(step)
        if answer.reply is None and answer.refusal is None:
            self.say(f"{answer.name}: an answer", "one", "silence", "LINK-2")
            return
        arrived_us = first_us(step)
        if step.what == AGAIN:
            told = self.repeats.of(arrived_us)
            same = told is not None and (answer.reply, answer.refusal) == (told.reply, told.refusal)
            anew = answer.name in NEVER_LATE and self.repeats.over(arrived_us) and not same
            if told is not None and not anew:
                self._repeated(answer, told)
                return
        values = self.repeats.values_of(arrived_us)
        if MESSAGES[answer.name].changes_delivery or answer.name == "stage_pattern":
            self._order(step, answer, values)
        else:
            self._question(answer, values)

    def _question(self, answer: Answer, values: dict[str, Any]) -> None:
        expected = answer_to(self.device, answer.name, values)
        if answer.name == "self_test":
            expected["passed"] = not self.wall.test()
        if answer.reply is None:
            self.say(f"{answer.name}: answer", "a reply", answer.refusal, "LINK-2")
            return
        for name, right, seen in figures.differences(expected, answer.reply):
            self.say(f"{answer.name} {name}", right, seen, "THER-9")

    def _repeated(self, answer: Answer, told: Answer) -> None:
        """LINK-2: a repeat gets the stored outcome, or a refusal once the order has expired; it is never executed."""
        over = self.repeats.over(answer.values["of_us"])
        same = (answer.reply, answer.refusal) == (told.reply, told.refusal)
        if not same:
            late = answer.refusal is not None and answer.refusal.code in ("expired", "repeated", "other_life")
            if not (late and over):
                self.say(f"{answer.name} again", told.reply or told.refusal, answer.reply or answer.refusal, "LINK-2")
        # A refusal answered from memory need not be logged again; an order that was forgotten is refused anew.
        if answer.refusal is not None:
            refusal = answer.refusal
            self.device.pump.note("refused", name=answer.name, code=refusal.code, value=refusal.value, again=True)

    def _order(self, step: Step, answer: Answer, values: dict[str, Any]) -> None:
        device = self.device
        must, may = self.repeats.expiry(step, answer.name)
        if not must:
            more_must, more_may = device.orders.why_not(
                answer.name, values, answer.refusal.code if answer.refusal else ""
            )
            must, may = must + more_must, may + more_may
        refusal = answer.refusal
        if refusal is not None:
            if not any(reason.fits(refusal) for reason in must + may):
                expected: Any = must or may or "accepted"
                self.say(f"{answer.name} refused", expected, refusal, _requirement(must or may))
            device.pump.note("refused", name=answer.name, code=refusal.code, value=refusal.value)
            self.repeats.keep(step, answer)
            return
        assert answer.reply is not None
        if must:
            self.say(f"{answer.name} accepted", must, dict(answer.reply), _requirement(must))
        self.repeats.keep(step, answer)
        changes = MESSAGES[answer.name].changes_delivery
        device.seen_over = answer.reply.get("band") == "over"
        try:
            reply = device.orders.do(answer.name, values)
        except (AssertionError, KeyError, IndexError, AttributeError) as error:
            self.say(f"{answer.name}: carried out", "impossible", repr(error), _requirement(must))
            return
        if changes:
            reply["at_us"] = device.pump.now_us
            if answer.name != "recommend_rate":
                device.auto_off.act_us = device.pump.now_us
            device.pump.recorded_us = device.pump.now_us
            device.pump.note("accepted", name=answer.name, values=values, reply=dict(answer.reply))
        for name, right, seen in figures.differences(reply, answer.reply):
            self.say(f"{answer.name}: {name}", right, seen, "THER-9")
        told_rate = answer.reply.get("rate_mu_per_h")
        if answer.name == "suspend" and told_rate not in (None, reply["rate_mu_per_h"]):  # one disagreement, not many
            device.rate_before_suspend = max(0, told_rate)
            device.take_settings()

    # Strokes

    def _strokes(self) -> None:
        expected = [each for each in self.device.pump.strokes if each.bench_us <= self.run.script.end_us]
        seen = self.run.strokes_us
        for place in range(max(len(expected), len(seen))):
            right = expected[place].bench_us if place < len(expected) else None
            got = seen[place] if place < len(seen) else None
            if right != got:
                at_us = min(each for each in (right, got) if each is not None)
                what = f"stroke {place + 1}" + (f" of {expected[place].entry.kind}" if right is not None else "")
                self.found.append(Disagreement(at_us, what, right, got, "DOSE-1"))
                return


def _edge_us(run: Run) -> int:
    """Return the most frequent time from a stroke's start to the sensor's edge, whatever else is wrong with the run."""
    after = [bisect_right(run.strokes_us, edge_us) for edge_us in run.edges_us]
    lags_us = [edge_us - run.strokes_us[place - 1] for edge_us, place in zip(run.edges_us, after, strict=True) if place]
    return Counter(lags_us).most_common(1)[0][0] if lags_us else 0


def told(log: Sequence[Mapping[str, Any]]) -> tuple[set[tuple[int, str, bool, int]], dict[int, bool]]:
    """Return what the oracle takes from the log: failed self-tests and alarms as (life, name, whether the stamp is UTC,
    stamp), and for each life whether the clock was lost at its start.
    """
    found, lost, life, starting = set(), {0: False}, 0, False
    for row in log:
        what = row["event"]
        if what == "reset":
            life, starting = life + 1, True
            lost[life] = False
        elif what == "connected":
            starting = False
        elif what == "clock_lost" and starting:
            lost[life] = True
        elif what in ("self_test", "alarm"):
            found.add((life, what if what == "self_test" else NAMES[row["detail"]], row["clock_known"], row["time_s"]))
    return found, lost


def _requirement(reasons: list[Reason]) -> str:
    codes = {reason.code for reason in reasons}
    if codes & {"hour_limit", "day_limit", "hard_limit", "clinician_limit"}:
        return "GUARD-1"
    return "LINK-2" if codes & {"expired", "repeated"} else "THER-3"
