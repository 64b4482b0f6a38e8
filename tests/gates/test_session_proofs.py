"""The proofs about the session: what is excluded, what is found in a broken model, and that both could fail."""

from __future__ import annotations

import pytest

from tools.console import Problem
from tools.session.proofs import gate
from tools.session.proofs.chapters import Opening
from tools.session.proofs.goals import GOALS, Goal
from tools.session.proofs.model import BREAKS, Model
from tools.session.proofs.provers import PROVERS, decide


@pytest.mark.req("SEC-6")
def test_every_goal_is_as_it_must_be_for_both_provers() -> None:
    asked = gate.cases()
    assert gate.report(asked, gate.prove(asked))["failed"] == []


def test_every_excluded_attack_is_found_in_a_broken_model_and_every_break_is_used() -> None:
    assert [goal.says for goal in GOALS if not goal.reached and not goal.breaks] == []
    assert {each for goal in GOALS for broken in goal.breaks for each in broken.split("+")} == set(BREAKS)


@pytest.mark.parametrize("prover", PROVERS)
@pytest.mark.parametrize(
    "wrong",
    [
        Goal("found although nothing is broken", Opening, "att0(evil)", ("leaked",)),
        Goal("not found in the broken model", Opening, "did0(S,sl,bad)", ("same_ephemeral",)),
        Goal("an honest run that never comes to its end", Opening, "did0(S,sl,bad)", reached=True),
    ],
    ids=lambda goal: goal.says,
)
def test_a_goal_that_is_not_as_it_must_be_fails(prover: str, wrong: Goal) -> None:
    asked = [case for case in gate.cases([wrong]) if case.prover == prover]
    found = gate.report(asked, gate.prove(asked))
    assert (found["verdict"], len(found["failed"])) == ("fail", 1)


@pytest.mark.parametrize("prover", PROVERS)
def test_a_problem_that_a_prover_does_not_understand_is_no_proof(prover: str) -> None:
    with pytest.raises(Problem, match="has not decided"):
        decide("cnf(c0,axiom,(att0(", prover)


def test_a_break_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="no such break: leeked"):
        Model("leeked")


def test_the_page_has_the_goals() -> None:
    text = gate.PAGE.read_text(encoding="utf-8")
    assert gate.page(text) == text, "python -m tools.session.proofs.gate --write-page"
    with pytest.raises(Problem, match="lacks the marks"):
        gate.page("# Proofs\n")
