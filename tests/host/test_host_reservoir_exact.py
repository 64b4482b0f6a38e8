"""The record of a refill on the command line: given by options or asked for, what is asked, what cannot be."""

from __future__ import annotations

import json
from typing import Any

import pytest

from host.api.prepared import Prepared
from host.commands import reservoir
from host.units import AmountError
from tests.host.patient import Patient

pytestmark = pytest.mark.req("HOST-1", "THER-5")
MINUTE_US = 60_000_000
# 5.025 g out are 5 mL, 15.075 g in are 15 mL, of which 2 are taken back.
GIVEN = ("--drawn-before", "20", "--drawn-after", "25.025", "--put-before", "40", "--put-after", "24.925")
WEIGHTS = {"put_before_mg": 40_000, "put_after_mg": 24_925, "drawn_before_mg": 20_000, "drawn_after_mg": 25_025}
QUESTIONS = (
    "Syringe for the remaining insulin, weighed before drawing it out (g):",
    "The same syringe, weighed with the remaining insulin in it (g):",
    "Syringe with fresh insulin, weighed before filling (g):",
    "The same syringe, weighed after filling (g):",
    "Volume taken back to restore the vacuum (mL) [2]:",
)


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> Patient:
    return Patient(monkeypatch)


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What is sent with each record of a refill."""
    found: list[dict[str, Any]] = []
    confirm = Prepared.confirm

    def confirmed(prepared: Prepared) -> Any:
        found.append(prepared._values)
        return confirm(prepared)

    monkeypatch.setattr(Prepared, "confirm", confirmed)
    return found


def test_a_refill_by_options_is_sent_field_by_field_with_the_usual_volume_taken_back(
    patient: Patient, sent: list[dict[str, Any]]
) -> None:
    told = patient.do("refill", *GIVEN)
    assert sent == [WEIGHTS | {"taken_back_nl": 2_000_000}]
    assert told == (
        "13.00 mL are in the reservoir; 5.00 mL were left.\n"
        "That is: nothing to compare with: the first refill, or the reservoir had been emptied before.\n"
    )
    reply = json.loads(patient.do("refill", *GIVEN, "--taken-back", "0.5", "--json"))
    assert sent[1]["taken_back_nl"] == 500_000 and reply["filled_nl"] == 14_500_000
    assert "content      5800.00 U, enough" in patient.see("reservoir")
    assert json.loads(patient.see("reservoir", "--json"))["left_mu"] == 5_800_000


def test_minutes_after_a_refill_its_accuracy_is_no_figure_but_the_reason_why(patient: Patient) -> None:
    patient.do("refill", *GIVEN)
    patient.do("set-basal", "5")
    patient.hand.live(patient.hand.now_us + 20 * MINUTE_US)
    patient.do("stop")
    # 12.98 of the 13 mL are drawn: within what scales and syringes make unsure.
    given = ("--drawn-before", "20", "--drawn-after", "33.045", *GIVEN[4:])
    reply = json.loads(patient.do("refill", *given, "--json"))
    assert (reply["accuracy_tenths"], reply["uncertainty_tenths"]) == (None, None)
    assert reply["band"] == "interval_too_short" and reply["delivered_nl"] > 0
    for language, figure, told in (
        ("en", "Refill accuracy", "Refill accuracy: interval too short.\nThat is: too little was delivered"),
        ("fr", "Précision", "Précision du remplissage : intervalle trop court.\nC'est-à-dire : trop peu a été perfusé"),
    ):
        asked = patient.asked("refill", *given, "--taken-back", "2", "--language", language)
        assert told in asked and "%" not in asked and asked.count(figure) == 1


def test_a_person_is_asked_for_what_is_not_given_and_then_for_all_of_it(
    patient: Patient, sent: list[dict[str, Any]]
) -> None:
    patient.terminal.person()
    run = patient.terminal.run("refill", answer="20\nx\n25.025\n40\n24.925\n\nn\n")
    assert run.exit_code == 1 and sent == []
    shown = run.stderr
    for each in QUESTIONS:
        assert each in shown
    assert "'x' is not a number of g" in shown
    asked = "Reservoir: not known, 5.00 mL drawn -> 13.00 mL\nThat is: nothing to compare with: the first refill, or"
    assert asked in shown
    run = patient.terminal.run("refill", *GIVEN, answer="1.5\ny\n")
    assert run.exit_code == 0 and [each in run.stderr for each in QUESTIONS] == [False] * 4 + [True]
    assert sent == [WEIGHTS | {"taken_back_nl": 1_500_000}]
    run = patient.terminal.run("refill", *GIVEN[2:], "--taken-back", "2", answer="20\nn\n")
    assert [each in run.stderr for each in QUESTIONS] == [True] + [False] * 4
    assert (
        "Reservoir: 5400.00 U by count, 5.00 mL drawn -> 13.00 mL\n"
        "8.50 mL are missing and were not delivered by strokes.\nThat is: over-delivery, a leak or a weighing error"
    ) in run.stderr


def test_a_script_must_give_all_but_what_is_usual(patient: Patient) -> None:
    told = patient.fails(2, "refill", *GIVEN[2:6])
    assert told == "error: not given: --drawn-before, --put-after, --taken-back\n"
    assert patient.fails(2, "refill", *GIVEN[2:], "--taken-back", "2") == "error: not given: --drawn-before\n"
    run = patient.terminal.run("refill", *GIVEN)
    assert run.exit_code == 2 and run.stderr == "error: not given: --taken-back\n"
    run = patient.terminal.run("refill", *GIVEN, "--taken-back", "2")
    assert run.exit_code == 2 and "there is no terminal to ask on" in run.stderr


@pytest.mark.req("HOST-4")
def test_a_weight_is_read_in_milligrams_and_a_volume_in_nanolitres(patient: Patient) -> None:
    assert reservoir._read("put_after", "24,925") == 24_925
    assert reservoir._read("taken_back", "1.999999") == 1_999_999
    for name, text, unit in (("put_after", "24.9255", "g"), ("taken_back", "1.9999995", "mL")):
        with pytest.raises(AmountError, match=f"'{text}' {unit} has too many decimals"):
            reservoir._read(name, text)
    patient.terminal.person()
    run = patient.terminal.run("refill", *GIVEN[:6], "--put-after", "150.001", "--taken-back", "2", answer="y\n")
    assert run.exit_code == 2 and "fresh syringe, 150001 mg, is above" in run.stderr and "->" not in run.stderr


def test_weights_that_cannot_be_are_explained_by_what_they_would_mean(patient: Patient) -> None:
    """As the pump finds, before anything is asked."""
    weights = {"drawn-before": "20", "drawn-after": "25.025", "put-before": "40", "put-after": "24.925"}
    for refills in range(2):
        for change, told in (
            ({"put-before": "40.001", "taken-back": "0"}, "15.001 mL would be in the reservoir, or would have been"),
            ({"taken-back": "15"}, "no more was filled in than was taken back for the vacuum"),
            ({"put-after": "40.001"}, "no more was filled in than was taken back for the vacuum"),
            ({"drawn-after": "19.999"}, "the syringe with the remaining insulin is lighter than before"),
            (
                {"drawn-after": "34.07"},
                "14.00 mL would be in the reservoir, or would have been in it, where at most 13.00",
            ),
        ):
            if not refills and "14.00" in told:
                continue  # nothing is known of what the reservoir held
            given = weights | {"taken-back": "2"} | change
            patient.terminal.person()
            words = [each for name, value in given.items() for each in (f"--{name}", value)]
            run = patient.terminal.run("refill", *words, answer="y\n")
            assert run.exit_code in (2, 3) and "Do it?" not in run.stderr
            assert f"impossible weights: {told}" in run.stderr and run.stderr.endswith("; weigh again\n")
        patient.do("refill", *GIVEN)
    assert [name for name, *_ in patient.terminal.device.done] == ["record_refill"] * 2
