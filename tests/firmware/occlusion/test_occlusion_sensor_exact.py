"""The detector and its sensor: ends of the range, drift, readings that repeat, a pulse that is missing."""

from __future__ import annotations

import pytest

from firmware.occlusion import codes
from firmware.occlusion.detector import NEVER_US, Detector
from firmware.occlusion.physics import Thresholds
from tests.firmware.occlusion.pascal_bed import EMPTY_US, MS, REST, Bed, Plain, S, T, fields

pytestmark = pytest.mark.req("OCC-1", "OCC-2")


def test_a_stroke_that_moves_nothing_against_a_high_pressure_is_judged_by_the_level() -> None:
    high = 6_500  # the most that posture makes
    bed = Bed()
    for _ in range(2):
        bed.stroke(high, high, high, confirmed=False)
    assert bed.names() == ["motor_stall"] and fields(bed.found[0]) == {
        "strokes": 2, "missed_nl": 1000, "level_pa": 0, "rise_pa": 0, "stored_nl": 0, "released_nl": 0,
        "compliance_pl_per_pa": 0,
    }  # fmt: skip
    bed = Bed()
    for _ in range(2):
        bed.stroke(high + 1, high + 2, high, confirmed=False)
    assert bed.names() == ["occlusion"]
    assert fields(bed.found[0]) == {
        # 226 pl/Pa, the middle of 7 and 445, times what is above the tip at rest.
        "strokes": 2, "missed_nl": 226 * (high - REST) // 1000, "level_pa": high, "rise_pa": 0,
        "stored_nl": 226 * (high - REST) // 1000, "released_nl": 0, "compliance_pl_per_pa": 226,
    }  # fmt: skip
    bed = Bed()
    for _ in range(2):
        bed.stroke(high + 1, high + 2, high - 1, confirmed=False)
    assert bed.names() == []


def test_two_stalls_in_a_row_without_pressure() -> None:
    bed = Bed()
    for number, confirmed in enumerate((False, True, False)):
        assert bed.stroke(REST, REST + 300 + number, confirmed=confirmed) == []
    assert bed.stroke(REST, REST + 10, confirmed=False) == ["motor_stall"]


@pytest.mark.parametrize("at_rail", [0, 100_000])
def test_two_strokes_in_a_row_at_an_end_of_the_range(at_rail: int) -> None:
    for readings in ((at_rail, REST), (REST, at_rail)):
        bed = Bed()
        assert bed.stroke(*readings) == []
        bed.stroke(REST, REST + 300)
        assert bed.stroke(*readings) == []
        assert bed.stroke(*readings) == ["sensor_range"]
        assert (bed.found[0].strokes, bed.found[0].missed_nl, bed.found[0].at_us) == (2, 0, bed.end_us)
    bed = Bed()
    for _ in range(2):
        bed.stroke(REST, 1 if at_rail == 0 else 99_999)
    assert bed.names() == []
    bed = Bed()
    for number in range(3):
        bed.stroke(*((1, 301 + number) if at_rail == 0 else (99_600 + number, 99_999)))
    assert bed.names() == []


@pytest.mark.parametrize(("outside", "name"), [(1, "sensor_range"), (2, "sensor_drift")])
def test_one_that_was_on_its_way_to_the_end_has_drifted(outside: int, name: str) -> None:
    bed = Bed()
    for number in range(outside):
        bed.stroke(7_000, 7_300 + number)
    for _ in range(2):
        bed.stroke(0, 0)
    assert bed.names() == [name]


@pytest.mark.parametrize(("level", "found"), [(6_500, False), (6_501, True), (1, False)])
def test_a_level_that_no_posture_makes_is_a_drift_after_22_strokes(level: int, found: bool) -> None:
    bed = Bed()
    for number in range(21):
        assert bed.stroke(level, level + 300 + number) == []
    assert bed.stroke(level, level + 400) == (["sensor_drift"] if found else [])
    if found:
        assert (bed.found[0].strokes, bed.found[0].level_pa, bed.found[0].missed_nl) == (22, level, 0)


def test_one_stroke_at_a_possible_level_begins_the_count_anew() -> None:
    bed = Bed()
    for number in range(60):
        level = 6_500 if number % 22 == 21 else 6_501
        assert bed.stroke(level, level + 300 + number) == []


def test_readings_that_repeat_are_stuck_and_with_the_pulse_missing_sooner() -> None:
    bed = Bed()
    strokes = 0
    while not bed.found:
        bed.stroke(REST, REST)
        strokes += 1
    assert bed.names() == ["sensor_stuck"]
    bed = Bed()
    for number in range(40):
        bed.stroke(REST, REST + number % 2)
        if bed.found:
            break
    assert bed.names() == ["air_lock"] and bed.found[0].missed_nl == 500 * bed.found[0].strokes


def test_a_sensor_that_repeats_itself_is_stuck_whatever_the_strokes_do() -> None:
    assert T.stuck_readings == 6
    for readings, strokes in ((0, 4), (1, 3)):
        bed = Bed()
        for number in range(1, strokes + 1):
            assert "sensor_stuck" not in bed.names()
            bed.stroke(REST, REST, confirmed=False)
            if number == 1 and readings:
                bed.read(1, REST)
        assert bed.names() == ["motor_stall", "sensor_stuck"]
        assert (bed.found[1].strokes, bed.found[1].missed_nl) == (3, 0), "seven repeats, or six"
    bed = Bed()
    for _ in range(9):
        bed.stroke(REST, REST, confirmed=False)
        bed.read(1, REST + 1)
    assert bed.names() == ["motor_stall"], "a reading in between counts"


def test_a_trough_half_as_deep_as_the_pulse_is_backflow_with_its_share() -> None:
    bed = Bed()
    while not bed.found and bed.end_us < 60 * EMPTY_US:
        number = bed.end_us // EMPTY_US
        bed.stroke(REST, REST + 300, lambda since, n=number: REST - 240 + n % 2 if since < 100 * MS else REST + n % 2)
    assert bed.names() == ["backflow"]
    found = bed.found[0]
    assert found.strokes == 1, "of such a trough one says enough"
    assert found.missed_nl == pytest.approx(found.strokes * 500 * 240 / 300, rel=0.01)


def test_a_faint_trough_is_looked_at_after_every_stroke_until_it_is_no_chance() -> None:
    bed = Bed()
    for number in range(9):
        assert bed.names() == []
        bed.stroke(REST, REST + 300, lambda since, n=number: REST - 90 if since < 100 * MS else REST)
    assert bed.looks_us == [75 * MS, 250 * MS] and bed.names() == ["backflow"]
    found = bed.found[0]
    assert (found.strokes, found.missed_nl) == (2, 2 * 500 * 90 // 300)


class Quiet(Plain):
    noise_millicounts = 1_041


@pytest.mark.parametrize(
    ("repeats", "names"), [(1, ["air_lock"]), (2, []), (4, []), (5, ["sensor_stuck"]), (6, ["sensor_stuck"])]
)
def test_without_a_pulse_five_repeats_are_a_stuck_sensor_and_two_are_doubtful(repeats: int, names: list[str]) -> None:
    found: list[codes.Diagnosis] = []
    detector = Detector(Thresholds(Quiet), found.append)
    detector.stroke(S, REST, REST + 1, True, EMPTY_US)
    assert found == []
    for number in range(repeats - 1):
        detector.reading(2 * S + number, REST)
    detector.stroke(3 * S, REST, REST, True, EMPTY_US)
    assert [codes.NAMES[each.code] for each in found] == names
    for each in found:
        assert (each.strokes, each.missed_nl) == (2, 0 if repeats > 1 else 1000)


@pytest.mark.parametrize(("level", "found"), [(-7_500, False), (-7_501, True)])
def test_what_posture_and_a_cabin_make_of_the_tip_is_no_drift(level: int, found: bool) -> None:
    class Offset(Plain):
        zero_counts = 20_000

    told: list[codes.Diagnosis] = []
    detector = Detector(Thresholds(Offset), told.append)
    for number in range(22):
        detector.stroke(number * S, 20_000 + level, 20_300 + level + number, True, number * S + 50 * MS)
    assert [codes.NAMES[each.code] for each in told] == ["sensor_drift"] * found


def test_an_end_of_the_range_ends_what_was_looked_for_and_is_no_news_of_one_that_has_drifted() -> None:
    bed = Bed()
    bed.detector.stroke(S, REST, REST + 1000, True, EMPTY_US)
    assert bed.detector.wake_us < NEVER_US
    bed.detector.stroke(2 * S, 0, REST, True, EMPTY_US)
    assert bed.detector.wake_us == NEVER_US
    bed = Bed()
    for number in range(22):
        bed.stroke(7_000, 7_300 + number)
    bed.stroke(REST, REST + 300)
    for _ in range(3):
        bed.stroke(0, 0)
    assert bed.names() == ["sensor_drift"]
