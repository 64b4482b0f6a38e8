"""Suspend, stop and resume on the command line: what is asked and what is told, word by word."""

from __future__ import annotations

import json

import pytest

from host.commands.running import asked_of
from host.errors import LinkTimeout
from tests.firmware.hand import SECOND_US
from tests.host.patient import Patient, question

pytestmark = pytest.mark.req("HOST-1", "THER-3", "THER-9")


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> Patient:
    return Patient(monkeypatch)


def test_a_suspend_and_a_resume_are_asked_about_with_all_that_runs(patient: Patient) -> None:
    patient.do("set-basal", "1")
    patient.do("bolus", "3", "--now", "1", "--over", "2h")
    running = "running, basal 1.00 U/h, bolus with 1.00 U to come, square bolus with 2.00 U to come"
    assert question(patient.asked("suspend")) == f"Delivery: {running} -> suspended, basal 0.20 U/h"
    assert question(patient.asked("stop")) == f"Delivery: {running} -> stopped, nothing at all"
    patient.hand.live(2 * SECOND_US)
    told = patient.do("suspend")
    assert told == "Delivery suspended at 2026-01-01 00:00:02, basal 0.20 U/h; 13 waiting strokes given up.\n"
    assert question(patient.asked("resume")) == "Delivery: suspended, basal 0.20 U/h -> running, basal 1.00 U/h"
    assert patient.do("resume") == "Delivery resumed at 2026-01-01 00:00:02: basal 1.00 U/h.\n"
    assert patient.do("stop") == "Delivery stopped at 2026-01-01 00:00:02; 0 waiting strokes given up.\n"
    assert json.loads(patient.do("resume", "--json"))["rate_mu_per_h"] == 1000


def test_what_reduces_delivery_asks_nothing_first_if_it_need_not() -> None:
    asked: list[str] = []

    def read() -> str:
        asked.append("status")
        return "running"

    def silent() -> str:
        raise LinkTimeout("status", 1, 0.5, 0)

    assert asked_of(read, yes=True) is None and asked == []
    assert asked_of(read, yes=False) == "running" and asked == ["status"]
    assert asked_of(silent, yes=False) is None
