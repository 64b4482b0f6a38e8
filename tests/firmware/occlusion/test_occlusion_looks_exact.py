"""When the detector looks: after which strokes, how often, and what takes the place of a look that was missed."""

from __future__ import annotations

import pytest

from firmware.occlusion.detector import NEVER_US
from tests.firmware.occlusion.pascal_bed import EMPTY_US, MS, REST, Bed, S, fields, occluded, unread

pytestmark = pytest.mark.req("OCC-1", "OCC-2")


def test_an_open_catheter_is_looked_at_only_after_every_eighth_stroke_twice() -> None:
    bed = Bed()
    for number in range(1, 25):
        assert bed.stroke(REST, REST + 300 + number) == []
        assert bed.looks_us == ([75 * MS, 250 * MS] if number % 8 == 0 else [])
    assert bed.detector.wake_us == NEVER_US


def test_no_look_at_the_return_stroke_where_the_next_stroke_comes_before_it() -> None:
    for pace_us, looks in ((425 * MS, []), (425 * MS + 1, [75 * MS, 250 * MS])):
        bed = Bed(pace_us)
        for number in range(8):
            bed.stroke(REST, REST + 300 + number)
        assert bed.looks_us == looks, "there must be 75 ms more until the next burst"


FLOOR = REST + 666  # a third of 2,000 Pa


@pytest.mark.req("OCC-4")
def test_what_has_closed_is_looked_at_every_minute_and_has_opened_with_the_second_look_below_a_third() -> None:
    bed = occluded()
    assert bed.detector.wake_us == bed.end_us + 16 * S
    assert bed.read(16 * S, FLOOR) == 76 * S
    assert bed.read(76 * S, FLOOR - 1) == 76 * S + 375 * MS, "was it a cough's?"
    assert bed.read(76 * S + 375 * MS, FLOOR) == 136 * S + 375 * MS
    assert bed.read(137 * S, FLOOR - 1) == 137 * S + 375 * MS
    assert bed.read(138 * S, FLOOR - 2) == -1
    assert bed.names() == ["occlusion", "occlusion_cleared"]
    assert fields(bed.found[1]) == {
        "strokes": 2, "missed_nl": 0, "level_pa": FLOOR - 2, "rise_pa": 1000, "stored_nl": 0,
        "released_nl": 1000, "compliance_pl_per_pa": 500,
    }  # fmt: skip


@pytest.mark.req("OCC-4")
@pytest.mark.parametrize(("since_us", "name"), [(18 * S - 1, "partial_occlusion"), (18 * S, "occlusion_cleared")])
def test_one_that_has_gone_by_the_end_of_the_watch_was_a_slow_catheter(since_us: int, name: str) -> None:
    bed = occluded()
    bed.read(16 * S, REST)
    bed.read(since_us, REST)
    assert bed.names() == ["occlusion", name]
    assert bed.found[1].missed_nl == 0, "what was held up has arrived"


def test_the_next_strokes_first_reading_is_the_last_look() -> None:
    bed = Bed(2 * S)
    bed.stroke(REST, REST + 1000, REST + 1000)
    assert bed.looks_us[-1] == 1_898_437 or bed.looks_us[-1] < 1_900 * MS
    bed.stroke(REST + 333, REST + 1333, REST + 1000)
    assert bed.names() == ["occlusion"]
    bed = Bed(2 * S)
    bed.stroke(REST, REST + 1000, REST + 1000)
    for before in (REST + 332, REST + 332):
        bed.stroke(before, before + 100, REST)
    assert bed.names() == []


def test_without_a_task_a_reading_asks_for_no_other() -> None:
    bed = Bed()
    assert bed.detector.wake_us == NEVER_US and bed.read(5, REST) == -1
    bed.detector.wake_us = 7
    assert bed.read(7, REST) == -1


@pytest.mark.parametrize(("pace_us", "looks"), [(700 * MS, 5), (737_500, 6), (737_499, 5)])
def test_the_last_look_is_the_one_after_which_none_fits_before_the_next_stroke(pace_us: int, looks: int) -> None:
    """The sixth would come 562.5 ms after the end; 75 ms must follow it."""
    bed = Bed(pace_us)
    bed.stroke(REST, REST + 1000, REST + 1000)
    assert len(bed.looks_us) == looks


def test_a_look_that_was_missed_is_made_up_for_by_the_next_strokes_first_reading() -> None:
    level = [REST, REST + 1000, REST + 2000, REST + 3000]
    assert [each.strokes for each in unread(475 * MS, *level[:3])] == [3], "375 ms after the end"
    assert unread(475 * MS, *level[:3])[0].level_pa == REST + 2000
    assert unread(475 * MS - 1, *level[:3]) == [], "a cough may last as long"
    third = 333
    (found,) = unread(S, REST, REST + third, REST + 2 * third)
    assert found.level_pa == REST + 2 * third
    assert unread(S, REST, REST + third - 1, REST + 2 * third - 2) == []


def test_a_stroke_that_left_ends_every_other_task() -> None:
    bed = Bed()
    for number in range(8):
        bed.detector.stroke((number + 1) * S, REST, REST + 300 + number, True, EMPTY_US)
    assert bed.detector.wake_us == 8 * S + 75 * MS
    bed.detector.stroke(9 * S, REST, REST + 310, True, 10 * S)
    assert bed.detector.wake_us == NEVER_US
