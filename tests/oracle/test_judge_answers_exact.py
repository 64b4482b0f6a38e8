"""Answers of a life written by hand: what is right, what may be either way, and what the oracle makes of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from firmware import protocol
from hil.oracle.judge import judge
from hil.oracle.reasons import MESSAGES
from hil.scripts.script import AGAIN, Answer, Refusal, Step
from tests.oracle.hand import S
from tests.oracle.life import BOLUS, BUSY, SET_BASAL, STEPS, Values, event, found, life, one, said, with_answer

pytestmark = pytest.mark.req("HIL-5")


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
        told = next(each for each in judge(again) if each.what == "bolus again")
        assert (told.expected, told.seen) == (BOLUS, again.answers[3].refusal)
    refused = with_answer(3, reply=BOLUS)
    refused.answers[1] = replace(refused.answers[1], reply=None, refusal=BUSY)
    told = next(each for each in judge(refused) if each.what == "bolus again")
    assert (told.expected, told.seen) == (BUSY, BOLUS)


@pytest.mark.req("LINK-2")
def test_a_repeat_of_a_refused_order_is_refused_as_it_was_though_nothing_stands_against_it_now() -> None:
    run = life()
    run.script = replace(run.script, steps=(*STEPS[:3], Step(9 * S, AGAIN, {"of_us": 3 * S}), *STEPS[5:]))
    run.answers[3:] = [Answer(3, 9 * S, "bolus", {"of_us": 3 * S}, None, BUSY)]
    assert found(run) == []


def repeated_at(at_us: int, reply: Values | None, code: str = "", log: Sequence[Values] = ()) -> list[tuple[int, str]]:
    """The order that arrived at 2 s and holds for 10 s comes again; `log`: rows more before the power cut."""
    run = life()
    rows = [*run.log[:7], *log, *run.log[7:]]
    run.log = [{**row, "number": number} for number, row in enumerate(rows, 1)]
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


@pytest.mark.req("LINK-2", "LOG-2")
def test_the_refusal_of_a_repeat_may_be_in_the_log_or_not() -> None:
    row = event(8, "refused", 12, protocol.CODES.index("expired"), MESSAGES["bolus"].id)
    for more, agrees in (([], True), ([row], True), ([row, row], False), ([row | {"reason": 0}], False)):
        assert (repeated_at(12 * S + 1, None, "expired", more) == []) is agrees


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
    other = one(beyond, None, replace(hard, limit=40_001))
    assert said(other) == [("bolus refused", "GUARD-1")]
    assert {reason.code for reason in other.found[0].expected} == {"hard_limit", "clinician_limit"}
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
