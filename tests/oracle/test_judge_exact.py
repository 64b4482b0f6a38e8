"""Strokes and the order of things: a life written by hand, with one thing wrong in it at a time, is judged."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from hil.oracle.disagreement import Disagreement
from hil.oracle.judge import ENOUGH, Judge, judge, told
from hil.scripts.script import LOOK, Answer, Life, Refusal, Step
from tests.oracle.hand import EDGE_US, EPOCH_S, S
from tests.oracle.life import SET_BASAL, event, found, life, look_at, with_look, with_steps

pytestmark = pytest.mark.req("HIL-5")


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


# A whole run


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


def test_the_fortieth_disagreement_is_the_last_that_is_looked_for() -> None:
    silent = [Step(each * S, "read_time", {}) for each in range(1, 42)]
    for count in (39, 40, 41):
        run = with_steps(*silent[:count], end_us=50 * S)
        run.answers = [Answer(number, step.at_us, "read_time", {}, None, None) for number, step in enumerate(silent)]
        run.looks = [look_at(50 * S, 50 * S, {}, [])]
        made = Judge(run)
        assert len(made.judge()) == 40
        end_us = made.device.pump.bench_us
        assert end_us > 50 * S if count == 39 else end_us == 40 * S, "after it neither a step nor a look"


def test_disagreements_are_told_in_the_order_of_time_whoever_finds_them() -> None:
    run = with_look(1, "status", resets=2)
    run.strokes_us[1] += 1
    run.log[2] = event(3, "delivery_ended", 1, a=1)
    assert found(run) == [
        (1 * S, "log delivery_ended 1 (number 3) reason"),
        (4 * S, "stroke 2 of normal_bolus"),
        (400 * S, "status resets"),
    ]


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


@pytest.mark.req("STORE-5")
def test_each_life_goes_on_from_the_device_s_time_of_the_one_before() -> None:
    cuts = Step(300 * S, "power_cut", {"off_s": 5}), Step(320 * S, "power_cut", {"off_s": 5})
    asked = Step(310 * S, "read_time", {})
    for again_us, agrees in ((324_100_000, True), (322_600_000, True), (322_599_999, False)):
        run = with_steps(
            cuts[0], asked, cuts[1], lives=(Life(0, 0), Life(305 * S, 304_100_000), Life(325 * S, again_us))
        )
        run.answers = [Answer(1, 310 * S, "read_time", {}, {"now_us": 309_100_000, "utc_s": EPOCH_S + 310}, None)]
        whats = {each.what for each in judge(run) if not each.what.startswith("log ")}
        assert whats == (set() if agrees else {"device time after a reset"})


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


@pytest.mark.req("STORE-2", "LOG-2")
@pytest.mark.parametrize("counted", [False, True])
def test_each_reset_has_its_own_answer_to_whether_a_stroke_in_doubt_counts(counted: bool) -> None:
    """A refusal amid the stroke, whose record may tell of it, and a power cut before the edge; then one in peace."""
    order = {"volume_mu": 200}
    steps = (
        Step(2 * S, "bolus", order),
        Step(2_050_000, "bolus", order),
        Step(2_080_000, "power_cut", {"off_s": 5}),
        Step(20 * S, "power_cut", {"off_s": 5}),
    )
    run = with_steps(*steps, lives=(Life(0, 0), Life(7 * S, 7 * S), Life(25 * S, 25 * S)))
    run.strokes_us, run.edges_us = [2 * S], [2 * S + EDGE_US]
    run.answers = [
        Answer(0, 2 * S, "bolus", order, {"at_us": 2 * S, "delivery_id": 2, "strokes": 1}, None),
        Answer(1, 2_050_000, "bolus", order, None, Refusal("bolus_active", "volume_mu", 200, 0)),
    ]
    run.log = [event(1, "reset", 7, b=int(counted)), event(2, "reset", 25, b=int(not counted))]
    whats = [each.what for each in judge(run) if each.what.startswith("log reset")]
    assert whats == (["log reset 2 (number 2) b"] if not counted else [])


@pytest.mark.req("ALARM-2", "THER-8")
def test_an_alarm_of_the_battery_is_known_from_the_log_by_device_time_while_the_clock_is_lost() -> None:
    for stamp_s, known, latched in ((3_905, False, True), (3_904, False, False), (3_905, True, False)):
        cut = Step(300 * S, "power_cut", {"off_s": 5})
        steps = (Step(299 * S, "clock_lost", {}), cut, Step(4_000 * S, LOOK))
        run = with_steps(*steps, lives=(Life(0, 0), Life(305 * S, 305 * S)), end_us=4_000 * S)
        row = event(2, "alarm", 0, detail=1) | {"clock_known": known, "time_s": stamp_s}
        run.log = [event(1, "reset", 305), row]
        made = Judge(run)
        made.judge()
        assert ("pump_low_battery" in made.device.alarms.latched) is latched


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
