"""Procedures on the command line, answered by a script or walked through: what is asked, sent and told."""

from __future__ import annotations

import json
from typing import Any

import pytest

from firmware.protocol.all_procedures import BY_NUMBER
from firmware.protocol.procedures import Input
from host.api.client import Programmer
from host.api.prepared import Prepared
from host.commands import service, steps
from host.errors import OrderInterrupted
from host.records import Procedure, ProcedureChange, Verdict
from host.records.summaries import AnswerSummary
from host.units import AmountError
from tests.firmware.hand import SECOND_US
from tests.host.patient import Patient, question
from tests.host.shown import record

pytestmark = pytest.mark.req("HOST-1", "THER-5", "THER-6")
STEPS = {(each.name, step.name): step for each in BY_NUMBER.values() for step in each.steps}


class Bar:
    """In the place of rich's Progress: what it was told."""

    told: list[Any]

    def __init__(self, *, transient: bool) -> None:
        type(self).told = [transient]

    def __enter__(self) -> Bar:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def add_task(self, name: str, *, total: int) -> int:
        self.told.append((name, total))
        return 7

    def update(self, task: int, *, completed: int) -> None:
        self.told.append((task, completed))


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> Patient:
    patient = Patient(monkeypatch)
    monkeypatch.setattr(service, "Progress", Bar)
    patient.do("stop")
    return patient


def test_a_procedure_is_begun_on_a_stopped_pump_and_answered_with_figures_in_their_units(patient: Patient) -> None:
    asked = question(patient.asked("procedure", "start", "refill"))
    assert asked.startswith("Pump: stopped -> in a procedure. Refill: what is left is drawn out and measured")
    shown = patient.do("procedure", "start", "refill")
    assert "step             1 of 5: prepare" in shown and "say              ready; or interrupt" in shown
    assert question(patient.asked("procedure", "answer", "ready")) == "At 'prepare': ready"
    assert "step             2 of 5: withdraw" in patient.do("procedure", "answer", "ready")
    assert patient.terminal.device.done[-1] == ("answer_procedure",), "step, choice and value are 0"
    for words, told in (
        (("done",), "this step asks for --value: withdrawn, 0 to 20 mL"),
        (("done", "--value", ""), "'' is not a number of mL"),
        (("done", "--value", "20.000001"), "'20.000001' mL is not within 0 to 20 mL"),
        (("ready", "--value", "1"), "the choices at 'withdraw' are: done"),
    ):
        assert told in patient.fails(2, "procedure", "answer", *words)
    assert question(patient.asked("procedure", "answer", "done", "--value", " 1,5 ")) == "At 'withdraw': done, 1.5 mL"
    reply = json.loads(patient.do("procedure", "answer", "done", "--value", "1,5", "--json"))
    assert (reply["now"]["step"], reply["now"]["reservoir_holds"], reply["verdict"]) == (2, "empty", None)
    assert question(patient.asked("procedure", "interrupt")) == "At 'fill': interrupt -> unfit"
    patient.do("procedure", "answer", "done", "--value", "17")
    last = patient.do("procedure", "answer", "done", "--value", "2")
    assert "step             5 of 5: judge" in last and "That is: nothing to compare with" in last
    patient.terminal.person()
    assert "cannot be broken off at 'judge'" in patient.terminal.run("procedure", "interrupt").stderr
    for value in ("1", ""):
        assert "this step takes no value" in patient.fails(2, "procedure", "answer", "done", "--value", value)
    assert "latest           completed" in patient.do("procedure", "answer", "done")


def test_a_script_is_told_what_a_person_would_be_asked(patient: Patient) -> None:
    assert patient.fails(3, "procedure", "answer", "go") == "error: no procedure is under way: pump procedure start\n"
    patient.terminal.person()
    run = patient.terminal.run("procedure", "start", "patency", "--json", answer="y\n")
    assert run.exit_code == 0 and json.loads(run.stdout.splitlines()[-1])["now"]["procedure"] == "patency"
    assert json.loads(patient.see("procedure", "show", "--json"))["step"] == 0
    patient.do("procedure", "answer", "ready")
    patient.do("procedure", "answer", "go")
    told = "error: nothing now: 5 strokes are still to come\n"
    for words in (("answer", "go"), ("interrupt",)):
        assert patient.fails(3, "procedure", *words) == told


def test_a_walk_needs_a_person(patient: Patient) -> None:
    patient.do("procedure", "start", "patency")
    run = patient.terminal.run("procedure", "walk", answer="ready\n")
    assert run.exit_code == 2 and "there is no terminal to ask on" in run.stderr and run.stdout == ""
    assert "latest           left, as it was before" in patient.do("procedure", "interrupt")


def test_a_walk_shows_each_step_asks_on_the_side_and_waits_for_strokes(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []

    def live(seconds: float) -> None:
        slept.append(seconds)
        patient.hand.live(patient.hand.now_us + 2 * SECOND_US)

    monkeypatch.setattr(service.time, "sleep", live)
    patient.terminal.person()
    answers = "y\nready\ng\nfalls\n-1500\n"
    run = patient.terminal.run("procedure", "start", "patency", answer=answers, env={"FORCE_COLOR": "1"})
    assert run.exit_code == 0, run.stderr
    for asked in (
        "ready / interrupt:",
        "go / interrupt:",
        "falls / stays / no pulse / again / interrupt:",
        "pressure, -",
    ):
        assert asked in run.stderr and asked not in run.stdout
    assert "\x1b[1;36m" not in run.stdout, "a figure is not coloured for being one"
    assert [each in run.stdout for each in ("1 of 3: ", "2 of 3: ", "3 of 3: ", "completed")] == [True] * 4
    assert Bar.told[:3] == [True, ("strokes", 5), (7, 2)] and set(slept) == {0.5}
    assert [done for _, done in Bar.told[2:]] == sorted(done for _, done in Bar.told[2:])
    assert "under way        none" in patient.see("procedure", "show")


def test_a_walk_is_left_at_a_step_or_broken_off_there(patient: Patient) -> None:
    patient.do("procedure", "start", "refill")
    patient.terminal.person()
    run = patient.terminal.run("procedure", "walk", answer="ready\n")
    assert run.exit_code == 130
    told = "It stays at this step. pump procedure walk continues it, pump procedure interrupt ends it."
    assert told in run.stdout and "2 of 5: withdraw" in patient.see("procedure", "show")
    run = patient.terminal.run("procedure", "walk", answer="\n \nx\nint\n")
    assert run.exit_code == 0 and run.stderr.count("say one of: done, interrupt") == 2
    assert "broken off: no therapy before a refill or a rinse is completed" in run.stdout


def test_a_walk_tells_the_verdict_of_a_refill_and_sends_what_was_said(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[int, int, int]] = []
    over = record(Procedure, procedure_end=0)
    verdicts = [None, Verdict(-162, 34, "rinse", 0, 12_000_000)]

    class Answer:
        def __init__(self, _: Programmer, name: str, step: int, choice: int, value: int) -> None:
            self.summary = AnswerSummary("rinse", step, choice, value, 0)
            assert name == "answer_procedure"
            sent.append((step, choice, value))

        def confirm(self) -> ProcedureChange:
            verdict = verdicts.pop(0)
            return ProcedureChange(0, over if verdict else record(Procedure, procedure="rinse", step=6), verdict)

    def prepare(*given: Any, **values: int) -> Answer:
        return Answer(*given, **values)

    monkeypatch.setattr(Programmer, "prepare", prepare)
    monkeypatch.setattr(Programmer, "read_procedure", lambda _: record(Procedure, procedure="rinse", step=4))
    patient.terminal.person()
    run = patient.terminal.run("procedure", "walk", answer="done\nagain\n1.5\n", env={"FORCE_COLOR": "1"})
    assert run.exit_code == 0, run.stderr
    assert sent == [(4, 0, 0), (6, 1, 1_500_000)] and "drawn, 0 to 5 mL:" in run.stderr
    assert "Refill accuracy -16.2 % ± 3.4 %" in run.stdout and run.stdout.count("Refill accuracy") == 1


def test_waiting_ends_with_the_strokes_or_with_the_step(monkeypatch: pytest.MonkeyPatch) -> None:
    def waited(*found: Procedure) -> Procedure:
        left = list(found)

        class Pump:
            def read_procedure(self) -> Procedure:
                return left.pop(0)

        slept.clear()
        pump: Any = Pump()
        return service._wait(pump, making(5), "en")

    def making(left: int, step: int = 1, *, delivering: bool = True) -> Procedure:
        return record(Procedure, step=step, procedure_delivering=delivering, procedure_strokes_left=left)

    slept: list[float] = []
    monkeypatch.setattr(service.time, "sleep", slept.append)
    monkeypatch.setattr(service, "Progress", Bar)
    assert waited(making(4), making(1), making(0, delivering=False)) == making(0, delivering=False)
    assert Bar.told == [True, ("strokes", 5), (7, 1), (7, 4), (7, 5)] and slept == [0.5] * 3
    assert waited(making(3), making(9, step=2)) == making(9, step=2), "the next step has strokes of its own"
    assert Bar.told == [True, ("strokes", 5), (7, 2)] and slept == [0.5] * 2


@pytest.mark.req("HOST-5", "LINK-2")
@pytest.mark.parametrize("settled", [True, False])
def test_breaking_off_amid_an_answer_tells_what_became_of_it(
    patient: Patient, monkeypatch: pytest.MonkeyPatch, settled: bool
) -> None:
    def broken_off(*_: object) -> None:
        raise OrderInterrupted("answer_procedure", "the pump has done it", settled=settled)

    patient.do("procedure", "start", "patency")
    monkeypatch.setattr(Prepared, "confirm", broken_off)
    patient.terminal.person()
    run = patient.terminal.run("procedure", "walk", answer="ready\n")
    assert run.exit_code == (130 if settled else 6) and "It stays" not in run.stdout
    assert "interrupted during 'answer to the step': the pump has done it" in run.stderr


@pytest.mark.req("HOST-1", "THER-9")
def test_a_figure_that_the_pump_finds_out_of_range_is_told_in_its_unit_and_asked_for_again(patient: Patient) -> None:
    patient.do("procedure", "start", "refill")
    for answer in (("ready",), ("done", "--value", "1"), ("done", "--value", "3")):
        patient.do("procedure", "answer", *answer)
    told = patient.fails(3, "procedure", "answer", "done", "--value", "4")
    assert "the taken back, 4 mL, is above the greatest allowed, 2.999999 mL" in told
    patient.terminal.person()
    run = patient.terminal.run("procedure", "walk", answer="done\n4\n2\ndone\n")
    assert run.exit_code == 0 and "the taken back, 4 mL, is above" in run.stderr and "completed" in run.stdout


@pytest.mark.req("HOST-4")
def test_a_value_is_read_in_the_unit_of_the_step_up_to_its_edges() -> None:
    large, small = Input("filled_nl", "nl", 1, 1_000_000), Input("pipette_nl", "nl", 0, 999_999)
    pressure, count = Input("pressure_pa", "Pa", -20_000, 40_000), Input("strokes", "strokes", 0, 100)
    for takes, text, value in (
        (large, "0.000001", 1), (large, "1", 1_000_000), (large, "0,5", 500_000), (small, "999.999", 999_999),
        (small, "0", 0), (small, "1.5", 1500), (pressure, "-20000", -20_000), (pressure, " -1 ", -1),
        (pressure, "40000", 40_000), (pressure, "0", 0), (count, "0", 0), (count, "100", 100), (count, " 7", 7),
    ):  # fmt: skip
        assert steps.parse(takes, text) == value
    for takes, text, told in (
        (large, "0", "'0' mL is not within 0.000001 to 1 mL"),
        (large, "1.000001", "'1.000001' mL is not within 0.000001 to 1 mL"),
        (large, "0.0000015", "'0.0000015' mL is not within 0.000001 to 1 mL"),
        (small, "1000", "'1000' µL is not within 0 to 999.999 µL"),
        (small, "0.0001", "'0.0001' µL is not within 0 to 999.999 µL"),
        (pressure, "-20001", "'-20001' Pa is not within -20000 to 40000 Pa"),
        (pressure, "40001", "'40001' Pa is not within -20000 to 40000 Pa"),
        (pressure, "--5", "'-5' is not a whole number of Pa"),
        (pressure, "1.5", "'1.5' is not a whole number of Pa"),
        (count, "-5", "'-5' is not a whole number of strokes"),
        (count, "101", "'101' strokes is not within 0 to 100 strokes"),
        (large, "-1", "'-1' is not a number of mL"),
    ):
        with pytest.raises(AmountError, match=told):
            steps.parse(takes, text)
    assert steps.asked(STEPS["patency", "watch"]) == "pressure, -20000 to 140000 Pa"


def test_a_choice_may_be_shortened_as_long_as_it_is_one() -> None:
    offered = ["falls", "stays", "fails", "interrupt"]
    for text, word in (("falls", "falls"), (" S ", "stays"), ("fal", "falls"), ("i", "interrupt"), ("FAI", "fails")):
        assert steps.word(text, offered) == word
    for text in ("fa", "", " ", "x", "fallsx", "nterrupt"):
        with pytest.raises(AmountError, match="say one of: falls, stays, fails, interrupt"):
            steps.word(text, offered)
    with pytest.raises(AmountError, match="say one of: ready"):
        steps.word(" ", ["ready"])
