"""A life written down by hand: as the specification has it, and with one thing wrong in it at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from firmware import protocol
from hil.oracle.exact import NEVER_US
from hil.oracle.judge import ENOUGH, Disagreement, Judge, judge, told
from hil.oracle.reasons import MESSAGES
from hil.scripts.play import SLOT_US
from hil.scripts.script import AGAIN, LOOK, Answer, Life, Look, Refusal, Run, Script, Step
from tests.oracle.hand import EDGE_US, EPOCH_S, Hand, S

pytestmark = pytest.mark.req("HIL-5")
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


def test_the_life_is_as_the_specification_has_it() -> None:
    assert judge(life()) == []


# Strokes


@pytest.mark.req("DOSE-1")
def test_every_stroke_is_judged_to_the_microsecond() -> None:
    def strokes(*times_us: int) -> list[tuple[int, str, Any, Any]]:
        run = life()
        run.strokes_us = list(times_us)
        run.edges_us = []
        return [(each.at_us, each.what, each.expected, each.seen) for each in judge(run) if "stroke " in each.what]

    assert strokes(2 * S, 4 * S, 241 * S + 1) == [(241 * S, "stroke 3 of basal", 241 * S, 241 * S + 1)]
    assert strokes(2 * S, 4 * S - 1, 241 * S) == [(4 * S - 1, "stroke 2 of normal_bolus", 4 * S, 4 * S - 1)]
    assert strokes(2 * S, 4 * S) == [(241 * S, "stroke 3 of basal", 241 * S, None)]
    assert strokes(2 * S, 4 * S, 241 * S, 399 * S) == [(399 * S, "stroke 4", None, 399 * S)]
    assert strokes(4 * S, 241 * S)[0][:2] == (2 * S, "stroke 1 of normal_bolus"), "the first tells, the others follow"
    assert len(strokes(4 * S, 241 * S)) == 1


@pytest.mark.req("DOSE-1")
def test_a_stroke_at_the_very_end_is_in_the_run_and_one_after_it_is_not() -> None:
    run = life()
    run.script = replace(run.script, end_us=481 * S)
    run.strokes_us.append(481 * S)
    run.edges_us.clear()
    run.looks[1] = replace(run.looks[1], at_us=481 * S)
    assert "stroke 4 of basal" not in {what for _, what in found(run)}
    run.strokes_us.pop()
    assert (481 * S, "stroke 4 of basal") in found(run)
    run.script = replace(run.script, end_us=481 * S - 1)
    assert "stroke 4 of basal" not in {what for _, what in found(run)}


@pytest.mark.req("GUARD-4")
def test_the_sensor_s_edge_comes_mostly_so_long_after_a_start() -> None:
    run = life()
    assert Judge(run).device.pump.edge_us == EDGE_US
    run.edges_us = [1, 2 * S + 7, 4 * S + 7, 241 * S + 9]
    assert Judge(run).device.pump.edge_us == 7, "an edge before the first start is nobody's"
    run.edges_us = [2 * S]
    assert Judge(run).device.pump.edge_us == 0
    run.edges_us = []
    assert Judge(run).device.pump.edge_us == 0


# Answers


@pytest.mark.req("LINK-2")
def test_silence_is_no_answer() -> None:
    assert (2 * S, "bolus: an answer") in found(with_answer(1, reply=None))
    assert found(with_answer(4, reply=None)) == [(5 * S, "read_time: an answer")]


@pytest.mark.req("THER-9")
def test_each_figure_of_a_reply_is_judged() -> None:
    assert found(with_answer(0, reply=SET_BASAL | {"old_rate_mu_per_h": 50})) == [(S, "set_basal: old_rate_mu_per_h")]
    assert found(with_answer(0, reply=SET_BASAL | {"at_us": S + 1})) == [(S, "set_basal: at_us")]
    assert found(with_answer(4, reply={"now_us": 5 * S, "utc_s": 0})) == [(5 * S, "read_time utc_s")]
    refused = with_answer(4, reply=None, refusal=Refusal("memory_failed", "", 0, 0))
    assert found(refused) == [(5 * S, "read_time: answer")]


@pytest.mark.req("LINK-2")
def test_a_repeat_is_answered_with_the_stored_outcome() -> None:
    assert found(with_answer(3, reply=BOLUS | {"strokes": 3})) == [(9 * S // 2, "bolus again")]
    for code in ("expired", "repeated", "other_life", "bolus_active"):
        again = with_answer(3, reply=None, refusal=Refusal(code, "", 0, 0))
        assert (9 * S // 2, "bolus again") in found(again), "it could still come"


def repeated_at(at_us: int, reply: Values | None, code: str = "") -> list[tuple[int, str]]:
    """The order that arrived at 2 s and holds for 10 s comes again."""
    run = life()
    steps = list(STEPS)
    steps[3:5] = [Step(5 * S, "read_time", {}), Step(at_us, AGAIN, {"of_us": 2 * S})]
    steps[5], steps[4] = (steps[4], steps[5]) if at_us > 10 * S else (steps[5], steps[4])
    run.script = replace(run.script, steps=tuple(steps))
    numbers = {id(step): number for number, step in enumerate(steps)}
    refusal = Refusal(code, "", 0, 0) if code else None
    again = Answer(
        numbers[id(next(each for each in steps if each.what == AGAIN))],
        at_us,
        "bolus",
        {"of_us": 2 * S},
        reply,
        refusal,
    )
    run.answers[3:] = [replace(run.answers[4], step=3), again]
    return found(run)


@pytest.mark.req("LINK-2")
@pytest.mark.parametrize("code", ["expired", "repeated", "other_life"])
def test_one_that_could_come_no_more_may_also_be_refused(code: str) -> None:
    assert repeated_at(12 * S + 1, None, code) == []
    assert repeated_at(12 * S, None, code) == [(12 * S, "bolus again")]
    assert repeated_at(12 * S + 1, BOLUS) == []
    assert repeated_at(12 * S + 1, None, "wrong_role") == [(12 * S + 1, "bolus again")]
    assert repeated_at(12 * S + 1, BOLUS | {"delivery_id": 4}) == [(12 * S + 1, "bolus again")]


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


@pytest.mark.req("LINK-2", "THER-3")
def test_what_makes_nothing_more_of_anything_is_done_anew_when_it_comes_late() -> None:
    stop = Step(S, "stop", {})
    reply = {"at_us": S, "abandoned_strokes": 0}
    late = (Step(12 * S, AGAIN, {"of_us": S}), {"at_us": 12 * S, "abandoned_strokes": 0})
    running = (Step(11 * S, "resume", {}), {"at_us": 11 * S, "rate_mu_per_h": 0})
    anew = one(stop, reply, None, running, late)
    assert said(anew) == [] and anew.device.pump.state == "stopped"
    stored = one(stop, reply, None, running, (late[0], reply))
    assert said(stored) == [] and stored.device.pump.state == "running"
    soon = one(stop, reply, None, (Step(10 * S, "resume", {}), {"at_us": 10 * S, "rate_mu_per_h": 0}),
               (Step(11 * S, AGAIN, {"of_us": S}), {"at_us": 11 * S, "abandoned_strokes": 0}))  # fmt: skip
    assert said(soon) == [("stop again", "LINK-2")] and soon.device.pump.state == "running"
    bolus = one(Step(S, "bolus", {"volume_mu": 200}), {"at_us": S, "delivery_id": 2, "strokes": 1}, None,
                (Step(12 * S, AGAIN, {"of_us": S}), {"at_us": 12 * S, "delivery_id": 3, "strokes": 1}))  # fmt: skip
    assert said(bolus) == [("bolus again", "LINK-2")] and len(bolus.device.pump.entries) == 2


@pytest.mark.req("LINK-2")
def test_a_repeat_of_what_got_no_answer_is_the_first_that_is_heard() -> None:
    bolus = Step(S, "bolus", {"volume_mu": 400})
    reply = {"at_us": 6 * S, "delivery_id": 2, "strokes": 2}
    made = one(bolus, None, None, (Step(6 * S, AGAIN, {"of_us": S}), reply))
    made.device.advance(9 * S)
    assert said(made) == [("bolus: an answer", "LINK-2")]
    assert [each.at_us for each in made.device.pump.strokes] == [6 * S, 8 * S]
    late = one(bolus, None, None, (Step(12 * S, AGAIN, {"of_us": S}), reply | {"at_us": 12 * S}))
    assert said(late) == [("bolus: an answer", "LINK-2"), ("bolus accepted", "LINK-2")]


@pytest.mark.req("LINK-2")
def test_a_question_that_comes_again_is_asked_again() -> None:
    asked = Step(S, "telemetry", {"interval_s": 1, "for_s": 30})
    again = Step(60 * S, AGAIN, {"of_us": S})
    assert said(one(asked, {"until_us": 31 * S}, None, (again, {"until_us": 90 * S}))) == []
    other = one(asked, {"until_us": 31 * S}, None, (again, {"until_us": 31 * S}))
    assert said(other) == [("telemetry until_us", "THER-9")]
    silent = one(asked, None, None, (again, {"until_us": 90 * S}))
    assert said(silent) == [("telemetry: an answer", "LINK-2")]


@pytest.mark.req("GUARD-1", "LINK-2", "THER-3")
def test_what_must_be_refused_and_what_must_not() -> None:
    beyond = Step(S, "bolus", {"volume_mu": 40_200})
    taken = {"at_us": S, "delivery_id": 2, "strokes": 201}
    assert said(one(beyond, taken)) == [("bolus accepted", "GUARD-1")]
    hard = Refusal("hard_limit", "volume_mu", 40_200, 40_000)
    assert said(one(beyond, None, hard)) == []
    assert said(one(beyond, None, replace(hard, limit=40_001))) == [("bolus refused", "GUARD-1")]
    good = Step(S, "bolus", {"volume_mu": 200})
    for code, requirement in (("temp_active", "THER-3"), ("hour_limit", "THER-3")):
        made = one(good, None, Refusal(code, "", 0, 0))
        assert said(made) == [("bolus refused", requirement)] and made.found[0].expected == "accepted"
    late = Step(S, "bolus", {"volume_mu": 200, "expires_after_us": -1})
    assert said(one(late, {"at_us": S, "delivery_id": 2, "strokes": 1})) == [("bolus accepted", "LINK-2")]
    assert said(one(late, None, Refusal("expired", "", 0, 0))) == []
    assert said(one(Step(S, "resume", {}), {"at_us": S, "rate_mu_per_h": 0})) == [("resume accepted", "THER-3")]
    may = Step(S, "stop", {"expires_after_us": -1})
    assert said(one(may, None, Refusal("expired", "", 0, 0))) == []
    assert said(one(may, {"at_us": S, "abandoned_strokes": 0})) == []


@pytest.mark.req("THER-1")
def test_an_order_that_was_refused_changes_nothing_and_one_accepted_is_followed() -> None:
    refused = one(Step(S, "bolus", {"volume_mu": 200}), None, Refusal("bolus_active", "", 0, 0))
    assert len(refused.device.pump.entries) == 1
    assert [each.what for each in refused.device.pump.events][-1] == "refused"
    impossible = one(Step(S, "commit_pattern", {"pattern": 0, "fingerprint": 1}), {"at_us": S})
    assert [what for what, _ in said(impossible)] == ["commit_pattern accepted", "commit_pattern: carried out"]
    rates = [{"rate_mu_per_h": 250}] * 48
    staged = one(
        Step(S, "stage_pattern", {"pattern": 1, "rates": rates}),
        {"fingerprint": 0, "day_mu": 6_000, "old_day_mu": 4_800},
    )
    assert said(staged) == [("stage_pattern: fingerprint", "THER-9")], "it has no time of its own"
    assert staged.device.orders.staged == {1: [250] * 48}
    assert staged.device.pump.recorded_us == 0 and "accepted" not in [each.what for each in staged.device.pump.events]


@pytest.mark.req("THER-3")
def test_an_order_is_an_act_of_a_person_and_a_closed_loop_s_recommendation_is_not() -> None:
    basal = one(Step(S, "set_basal", {"rate_mu_per_h": 0}), SET_BASAL | {"new_rate_mu_per_h": 0})
    assert (basal.device.auto_off.act_us, basal.device.pump.recorded_us) == (S, S) and said(basal) == []
    loop = one(Step(S, "recommend_rate", {"rate_mu_per_h": 0, "valid_min": 60}),
               {"at_us": S, "until_us": 3_601 * S, "programmed_mu_per_h": 0})  # fmt: skip
    assert loop.device.auto_off.act_us == 0 and loop.device.pump.recorded_us == S and said(loop) == []


@pytest.mark.req("THER-3")
def test_after_a_suspend_that_tells_another_rate_the_pump_is_followed() -> None:
    basal = Step(S, "set_basal", {"rate_mu_per_h": 1_000})
    set_basal = SET_BASAL | {"new_rate_mu_per_h": 1_000}
    suspend = Step(2 * S, "suspend", {})
    reply = {"at_us": 2 * S, "abandoned_strokes": 0}
    for told_rate, follows in ((200, 200), (150, 150), (0, 0)):
        made = one(basal, set_basal, None, (suspend, reply | {"rate_mu_per_h": told_rate}))
        assert made.device.pump.rate == follows
        assert said(made) == ([] if told_rate == 200 else [("suspend: rate_mu_per_h", "THER-9")])
    assert one(basal, set_basal, None, (suspend, reply)).device.pump.rate == 200


@pytest.mark.req("THER-5")
def test_whether_a_refill_is_over_is_the_pump_s_verdict() -> None:
    values = {
        "put_before_mg": 2_010,
        "put_after_mg": 1_005,
        "taken_back_nl": 0,
        "drawn_before_mg": 5,
        "drawn_after_mg": 5,
    }
    reply = {"at_us": S, "filled_nl": 1_000_000, "residual_nl": 0, "missing_nl": 0}
    assert one(Step(S, "record_refill", values), reply | {"band": "over"}).device.seen_over
    assert not one(Step(S, "record_refill", values), reply | {"band": "within"}).device.seen_over


# Looks


@pytest.mark.parametrize(
    ("part", "name", "requirement"),
    [
        ("status", "strokes_commanded", "DOSE-3"),
        ("status", "hour_mu", "DOSE-3"),
        ("time", "now_us", "THER-8"),
        ("procedure", "step", "THER-6"),
        ("reservoir", "now_us", "THER-4"),
        ("settings", "in_use_days", "THER-9"),
    ],
)
@pytest.mark.parametrize("place", [0, 1])
def test_each_figure_of_a_look_is_judged_at_the_time_at_which_it_was_asked(
    place: int, part: str, name: str, requirement: str
) -> None:
    asked = ["status", "time", "procedure", "reservoir", "settings"].index(part)
    run = with_look(place, part, **{name: getattr(life().looks[place], part)[name] + 1})
    problems = judge(run)
    assert [(each.what, each.requirement) for each in problems] == [(f"{part} {name}", requirement)]
    assert problems[0].at_us == run.looks[place].at_us + asked * SLOT_US


@pytest.mark.req("OCC-3")
def test_a_diagnosis_without_a_cause_is_judged() -> None:
    assert found(with_look(0, "diagnosis", diagnosis="occlusion")) == [(10 * S + 5 * SLOT_US, "diagnosis diagnosis")]


@pytest.mark.req("THER-1")
@pytest.mark.parametrize("pattern", range(4))
def test_each_pattern_is_judged(pattern: int) -> None:
    run = life()
    patterns = list(run.looks[0].patterns)
    patterns[pattern] = (200,) * 47 + (250,)
    run.looks[0] = replace(run.looks[0], patterns=tuple(patterns))
    assert found(run) == [(10 * S + (6 + pattern) * SLOT_US, f"pattern {pattern}")]


@pytest.mark.req("ALARM-2")
def test_an_alarm_without_a_cause_is_judged_and_pages_take_their_time() -> None:
    row = {"alarm": 15, "since_us": 1, "detail": 0, "cause_there": False}
    for count, pages in ((0, 1), (15, 1), (16, 2), (30, 2), (31, 3)):
        run = life()
        run.looks[1] = replace(run.looks[1], alarms=(row,) * count)
        made = Judge(run)
        problems = made.judge()
        assert {each.what for each in problems} == ({"alarm occlusion"} if count else set())
        if count:
            assert problems[0].at_us == 400 * S + (9 + pages) * SLOT_US
        assert made.device.pump.bench_us == 400 * S + (10 + pages) * SLOT_US


def with_deliveries(place: int, change: Callable[[list[Values]], None]) -> list[tuple[str, Any, Any]]:
    run = life()
    rows = [dict(each) for each in run.looks[place].deliveries]
    change(rows)
    run.looks[place] = replace(run.looks[place], deliveries=tuple(rows))
    return [(each.what, each.expected, each.seen) for each in judge(run)]


@pytest.mark.req("DOSE-3", "LOG-2")
def test_each_delivery_is_judged() -> None:
    def programmed(rows: list[Values]) -> None:
        rows[1]["programmed_mu"] += 1

    assert with_deliveries(0, programmed) == [("delivery 2 programmed_mu", 7, 8)]
    for number in (0, 5):

        def invented(rows: list[Values], number: int = number) -> None:
            rows.insert(0 if number == 0 else 3, rows[0] | {"id": number})

        assert with_deliveries(0, invented)[0][:2] == (f"delivery {number}", "none")
    assert with_deliveries(0, lambda rows: rows.reverse()) == [("deliveries listed", "oldest first", [3, 2, 1])]
    assert with_deliveries(0, lambda rows: rows.__delitem__(1)) == [("deliveries listed", [2], [1, 3])]
    assert with_deliveries(0, lambda rows: rows.__delitem__(2)) == [("deliveries listed", [3], [1, 2])]
    assert with_deliveries(0, lambda rows: rows.__delitem__(0)) == [], "a full list loses the oldest"
    assert with_deliveries(1, lambda rows: rows.__delitem__(0)) == [], "a reset may lose what had ended"
    assert with_deliveries(1, lambda rows: rows.__delitem__(1)) == [("deliveries listed", [4], [2])]
    assert with_deliveries(0, lambda rows: rows.clear()) == [("deliveries listed", [2, 3], [])]


@pytest.mark.req("DOSE-3")
def test_six_deliveries_are_a_page_and_the_seventh_is_asked_later() -> None:
    for count, pages in ((1, 1), (6, 1), (7, 2), (12, 2), (13, 3)):
        run = life()
        last = run.looks[1].deliveries[1]
        run.looks[1] = replace(run.looks[1], deliveries=(last,) * count)
        made = Judge(run)
        assert made.judge() == []
        assert made.device.pump.bench_us == 400 * S + (10 + pages) * SLOT_US


def test_a_look_is_taken_at_the_end_even_without_a_step() -> None:
    run = life()
    run.looks[1] = replace(run.looks[1], status={})
    assert len(judge(run)) > 30
    run.looks.pop()
    made = Judge(run)
    assert made.judge() == [] and made.device.pump.bench_us == 305 * S


def test_of_what_follows_from_one_mistake_enough_is_told() -> None:
    assert ENOUGH == 40
    run = life()
    run.looks = [replace(each, status={}, reservoir={}, settings={}, procedure={}) for each in run.looks]
    problems = judge(run)
    assert len(problems) == 40 and problems == sorted(problems, key=lambda each: each.at_us)
    made = Judge(run)
    made.judge()
    assert made.device.pump.bench_us < 300 * S, "nothing more is looked at"


def test_a_disagreement_tells_when_what_and_by_which_requirement() -> None:
    text = str(Disagreement(7, "stroke 1", 7, 8, "DOSE-1"))
    assert text == "7 µs stroke 1: 8, expected 7 (DOSE-1)"


# The world


@pytest.mark.req("STORE-5")
def test_the_device_s_time_after_a_reset_is_what_the_battery_backed_clock_says() -> None:
    for off_us, agrees in ((0, True), (1_500_000, True), (1_500_001, False), (-1_500_000, True), (-1_500_001, False)):
        run = with_steps(Step(300 * S, "power_cut", {"off_s": 5}), lives=(Life(0, 0), Life(305 * S, 305 * S + off_us)))
        made = Judge(run)
        whats = [each.what for each in made.judge()]
        assert ("device time after a reset" not in whats) is agrees, off_us
        assert made.device.pump.bench_offset_us == -off_us
        assert [each.what for each in made.device.pump.events][-1] == "connected"
        assert made.wall.look_us == 3_905 * S + off_us


@pytest.mark.req("STORE-5", "THER-8")
def test_a_clock_that_jumped_takes_the_device_s_time_with_it_over_a_cut() -> None:
    cut = Step(300 * S, "power_cut", {"off_s": 5})

    def agrees(by_s: int, device_us: int) -> bool:
        jump = Step(299 * S, "clock_jump", {"by_s": by_s})
        run = with_steps(jump, cut, lives=(Life(0, 0), Life(305 * S, device_us)))
        return "device time after a reset" not in {each.what for each in judge(run)}

    # Forth by 100 s: 405 s, give or take 1.5 s and, for the clock was touched, another second.
    assert agrees(100, 405 * S) and agrees(100, 405 * S + 2_500_000) and agrees(100, 405 * S - 2_500_000)
    assert not agrees(100, 405 * S + 2_500_001) and not agrees(100, 405 * S - 2_500_001)
    # By a second is how whole seconds are.
    assert agrees(1, 305 * S - 2_500_000) and not agrees(1, 305 * S - 2_500_001)
    assert agrees(2, 307 * S - 2_500_000) and not agrees(2, 307 * S - 2_500_001)
    assert agrees(-4, 301 * S)


@pytest.mark.req("STORE-5")
def test_the_device_s_time_never_goes_back_before_a_record() -> None:
    """An order at 299.5 s, the clock back by four seconds, a second without power: 297 s by the clock."""
    order = Step(299_500_000, "set_basal", {"rate_mu_per_h": 0})
    steps = (order, Step(299_600_000, "clock_jump", {"by_s": -4}), Step(300 * S, "power_cut", {"off_s": 1}))
    for device_us, agrees in ((302 * S, True), (302 * S + 1, False), (297 * S, True), (297 * S - 1, False)):
        run = with_steps(*steps, lives=(Life(0, 0), Life(301 * S, device_us)))
        reply = SET_BASAL | {"new_rate_mu_per_h": 0, "at_us": order.at_us}
        run.answers = [Answer(0, order.at_us, "set_basal", order.values, reply, None)]
        assert ("device time after a reset" not in {each.what for each in judge(run)}) is agrees


@pytest.mark.req("THER-8")
def test_a_clock_that_was_lost_is_lost_after_a_cut_and_device_time_is_not_judged() -> None:
    for step in (Step(299 * S, "clock_lost", {}), Step(299 * S, "clock_jump", {"by_s": 86_500})):
        cut = Step(300 * S, "power_cut", {"off_s": 5})
        made = Judge(with_steps(step, cut, lives=(Life(0, 0), Life(305 * S, 300 * S))))
        whats = {each.what for each in made.judge()}
        assert made.device.pump.programme.utc_at_zero_us is None and "device time after a reset" not in whats
        whys = [each.values["why"] for each in made.device.pump.events if each.what == "clock_lost"]
        assert whys == [1 if step.what == "clock_lost" else 3]


@pytest.mark.req("THER-8")
def test_where_the_memory_leaves_it_open_the_log_says_whether_the_clock_was_lost() -> None:
    """A jump back of a minute, after the last record that is sure and before one that may be: believed or not."""
    steps = (
        Step(1 * S, "set_time", {"utc_s": EPOCH_S + 1}),
        Step(299 * S, "clock_jump", {"by_s": -60}),
        Step(300 * S, "power_cut", {"off_s": 5}),
    )
    for lost in (False, True):
        run = with_steps(*steps, lives=(Life(0, 0), Life(305 * S, 300 * S)))
        run.answers = [Answer(0, S, "set_time", steps[0].values, {"at_us": S}, None)]
        run.log = [event(1, "reset", 305)] + [event(2, "clock_lost", 305, detail=2)] * lost
        made = Judge(run)
        made.judge()
        assert (made.device.pump.programme.utc_at_zero_us is None) is lost


@pytest.mark.req("SELF-1")
def test_only_two_clocks_at_two_rates_can_make_a_self_test_fail_and_the_log_tells_when() -> None:
    def state(touched: bool, at_s: int, clock_known: bool = True, life_number: int = 0) -> str:
        touch = (Step(S, "clock_rate", {"ppm": 100}),) * touched
        run = with_steps(*touch, Step(3_700 * S, LOOK), end_us=3_800 * S)
        run.log = [event(1, "reset", 0)] * life_number
        run.log += [event(1, "self_test", at_s) | {"clock_known": clock_known}]
        made = Judge(run)
        made.judge()
        made.device.advance(3_700 * S)
        return made.device.pump.state

    assert state(True, 3_600) == "stopped"
    assert state(False, 3_600) == state(True, 3_599) == state(True, 3_600, False) == "running"
    assert state(True, 3_600, True, 1) == "running"


@pytest.mark.req("SELF-1")
def test_a_self_test_that_was_asked_for_has_passed_unless_the_log_tells_otherwise() -> None:
    asked = Step(2 * S, "self_test", {})
    for passed, told_of in ((True, False), (False, True)):
        run = with_steps(Step(S, "clock_rate", {"ppm": 100}), asked)
        run.answers = [Answer(1, 2 * S, "self_test", {}, {"passed": passed}, None)]
        run.log = [event(1, "self_test", 2)] * told_of
        assert "self_test passed" not in {each.what for each in judge(run)}
        run.answers = [replace(run.answers[0], reply={"passed": not passed})]
        assert "self_test passed" in {each.what for each in judge(run)}


@pytest.mark.req("SELF-1")
def test_clocks_at_two_rates_that_were_overlooked_are_told() -> None:
    run = with_steps(Step(S, "clock_rate", {"ppm": 20_000}), Step(7 * 3_600 * S, LOOK), end_us=8 * 3_600 * S)
    problems = [each for each in judge(run) if each.what == "clocks at two rates"]
    assert [(each.at_us, each.requirement) for each in problems] == [(7 * 3_600 * S, "SELF-1")]
    run = with_steps(run.script.steps[0], Step(7 * 3_600 * S - 1, LOOK), end_us=8 * 3_600 * S)
    assert "clocks at two rates" not in {each.what for each in judge(run)}


@pytest.mark.req("STORE-2")
def test_whether_a_stroke_in_doubt_counts_is_taken_from_the_log() -> None:
    run = life()
    run.log[7] = event(8, "reset", 305, b=1)
    assert Judge(run).counted == {1: True, 2: True, 3: True}
    assert Judge(life()).counted == {1: False, 2: True, 3: True}


def test_what_the_log_tells_of_each_life() -> None:
    rows = [
        event(1, "clock_lost", 1),
        event(2, "alarm", 2, detail=1),
        event(3, "reset", 3),
        event(4, "clock_lost", 4),
        event(5, "connected", 5),
        event(6, "self_test", 6) | {"clock_known": False},
        event(7, "reset", 7),
        event(8, "connected", 8),
        event(9, "clock_lost", 9),
    ]
    found_of, lost = told(rows)
    assert found_of == {(0, "pump_low_battery", True, EPOCH_S + 2), (1, "self_test", False, EPOCH_S + 6)}
    assert lost == {0: False, 1: True, 2: False}


# The log


@pytest.mark.req("LOG-1", "LOG-2")
@pytest.mark.parametrize("place", range(10))
def test_an_event_that_is_missing_or_told_twice_is_found(place: int) -> None:
    missing = life()
    kind = missing.log[place]["event"]
    del missing.log[place]
    for number, row in enumerate(missing.log, 1):
        missing.log[number - 1] = {**row, "number": number}
    assert f"log {kind}" in {what.rpartition(" ")[0] for _, what in found(missing)}
    twice = life()
    twice.log.insert(place, twice.log[place])
    for number, row in enumerate(twice.log, 1):
        twice.log[number - 1] = {**row, "number": number}
    assert f"log {kind}" in {what.rpartition(" ")[0] for _, what in found(twice)}


@pytest.mark.req("LOG-1")
@pytest.mark.parametrize(
    ("place", "names"),
    [(2, "abcd"), (3, "a"), (4, "ab"), (5, "a"), (6, "abcd"), (7, "b"), (8, "abcd")],
)
def test_each_figure_of_an_event_is_judged(place: int, names: str) -> None:
    for name in (*names, "detail" if place != 7 else "b"):
        for by in (-1, 1):
            run = life()
            row = run.log[place]
            if name == "b" and row["event"] == "reset" and by < 0:
                continue
            run.log[place] = {**row, name: row[name] + by}
            whats = [what for _, what in found(run)]
            assert whats and all(what.startswith(f"log {row['event']} ") for what in whats), (name, by)


@pytest.mark.req("LOG-2")
def test_the_numbers_of_the_log_have_no_gap() -> None:
    run = life()
    run.log = [{**row, "number": row["number"] + 100} for row in run.log]
    assert judge(run) == [], "it may begin anywhere: the oldest are overwritten"
    run.log[4] = {**run.log[4], "number": 1}
    assert found(run) == [(400 * S, "log numbers")]
    assert Hand().device.resets == 0


@pytest.mark.parametrize("kind", ["fault", "exception", "diagnosis", "memory", "unreadable"])
def test_what_must_never_be_in_the_log_is_told(kind: str) -> None:
    run = life()
    run.log.append(event(11, kind, 390))
    assert found(run) == [(400 * S, f"log {kind}")]
