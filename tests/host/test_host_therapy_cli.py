"""The `pump` command on a whole pump in this process: what a person orders, sees and is asked."""

from __future__ import annotations

import json
from typing import Any

import pytest

from firmware import protocol
from firmware.protocol.alarms import BY_NAME
from tests.firmware.hand import SECOND_US
from tests.host.patient import Patient

MINUTE_US = 60 * SECOND_US
HOUR_US = 60 * MINUTE_US


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> Patient:
    return Patient(monkeypatch)


@pytest.mark.req("HOST-1", "THER-2")
def test_a_temporary_basal_as_percent_and_as_rate_and_its_end(patient: Patient) -> None:
    patient.do("set-basal", "1")
    question = patient.asked("temp", "50%", "--for", "2h")
    assert "Basal rate: 1.00 U/h -> 50 % of what is programmed, 0.50 U/h now, for 2 h" in question
    assert "0.50 U/h from 00:00:00.000 until 02:00:00.000" in patient.do("temp", "50%", "--for", "2h")
    patient.hand.live(30 * MINUTE_US)
    shown = patient.see("status")
    assert "0.50 U/h, temporary for another 1 h 30 min" in shown and "1.00 U/h, set by hand" in shown
    assert json.loads(patient.do("temp", "0.8", "--for", "90min", "--json"))["in_force_mu_per_h"] == 800
    assert "0.80 U/h, temporary for another 1 h 30 min -> 1.00 U/h, set by hand" in patient.asked("temp", "cancel")
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
        (("50%", "--for", "29min"), "duration_min = 29 min is outside the allowed range, the limit is 30 min"),
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
        (("1", "--over", "9h"), "duration_min = 540 min is outside the allowed range, the limit is 480 min"),
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
    assert "the limit is 60 min" in patient.fails(2, "recommend", "1.2", "--for", "2h")


@pytest.mark.req("HOST-1", "THER-1")
def test_a_pattern_is_edited_side_by_side_and_stored_at_once(patient: Patient) -> None:
    patient.do("pattern", "select", "a")
    question = patient.asked("pattern", "edit", "A", "06:00=0.8", "22:30=0.45")
    rows = [[cell.strip() for cell in line.split("│")[1:-1]] for line in question.splitlines() if "│" in line]
    assert rows == [
        ["00:00", "06:00", "0.20 U/h", "0.20 U/h", ""],
        ["06:00", "22:30", "0.20 U/h", "0.80 U/h", "←"],
        ["22:30", "24:00", "0.20 U/h", "0.45 U/h", "←"],
        ["a day", "", "4.80 U", "15.075 U", "+10.275 U"],
    ]
    assert "It runs now: the new rates hold at once." in question and "Nothing was changed." in question
    assert patient.hand.pump.patterns.read_pattern(0, staged=False)["day_mu"] == 4800
    assert "15.075 U a day; basal now 0.20 U/h" in patient.do("pattern", "edit", "A", "06:00=0.8", "22:30=0.45")
    assert patient.hand.pump.patterns.read_pattern(0, staged=False)["day_mu"] == 15_075
    assert "pattern A already has these rates" in patient.fails(2, "pattern", "edit", "A", "06:00=0.8")
    assert "A, 4.80 U -> 15.075 U a day" in patient.see("log")


@pytest.mark.req("HOST-1", "THER-1")
def test_a_pattern_goes_out_to_a_file_and_comes_back(patient: Patient, tmp_path: Any) -> None:
    patient.do("pattern", "edit", "A", "--whole", "00:00=0.2", "06:00=0.8", "22:30=0.45")
    for name, form in (("B", "--csv"), ("C", "--json")):
        file = tmp_path / f"{name}.txt"
        file.write_text(patient.see("pattern", "show", "A", form), encoding="utf-8")
        patient.do("pattern", "edit", name, "--file", str(file))
    shown = json.loads(patient.see("pattern", "show", "--json"))
    assert [each["day_mu"] for each in shown] == [15_075, 15_075, 15_075, 4800]
    assert "00:00 0.20 U/h, 06:00 0.80 U/h, 22:30 0.45 U/h" in patient.see("pattern", "show")
    assert "cannot read" in patient.fails(2, "pattern", "edit", "A", "--file", str(tmp_path / "none"))


@pytest.mark.req("HOST-1", "THER-1")
def test_a_pattern_is_selected_with_both_totals_shown(patient: Patient) -> None:
    assert "0.00 U/h, set by hand -> pattern B (4.80 U a day)" in patient.asked("pattern", "select", "B")
    patient.do("pattern", "select", "B")
    assert "pattern B (4.80 U a day) -> pattern C (4.80 U a day)" in patient.asked("pattern", "select", "C")
    assert "Pattern B (runs now)" in patient.see("pattern", "show", "B")


@pytest.mark.req("HOST-1", "THER-1", "GUARD-1")
def test_a_pattern_above_the_clinicians_limit_is_refused_in_plain_words(patient: Patient) -> None:
    patient.do("limits", "--max-basal", "2")
    error = patient.fails(3, "pattern", "edit", "A", "06:00=2.05")
    assert "is beyond the clinician's limit of 2.00 U/h" in error


@pytest.mark.req("THER-1")
def test_what_the_pump_holds_is_compared_with_what_was_meant(patient: Patient, monkeypatch: pytest.MonkeyPatch) -> None:
    read = patient.hand.pump.patterns.read_pattern

    def other(pattern: int, staged: bool) -> dict[str, Any]:
        reply = dict(read(pattern, staged))
        return reply | {"fingerprint": reply["fingerprint"] ^ staged}

    monkeypatch.setattr(patient.hand.pump.patterns, "read_pattern", other)
    assert "is not what was sent" in patient.fails(4, "pattern", "edit", "A", "06:00=0.8")


@pytest.mark.req("HOST-1", "ALARM-1", "ALARM-2")
def test_alarms_are_read_and_acknowledged_in_english_and_in_french(patient: Patient) -> None:
    assert patient.see("alarms") == "Alarms: none.\n"
    patient.do("set-basal", "3")
    patient.hand.pump.alarms.raise_alarm("occlusion", 3)
    patient.hand.live(3 * MINUTE_US)
    shown = patient.see("alarms")
    assert "Catheter blocked" in shown and "occlusion" in shown and "To do: Check glucose" in shown
    assert "3 min ago" in shown
    assert "Cathéter bouché" in patient.see("alarms", "--language", "fr")
    assert "Cathéter bouché" in patient.see("alarms", env={"LANG": "fr_FR.UTF-8"})
    assert "Cathéter bouché" in patient.see("--language", "fr", "status")
    found = json.loads(patient.see("alarms", "--json"))
    assert [each["name"] for each in found] == ["occlusion", "pump_stopped"] and found[0]["title"] == "Catheter blocked"
    assert "the cause of the alarm 'pump_stopped' is still there" in patient.fails(3, "acknowledge", "pump-stopped")
    assert "Cathéter bouché" in patient.asked("acknowledge", "Catheter blocked", "--language", "fr")
    assert "1 more are latched" in patient.do("acknowledge", "occlusion")
    assert patient.status["state"] == protocol.STATE_STOPPED, "acknowledging resumes nothing"
    assert "there is no alarm 'occlusion' to acknowledge" in patient.fails(3, "acknowledge", "occlusion")
    assert "there is no alarm called 'tea'" in patient.fails(2, "acknowledge", "tea")
    assert "it has en, fr" in patient.fails(2, "acknowledge", "occlusion", "--language", "de")
    log = patient.see("log")
    assert "Catheter blocked" in log and "acknowledged" in log


@pytest.mark.req("HOST-1", "THER-3", "THER-4")
def test_settings_are_shown_beside_the_new_ones_and_stored(patient: Patient) -> None:
    assert "never" in patient.see("settings")
    question = patient.asked("settings", "--auto-off", "12h", "--utc-offset", "+01:00")
    assert "after 12 h" in question and "UTC+01:00" in question and question.count("←") == 2
    patient.do(
        "settings", "--auto-off", "12h", "--utc-offset", "+01:00", "--suspend-rate", "0", "--reservoir-low", "900"
    )
    patient.do("settings", "--stroke-tone", "--in-use-days", "30")
    found = json.loads(patient.see("settings", "--json"))
    assert (found["auto_off_min"], found["utc_offset_min"], found["suspend_rate_mu_per_h"]) == (720, 60, 0)
    assert (found["reservoir_low_mu"], found["stroke_tone"], found["in_use_days"]) == (900_000, True, 30)
    assert "2026-01-01 01:00:00 (UTC+01:00)" in patient.see("time")
    patient.do("settings", "--auto-off", "never")
    assert json.loads(patient.see("settings", "--json"))["auto_off_min"] == 0
    assert "reservoir_stop_mu = 500.00 U" in patient.fails(3, "settings", "--reservoir-stop", "500")
    assert "in_use_days" in patient.fails(2, "settings", "--in-use-days", "91")
    assert "write for example +01:00" in patient.fails(2, "settings", "--utc-offset", "1")


REFILL = ("--drawn-before", "20", "--drawn-after", "25.025", "--put-before", "40", "--put-after", "24.925")


@pytest.mark.req("HOST-1", "THER-4", "THER-5")
def test_a_refill_is_told_by_options_or_asked_for_step_by_step(patient: Patient) -> None:
    assert "no refill has been recorded" in patient.see("reservoir")
    told = patient.do("refill", *REFILL)
    assert "13.00 mL are in the reservoir; 5.00 mL were left." in told and "nothing to compare with" in told
    shown = patient.see("reservoir")
    assert "5200.00 U, enough" in shown and "by 2026-02-15" in shown
    assert json.loads(patient.see("reservoir", "--json"))["left_mu"] == 5_200_000
    patient.terminal.person()
    answers = "20\nx\n25.025\n40\n24.925\n\nn\n"
    result = patient.terminal.run("refill", answer=answers)
    assert result.exit_code == 1 and "'x' is not a number of g" in result.stderr
    assert "5200.00 U by count, 5.00 mL, 2000.00 U drawn -> 13.00 mL, 5200.00 U" in result.stderr
    assert patient.terminal.run("refill", answer=answers[:-2] + "y\n").exit_code == 0


@pytest.mark.req("HOST-1", "THER-5")
def test_a_refill_that_cannot_be_is_explained(patient: Patient) -> None:
    assert "not given: --drawn-before" in patient.fails(2, "refill", "--taken-back", "2")
    assert "weigh again" in patient.fails(2, "refill", *REFILL[:6], "--put-after", "41")
    assert "holds up to 15.00 mL" in patient.fails(2, "refill", *REFILL[:4], "--put-before", "60", "--put-after", "20")
    assert "is lighter than before" in patient.fails(2, "refill", *REFILL, "--drawn-after", "19")


@pytest.mark.req("HOST-1", "ALARM-1")
def test_every_alarm_of_the_table_can_be_named_and_shown(patient: Patient) -> None:
    for name in BY_NAME:
        patient.hand.pump.alarms.raise_alarm(name)
    for language in ("en", "fr"):
        shown = patient.see("alarms", "--language", language)
        assert all(name in shown for name in BY_NAME)
    found = json.loads(patient.see("alarms", "--json"))
    assert {each["name"] for each in found} == set(BY_NAME)


@pytest.mark.req("HOST-4", "THER-8")
def test_a_local_time_is_the_pump_s_own_and_the_question_says_so(patient: Patient) -> None:
    patient.do("settings", "--utc-offset", "+02:00")
    question = patient.asked("set-time", "2026-07-01T08:00")
    assert "2026-07-01 08:00:00 UTC+02:00" in question and "2026-07-01 06:00:00 UTC" in question
    assert "own local time" in question
    patient.do("set-time", "2026-07-01T08:00")
    assert patient.hand.pump.status()["utc_s"] == 1_782_885_600
    assert "is not a time" in patient.fails(2, "set-time", "")
    assert patient.hand.pump.status()["utc_s"] == 1_782_885_600
