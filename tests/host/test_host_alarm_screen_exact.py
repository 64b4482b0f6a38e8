"""The screen of the latched alarms, and the figure of each in words."""

from __future__ import annotations

import pytest

from firmware.protocol.alarms import BY_NAME, BY_NUMBER
from host.records import ActiveAlarm
from host.screens.alarms import alarms_table
from host.screens.figures import figure_text
from host.texts.alarms import AlarmText, described
from tests.host.shown import lines

pytestmark = pytest.mark.req("HOST-1", "ALARM-1", "ALARM-2")
MINUTE_US = 60_000_000


def alarm(name: str, priority: str, detail: int = 0, *, there: bool = False, quiet: bool = False) -> AlarmText:
    """A latched alarm with short words."""
    number = BY_NAME[name].number
    return AlarmText(number, name, priority, "Title", "Means.", "Do.", MINUTE_US, detail, there, quiet)


def test_alarms_are_told_with_what_to_do_since_when_and_whether_their_cause_is_there() -> None:
    high, low = alarm("occlusion", "high", 1), alarm("low_reservoir", "low", 799_800, there=True, quiet=True)
    shown = lines(alarms_table([high, low], 91 * MINUTE_US, "en"))
    assert shown[0] == "Alarms" and shown[5].startswith("├──")
    rows = [line.split("│")[1:-1] for line in shown if "│" in line]
    assert [[cell.strip() for cell in row] for row in rows] == [
        ["Title", "Means."],
        ["occlusion", "To do: Do."],
        ["high", "1 h 30 min ago; cause gone: can be acknowledged"],
        ["Title", "Means."],
        ["low_reservoir", "To do: Do."],
        ["low", "1 h 30 min ago, 799.80 U left; cause still there; quiet"],
    ]
    shown = lines(alarms_table([alarm("refill_due", "medium", there=True)], 4 * MINUTE_US, "fr"))
    assert shown[0] == "Alarmes" and shown[4].split("│")[1:3] == [
        " moyenne    ",
        " depuis 3 min ; cause toujours présente ",
    ]
    assert (alarms_table([], 0, "en"), alarms_table([], 0, "fr")) == ("Alarms: none.", "Alarmes : aucune.")


def test_names_are_not_broken_on_a_narrow_screen() -> None:
    shown = lines(alarms_table([alarm("hourly_maximum_exceeded", "high")], 2 * MINUTE_US, "en"), 50)
    assert "│ hourly_maximum_exceeded │" in shown[3][:27]


def test_nothing_is_cut_on_the_narrowest_screen() -> None:
    found = described(ActiveAlarm(BY_NAME["pressure_sensor_fault"].number, 0, 0, cause_there=True, quiet=False), "fr")
    for columns in (60, 40, 30):
        shown = lines(alarms_table([found], 0, "fr"), columns)
        words = " ".join(line.strip("│ ") for line in shown)
        assert "…" not in words and max(map(len, shown)) <= columns
        assert all(word in words for word in (found.name, *found.means.split(), *found.do.split()))


def test_every_alarm_has_its_screen_in_both_languages() -> None:
    for language in ("en", "fr"):
        for number in BY_NUMBER:
            found = described(ActiveAlarm(number, 0, 0, cause_there=True, quiet=False), language)
            assert found.name in "\n".join(lines(alarms_table([found], 0, language)))


def test_a_figure_is_told_with_its_unit_or_by_the_name_that_it_stands_for() -> None:
    for name, figure, told in (
        ("low_reservoir", 799_800, "799.80 U left"), ("empty_reservoir", 11, "0.011 U left"),
        ("empty_reservoir", 3, "air lock"), ("over_delivery", 1500, "1.50 U missing"),
        ("over_delivery", 7, "strokes ordered and strokes seen do not agree"), ("over_delivery", 10, "0.01 U missing"),
        ("hourly_maximum_exceeded", 3, "3 strokes withheld"), ("daily_maximum_exceeded", 1, "1 strokes withheld"),
        ("occlusion", 1, ""), ("under_delivery", 2, "partial occlusion"), ("under_delivery", 4, "backflow"),
        ("air_lock", 3, ""), ("motor_stall", 5, ""),
        ("motor_stall", 7, "strokes ordered and strokes seen do not agree"),
        ("pressure_sensor_fault", 8, "sensor drift"), ("pressure_sensor_fault", 11, "11"),
        ("stroke_sensor_fault", 7, "strokes ordered and strokes seen do not agree"), ("stroke_sensor_fault", 5, "5"),
        ("memory_integrity", 4, "damaged"), ("memory_integrity", 5, "absent"), ("memory_integrity", 0, ""),
        ("memory_integrity", 6, "a safety variable was damaged"), ("watchdog_reset", 1, "watchdog"),
        ("watchdog_reset", 4, "processor"), ("watchdog_reset", 5, "5"), ("communication_error", 1, "tones"),
        ("communication_error", 3, "link"), ("communication_error", 5, "battery"), ("communication_error", 6, "6"),
        ("self_test_fail", 0b10000010, "native core, clock"), ("self_test_fail", 1, "core answers"),
        ("system_error", 8, "8"), ("refill_due", 0, ""),
    ):  # fmt: skip
        assert figure_text(BY_NAME[name].number, figure, "en") == told
    assert figure_text(9999, 7, "en") == "7" and figure_text(9999, 0, "en") == ""
    for name, figure, told in (
        ("low_reservoir", 799_800, "reste 799,80 U"), ("over_delivery", 1500, "1,50 U manquent"),
        ("hourly_maximum_exceeded", 3, "3 impulsions retenues"),
    ):  # fmt: skip
        assert figure_text(BY_NAME[name].number, figure, "fr") == told
