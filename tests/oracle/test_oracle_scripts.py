"""The whole firmware against the oracle: random therapy scripts on a virtual board, and proof that the oracle sees.

Thousands of scripts: `make scripts-nightly`.
"""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from hil.oracle.judge import judge
from hil.oracle.spoil import spoiled
from hil.scripts.generate import Wish, generate
from hil.scripts.play import play
from hil.scripts.script import Script, Step
from hil.scripts.storms import storms

SCRIPTS = 40  # of 24 to 72 h
STORMS = 60  # of 4 to 12 h
SHORT = Wish(hours=(24, 30), steps=(20, 45))


def found(seed: int, wish: Wish) -> list[str]:
    """The disagreements."""
    return [str(each) for each in judge(play(generate(seed, wish)))]


@pytest.mark.req("DOSE-1", "DOSE-3", "GUARD-1", "THER-1", "THER-2", "THER-3", "THER-4", "LOG-2", "STORE-2", "STORE-5")
@pytest.mark.parametrize("seed", range(1, SCRIPTS + 1))
def test_a_random_script_is_as_the_specification_has_it(seed: int) -> None:
    assert found(seed, Wish()) == []


@pytest.mark.req("DOSE-1", "DOSE-3", "DOSE-5", "GUARD-1", "THER-5", "THER-6", "ALARM-2", "LOG-2", "STORE-2", "STORE-5")
@pytest.mark.parametrize("seed", range(1, STORMS + 1))
def test_a_script_of_volleys_is_as_the_specification_has_it(seed: int) -> None:
    assert [str(each) for each in judge(play(storms(seed)))] == []


@pytest.mark.req("GUARD-1", "THER-4", "STORE-2", "STORE-5", "DOSE-5")
@pytest.mark.parametrize(
    "seed",
    [
        131,  # a square bolus of a stroke in an hour of six
        5124,  # power goes when a refusal's record has told of the stroke in progress
        5653,  # a cap of few strokes, lowered to what the bolus that runs needs
        7833,  # as 5124
        8051,
        8123,  # a refill that finds insulin missing stops the pump in a stroke, with less in it than the stop
        8149,
        20049,  # basal waits, and the hour's cap is lowered
        21106,  # the stroke that a reset counts in a rinse reaches the level of the stop
    ],
)
def test_a_volley_once_judged_wrongly_by_one_of_the_two_is_as_the_specification_has_it(seed: int) -> None:
    assert [str(each) for each in judge(play(storms(seed)))] == []


@pytest.mark.req("THER-4", "ALARM-2")
def test_the_hourly_look_finds_the_stop_level_in_the_stroke_that_reaches_it() -> None:
    assert judge(play(generate(32583))) == []


@pytest.mark.req("THER-8", "LOG-2")
@pytest.mark.parametrize("off_us", [-5_000_000, -1, 0, 1, 5_000_000])
def test_a_clock_found_wrong_in_the_act_of_setting_it_makes_no_stretch_between(off_us: int) -> None:
    script = generate(33003)  # sets a clock 2 % off at a boundary of the pattern
    set_us, end_us = 5_496_992_290, 5_700_000_000
    steps = [replace(each, at_us=set_us + off_us) if each.at_us == set_us else each for each in script.steps]
    run = play(replace(script, steps=tuple(each for each in steps if each.at_us < end_us), end_us=end_us))
    assert any(row["event"] == "clock_lost" for row in run.log)
    assert judge(run) == []


@pytest.mark.req("DOSE-5", "SELF-1", "STORE-2")
def test_a_stroke_due_as_a_self_test_fails_counts_and_is_not_made() -> None:
    run = play(generate(105, Wish(clock=True, hours=(24, 30), steps=(20, 45))))
    look_us, last_us = 74_677_727_057, max(each for each in run.strokes_us if each < 75_000_000_000)
    counted = run.looks[-1].status["strokes_delivered"]
    assert (last_us, counted) == (look_us - 15_000_000, len(run.strokes_us) + 1 + 1), "and one in doubt by a reset"
    assert judge(run) == []
    assert judge(replace(run, strokes_us=sorted([*run.strokes_us, look_us]))) != []


@pytest.mark.req("LOG-2", "STORE-2")
@pytest.mark.parametrize("off", [-1, 1])
def test_a_wrong_volume_of_a_delivery_that_no_list_shows_any_more_is_found(off: int) -> None:
    run = play(generate(30148))
    place = next(place for place, row in enumerate(run.log) if row["event"] == "delivery_ended" and row["a"] == 4)
    log = list(run.log)
    log[place] = dict(log[place]) | {"b": log[place]["b"] + off}
    assert judge(replace(run, log=log)) != []


@pytest.mark.req("HIL-5", "THER-5")
def test_a_wrong_verdict_of_a_guided_refill_is_found() -> None:
    run = play(generate(9413))
    places = [place for place, each in enumerate(run.answers) if each.reply and "missing_nl" in each.reply]
    assert places
    for place in places:
        reply = run.answers[place].reply
        assert reply is not None
        answers = list(run.answers)
        answers[place] = replace(answers[place], reply=dict(reply) | {"missing_nl": reply["missing_nl"] + 1})
        assert judge(replace(run, answers=answers)) != [], place


@pytest.mark.req("HIL-5")
@pytest.mark.parametrize("rate_mu_per_h", [-1, 50])
def test_a_suspend_that_tells_another_rate_is_found(rate_mu_per_h: int) -> None:
    steps = (Step(1_000_000, "set_basal", {"rate_mu_per_h": 0}), Step(2_000_000, "suspend", {}))
    run = play(Script(1, 500, 400, 90_000_000_000, steps))
    assert judge(run) == []
    told = replace(run.answers[1], reply=dict(run.answers[1].reply or {}) | {"rate_mu_per_h": rate_mu_per_h})
    assert judge(replace(run, answers=[run.answers[0], told])) != []


@pytest.mark.req("HIL-5")
def test_a_run_whose_only_stroke_is_missing_is_found() -> None:
    run = play(Script(1, 500, 400, 3_700_000_000, (Step(1_000_000, "bolus", {"volume_mu": 200}),)))
    assert judge(run) == [] and len(run.strokes_us) == 1
    assert judge(replace(run, strokes_us=[])) != []


@pytest.mark.req("HIL-5")
@pytest.mark.parametrize("seed", range(1001, 1013))
def test_every_bad_run_is_found(seed: int) -> None:
    run = play(generate(seed, SHORT))
    good = {str(each) for each in judge(run)}
    missed = [name for name, bad in spoiled(run, random.Random(seed)) if not {str(each) for each in judge(bad)} - good]
    assert missed == []
