"""Procedures on the command line: a question says what the pump says, and a walk gives nothing else than its screen."""

from __future__ import annotations

from typing import Any

import pytest

from host.api.client import Programmer
from host.api.prepared import Prepared
from tests.host.patient import Patient, question

pytestmark = pytest.mark.req("HOST-1", "SEC-3", "THER-5", "THER-6", "THER-9")


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> Patient:
    patient = Patient(monkeypatch)
    patient.do("stop")
    return patient


def test_what_a_question_says_of_a_procedure_is_what_the_pump_says(patient: Patient) -> None:
    asked = question(patient.asked("procedure", "start", "patency"))
    assert asked.endswith("\nThe reservoir holds: insulin.")
    patient.do("procedure", "start", "patency")
    patient.do("procedure", "answer", "ready")
    assert question(patient.asked("procedure", "answer", "go")) == "At 'strokes': go, 5 strokes"
    left = "At 'strokes': interrupt -> left, 5 strokes are not made"
    assert question(patient.asked("procedure", "interrupt")) == left
    french = question(patient.asked("procedure", "answer", "go", "--language", "fr")).partition("\nLe faire")[0]
    assert french == "À l'étape « impulsions » : marche, 5 impulsions"


@pytest.mark.parametrize("moment", ["before", "during"])
def test_a_walk_gives_no_answer_that_would_do_something_else_than_the_screen_says(
    patient: Patient, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    """Another has gone on from the same step of one procedure to that of another."""
    patient.do("procedure", "start", "patency")
    changed: list[str] = []
    prepare, confirm = Programmer.prepare, Prepared.confirm

    def other() -> None:
        if not changed:
            changed.append("now")
            patient.do("procedure", "interrupt")
            patient.do("procedure", "start", "refill")

    def prepares(pump: Programmer, *given: Any, **values: Any) -> Prepared:
        if moment == "before":
            other()
        return prepare(pump, *given, **values)

    def confirms(prepared: Prepared) -> Any:
        if moment == "during":
            other()
        return confirm(prepared)

    patient.terminal.person()
    monkeypatch.setattr(Programmer, "prepare", prepares)
    monkeypatch.setattr(Prepared, "confirm", confirms)
    run = patient.terminal.run("procedure", "walk", answer="ready\n")
    assert "The pump was changed meanwhile:" in run.stdout and run.exit_code == 130
    shown = run.stdout.partition("The pump was changed meanwhile:")[2]
    assert "1 of 5: prepare" in shown and "1 of 5: prepare" in patient.see("procedure", "show")
