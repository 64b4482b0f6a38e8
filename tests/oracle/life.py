"""A life written down by hand, as the specification has it, and ways to put one thing wrong in it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from firmware import protocol
from hil.oracle.exact import NEVER_US
from hil.oracle.judge import Judge, judge
from hil.oracle.reasons import MESSAGES
from hil.scripts.play import SLOT_US
from hil.scripts.script import AGAIN, LOOK, Answer, Life, Look, Refusal, Run, Script, Step
from tests.oracle.hand import EDGE_US, EPOCH_S, S

Values = dict[str, Any]


def event(number: int, name: str, at_s: int, reason: int = 0, detail: int = 0, **letters: Any) -> Values:
    """A row of the log."""
    row = {"number": number, "event": name, "time_s": EPOCH_S + at_s, "clock_known": True}
    return row | {"detail": detail, "reason": reason} | {letter: letters.get(letter, 0) for letter in "abcd"}


def delivery(number: int, kind: str, start_us: int, programmed_mu: int, strokes: int = 0, **more: Any) -> Values:
    row = {"id": number, "kind": kind, "start_us": start_us, "programmed_mu": programmed_mu, "end_us": 0}
    row |= {"commanded_strokes": strokes, "delivered_strokes": strokes, "abandoned_strokes": 0, "reason": "running"}
    return row | more


def look_at(at_us: int, device_us: int, status: Values, deliveries: list[Values]) -> Look:
    """Of a pump that has nothing special."""
    shown = {
        "now_us": device_us, "state": "running", "fault": 0, "basal_rate_mu_per_h": 3_000, "in_force_mu_per_h": 3_000,
        "pattern": 255, "temp_until_us": NEVER_US, "recommended_until_us": NEVER_US, "strokes_abandoned": 0,
        "utc_s": EPOCH_S + at_us // S, "memory": "whole", "resets": 0, "alarm": 0, "alarms": 0, "reservoir_mu": 0,
        "internal_errors": 0, "max_basal_mu_per_h": 35_000, "max_bolus_mu": 40_000, "max_hour_mu": 60_000,
        "max_day_mu": 150_000, "bolus_id": 3, "bolus_programmed_mu": 400, "bolus_delivered_mu": 400,
        "bolus_remaining_mu": 0, "bolus_commanded_mu": 400, "square_id": 0, "square_programmed_mu": 0,
        "square_delivered_mu": 0, "square_remaining_mu": 0, "square_commanded_mu": 0,
    }  # fmt: skip
    procedure = {
        "procedure": "none", "step": 0, "procedure_delivering": False, "procedure_strokes_left": 0,
        "procedure_end": 255, "fit": True, "reservoir_holds": "insulin", "catheter_buffer_nl": 0,
        "catheter_naoh_nl": 0, "until_insulin_nl": 0,
    }  # fmt: skip
    reservoir = {"level": "enough", "left_mu": 0, "filled_mu": 0, "filled_utc_s": 0, "due_utc_s": 0}
    settings = {
        "suspend_rate_mu_per_h": 200, "auto_off_min": 0, "utc_offset_min": 0, "reservoir_low_mu": 800_000,
        "reservoir_empty_mu": 400_000, "reservoir_stop_mu": 200_000, "in_use_days": 45, "stroke_tone": False,
    }  # fmt: skip
    return Look(
        at_us,
        shown | status,
        {"now_us": device_us + SLOT_US, "utc_s": EPOCH_S + (at_us + SLOT_US) // S},
        procedure,
        reservoir | {"now_us": device_us + 3 * SLOT_US, "empty_h": 0xFFFFFFFF},
        settings,
        {"diagnosis": "none"},
        (),
        ((200,) * 48,) * 4,
        tuple(deliveries),
    )


STEPS = (
    Step(1 * S, "set_basal", {"rate_mu_per_h": 3_000}),  # a stroke every 240 s
    Step(2 * S, "bolus", {"volume_mu": 400}),
    Step(3 * S, "bolus", {"volume_mu": 200}),
    Step(9 * S // 2, AGAIN, {"of_us": 2 * S}),
    Step(5 * S, "read_time", {}),
    Step(10 * S, LOOK),
    Step(300 * S, "power_cut", {"off_s": 5}),
)
SET_BASAL = {"at_us": 1 * S, "old_rate_mu_per_h": 0, "new_rate_mu_per_h": 3_000}
BOLUS = {"at_us": 2 * S, "delivery_id": 3, "strokes": 2}
BUSY = Refusal("bolus_active", "volume_mu", 200, 0)


def life() -> Run:
    """400 s: basal, a bolus of two strokes, one refused, the first again, a look, five seconds without power."""
    run = Run(Script(1, 500, 400, 400 * S, STEPS))
    run.strokes_us = [2 * S, 4 * S, 241 * S]
    run.edges_us = [each + EDGE_US for each in run.strokes_us]
    run.lives = [Life(0, 0), Life(305 * S, 305 * S)]
    run.answers = [
        Answer(0, 1 * S, "set_basal", STEPS[0].values, SET_BASAL, None),
        Answer(1, 2 * S, "bolus", STEPS[1].values, BOLUS, None),
        Answer(2, 3 * S, "bolus", STEPS[2].values, None, BUSY),
        Answer(3, 9 * S // 2, "bolus", STEPS[3].values, BOLUS, None),
        Answer(4, 5 * S, "read_time", {}, {"now_us": 5 * S, "utc_s": EPOCH_S + 5}, None),
    ]
    first = {"strokes_commanded": 2, "strokes_delivered": 2, "hour_mu": 400, "day_mu": 400, "next_due_us": 241 * S}
    last = {"strokes_commanded": 3, "strokes_delivered": 3, "hour_mu": 600, "day_mu": 600, "next_due_us": 481 * S}
    new = delivery(1, "basal", 0, 0, end_us=1 * S, reason="superseded")
    bolus = delivery(3, "normal_bolus", 2 * S, 400, 2, end_us=4 * S, reason="completed")
    # 9.44 s at 3 U/h are 7.87 mU. The memory's last record before the cut is that of the stroke at 241 s.
    basal = delivery(2, "basal", 1 * S, 7)
    cut = delivery(2, "basal", 1 * S, 200, 1, end_us=241 * S + EDGE_US, reason="reset")
    after = delivery(4, "basal", 305 * S, 79)  # 95.44 s
    run.looks = [
        look_at(10 * S, 10 * S, first, [new, basal, bolus]),
        look_at(400 * S, 400 * S, last | {"resets": 1}, [cut, after]),
    ]
    ended, accepted = "delivery_ended", "accepted"
    run.log = [
        event(1, "initialised", 0),
        event(2, "connected", 0, detail=1),
        event(3, ended, 1, protocol.REASONS.index("superseded"), 0, a=1),
        event(4, accepted, 1, detail=MESSAGES["set_basal"].id, a=3_000),
        event(5, accepted, 2, detail=MESSAGES["bolus"].id, a=3, b=400),
        event(6, "refused", 3, protocol.CODES.index("bolus_active"), MESSAGES["bolus"].id, a=200),
        event(7, ended, 4, protocol.REASONS.index("completed"), 1, a=3, b=400, c=2),
        event(8, "reset", 305),
        event(9, ended, 305, protocol.REASONS.index("reset"), 0, a=2, b=200, c=1),
        event(10, "connected", 305, detail=1),
    ]
    return run


def found(run: Run) -> list[tuple[int, str]]:
    return [(each.at_us, each.what) for each in judge(run)]


def with_answer(place: int, **changes: Any) -> Run:
    run = life()
    run.answers[place] = replace(run.answers[place], **changes)
    return run


def with_look(place: int, part: str, **changes: Any) -> Run:
    run = life()
    run.looks[place] = replace(run.looks[place], **{part: getattr(run.looks[place], part) | changes})
    return run


def with_steps(*steps: Step, lives: tuple[Life, ...] = (Life(0, 0),), end_us: int = 400 * S) -> Run:
    """A life without answers, looks or log, of which only the oracle's side is looked at."""
    return Run(Script(1, 500, 400, end_us, steps), lives=list(lives))


def one(step: Step, reply: Values | None, refusal: Refusal | None = None, *more: tuple[Step, Values | None]) -> Judge:
    """A life of one order or a few, judged; what the log and the looks would say is left out."""
    run = with_steps(step, *(each for each, _ in more))
    run.answers = [Answer(0, step.at_us, step.what, step.values, reply, refusal)]
    for place, (each, answer) in enumerate(more, 1):
        name = step.what if each.what == AGAIN else each.what
        run.answers.append(Answer(place, each.at_us, name, each.values, answer, None))
    made = Judge(run)
    made.judge()
    made.found = [each for each in made.found if not each.what.startswith("log ")]
    return made


def said(made: Judge) -> list[tuple[str, str]]:
    return [(each.what, each.requirement) for each in made.found if not each.what.startswith("stroke")]
