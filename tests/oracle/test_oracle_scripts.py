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


@pytest.mark.req("DOSE-5", "SELF-1", "STORE-2")
def test_a_stroke_due_as_a_self_test_fails_counts_and_is_not_made() -> None:
    run = play(generate(105, Wish(clock=True, hours=(24, 30), steps=(20, 45))))
    look_us, last_us = 74_677_727_057, max(each for each in run.strokes_us if each < 75_000_000_000)
    counted = run.looks[-1].status["strokes_delivered"]
    assert (last_us, counted) == (look_us - 15_000_000, len(run.strokes_us) + 1 + 1), "and one in doubt by a reset"
    assert judge(run) == []
    assert judge(replace(run, strokes_us=sorted([*run.strokes_us, look_us]))) != []


@pytest.mark.req("HIL-5")
@pytest.mark.parametrize("seed", range(1001, 1013))
def test_every_bad_run_is_found(seed: int) -> None:
    run = play(generate(seed, SHORT))
    good = {str(each) for each in judge(run)}
    missed = [name for name, bad in spoiled(run, random.Random(seed)) if not {str(each) for each in judge(bad)} - good]
    assert missed == []
