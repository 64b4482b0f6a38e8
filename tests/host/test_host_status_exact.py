"""The screens of status and identity, word by word: each line in each of its forms."""

from __future__ import annotations

from typing import Any

import pytest

from firmware.protocol.alarms import BY_NAME
from host.records import Hello, Status
from host.screens.status import (
    alarm_line,
    basal_line,
    bolus_line,
    hello_table,
    programmed_line,
    square_line,
    status_table,
)
from tests.host.shown import lines, record

pytestmark = pytest.mark.req("HOST-1")
MINUTE_US = 60_000_000


def of(**values: Any) -> Status:
    """A pump that runs and has nothing to tell but `values`."""
    return record(Status, **{"state": "running", "memory": "whole", **values})


def line(name: str, **values: Any) -> str:
    """What the status says beside this name."""
    (found,) = [each for each in lines(status_table(of(**values), 0)) if each.startswith(name + " ")]
    return found.removeprefix(name).strip()


def test_a_pump_at_work_is_shown_on_one_screen() -> None:
    found = of(
        **{"now_us": 90_061_500_000, "pattern": "B", "basal_rate_mu_per_h": 1250, "in_force_mu_per_h": 1250},
        **{"bolus_id": 7, "bolus_programmed_mu": 2400, "bolus_commanded_mu": 800, "bolus_delivered_mu": 600},
        **{"bolus_remaining_mu": 1600, "square_id": 8, "square_programmed_mu": 2000, "square_commanded_mu": 2000},
        **{"square_delivered_mu": 2000, "strokes_commanded": 104, "strokes_delivered": 103, "strokes_abandoned": 2},
        **{"hour_mu": 3100, "max_hour_mu": 60_000, "day_mu": 21_050, "max_day_mu": 150_000, "pressure_pa": -120},
        **{"next_due_us": 90_063_500_000, "utc_s": 1_767_225_600, "memory": "mended", "resets": 3, "newest_event": 42},
        **{"alarm": BY_NAME["low_reservoir"].number, "alarms": 2, "reservoir_mu": 780_000, "frames_good": 11},
        **{"frames_overlong": 1, "frames_bad_cobs": 2, "frames_too_short": 3, "frames_bad_crc": 4},
        **{"frames_not_request": 5, "requests_refused": 6},
    )
    assert lines(status_table(found, 60)) == [
        "Pump status (development platform, not a medical device)",
        "state         running",
        "alarm         Reservoir low, and 1 more: pump alarms",
        "basal         1.25 U/h",
        "programmed    1.25 U/h, pattern B",
        "bolus         no. 7: 0.60 U of 2.40 U delivered, 1.60 U to come",
        "square bolus  no. 8: 2.00 U of 2.00 U delivered, over",
        "reservoir     780.00 U",
        "strokes       104 commanded, 103 delivered, 2 abandoned",
        "last 60 min   3.10 U of at most 60.00 U",
        "last 24 h     21.05 U of at most 150.00 U",
        "pressure      -120 Pa",
        "catheter      none",
        "next stroke   in 2 s",
        "clock         2026-01-01 01:00:00 UTC+01:00",
        "memory        mended, 3 resets, 42 events",
        "link          11 good frames, 15 dropped, 6 refusals",
    ]


def test_what_is_not_as_usual_is_told_where_it_belongs() -> None:
    assert line("state", state="fault", fault=7) == "FAULT, fault 7, strokes ordered and strokes seen do not agree"
    assert line("state", state="stopped", fault=55) == "stopped: nothing is delivered, fault 55"
    assert line("state", state="procedure") == "in a procedure, no therapy: pump procedure show"
    assert line("reservoir") == "no refill recorded, or empty" and line("reservoir", reservoir_mu=1) == "0.001 U"
    assert line("clock") == "lost: set the time" and line("next stroke", next_due_us=0) == "in 0 s"
    assert line("next stroke") == "none"
    assert line("memory", memory="write_failed") == "write failed, 0 resets, 0 events"
    assert line("firmware", internal_errors=1) == "1 internal errors"
    assert not [each for each in lines(status_table(of(), 0)) if "firmware" in each]


@pytest.mark.req("OCC-4")
def test_what_a_finding_has_cost_stands_beside_it() -> None:
    assert line("catheter", diagnosis="not_watched", missed_mu=1) == "not watched"
    assert line("catheter", diagnosis="none", missed_mu=1) == "none"
    assert line("catheter", diagnosis="partial_occlusion", missed_mu=600) == "partial occlusion, 0.60 U missed"
    told = line("catheter", diagnosis="occlusion_cleared", missed_mu=600, released_mu=400)
    assert told == "occlusion cleared, 0.60 U missed, 0.40 U released"


@pytest.mark.req("ALARM-1")
def test_the_first_alarm_and_how_many_more() -> None:
    number = BY_NAME["occlusion"].number
    for alarms, told in ((1, ""), (2, ", and 1 more"), (5, ", and 4 more")):
        assert alarm_line(of(alarm=number, alarms=alarms), "en") == f"[bold red]Catheter blocked[/]{told}: pump alarms"
    assert alarm_line(of(alarm=number, alarms=1), "fr") == "[bold red]Cathéter bouché[/] : pump alarms"
    assert alarm_line(of(), "en") == "none"
    assert (
        lines(status_table(of(alarm=number, alarms=1), 0, "fr"))[2].split("  ")[-1].strip()
        == "Cathéter bouché : pump alarms"
    )


@pytest.mark.req("THER-9")
def test_the_rate_in_force_and_why_it_is_not_the_programmed_one() -> None:
    now = {"now_us": MINUTE_US, "in_force_mu_per_h": 200}
    until = {"temp_until_us": 91 * MINUTE_US, "recommended_until_us": 16 * MINUTE_US}
    temporary, recommended = "0.20 U/h, [yellow]temporary[/] for another 1 h 30 min", until["recommended_until_us"]
    assert basal_line(of(**now)) == "0.20 U/h"
    assert basal_line(of(**now, **until)) == temporary
    assert basal_line(of(**now, temp_until_us=91 * MINUTE_US)) == temporary
    told = basal_line(of(**now, recommended_until_us=recommended))
    assert told == "0.20 U/h, [yellow]recommended[/] for another 15 min"
    assert basal_line(of(**now, **until, state="suspended")) == "0.20 U/h, the least rate"
    for state in ("stopped", "fault", "procedure"):
        assert basal_line(of(**now, **until, state=state)) == "0.20 U/h"
    assert programmed_line(of(basal_rate_mu_per_h=50)) == "0.05 U/h, set by hand"
    assert programmed_line(of(pattern="A", cut_by="hour")).startswith("0.00 U/h, pattern A, [bold red]cut by")


@pytest.mark.req("THER-2", "DOSE-3")
def test_a_bolus_that_was_cut_short_does_not_look_like_one_that_is_over() -> None:
    given = {"programmed_mu": 2000, "delivered_mu": 800, "commanded_mu": 1000, "id": 9}
    cut = "no. 9: 0.80 U of 2.00 U delivered, [yellow]cut short, 1.00 U given up: pump deliveries[/]"
    for kind, told in (("bolus", bolus_line), ("square", square_line)):
        values = {f"{kind}_{name}": value for name, value in given.items()}
        assert told(of(**values)) == cut
        assert told(of(**values | {f"{kind}_commanded_mu": 2000})) == "no. 9: 0.80 U of 2.00 U delivered, over"
        assert (
            told(of(**values, **{f"{kind}_remaining_mu": 1000})) == "no. 9: 0.80 U of 2.00 U delivered, 1.00 U to come"
        )
        assert told(of(**values | {f"{kind}_programmed_mu": 0})) == "none"


def test_the_identity_says_what_runs() -> None:
    values: dict[str, Any] = {"board": "VIRTUAL", "firmware_version": "0.9", "core_version": "1.2", "native_core": True}
    values |= {"stroke_uu": 200_000, "stroke_nl": 500, "concentration_u_per_ml": 400, "protocol_version": 3}
    found = record(Hello, **values, schema_hash=0xABC, now_us=1000, image="")
    shown = lines(hello_table(found))
    assert shown == [
        "Pump (development platform, not a medical device)",
        "board      VIRTUAL",
        "firmware   0.9",
        "image      none flashed",
        "dose core  1.2 (native)",
        "stroke     200000 µU, 500 nL",
        "insulin    U-400",
        "link       version 3, schema 0000000000000abc",
    ]
    other = lines(hello_table(record(Hello, **values | {"native_core": False}, image="c0ffee")))
    assert "image      c0ffee" in other and "dose core  1.2 (NOT native: a stand-in is running)" in other
