"""Basal rates on the command line: what is asked and told at their edges, and where no insulin is left."""

from __future__ import annotations

import pytest

from tests.firmware.hand import SECOND_US
from tests.host.patient import Patient

pytestmark = pytest.mark.req("HOST-1", "THER-2", "THER-9")


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> Patient:
    return Patient(monkeypatch)


def test_what_cannot_be_is_not_asked_about(patient: Patient) -> None:
    patient.terminal.person()
    for words, told in (
        (("set-basal", "35.05"), "the rate, 35.05 U/h, is beyond"),
        (("temp", "0.8", "--for", "29min"), "the duration, 29 min, is below"),
        (("temp", "50%", "--for", "1441min"), "the duration, 1441 min, is above"),
        (("temp", "35.05", "--for", "1h"), "the hard limit of 35.00 U/h; a percentage is written 35.05%"),
        (("recommend", "35.05", "--for", "5min"), "the rate, 35.05 U/h, is beyond"),
        (("recommend", "1", "--for", "61min"), "the duration, 61 min, is above"),
    ):  # fmt: skip
        run = patient.terminal.run(*words, answer="y\n")
        assert run.exit_code == 2 and told in run.stderr and "->" not in run.stderr
    assert patient.terminal.device.done == []


def test_the_greatest_rate_may_be_temporary_and_the_greatest_percentage_too(patient: Patient) -> None:
    patient.do("set-basal", "1")
    assert "-> 35.00 U/h for 1 h" in patient.asked("temp", "35", "--for", "1h")
    assert "-> 200 % of what is programmed, 2.00 U/h now, for 1 h" in patient.asked("temp", "200%", "--for", "1h")


def test_where_no_insulin_is_left_it_is_asked_and_told(patient: Patient) -> None:
    patient.do("set-basal", "0.05")
    for words, asked in (
        (("temp", "0"), "-> 0.00 U/h, no insulin, for 1 h"),
        (("temp", "0%"), "-> 0 % of what is programmed, 0.00 U/h now, no insulin, for 1 h"),
    ):
        assert asked in patient.asked(*words, "--for", "1h")
        told = patient.do(*words, "--for", "1h")
        assert told.endswith("until 2026-01-01 01:00:00. That is no insulin.\n")
        assert "-> 0.05 U/h, as programmed" in patient.asked("temp", "cancel")
        patient.do("temp", "cancel")
    for value in ("0.05", "100%"):
        assert "no insulin" not in patient.asked("temp", value, "--for", "1h")
        assert "no insulin" not in patient.do("temp", value, "--for", "1h")
        patient.do("temp", "cancel")


def test_a_rate_is_told_as_it_was_and_as_it_is(patient: Patient) -> None:
    assert patient.asked("set-basal", "1.25").startswith("Basal rate: 0.00 U/h, set by hand -> 1.25 U/h, set by hand\n")
    assert patient.do("set-basal", "1.25") == "Basal rate 0.00 U/h -> 1.25 U/h at 2026-01-01 00:00:00.\n"
    assert "no temporary basal is running" in patient.makes_no_sense("temp", "cancel")
    asked = patient.asked("recommend", "1.2", "--for", "5min").splitlines()[0]
    assert asked == "Basal rate: 1.25 U/h -> 1.20 U/h for 5 min, then 1.25 U/h as programmed"
    asked = patient.asked("recommend", "0", "--for", "5min").splitlines()[0]
    assert asked == "Basal rate: 1.25 U/h -> 0.00 U/h for 5 min, no insulin, then 1.25 U/h as programmed"
    told = patient.do("recommend", "1.2", "--for", "5min")
    assert told.startswith(
        "Basal rate 1.20 U/h for 5 min from 2026-01-01 00:00:00 until 2026-01-01 00:05:00; then 1.25 U/h"
    )
    patient.hand.live(600 * SECOND_US)
    patient.do("temp", "0.8", "--for", "1h")
    old = "0.80 U/h, temporary until 2026-01-01 01:10:00"
    assert patient.asked("temp", "cancel").startswith(f"Basal rate: {old} -> 1.25 U/h, as programmed\n")
    assert patient.asked("temp", "2", "--for", "2h").startswith(f"Basal rate: {old} -> 2.00 U/h for 2 h\n")
    asked = patient.asked("set-basal", "2").splitlines()[0]
    assert asked == "Basal rate: 1.25 U/h, set by hand (0.80 U/h is delivered now) -> 2.00 U/h, set by hand"
    assert patient.do("temp", "cancel").endswith(" cancelled at 2026-01-01 00:10:00; basal 1.25 U/h.\n")


@pytest.mark.req("SEC-3")
def test_what_a_rate_changes_in_a_pump_that_does_not_run_is_told_with_it(patient: Patient) -> None:
    patient.do("pattern", "select", "A")
    patient.do("suspend")
    asked = patient.asked("set-basal", "2").splitlines()[0]
    assert asked == (
        "Basal rate: 0.20 U/h, pattern A -> 2.00 U/h, set by hand; the pump is suspended, it holds after pump resume"
    )
    patient.do("stop")
    later = "; the pump is stopped, it holds after pump resume"
    assert f"set by hand{later}" in patient.asked("set-basal", "2")
    assert f"pattern B (4.80 U a day), 0.20 U/h now{later}" in patient.asked("pattern", "select", "B")
    patient.do("procedure", "start", "patency")
    assert "; the pump is in a procedure, it holds after pump resume" in patient.asked("set-basal", "2")


@pytest.mark.req("SEC-3", "GUARD-1")
def test_what_a_cap_will_cut_is_told_as_the_pump_says_it(patient: Patient) -> None:
    patient.do("limits", "--max-day", "90")
    cut = ", cut by the limit for 24 hours"
    assert f"-> 4.00 U/h, set by hand{cut}\n" in patient.asked("set-basal", "4")
    patient.do("set-basal", "2")
    assert f"-> 200 % of what is programmed, 4.00 U/h now, for 24 h{cut}\n" in patient.asked(
        "temp", "200%", "--for", "24h"
    )
