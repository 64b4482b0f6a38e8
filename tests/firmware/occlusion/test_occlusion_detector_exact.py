"""What the detector finds, look by look, behind a sensor that shows whole pascals (pascal_bed.py)."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from firmware.occlusion import codes
from firmware.occlusion.detector import NEVER_US
from tests.firmware.occlusion.pascal_bed import MS, REST, Bed, S, T, fields, occluded, unread

pytestmark = pytest.mark.req("OCC-1", "OCC-2")


def test_the_figures_of_this_bed() -> None:
    assert (T.least_rise_pa, T.suspect_pa, T.suspect_next_pa, T.trip_strokes, T.rises_small) == (
        1000,
        500,
        500,
        1,
        False,
    )
    assert (T.look_us, T.back_us, T.hold_us, T.watch_us) == (75 * MS, 250 * MS, 375 * MS, 16 * S)
    assert [T.pa(counts) for counts in (0, 1, 99_999)] == [0, 1, 99_999]


@pytest.mark.parametrize(("rise", "looks"), [(499, 0), (500, 1)])
def test_a_rise_is_suspect_from_half_of_the_least(rise: int, looks: int) -> None:
    bed = Bed()
    bed.stroke(REST, REST + rise)
    assert len(bed.looks_us) == looks and bed.names() == []


def test_a_closed_catheter_is_found_with_the_second_stroke_when_the_last_look_is_over() -> None:
    bed = Bed()
    assert bed.stroke(REST, REST + 1000, REST + 1000) == []
    even = [75 * MS, 150 * MS, 225 * MS, 300 * MS, 375 * MS]
    assert bed.looks_us[:6] == [*even, 562_500] and bed.looks_us[-1] == 16 * S and bed.looks_us == list(T.looks_us)
    assert bed.stroke(REST + 1000, REST + 2000, REST + 2000) == ["occlusion"]
    found = bed.found[0]
    assert found.at_us == bed.end_us
    assert fields(found) == {
        "strokes": 2, "missed_nl": 1000, "level_pa": REST + 2000, "rise_pa": 1000, "stored_nl": 1000,
        "released_nl": 0, "compliance_pl_per_pa": 500,
    }  # fmt: skip


@pytest.mark.req("OCC-4")
def test_strokes_after_the_finding_are_missed_too() -> None:
    bed = occluded()
    for before in (REST + 2000, REST + 3000):
        bed.stroke(before, before + 1000)
        assert bed.detector.wake_us == bed.end_us + 16 * S
    for second in (20, 21):
        bed.read(second * S, REST)
    assert bed.names()[1:] == ["occlusion_cleared"]
    assert (bed.found[1].missed_nl, bed.found[1].released_nl) == (2 * 500, 1000)


def leaving(at_us: int, rise: int = 1000) -> Callable[[int], int]:
    """There until then, gone after."""
    return lambda since_us: REST + rise if since_us < at_us else REST


@pytest.mark.parametrize(("at_us", "names"), [(375 * MS, ["partial_occlusion"]), (300 * MS, []), (1, [])])
def test_three_strokes_in_a_row_that_outlast_a_cough_and_leave_are_a_partial_occlusion(
    at_us: int, names: list[str]
) -> None:
    bed = Bed()
    for _ in range(2):
        assert bed.stroke(REST, REST + 1000, leaving(at_us)) == []
    assert bed.stroke(REST, REST + 1000, leaving(at_us)) == names
    for found in bed.found:
        assert fields(found) == {
            "strokes": 3, "missed_nl": 0, "level_pa": REST, "rise_pa": 1000, "stored_nl": 0,
            "released_nl": 0, "compliance_pl_per_pa": 0,
        }  # fmt: skip


@pytest.mark.parametrize("gap", range(3))
def test_two_that_leave_slowly_and_one_at_once_are_nothing(gap: int) -> None:
    bed = Bed()
    for number in range(3):
        bed.stroke(REST, REST + 1000, leaving(1 if number == gap else 600 * MS))
    assert bed.names() == []
    assert bed.stroke(REST, REST + 1000, leaving(600 * MS)) == (["partial_occlusion"] if gap == 0 else [])


def test_a_level_is_a_third_of_the_rise_in_each_look_and_half_in_the_last_two() -> None:
    third = REST + 333
    for level, looks in ((third, len(T.looks_us)), (third - 1, 1)):
        bed = Bed()
        bed.stroke(REST, REST + 1000, level)
        assert len(bed.looks_us) == looks
    for last, names in ((REST + 500, ["occlusion"]), (REST + 499, [])):
        bed = Bed()
        bed.stroke(REST, REST + 1000, REST + 1000)
        bed.stroke(REST, REST + 1000, lambda since, last=last: last if since > 7 * S else REST + 1000)
        assert bed.names() == names, "from half of the rise on, the mean of two looks"


@pytest.mark.parametrize("hidden", [0, 1])
def test_two_of_three_strokes_that_stay_are_an_occlusion(hidden: int) -> None:
    """Breathing has hidden one: as if it had left."""
    bed = Bed()
    for number in range(3):
        assert bed.names() == []
        bed.stroke(REST, REST + 1000, REST if number == hidden else REST + 1000)
    assert bed.names() == ["occlusion"]
    assert bed.found[0].strokes == (2 if hidden == 0 else 3)


def test_two_of_four_are_none() -> None:
    bed = Bed()
    for after in (REST + 1000, REST, REST, REST + 1000):
        assert bed.stroke(REST, REST + 1000, after) == []
    assert bed.stroke(REST, REST + 1000, REST + 1000) == ["occlusion"]


def test_after_three_strokes_that_left_the_next_is_the_first_of_a_run() -> None:
    bed = Bed()
    bed.stroke(REST, REST + 3000, REST + 3000)
    for _ in range(3):
        bed.stroke(REST, REST + 400)
    for _ in range(2):
        bed.stroke(REST, REST + 1000, REST + 1000)
    assert (bed.found[0].strokes, bed.found[0].rise_pa, bed.found[0].stored_nl) == (2, 1000, 1000)


def test_strokes_closer_than_a_cough_go_on_as_one_rise() -> None:
    bed = Bed(300 * MS)
    for number in range(3):
        level = REST + 1000 * (number + 1)
        bed.stroke(level - 1000, level, level)
    assert bed.names() == [], "375 ms after the first one's end come with the third"
    for number in range(3, 7):
        level = REST + 1000 * (number + 1)
        bed.stroke(level - 1000, level, level)
    assert bed.names()[:1] == ["occlusion"]


def test_a_start_forgets_what_was_suspected_and_what_was_found() -> None:
    bed = Bed()
    bed.stroke(REST, REST + 1000, REST + 1000)
    bed.detector.start(bed.end_us)
    assert bed.detector.wake_us == NEVER_US
    assert bed.stroke(REST, REST + 1000, REST + 1000) == []
    assert bed.stroke(REST, REST + 1000, REST + 1000) == ["occlusion"]
    assert bed.stroke(REST, REST + 1000, REST + 1000) == ["occlusion"], "told once"
    bed.detector.start(bed.end_us)
    for _ in range(2):
        bed.stroke(REST, REST + 1000, REST + 1000)
    assert bed.names() == ["occlusion"] * 2


def test_a_rise_of_exactly_half_the_least_is_a_rise() -> None:
    bed = Bed()
    for _ in range(2):
        bed.stroke(REST, REST + 500, REST + 500)
    assert bed.names() == ["occlusion"]
    assert (bed.found[0].rise_pa, bed.found[0].compliance_pl_per_pa, bed.found[0].stored_nl) == (500, 1000, 1000)


def test_a_rise_that_had_gone_by_the_next_stroke_left_slowly_if_a_cough_would_have_been_over() -> None:
    (found,) = unread(S, REST, REST, REST, REST)
    assert codes.NAMES[found.code] == "partial_occlusion" and found.strokes == 4
    assert found.level_pa == REST + 1000, "no look was taken: as the stroke left it"
    assert unread(475 * MS - 1, REST, REST, REST, REST, REST) == []


@pytest.mark.parametrize("order", [(0, 0, 1), (0, 1, 0), (1, 0, 0)])
def test_one_that_stays_among_two_that_leave_slowly_is_a_partial_occlusion(order: tuple[int, ...]) -> None:
    bed = Bed()
    for stays in order:
        assert bed.names() == []
        bed.stroke(REST, REST + 1000, REST + 1000 if stays else leaving(600 * MS))
    assert bed.names() == ["partial_occlusion"]


@pytest.mark.parametrize(("rise", "compliance"), [(501, 998), (900, 556), (1_000, 500)])
def test_the_compliance_is_the_stroke_over_the_rise_to_the_nearest(rise: int, compliance: int) -> None:
    bed = Bed()
    for _ in range(2):
        bed.stroke(REST, REST + rise, REST + rise)
    assert bed.found[0].compliance_pl_per_pa == compliance


@pytest.mark.req("OCC-4")
def test_one_that_was_slow_and_closes_again_may_be_slow_again() -> None:
    bed = occluded()
    bed.read(16 * S, REST)
    bed.read(17 * S, REST)
    assert bed.names() == ["occlusion", "partial_occlusion"]
    for _ in range(2):
        bed.stroke(REST, REST + 1000, REST + 1000)
    assert bed.names() == ["occlusion", "partial_occlusion"], "the first is told once"
    assert bed.read(16 * S, REST) == 16 * S + 375 * MS, "one look is none"
    assert bed.read(17 * S, REST) == -1
    assert bed.names() == ["occlusion", "partial_occlusion", "partial_occlusion"]


@pytest.mark.parametrize(("level", "told"), [(REST + 3_000, REST + 3_000), (REST + 1_500, REST + 2_000)])
def test_a_finding_amid_an_occlusion_tells_the_highest_level(level: int, told: int) -> None:
    bed = occluded()
    while len(bed.found) < 2:
        bed.stroke(level, level)
    assert bed.names()[1] == "sensor_stuck" and bed.found[1].level_pa in (told, REST + 2_000)
    bed.stroke(level, level)
    assert bed.detector._level_pa == told
