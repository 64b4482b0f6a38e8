"""Acknowledging on the command line: the alarm that is meant is shown first, and afterwards what is left."""

from __future__ import annotations

import json

import pytest

from tests.firmware.hand import SECOND_US
from tests.host.patient import Patient

pytestmark = pytest.mark.req("HOST-1", "ALARM-2")


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> Patient:
    return Patient(monkeypatch)


def test_the_alarm_that_is_meant_is_shown_before_it_is_cleared(patient: Patient) -> None:
    for name in ("watchdog_reset", "hourly_maximum_exceeded"):
        patient.hand.pump.alarms.raise_alarm(name, 2)
    patient.hand.live(61 * SECOND_US)
    shown = patient.see("alarms")
    assert "watchdog_reset" in shown and "hourly_maximum_exceeded" in shown and "1 min ago" in shown
    assert [each["detail"] for each in json.loads(patient.see("alarms", "--json"))] == [2, 2]
    asked = patient.asked("acknowledge", "watchdog-reset")
    assert "watchdog_reset" in asked and "1 min ago" in asked and "hourly_maximum_exceeded" not in asked
    assert patient.makes_no_sense("acknowledge", "air_lock") == "error: there is no alarm 'air_lock' now\n"
    told = patient.do("acknowledge", "watchdog-reset")
    assert told == "Acknowledged at 2026-01-01 00:01:01. 1 more are latched: pump alarms.\n"
    told = patient.do("acknowledge", "hourly-maximum-exceeded")
    assert told == "Acknowledged at 2026-01-01 00:01:01. No other is latched.\n"
    assert patient.see("alarms") == "Alarms: none.\n"


def test_an_alarm_whose_cause_stays_is_quieted_and_says_so(patient: Patient) -> None:
    patient.do("refill", "--drawn-before", "20", "--drawn-after", "20", "--put-before", "40", "--put-after", "36")
    quieted = (
        "Its cause is still there: it stays, quiet for a day or until its next mark."
        " Acknowledged at 2026-01-01 00:00:00."
    )
    assert patient.do("acknowledge", "low-reservoir") == f"{quieted} No other is latched.\n"
    assert "cause still there; quiet" in patient.see("alarms")
    patient.hand.pump.alarms.raise_alarm("watchdog_reset", 2)
    assert patient.do("acknowledge", "low-reservoir") == f"{quieted} 1 more are latched: pump alarms.\n"
    assert json.loads(patient.do("acknowledge", "watchdog_reset", "--json"))["cause_there"] is False
