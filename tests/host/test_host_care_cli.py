"""The `pump` command on a whole pump in this process: alarms, settings, the reservoir and the time."""

from __future__ import annotations

import json

import pytest

from firmware import protocol
from firmware.protocol.alarms import BY_NAME
from tests.firmware.hand import SECOND_US
from tests.host.patient import Patient


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> Patient:
    return Patient(monkeypatch)


MINUTE_US = 60 * SECOND_US


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
    assert "2026-01-01 01:00:00 UTC+01:00" in patient.see("time")
    patient.do("settings", "--auto-off", "never")
    assert json.loads(patient.see("settings", "--json"))["auto_off_min"] == 0
    assert "the level at which delivery stops, 500.00 U, is above" in patient.fails(
        3, "settings", "--reservoir-stop", "500"
    )
    assert "the days in use, 91 d, is above" in patient.fails(2, "settings", "--in-use-days", "91")
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
    assert "5200.00 U by count, 5.00 mL drawn -> 13.00 mL" in result.stderr
    assert patient.terminal.run("refill", answer=answers[:-2] + "y\n").exit_code == 0


@pytest.mark.req("HOST-1", "THER-5")
def test_a_refill_that_cannot_be_is_explained(patient: Patient) -> None:
    assert "not given: --drawn-before" in patient.fails(2, "refill", "--taken-back", "2")
    assert "weigh again" in patient.fails(3, "refill", *REFILL[:6], "--put-after", "41")
    assert "at most 15.00 mL can be" in patient.fails(
        3, "refill", *REFILL[:4], "--put-before", "60", "--put-after", "20"
    )
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
