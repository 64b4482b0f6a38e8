"""Patterns on the command line: shown, edited and selected, with what is asked and told word by word."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.host.patient import Patient

pytestmark = pytest.mark.req("HOST-1", "THER-1", "THER-9")
WHOLE = ("--whole", "00:00=0.2", "06:00=0.8")


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> Patient:
    return Patient(monkeypatch)


def test_a_pattern_is_shown_alone_or_among_all_and_as_a_file(patient: Patient) -> None:
    patient.do("pattern", "edit", "B", *WHOLE)
    assert patient.see("pattern", "show", "b", "--csv") == "time,rate_u_per_h\n00:00,0.20\n06:00,0.80\n"
    shown = [line.rstrip() for line in patient.see("pattern", "show").splitlines()]
    assert shown[1:3] == ["A  4.80 U a day: 00:00 0.20 U/h", "B  15.60 U a day: 00:00 0.20 U/h, 06:00 0.80 U/h"]
    assert len(shown) == 5
    one = patient.see("pattern", "show", "B")
    assert one.startswith("Pattern B") and "runs now" not in one and "15.60 U a day, by the pump's local clock." in one
    found = json.loads(patient.see("pattern", "show", "B", "--json"))
    assert (found["pattern"], found["day_mu"], found["rates_mu_per_h"][11:13]) == ("B", 15_600, [200, 800])
    assert [each["pattern"] for each in json.loads(patient.see("pattern", "show", "--json"))] == ["A", "B", "C", "D"]
    patient.do("pattern", "select", "B")
    assert patient.see("pattern", "show", "B").startswith("Pattern B (runs now)")
    assert "runs now" not in patient.see("pattern", "show", "A")
    run = patient.terminal.run("pattern", "show", "--csv")
    assert run.exit_code == 2 and run.stderr == "error: say which pattern: pump pattern show A --csv\n"


def test_an_edit_is_asked_about_and_told_with_the_day_s_total(patient: Patient) -> None:
    assert patient.do("pattern", "edit", "A", "06:00=0.8") == (
        "Pattern A stored at 2026-01-01 00:00:00: 15.60 U a day.\n"
    )
    patient.do("pattern", "select", "A")
    asked = patient.asked("pattern", "edit", "A", "00:00=0.3")
    assert asked.startswith("Pattern A (runs now)") and "00:00  06:00  0.20 U/h  0.30 U/h  ←" in asked
    basal = "Programmed basal now: 0.20 U/h -> 0.30 U/h"
    assert asked.partition("It runs now")[2].startswith(f": the new rates hold at once.\n{basal}\nDo it? [y/N]:")
    assert asked.endswith("Nothing was changed.\n")
    told = patient.do("pattern", "edit", "A", "00:00=0.3")
    assert told == "Pattern A stored at 2026-01-01 00:00:00: 16.20 U a day; basal now 0.30 U/h.\n"
    assert "It does not run now." in patient.asked("pattern", "edit", "C", "00:00=0.3")
    reply = json.loads(patient.do("pattern", "edit", "C", "00:00=0.3", "--json"))
    assert reply["day_mu"] == 7200


@pytest.mark.req("GUARD-1")
def test_a_pattern_that_a_cap_must_cut_says_so_before_and_after(patient: Patient) -> None:
    patient.do("limits", "--max-day", "90")
    cut = "Not all of it will be delivered: the limit for 24 hours cuts it."
    assert cut not in patient.asked("pattern", "edit", "A", "00:00=3.7")
    assert f"It does not run now.\n{cut}\nDo it?" in patient.asked("pattern", "edit", "A", "00:00=4")
    assert patient.do("pattern", "edit", "A", "00:00=4").endswith(f": 96.00 U a day. {cut}\n")
    asked = patient.asked("pattern", "select", "A").partition("\nDo it?")[0]
    assert asked == (
        "Basal: 0.00 U/h, set by hand -> pattern A (96.00 U a day), 4.00 U/h now, cut by the limit for 24 hours"
    )
    assert patient.do("pattern", "select", "A") == f"Pattern A runs from 2026-01-01 00:00:00 on: 4.00 U/h now. {cut}\n"


def test_a_selection_is_asked_about_with_what_runs_before(patient: Patient) -> None:
    def question(name: str) -> str:
        return patient.asked("pattern", "select", name).partition("\nDo it?")[0]

    patient.do("set-basal", "1")
    patient.do("pattern", "edit", "B", *WHOLE)
    assert question("B") == "Basal: 1.00 U/h, set by hand -> pattern B (15.60 U a day), 0.20 U/h now"
    assert patient.do("pattern", "select", "B") == "Pattern B runs from 2026-01-01 00:00:00 on: 0.20 U/h now.\n"
    assert question("A") == "Basal: pattern B (15.60 U a day) -> pattern A (4.80 U a day), 0.20 U/h now"
    assert "pattern B runs already" in patient.makes_no_sense("pattern", "select", "B")
    assert json.loads(patient.do("pattern", "select", "A", "--json"))["old_pattern"] == "B"


@pytest.mark.req("HOST-4")
def test_an_edit_that_cannot_be_is_explained_before_anything_is_sent(patient: Patient, tmp_path: Path) -> None:
    file = tmp_path / "day.csv"
    file.write_text("00:00,0.2\n", encoding="utf-8")
    for words, told in (
        ((), "give changes, pump pattern edit A 06:00=0.8 22:30=0.45, or --file"),
        (("00:00=1", "--file", str(file)), "give changes, pump pattern edit A 06:00=0.8 22:30=0.45, or --file"),
        (("06:00=35.05",), "the rate, 35.05 U/h, is beyond the hard limit of 35.00 U/h"),
        (("--whole", "06:00=1"), "a whole day begins at 00:00"),
    ):
        assert told in patient.fails(2, "pattern", "edit", "A", *words)
    for words in (("00:00=0.2",), ("--file", str(file))):
        assert "pattern A already has these rates" in patient.fails(3, "pattern", "edit", "A", *words)
    assert "there is no pattern 'E', only A, B, C, D" in patient.fails(2, "pattern", "select", "E")
    assert patient.terminal.device.done == []


def test_nothing_is_staged_if_nobody_can_be_asked(patient: Patient) -> None:
    def staged(*_: Any, **__: Any) -> None:
        raise AssertionError

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patient.hand.pump.patterns, "stage_pattern", staged)
        for words in (("edit", "A", "00:00=1"), ("select", "A")):
            run = patient.terminal.run("pattern", *words)
            assert run.exit_code == 2 and "there is no terminal to ask on" in run.stderr and "->" not in run.stderr


@pytest.mark.parametrize("what", ["rates", "fingerprint"])
def test_what_the_pump_holds_must_be_what_was_sent(patient: Patient, what: str) -> None:
    """Either of the two that differs is enough."""
    read = patient.hand.pump.patterns.read_pattern

    def other(pattern: int, staged: bool) -> dict[str, Any]:
        reply = dict(read(pattern, staged))
        if staged and what == "fingerprint":
            reply["fingerprint"] ^= 1
        if staged and what == "rates":
            reply["rates"] = [{"rate_mu_per_h": 250}, *reply["rates"][1:]]
        return reply

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(patient.hand.pump.patterns, "read_pattern", other)
        told = patient.fails(4, "pattern", "edit", "A", "06:00=0.8")
    assert told == "error: what the pump holds for pattern A is not what was sent; nothing was changed\n"
