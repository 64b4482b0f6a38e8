"""Boluses on the command line: what is asked, with what beside it, and what is told, word by word."""

from __future__ import annotations

import pytest

from tests.host.patient import Patient

pytestmark = pytest.mark.req("HOST-1", "THER-2", "THER-9")


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> Patient:
    return Patient(monkeypatch)


def test_a_bolus_is_asked_about_beside_what_runs_and_told_with_its_strokes(patient: Patient) -> None:
    patient.do("set-basal", "0.5")
    beside = "Basal 0.50 U/h beside it. With the bolus, without basal to come:\n"
    assert patient.asked("bolus", "2.4").startswith(
        f"Bolus: none -> 2.40 U, takes about 24 s\n{beside}"
        "  last 60 min: 0.00 U -> 2.40 U of at most 60.00 U\n  last 24 h: 0.00 U -> 2.40 U of at most 150.00 U\n"
    )
    assert patient.do("bolus", "2.4") == "Bolus no. 3 of 2.40 U, 12 strokes, started at 2026-01-01 00:00:00.\n"
    running = "a bolus is already running; wait for its end or cancel it"
    assert running in patient.makes_no_sense("bolus", "0.4")
    assert patient.asked("bolus", "2", "--over", "1h").startswith(
        f"Square bolus: none -> 2.00 U spread over 1 h\n{beside}"
        "  last 60 min: 0.00 U -> 4.40 U of at most 60.00 U\n  last 24 h: 0.00 U -> 4.40 U of at most 150.00 U\n"
    )
    told = patient.do("bolus", "2", "--over", "1h")
    assert told == "Square bolus no. 4: 2.00 U spread over 1 h, 10 strokes, started at 2026-01-01 00:00:00.\n"
    assert running in patient.makes_no_sense("bolus", "3", "--over", "2h")


def test_a_dual_bolus_is_asked_about_and_told_by_its_parts(patient: Patient) -> None:
    asked = patient.asked("bolus", "3", "--now", "1", "--over", "2h")
    assert asked.startswith("Dual bolus of 3.00 U: none -> 1.00 U at once, 2.00 U spread over 2 h\n")
    assert "last 60 min: 0.00 U -> 2.00 U of" in asked and "last 24 h: 0.00 U -> 3.00 U of" in asked
    told = patient.do("bolus", "3", "--now", "1", "--over", "2h")
    assert told.startswith("Dual bolus nos. 2 and 3: 1.00 U at once, 2.00 U spread over 2 h, 15 strokes, started at ")


def test_cancelling_names_every_bolus_that_runs_and_what_each_has_delivered(patient: Patient) -> None:
    assert "no bolus is running" in patient.makes_no_sense("cancel")
    patient.do("bolus", "3", "--now", "1", "--over", "2h")
    first, second, _ = patient.asked("cancel").split("\n", 2)
    assert first == "Cancel bolus no. 2: 0.00 U of 1.00 U delivered, 1.00 U to come -> none"
    assert second == "Cancel square bolus no. 3: 0.00 U of 2.00 U delivered, 2.00 U to come -> none"
    told = patient.do("cancel").splitlines()
    assert [line.partition(" at ")[0] for line in told] == ["Bolus no. 2 cancelled", "Bolus no. 3 cancelled"]
    assert [line.rpartition(": ")[2] for line in told] == ["0.00 U of 1.00 U delivered.", "0.00 U of 2.00 U delivered."]
    patient.do("bolus", "0.4")
    assert patient.asked("cancel").splitlines()[0].startswith("Cancel bolus no. 4: ")
    assert len(patient.do("cancel").splitlines()) == 1


def test_what_cannot_be_is_not_asked_about(patient: Patient) -> None:
    patient.terminal.person()
    for words, told in (
        (("bolus", "40.2"), "the volume, 40.20 U, is beyond"),
        (("bolus", "2", "--over", "29min"), "the duration, 29 min, is below"),
        (("bolus", "3", "--now", "1", "--over", "481min"), "the duration, 481 min, is above"),
        (("bolus", "40.1"), "allowed nearest: 40.00 U\n"),
        (("bolus", "0.1"), "allowed nearest: 0.20 U\n"),
    ):
        run = patient.terminal.run(*words, answer="y\n")
        assert run.exit_code == 2 and told in run.stderr and "->" not in run.stderr
    assert patient.terminal.device.done == []


def test_the_question_is_asked_without_the_pump_s_status_if_it_does_not_tell(patient: Patient) -> None:
    def fails() -> dict[str, int]:
        raise RuntimeError

    patient.do("bolus", "1")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patient.terminal.device.commands, "status", fails)
        assert patient.asked("cancel").startswith("Cancel whatever bolus is running\n")
