"""The detector look by look, behind a sensor that shows whole pascals: when it looks, and what it finds.

The catheter's softest rise is 1,000 Pa: 500 Pa are suspect, a third of a rise must stay. A burst lasts 0.1 s, the looks
are 75 ms apart until a cough of 0.3 s is over, a breath lasts 4 s and the watch four of them.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from firmware.occlusion import codes
from firmware.occlusion.detector import NEVER_US, Detector
from firmware.occlusion.physics import Known, Thresholds

pytestmark = pytest.mark.req("OCC-1", "OCC-2")
S = 1_000_000
MS = 1_000
REST = 1_265
EMPTY_US = 3600 * S  # between two strokes


class Plain(Known):
    zero_counts = 0
    pa_per_kilocount = 1_000
    full_scale_counts = 100_000
    noise_millicounts = 10_000
    burst_us = 100 * MS
    compliance_max_pl_per_pa = 445


T = Thresholds(Plain)


class Bed:
    """Strokes one after the other; `after(µs since the end of the burst)` is what the sensor shows then."""

    def __init__(self, pace_us: int = EMPTY_US) -> None:
        self.found: list[codes.Diagnosis] = []
        self.detector = Detector(T, self.found.append)
        self.pace_us = pace_us
        self.end_us = 0
        self.looks_us: list[int] = []  # after the latest stroke

    def stroke(
        self, before: int, end: int, after: Callable[[int], int] | int = REST, *, confirmed: bool = True
    ) -> list[str]:
        """Names of what was found by the time of the next stroke."""
        self.end_us += self.pace_us
        next_us = self.end_us - T.known.burst_us + self.pace_us
        self.detector.stroke(self.end_us, before, end, confirmed, next_us)
        self.looks_us = []
        while self.detector.wake_us < min(next_us, self.end_us + 17 * S):  # what comes later is looked at by hand
            since_us = self.detector.wake_us - self.end_us
            self.looks_us.append(since_us)
            self.detector.reading(self.detector.wake_us, after if isinstance(after, int) else after(since_us))
            assert len(self.looks_us) < 40
        return self.names()

    def names(self) -> list[str]:
        return [codes.NAMES[each.code] for each in self.found]

    def read(self, since_us: int, pa: int) -> int:
        """A reading so long after the stroke; how long after it the next is wanted, -1: none."""
        self.detector.reading(self.end_us + since_us, pa)
        return self.detector.wake_us - self.end_us if self.detector.wake_us < NEVER_US else -1


def fields(found: codes.Diagnosis) -> dict[str, int]:
    return {name: value for name, value in vars(found).items() if name not in ("code", "at_us")}


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


def occluded() -> Bed:
    """Found at the next stroke's time; then the pump has stopped."""
    bed = Bed(2 * S)
    bed.stroke(REST, REST + 1000, REST + 1000)
    bed.stroke(REST + 1000, REST + 2000, REST + 2000)
    assert bed.names() == ["occlusion"]
    return bed


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


def test_a_trough_half_as_deep_as_the_pulse_is_backflow_with_its_share() -> None:
    bed = Bed()
    while not bed.found and bed.end_us < 60 * EMPTY_US:
        number = bed.end_us // EMPTY_US
        bed.stroke(REST, REST + 300, lambda since, n=number: REST - 240 + n % 2 if since < 100 * MS else REST + n % 2)
    assert bed.names() == ["backflow"]
    found = bed.found[0]
    assert found.strokes == 1, "of such a trough one says enough"
    assert found.missed_nl == pytest.approx(found.strokes * 500 * 240 / 300, rel=0.01)


def test_without_a_task_a_reading_asks_for_no_other() -> None:
    bed = Bed()
    assert bed.detector.wake_us == NEVER_US and bed.read(5, REST) == -1
    bed.detector.wake_us = 7
    assert bed.read(7, REST) == -1


def test_a_faint_trough_is_looked_at_after_every_stroke_until_it_is_no_chance() -> None:
    bed = Bed()
    for number in range(9):
        assert bed.names() == []
        bed.stroke(REST, REST + 300, lambda since, n=number: REST - 90 if since < 100 * MS else REST)
    assert bed.looks_us == [75 * MS, 250 * MS] and bed.names() == ["backflow"]
    found = bed.found[0]
    assert (found.strokes, found.missed_nl) == (2, 2 * 500 * 90 // 300)


def test_a_rise_of_exactly_half_the_least_is_a_rise() -> None:
    bed = Bed()
    for _ in range(2):
        bed.stroke(REST, REST + 500, REST + 500)
    assert bed.names() == ["occlusion"]
    assert (bed.found[0].rise_pa, bed.found[0].compliance_pl_per_pa, bed.found[0].stored_nl) == (500, 1000, 1000)


@pytest.mark.parametrize(("pace_us", "looks"), [(700 * MS, 5), (737_500, 6), (737_499, 5)])
def test_the_last_look_is_the_one_after_which_none_fits_before_the_next_stroke(pace_us: int, looks: int) -> None:
    """The sixth would come 562.5 ms after the end; 75 ms must follow it."""
    bed = Bed(pace_us)
    bed.stroke(REST, REST + 1000, REST + 1000)
    assert len(bed.looks_us) == looks


def unread(pace_us: int, *befores: int) -> list[codes.Diagnosis]:
    """Strokes that raise by 1,000 Pa, and a supervisor that comes to no look in between."""
    found: list[codes.Diagnosis] = []
    detector = Detector(T, found.append)
    for number, before in enumerate(befores):
        end_us = S + number * pace_us
        detector.stroke(end_us, before, before + 1000, True, end_us - 100 * MS + pace_us)
    return found


def test_a_look_that_was_missed_is_made_up_for_by_the_next_strokes_first_reading() -> None:
    level = [REST, REST + 1000, REST + 2000, REST + 3000]
    assert [each.strokes for each in unread(475 * MS, *level[:3])] == [3], "375 ms after the end"
    assert unread(475 * MS, *level[:3])[0].level_pa == REST + 2000
    assert unread(475 * MS - 1, *level[:3]) == [], "a cough may last as long"
    third = 333
    (found,) = unread(S, REST, REST + third, REST + 2 * third)
    assert found.level_pa == REST + 2 * third
    assert unread(S, REST, REST + third - 1, REST + 2 * third - 2) == []


def test_a_rise_that_had_gone_by_the_next_stroke_left_slowly_if_a_cough_would_have_been_over() -> None:
    (found,) = unread(S, REST, REST, REST, REST)
    assert codes.NAMES[found.code] == "partial_occlusion" and found.strokes == 4
    assert found.level_pa == REST + 1000, "no look was taken: as the stroke left it"
    assert unread(475 * MS - 1, REST, REST, REST, REST, REST) == []


def test_a_stroke_that_left_ends_every_other_task() -> None:
    bed = Bed()
    for number in range(8):
        bed.detector.stroke((number + 1) * S, REST, REST + 300 + number, True, EMPTY_US)
    assert bed.detector.wake_us == 8 * S + 75 * MS
    bed.detector.stroke(9 * S, REST, REST + 310, True, 10 * S)
    assert bed.detector.wake_us == NEVER_US


@pytest.mark.parametrize("order", [(0, 0, 1), (0, 1, 0), (1, 0, 0)])
def test_one_that_stays_among_two_that_leave_slowly_is_a_partial_occlusion(order: tuple[int, ...]) -> None:
    bed = Bed()
    for stays in order:
        assert bed.names() == []
        bed.stroke(REST, REST + 1000, REST + 1000 if stays else leaving(600 * MS))
    assert bed.names() == ["partial_occlusion"]


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
