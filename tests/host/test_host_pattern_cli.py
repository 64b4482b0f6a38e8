"""The `pump` command on a whole pump in this process: basal patterns are edited, stored, selected and compared."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.host.patient import Patient


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> Patient:
    return Patient(monkeypatch)


@pytest.mark.req("HOST-1", "THER-1")
def test_a_pattern_is_edited_side_by_side_and_stored_at_once(patient: Patient) -> None:
    patient.do("pattern", "select", "a")
    question = patient.asked("pattern", "edit", "A", "06:00=0.8", "22:30=0.45")
    assert [line.rstrip() for line in question.splitlines()[2:6]] == [
        "00:00  06:00  0.20 U/h  0.20 U/h",
        "06:00  22:30  0.20 U/h  0.80 U/h  ←",
        "22:30  24:00  0.20 U/h  0.45 U/h  ←",
        "A day: 4.80 U -> 15.075 U (+10.275 U)",
    ]
    assert "It runs now: the new rates hold at once." in question and "Nothing was changed." in question
    assert patient.hand.pump.patterns.read_pattern(0, staged=False)["day_mu"] == 4800
    assert "15.075 U a day; basal now 0.20 U/h" in patient.do("pattern", "edit", "A", "06:00=0.8", "22:30=0.45")
    assert patient.hand.pump.patterns.read_pattern(0, staged=False)["day_mu"] == 15_075
    assert "pattern A already has these rates" in patient.fails(3, "pattern", "edit", "A", "06:00=0.8")
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
