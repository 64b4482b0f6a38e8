"""The `pump` command on a whole pump in this process: what a person orders of basal and boluses, sees and is asked."""

from __future__ import annotations

import json

import pytest

from tests.host.patient import Patient
from tests.host.test_host_care_cli import MINUTE_US

HOUR_US = 60 * MINUTE_US


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> Patient:
    return Patient(monkeypatch)


@pytest.mark.req("HOST-1", "THER-2")
def test_a_temporary_basal_as_percent_and_as_rate_and_its_end(patient: Patient) -> None:
    patient.do("set-basal", "1")
    question = patient.asked("temp", "50%", "--for", "2h")
    assert "Basal rate: 1.00 U/h -> 50 % of what is programmed, 0.50 U/h now, for 2 h" in question
    assert "0.50 U/h from 2026-01-01 00:00:00 until 2026-01-01 02:00:00" in patient.do("temp", "50%", "--for", "2h")
    patient.hand.live(30 * MINUTE_US)
    shown = patient.see("status")
    assert "0.50 U/h, temporary for another 1 h 30 min" in shown and "1.00 U/h, set by hand" in shown
    assert json.loads(patient.do("temp", "0.8", "--for", "90min", "--json"))["in_force_mu_per_h"] == 800
    told = "0.80 U/h, temporary until 2026-01-01 02:00:00 -> 1.00 U/h, as programmed"
    assert told in patient.asked("temp", "cancel")
    assert "basal 1.00 U/h" in patient.do("temp", "cancel")
    assert "no temporary basal is running" in patient.fails(3, "temp", "cancel")


@pytest.mark.req("HOST-1", "THER-2")
@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("50%",), "say how long: pump temp 50% --for 2h"),
        (("201%", "--for", "1h"), "is not a percentage from 0% to 200%"),
        (("-5%", "--for", "1h"), ""),
        (("0.81", "--for", "1h"), "allowed nearest: 0.80 U/h or 0.85 U/h"),
        (("50", "--for", "1h"), "a percentage is written 50%"),
        (("50%", "--for", "90"), "write for example 90min, 2h or 1h30"),
        (("50%", "--for", "29min"), "the duration, 29 min, is below the least allowed, 30 min"),
        (("cancel", "--for", "1h"), "leave --for away"),
    ],
)
def test_temporary_rates_that_make_no_sense_are_explained(
    patient: Patient, arguments: tuple[str, ...], text: str
) -> None:
    assert text in patient.fails(2, "temp", *arguments)


@pytest.mark.req("HOST-1", "THER-2")
def test_square_and_dual_boluses_and_their_cancelling(patient: Patient) -> None:
    assert "Square bolus: none -> 2.00 U spread over 1 h 30 min" in patient.asked("bolus", "2", "--over", "1h30")
    question = patient.asked("bolus", "3", "--now", "1", "--over", "2h")
    assert "Dual bolus of 3.00 U" in question and "-> 1.00 U at once, 2.00 U spread over 2 h" in question
    reply = json.loads(patient.do("bolus", "3", "--dual", "1", "--square", "2h", "--json"))
    assert (reply["strokes"], reply["square_id"]) == (15, reply["delivery_id"] + 1)
    patient.hand.live(HOUR_US)
    shown = patient.see("status")
    assert "1.00 U of 1.00 U delivered, over" in shown and "1.00 U of 2.00 U delivered, 1.00 U to come" in shown
    assert "a bolus is already running" in patient.fails(3, "bolus", "1", "--over", "1h")
    assert "1.00 U to come -> none" in patient.asked("cancel")
    assert "1.00 U of 2.00 U delivered" in patient.do("cancel")
    assert "dual square" in patient.see("deliveries")
    assert "1.00 U at once, 2.00 U over 2 h" in patient.see("log")
    assert patient.do("bolus", "0.2").startswith("Bolus no.")


@pytest.mark.req("HOST-1")
@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("1", "--now", "0.4"), "give the duration of the rest with --over"),
        (("1", "--now", "1", "--over", "1h"), "is not less than the whole bolus of 1.00 U"),
        (("1", "--over", "9h"), "the duration, 540 min, is above the greatest allowed, 480 min"),
        (("1", "--now", "0.3", "--over", "1h"), "allowed nearest: 0.20 U or 0.40 U"),
    ],
)
def test_boluses_that_make_no_sense_are_explained(patient: Patient, arguments: tuple[str, ...], text: str) -> None:
    assert text in patient.fails(2, "bolus", *arguments)


@pytest.mark.req("HOST-1", "THER-3")
def test_suspend_stop_and_resume_say_what_will_be_delivered(patient: Patient) -> None:
    patient.do("set-basal", "3")
    patient.do("bolus", "2", "--over", "1h")
    question = patient.asked("suspend")
    assert "running, basal 3.00 U/h, square bolus with 2.00 U to come -> suspended, basal 0.20 U/h" in question
    patient.do("suspend")
    shown = patient.see("status")
    assert "suspended: the least rate goes on" in shown and "Pump suspended: pump alarms" in shown
    assert "0.20 U/h, the least rate" in shown and "3.00 U/h, set by hand" in shown
    assert "suspended, basal 0.20 U/h -> running, basal 3.00 U/h" in patient.asked("resume")
    assert "state 'suspended'" in patient.fails(3, "suspend")
    assert "-> stopped, nothing at all" in patient.asked("stop")
    patient.do("stop")
    assert "stopped: nothing is delivered" in patient.see("status")
    assert "basal 3.00 U/h" in patient.do("resume")
    assert "alarm         none" in patient.see("status")


@pytest.mark.req("HOST-1", "THER-3")
@pytest.mark.parametrize("command", ["stop", "suspend", "cancel"])
@pytest.mark.parametrize("person", [True, False])
def test_what_makes_less_is_ordered_when_the_pump_answers_no_question(
    patient: Patient, command: str, person: bool
) -> None:
    patient.do("bolus", "2")

    def fails() -> dict[str, int]:
        raise RuntimeError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patient.terminal.device.commands, "status", fails)
        patch.setattr(patient.hand.pump.patterns, "read_settings", fails)
        if person:
            patient.terminal.person()
            assert patient.terminal.run(command, answer="y\n").exit_code == 0
        else:
            patient.do(command)
    assert patient.status["bolus_remaining_mu"] == 0


@pytest.mark.req("HOST-1", "THER-3", "THER-9")
def test_a_question_about_less_shows_what_is_known(patient: Patient) -> None:
    patient.do("bolus", "2")
    assert "running, basal 0.00 U/h, bolus with 2.00 U to come -> stopped, nothing at all" in patient.asked("stop")

    def fails() -> dict[str, int]:
        raise RuntimeError

    for part, name, shown in (
        (patient.terminal.device.commands, "status", "Delivery -> suspended, basal at the least rate"),
        (patient.hand.pump.patterns, "read_settings", "to come -> suspended, basal at the least rate"),
    ):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(part, name, fails)
            assert shown in patient.asked("suspend")


@pytest.mark.req("HOST-1", "THER-9")
def test_suspend_asks_for_what_will_be_in_force(patient: Patient) -> None:
    patient.do("set-basal", "0.1")
    assert "-> suspended, basal 0.10 U/h" in patient.asked("suspend")


@pytest.mark.req("HOST-1", "THER-7")
def test_a_recommended_rate_says_what_comes_after(patient: Patient) -> None:
    patient.do("set-basal", "1")
    assert "Basal rate: 1.00 U/h -> 1.20 U/h for 15 min" in patient.asked("recommend", "1.2", "--for", "15min")
    assert "then 1.00 U/h as programmed, unless renewed" in patient.do("recommend", "1.2", "--for", "15min")
    assert "1.20 U/h, recommended for another 15 min" in patient.see("status")
    patient.hand.live(16 * MINUTE_US)
    assert "recommended" not in patient.see("status")
    assert "no recommendation any more: back to 1.00 U/h" in patient.see("log")
    assert "the greatest allowed, 60 min" in patient.fails(2, "recommend", "1.2", "--for", "2h")
