"""The screens of a clinic, word by word: clocks, limits, settings, reservoir, the verdict of a refill."""

from __future__ import annotations

from typing import Any

import pytest

from host.records import DeviceTime, Limits, Refilled, Reservoir, Settings, Verdict
from host.screens.clinic import (
    limits_table,
    refilled_text,
    reservoir_table,
    settings_table,
    time_table,
    utc_offset,
    verdict_text,
)
from host.screens.common import NOT_A_DEVICE, fault_text, pairs
from tests.host.shown import cells, lines, record

pytestmark = pytest.mark.req("HOST-1")
NEW_YEAR_S = 1_767_225_600


def test_an_offset_from_utc_has_its_sign_and_its_minutes() -> None:
    for minutes, told in ((0, "+00:00"), (60, "+01:00"), (345, "+05:45"), (-1, "-00:01"), (-720, "-12:00")):
        assert utc_offset(minutes) == "UTC" + told


@pytest.mark.req("THER-1", "THER-8")
def test_the_pump_s_clock_stands_beside_this_computer_s() -> None:
    found = DeviceTime(now_us=3_600_000_000, utc_s=NEW_YEAR_S, life=1)
    assert lines(time_table(found, 330, NEW_YEAR_S)) == [
        f"Clock {NOT_A_DEVICE}",
        "local        2026-01-01 05:30:00 UTC+05:30",
        "clock        2026-01-01 00:00:00 UTC, as this computer's",
        "device time  01:00:00.000",
    ]
    for off_s, told in (
        (1, "as this computer's"), (-1, "as this computer's"), (2, "2 s ahead of this computer's"),
        (-2, "2 s behind this computer's"), (7200, "2 h ahead of this computer's"),
        (300 * 3600 - 1, "12 d 11 h ahead of this computer's"), (-300 * 3600 + 1, "12 d 11 h behind this computer's"),
    ):  # fmt: skip
        assert lines(time_table(found, 0, NEW_YEAR_S - off_s))[2] == f"clock        2026-01-01 00:00:00 UTC, {told}"
    lost = DeviceTime(now_us=1000, utc_s=None, life=1)
    assert lines(time_table(lost, 60, NEW_YEAR_S))[1:] == [
        "clock        lost: set the time; patterns run at their lowest rate",
        "device time  00:00:00.001",
    ]


@pytest.mark.req("GUARD-1")
def test_limits_stand_beside_the_new_ones_and_what_changes_is_marked() -> None:
    old, new = Limits(35_000, 40_000, 60_000, 150_000), Limits(5_050, 40_000, 60_000, 90_000)
    assert cells(limits_table(old)) == [
        ["basal rate", "35.00 U/h"], ["one bolus", "40.00 U"], ["any 60 min", "60.00 U"], ["any 24 h", "150.00 U"],
    ]  # fmt: skip
    assert cells(limits_table(old, new)) == [
        ["basal rate", "35.00 U/h", "5.05 U/h", "←"],
        ["one bolus", "40.00 U", "40.00 U"],
        ["any 60 min", "60.00 U", "60.00 U"],
        ["any 24 h", "150.00 U", "90.00 U", "←"],
    ]
    assert lines(limits_table(old))[:4] == [
        "Clinician limits",
        "                  now",
        "basal rate  35.00 U/h",
        "one bolus     40.00 U",
    ]
    assert lines(limits_table(old, new))[1:4:2] == [
        "                  now       new",
        "one bolus     40.00 U   40.00 U",
    ]
    assert lines(limits_table(old, new), 30)[1:6] == [
        "basal rate",
        "  now 35.00 U/h",
        "  new 5.05 U/h",
        "  ←",
        "one bolus",
    ]


@pytest.mark.req("THER-3", "THER-4")
def test_settings_stand_beside_the_new_ones_in_the_units_of_people() -> None:
    old = Settings(200, 0, 0, 800_000, 400_000, 200_000, 45, stroke_tone=False)
    new = Settings(0, 750, -90, 900_000, 400_000, 0, 30, stroke_tone=True)
    assert cells(settings_table(old)) == [
        ["basal while suspended", "0.20 U/h"], ["auto-off without a programmer", "never"],
        ["local clock", "UTC+00:00"], ["reservoir low", "800.00 U"], ["reservoir empty", "400.00 U"],
        ["delivery stops", "200.00 U"], ["insulin in use at most", "45 d"], ["tone with every stroke", "off"],
    ]  # fmt: skip
    assert cells(settings_table(old, new)) == [
        ["basal while suspended", "0.20 U/h", "0.00 U/h", "←"],
        ["auto-off without a programmer", "never", "after 12 h 30 min", "←"],
        ["local clock", "UTC+00:00", "UTC-01:30", "←"],
        ["reservoir low", "800.00 U", "900.00 U", "←"],
        ["reservoir empty", "400.00 U", "400.00 U"],
        ["delivery stops", "200.00 U", "0.00 U", "←"],
        ["insulin in use at most", "45 d", "30 d", "←"],
        ["tone with every stroke", "off", "on", "←"],
    ]


@pytest.mark.req("THER-4")
def test_the_reservoir_says_how_long_it_lasts_and_when_it_is_due() -> None:
    def shown(**values: Any) -> list[str]:
        full = {"level": "enough", "left_mu": 5_200_000, "filled_mu": 5_200_000, "filled_utc_s": NEW_YEAR_S}
        found: Any = {**full, "empty_h": 24, "due_utc_s": NEW_YEAR_S + 86_400, **values}
        return lines(reservoir_table(record(Reservoir, **found), 60))

    assert shown() == [
        f"Reservoir, computed from what was delivered {NOT_A_DEVICE}",
        "content      5200.00 U, enough",
        "filled       5200.00 U, 2026-01-01 01:00:00 UTC+01:00",
        "lasts        1 d 0 h at the present use",
        "next refill  by 2026-01-02 01:00:00 UTC+01:00",
    ]
    for hours, told in (
        (0, "0 h at the present use"), (23, "23 h at the present use"), (49, "2 d 1 h at the present use"),
        (0xFFFFFFFE, "178956970 d 14 h at the present use"), (None, "does not run out at the present use"),
    ):  # fmt: skip
        assert shown(empty_h=hours)[3] == f"lasts        {told}"
    assert shown(level="stop", left_mu=199_800)[1] == "content      199.80 U, stop"
    assert shown(filled_utc_s=None, due_utc_s=None)[2:] == [
        "filled       5200.00 U, at a time that is not known",
        "lasts        1 d 0 h at the present use",
        "next refill  not known: the clock is or was lost",
    ]
    assert shown(filled_mu=0) == [
        f"Reservoir {NOT_A_DEVICE}", "content  not known: no refill has been recorded",
    ]  # fmt: skip


@pytest.mark.req("THER-5")
def test_a_refill_is_told_with_its_accuracy_its_bar_and_its_interval_or_with_what_is_missing() -> None:
    accuracy = "Refill accuracy -16.2 % ± 3.4 % (k = 2) over 12.00 mL delivered: [bold]rinse[/].\n"
    for found, told in (
        (
            Verdict(-162, 34, "rinse", 0, 12_000_000),
            f"{accuracy}That is: abnormal: measure the stroke volume, then rinse.",
        ),
        (
            Verdict(None, None, "interval_too_short", 0, 12_000),
            "Refill accuracy: [bold]interval too short[/].\nThat is: too little was delivered to say anything.",
        ),
        (
            Verdict(200, 34, "over", 1_500_000, 12_000_000),
            "[bold red]1.50 mL are missing and were not delivered by strokes.[/]\n"
            "Refill accuracy +20.0 % ± 3.4 % (k = 2) over 12.00 mL delivered: [bold]over[/].\n"
            "That is: over-delivery, a leak or a weighing error: stop, weigh again.",
        ),
        (
            Verdict(None, None, "over", 900_000, 0),
            "[bold red]0.90 mL are missing and were not delivered by strokes.[/]\n"
            "That is: over-delivery, a leak or a weighing error: stop, weigh again.",
        ),
        (
            Verdict(None, None, "first_refill", 7, 0),
            "That is: nothing to compare with: the first refill, or the reservoir had been emptied before.",
        ),
        (
            Verdict(0, 10, "watch", 7, 12_000_000),
            "Refill accuracy +0.0 % ± 1.0 % (k = 2) over 12.00 mL delivered: [bold]watch[/].\n"
            "That is: refill sooner and look again.",
        ),
    ):
        assert verdict_text(found) == told
    too_short = Verdict(None, None, "interval_too_short", 0, 12_000)
    assert verdict_text(too_short, "fr") == (
        "Précision du remplissage : [bold]intervalle trop court[/].\n"
        "C'est-à-dire : trop peu a été perfusé pour en juger."
    )
    refill = Refilled(1, 13_000_000, 5_004_999, -162, 34, "rinse", 0, 12_000_000)
    assert refilled_text(refill).startswith(f"13.00 mL are in the reservoir; 5.005 mL were left.\n{accuracy}")


def test_a_fault_has_its_number_and_if_it_is_known_its_meaning() -> None:
    assert fault_text(6) == "fault 6, a safety variable was damaged" and fault_text(5) == "fault 5"
    assert fault_text(9) == "fault 9, the supervisor broke its promise to be back" and fault_text(10) == "fault 10"


def test_names_and_values_stand_under_their_title_and_long_ones_are_folded() -> None:
    assert lines(pairs("T", [("a", "b c"), ("longer", "d")]), 12) == [
        "T", "(development", "platform,", "not a", "medical", "device)", "a       b c", "longer  d",
    ]  # fmt: skip
    assert lines(pairs("T", [("aa bb", "0123")]), 8)[-4:] == ["aa bb  0", "       1", "       2", "       3"]
