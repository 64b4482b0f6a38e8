"""Limits, settings, clock and memory on the command line: what is read, asked and told, word by word."""

from __future__ import annotations

import json
import re

import pytest

from host.api.client import Programmer
from host.commands import clinic
from host.records import MemoryInitialised
from host.records.summaries import MemorySummary
from host.units import AmountError
from tests.host.patient import Patient

pytestmark = pytest.mark.req("HOST-1")
NEW_YEAR_S = 1_767_225_600


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> Patient:
    return Patient(monkeypatch)


def rows(screen: str) -> dict[str, list[str]]:
    """The rows of a table by their names."""
    found = [re.split(r"\s{2,}", line.strip()) for line in screen.splitlines()]
    return {name: values for name, *values in found}


@pytest.mark.req("GUARD-1", "THER-9")
def test_limits_are_shown_and_changed_only_where_they_are_given(patient: Patient) -> None:
    assert rows(patient.see("limits"))["any 24 h"] == ["150.00 U"]
    assert json.loads(patient.see("limits", "--json"))["max_day_mu"] == 150_000
    asked = rows(patient.asked("limits", "--max-basal", "5.05", "--max-bolus", "20.2"))
    assert {name: values for name, values in asked.items() if len(values) > 1 and name != "now"} == {
        "basal rate": ["35.00 U/h", "5.05 U/h", "←"], "one bolus": ["40.00 U", "20.20 U", "←"],
        "any 60 min": ["60.00 U", "60.00 U"], "any 24 h": ["150.00 U", "150.00 U"],
    }  # fmt: skip
    assert patient.do("limits", "--max-hour", "50", "--max-day", "90") == "Limits set at 2026-01-01 00:00:00.\n"
    assert patient.hand.pump.reports.limits() == (35_000, 40_000, 50_000, 90_000)


@pytest.mark.req("GUARD-1", "THER-9")
def test_limits_that_must_cut_what_is_programmed_say_so_and_what_cannot_be_is_not_asked(patient: Patient) -> None:
    cut = "programmed basal, cut by the limit for 24 hours"
    patient.do("set-basal", "4")
    assert cut in patient.asked("limits", "--max-day", "90")
    assert "programmed basal" not in patient.asked("limits", "--max-day", "97")
    assert "Not all of it will be delivered: the limit for 24 hours cuts it." in patient.do("limits", "--max-day", "90")
    patient.do("limits", "--max-day", "150")
    patient.do("pattern", "edit", "B", "--whole", "00:00=6", "12:00=2")
    patient.do("pattern", "select", "B")
    assert cut in patient.asked("limits", "--max-day", "90")
    assert "programmed basal" not in patient.asked("limits", "--max-day", "97")
    patient.terminal.person()
    run = patient.terminal.run("limits", "--max-hour", "60.001", answer="y\n")
    assert run.exit_code == 2 and "the limit for any 60 min, 60.001 U, is beyond the hard limit" in run.stderr
    assert "one bolus" not in run.stderr
    assert "20.001 U, is not a whole number of strokes" in patient.makes_no_sense("limits", "--max-bolus", "20.001")
    for words in (("--max-bolus", "0.0005"), ("--max-bolus", "1.0001"), ("--max-basal", "1.26")):
        assert "is not a whole number of" in patient.fails(2, "limits", *words)


@pytest.mark.req("THER-3", "THER-4")
def test_settings_are_shown_and_changed_only_where_they_are_given(patient: Patient) -> None:
    assert rows(patient.see("settings"))["insulin in use at most"] == ["45 d"]
    assert json.loads(patient.see("settings", "--json"))["stroke_tone"] is False
    given = ("--suspend-rate", "0.1", "--auto-off", "12h30", "--utc-offset", "-1:30", "--reservoir-low", "900")
    given += ("--reservoir-empty", "500", "--reservoir-stop", "100.4", "--in-use-days", "90", "--stroke-tone")
    asked = rows(patient.asked("settings", *given))
    assert {name: values[1] for name, values in asked.items() if len(values) > 1 and name != "now"} == {
        "basal while suspended": "0.10 U/h", "auto-off without a programmer": "after 12 h 30 min",
        "local clock": "UTC-01:30", "reservoir low": "900.00 U", "reservoir empty": "500.00 U",
        "delivery stops": "100.40 U", "insulin in use at most": "90 d", "tone with every stroke": "on",
    }  # fmt: skip
    assert patient.do("settings", *given) == "Settings stored at 2025-12-31 22:30:00.\n", "by the clock as it is now"
    patient.do("settings", "--no-stroke-tone", "--auto-off", "never")
    assert patient.hand.pump.patterns.read_settings() == {
        "suspend_rate_mu_per_h": 100, "auto_off_min": 0, "utc_offset_min": -90, "reservoir_low_mu": 900_000,
        "reservoir_empty_mu": 500_000, "reservoir_stop_mu": 100_400, "in_use_days": 90, "stroke_tone": False,
    }  # fmt: skip
    patient.terminal.person()
    run = patient.terminal.run("settings", "--in-use-days", "91", answer="y\n")
    assert run.exit_code == 2 and "the days in use, 91 d, is above" in run.stderr and "←" not in run.stderr


@pytest.mark.req("HOST-4")
def test_an_offset_from_utc_is_read_as_people_write_it(patient: Patient) -> None:
    for text, minutes in (
        ("+01:00", 60), ("-1:30", -90), (" UTC+5:45 ", 345), ("+1", 60), ("-12", -720), ("UTC-00:15", -15), ("+0", 0),
    ):  # fmt: skip
        assert clinic._offset(text) == minutes
    for text in ("1", "01:00", "+100", "+1:5", "+1:60", "UTC", "±1", "+١", ""):
        with pytest.raises(AmountError, match=r"write for example \+01:00"):
            clinic._offset(text)
    assert "'1' is not an offset from UTC" in patient.fails(2, "settings", "--utc-offset", "1")


@pytest.mark.req("THER-1", "THER-8", "THER-9")
def test_the_clock_is_set_to_this_computer_s_or_to_a_time_by_the_pump_s_own(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    patient.do("settings", "--utc-offset", "+01:00")
    monkeypatch.setattr(clinic.time, "time", lambda: NEW_YEAR_S + 7.6)
    asked = patient.asked("set-time").partition("Do it?")[0]
    assert asked == (
        "Clock: 2026-01-01 01:00:00 UTC+01:00 -> 2026-01-01 01:00:08 UTC+01:00, the pump's own local time, by which"
        " patterns run; 2026-01-01 00:00:08 UTC\n"
    )
    told = "Clock set to 2026-01-01 08:00:00 UTC+01:00, 2026-01-01 07:00:00 UTC.\n"
    assert patient.do("set-time", "2026-01-01T08:00") == told
    reply = json.loads(patient.do("set-time", "--json"))
    assert (reply["old_utc_s"], reply["new_utc_s"]) == (NEW_YEAR_S + 7 * 3600, NEW_YEAR_S + 8)
    patient.do("pattern", "edit", "A", "--whole", "00:00=0.2", "12:00=0.5")
    patient.do("pattern", "select", "A")
    asked = patient.asked("set-time", "2026-01-01T13:00").splitlines()
    assert asked[1] == "Programmed basal: 0.20 U/h -> 0.50 U/h"
    patient.hand.wall.lose(1)
    assert patient.asked("set-time").startswith("Clock: lost -> 2026-01-01 01:00:08 UTC+01:00")
    monkeypatch.setattr(clinic.time, "time", lambda: 1.0)
    run = patient.terminal.run("set-time", answer="y\n")
    assert run.exit_code == 2 and "the time, 1 s, is below" in run.stderr and "->" not in run.stderr


@pytest.mark.req("STORE-3")
def test_a_memory_is_initialised_only_after_a_question_that_says_what_is_forgotten(
    patient: Patient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "the pump's memory is good: nothing to initialise" in patient.makes_no_sense("initialise-memory")
    assert "the pump's memory is good: nothing to initialise" in patient.fails(3, "initialise-memory")

    class Ready:
        summary = MemorySummary("damaged")

        def confirm(self) -> MemoryInitialised:
            return MemoryInitialised(61_500_000)

    monkeypatch.setattr(Programmer, "prepare", lambda *_: Ready())
    asked = patient.asked("initialise-memory").splitlines()[0]
    assert asked == "Memory: damaged -> empty; rates, patterns, limits and caps forgotten"
    assert patient.do("initialise-memory") == "Memory initialised at 2026-01-01 00:01:01; delivery is stopped.\n"
