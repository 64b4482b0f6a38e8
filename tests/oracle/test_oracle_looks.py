"""What the oracle expects of a look: each figure, and when it was asked."""

from __future__ import annotations

from dataclasses import replace

import pytest

from firmware import protocol
from hil.oracle.judge import judge
from hil.scripts.play import play
from hil.scripts.script import LOOK, Run, Script, Step

S = 1_000_000
RESET = protocol.REASON_RESET


@pytest.fixture(scope="module")
def run() -> Run:
    steps = (
        Step(S, "start_procedure", {"procedure": 5}),
        Step(2 * S, "answer_procedure", {"step": 0, "choice": 0, "value": 0}),
        Step(3 * S, "answer_procedure", {"step": 1, "choice": 0, "value": 0}),
        Step(5 * S + 50_000, LOOK),
    )
    return play(Script(0, 500, 400, 30 * S, (Step(500_000, "stop"), *steps)))


@pytest.mark.req("HIL-5", "THER-6")
def test_strokes_of_a_procedure_are_no_bolus_that_has_something_left(run: Run) -> None:
    assert run.looks[0].procedure["procedure_delivering"] and judge(run) == []


@pytest.mark.req("HIL-5")
@pytest.mark.parametrize("place", [0, 1])
@pytest.mark.parametrize("off_us", [-1, 1, 869])
def test_a_look_that_says_another_time_is_found(run: Run, place: int, off_us: int) -> None:
    look = run.looks[place]
    looks = list(run.looks)
    looks[place] = replace(look, status={**look.status, "now_us": look.status["now_us"] + off_us})
    assert [each.what for each in judge(replace(run, looks=looks))] == ["status now_us"]


@pytest.mark.req("HIL-5", "LOG-2", "STORE-2")
def test_what_the_log_says_of_a_delivery_that_a_reset_ended_is_what_the_list_says() -> None:
    steps = (
        Step(S, "set_basal", {"rate_mu_per_h": 6_000}),
        Step(650 * S, "power_cut", {"off_s": 5}),
        Step(700 * S, LOOK),
    )
    cut = play(Script(0, 500, 400, 800 * S, steps))
    place = next(at for at, row in enumerate(cut.log) if row["event"] == "delivery_ended" and row["reason"] == RESET)
    assert judge(cut) == []
    for by in (-1, 1):
        log = [*cut.log]
        log[place] = {**log[place], "b": log[place]["b"] + by}
        assert len(judge(replace(cut, log=tuple(log)))) == 1
