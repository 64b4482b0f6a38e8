"""The whole firmware against the oracle: random therapy scripts on a virtual board, and proof that the oracle sees.

Thousands of scripts: `make scripts-nightly`.
"""

from __future__ import annotations

import random

import pytest

from hil.oracle.judge import judge
from hil.scripts.generate import Wish, generate
from hil.scripts.play import play
from tests.oracle.spoil import spoiled

SCRIPTS = 40  # of 24 to 72 h
SHORT = Wish(clock=False, hours=(24, 30), steps=(20, 45))

# Faults of the firmware that the oracle has found and that are not mended yet: what a run with one of them disagrees
# about first, and why. What is mended leaves this list.
KNOWN = {
    "reservoir_mu": "a rinse leaves the computed content as it was",
    "status hour_mu": "a reset can add a start to the rolling windows",
    "device time after a reset": "device time can be up to 5 s ahead after one",
}


def found(seed: int, wish: Wish) -> list[str]:
    """The disagreements; an excused run is an expected failure."""
    found = [str(each) for each in judge(play(generate(seed, wish)))]
    while found and "status next_due_us: 18446744073709551615" in found[0]:
        found.pop(
            0
        )  # in the middle of a stroke, when the next one has no permit yet, the pump says that none will come
    for known, why in KNOWN.items():
        if found and known in found[0]:
            pytest.xfail(why)
    return found


@pytest.mark.req("DOSE-1", "DOSE-3", "GUARD-1", "THER-1", "THER-2", "THER-3", "THER-4", "LOG-2", "STORE-2", "STORE-5")
@pytest.mark.parametrize("seed", range(1, SCRIPTS + 1))
def test_a_random_script_is_as_the_specification_has_it(seed: int) -> None:
    assert found(seed, Wish()) == []


@pytest.mark.req("HIL-5")
@pytest.mark.parametrize("seed", range(1001, 1013))
def test_every_bad_run_is_found(seed: int) -> None:
    run = play(generate(seed, SHORT))
    good = {str(each) for each in judge(run)}
    missed = [name for name, bad in spoiled(run, random.Random(seed)) if not {str(each) for each in judge(bad)} - good]
    assert missed == []
