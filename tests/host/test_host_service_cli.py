"""Procedures, self-test and battery on the command line, on a whole pump in this process."""

from __future__ import annotations

import json
from typing import Any

import pytest

from firmware.protocol.all_procedures import BY_NUMBER
from host.commands import service, steps
from host.texts import procedures_en, procedures_fr
from tests.firmware.hand import SECOND_US
from tests.host.patient import Patient


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> Patient:
    patient = Patient(monkeypatch)

    def live(seconds: float) -> None:
        patient.hand.live(patient.hand.now_us + round(seconds * SECOND_US))

    monkeypatch.setattr(service.time, "sleep", live)
    return patient


@pytest.mark.req("HOST-1", "THER-6")
def test_a_procedure_is_walked_through_at_a_terminal(patient: Patient) -> None:
    assert "a procedure begins on a stopped pump: pump stop" in patient.fails(3, "procedure", "start", "patency")
    patient.do("stop")
    assert procedures_en.TITLES["patency"] in patient.asked("procedure", "start", "patency")
    patient.terminal.person()
    answers = "y\nready\nmaybe\ngo\nfalls\nmuch\n1500\n"
    result = patient.terminal.run("procedure", "start", "patency", answer=answers)
    assert result.exit_code == 0, result.stderr
    assert "say one of: go, interrupt" in result.stderr and "'much' is not a whole number of Pa" in result.stderr
    assert "go: 5 strokes (diagnostic) to the catheter" in result.stdout and "completed" in result.stdout
    assert len(patient.hand.strokes_us) == 5
    assert "in a procedure" not in patient.see("status")
    assert "diagnostic" in patient.see("deliveries")
    assert "start procedure: patency" in patient.see("log")


@pytest.mark.req("HOST-1", "THER-5")
def test_a_refill_is_guided_by_a_script_in_millilitres(patient: Patient) -> None:
    patient.do("stop")
    patient.do("procedure", "start", "refill")
    assert "a procedure is under way: pump procedure walk" in patient.fails(3, "procedure", "start", "rinse")
    assert "the choices at 'prepare' are: ready" in patient.fails(2, "procedure", "answer", "done")
    assert "takes no value" in patient.fails(2, "procedure", "answer", "ready", "--value", "1")
    patient.do("procedure", "answer", "ready")
    assert "withdrawn, 0 to 20 mL" in patient.fails(2, "procedure", "answer", "done")
    assert "'30' mL is not within 0 to 20 mL" in patient.fails(2, "procedure", "answer", "done", "--value", "30")
    patient.do("procedure", "answer", "done", "--value", "1")
    assert "may not run" in patient.see("procedure", "show")
    for value in ("17", "2"):
        patient.do("procedure", "answer", "done", "--value", value)
    reply = json.loads(patient.do("procedure", "answer", "done", "--json"))
    assert (reply["now"]["procedure"], reply["now"]["fit"]) == ("none", True)
    assert json.loads(patient.see("reservoir", "--json"))["left_mu"] == 6_000_000


@pytest.mark.req("HOST-1", "THER-6")
def test_a_procedure_broken_off_says_what_follows(patient: Patient) -> None:
    assert "no procedure is under way" in patient.fails(3, "procedure", "interrupt")
    patient.do("stop")
    patient.do("procedure", "start", "refill")
    patient.do("procedure", "answer", "ready")
    assert "At 'withdraw': interrupt -> unfit" in patient.asked("procedure", "interrupt")
    patient.do("procedure", "interrupt")
    assert "no therapy before a refill or a rinse is completed" in patient.see("procedure", "show")
    assert "therapy cannot run" in patient.fails(3, "resume")


@pytest.mark.req("HOST-1", "THER-6")
def test_what_the_reservoir_must_hold_and_what_runs_are_told_in_words(patient: Patient) -> None:
    patient.do("stop")
    patient.do("procedure", "start", "refill")
    patient.do("procedure", "answer", "ready")
    patient.do("procedure", "interrupt")
    assert "the reservoir holds empty, but it begins with insulin" in patient.fails(3, "procedure", "start", "patency")


@pytest.mark.req("HOST-1", "THER-6")
def test_leaving_the_terminal_leaves_the_procedure_at_its_step(patient: Patient) -> None:
    patient.do("stop")
    patient.terminal.person()
    result = patient.terminal.run("procedure", "start", "patency", answer="y\nready\n")
    assert "It stays at this step" in result.stdout and result.exit_code == 130
    shown = patient.see("procedure", "show")
    assert "2 of 3: strokes" in shown and patient.hand.strokes_us == []
    result = patient.terminal.run("procedure", "walk", answer="go\nfalls\n0\n")
    assert result.exit_code == 0 and "completed" in result.stdout


@pytest.mark.req("HOST-1", "SELF-1")
def test_a_self_test_is_shown_and_a_failed_one_is_an_exit_code(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "passed" in patient.see("self-test")
    assert json.loads(patient.see("self-test", "--json"))["passed"]
    monkeypatch.setattr(patient.hand.pump.upkeep._world, "native", False)
    result = patient.terminal.run("self-test")
    assert result.exit_code == 3 and "native core" in result.stdout and "the pump does not dose" in result.stdout


@pytest.mark.req("HOST-1", "PWR-1")
def test_the_battery_is_shown_by_count(patient: Patient) -> None:
    shown = patient.see("energy")
    assert "by count and not measured" in shown and "2000.0 mAh" in shown
    assert json.loads(patient.see("energy", "--json"))["battery_level"] == "good"


@pytest.mark.parametrize("number", sorted(BY_NUMBER))
def test_every_step_of_every_procedure_says_what_it_asks_for_and_takes_it(number: int) -> None:
    for step in BY_NUMBER[number].steps:
        if step.takes is not None:
            asked: Any = steps.asked(step)
            low, high = asked.split(", ")[1].split(" to ")
            assert steps.parse(step.takes, low) == step.takes.low
            assert steps.parse(step.takes, high.split()[0]) == step.takes.high


@pytest.mark.req("HOST-1", "GUARD-4")
def test_a_fault_is_shown_and_cleared_by_name(patient: Patient) -> None:
    assert "no fault is latched" in patient.fails(3, "clear-fault")
    patient.do("bolus", "1")
    patient.hand.live(patient.hand.now_us + 60 * SECOND_US, confirm=False)
    assert "fault 7, strokes ordered and strokes seen do not agree" in patient.see("status")
    assert "cleared; stopped until it is resumed" in patient.asked("clear-fault")
    assert "0 of 2 strokes had been seen" in patient.do("clear-fault")
    assert "stopped: nothing is delivered" in patient.see("status")
    assert "0 of 2 strokes had been seen" in patient.see("log")
    patient.do("resume")


@pytest.mark.req("HOST-1", "GUARD-2")
def test_a_pump_that_is_not_sound_says_what_is_not(patient: Patient) -> None:
    patient.do("bolus", "1")
    patient.hand.live(patient.hand.now_us + 60 * SECOND_US, confirm=False)
    patient.hand.core.c.dose.ledger[0].abandoned += 1
    assert "inconsistent (ledgers_conserve)" in patient.fails(3, "clear-fault", "--yes")


@pytest.mark.req("HOST-1", "THER-6")
def test_a_procedure_is_shown_in_the_language_asked_for(patient: Patient) -> None:
    patient.do("stop")
    assert procedures_fr.TITLES["patency"] in patient.asked("procedure", "start", "patency", "--language", "fr")
    assert "Restez allongé sans bouger" in patient.do("procedure", "start", "patency", "--language", "fr")
    assert "Lie still" in patient.see("procedure", "show", "--language", "en")
    assert "Laissez la pompe faire ses impulsions d'essai" in patient.do(
        "--language", "fr", "procedure", "answer", "ready"
    )
    assert "it has en, fr" in patient.fails(2, "procedure", "interrupt", "--language", "de")


@pytest.mark.req("THER-5", "THER-6")
def test_every_step_has_its_text_and_its_basis_in_both_languages() -> None:
    steps = {(each.name, step.name) for each in BY_NUMBER.values() for step in each.steps}
    for texts in (procedures_en, procedures_fr):
        assert texts.TEXTS.keys() == steps
        assert texts.TITLES.keys() == {each.name for each in BY_NUMBER.values()}
        assert all(do.endswith(".") and basis for do, basis in texts.TEXTS.values())
    for key, (_, basis) in procedures_en.TEXTS.items():
        assert ("assumed" in basis) == ("supposé" in procedures_fr.TEXTS[key][1]), key
