"""Fine strokes in a soft catheter, look by look: rises that breathing is greater than, weighed over breaths.

The softest rise is 300 Pa, 150 are suspect, and breathing makes what four such strokes outdo. Looks are 52.8 ms apart
until a cough of 0.3 s is over; then a breath of 4 s is heard in four looks, late after the stroke and before the next.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from firmware.occlusion import codes
from firmware.occlusion.detector import NEVER_US, Detector
from firmware.occlusion.physics import Known, Thresholds

pytestmark = pytest.mark.req("OCC-1", "OCC-2", "DOSE-8")
S = 1_000_000
REST = 1_000
EVEN_US = [52_800 * look for look in range(1, 8)]  # the last is the first after 352.8 ms
AFTER_US = [12 * S, 13 * S, 14 * S, 15 * S]


class Small(Known):
    zero_counts = 0
    pa_per_kilocount = 1_000
    full_scale_counts = 100_000
    noise_millicounts = 10_000
    stroke_nl = 120
    burst_us = 40_000
    volume_error_percent = 0
    compliance_max_pl_per_pa = 400


T = Thresholds(Small)


class Bed:
    def __init__(self, pace_us: int = 60 * S, thresholds: Thresholds = T) -> None:
        self.found: list[codes.Diagnosis] = []
        self.detector = Detector(thresholds, self.found.append)
        self.pace_us = pace_us
        self.end_us = 0
        self.looks_us: list[int] = []
        self.level = REST

    def stroke(self, rise: int, after: Callable[[int], int] | None = None, dip: int = 0) -> list[str]:
        """`after(µs since the end)` above what was before; None: it stays. `dip`: a breath's, at the stroke."""
        self.end_us += self.pace_us
        next_us = self.end_us - T.known.burst_us + self.pace_us
        before = self.level
        self.detector.stroke(self.end_us, before - dip, before - dip + rise, True, next_us)
        self.looks_us = []
        while self.detector.wake_us < next_us and "occlusion" not in self.names():
            since_us = self.detector.wake_us - self.end_us
            self.looks_us.append(since_us)
            self.detector.reading(self.detector.wake_us, before + (rise if after is None else after(since_us)))
            assert len(self.looks_us) < 60
        self.level = before + (rise if after is None else after(self.pace_us))
        return self.names()

    def names(self) -> list[str]:
        return [codes.NAMES[each.code] for each in self.found]


def test_the_figures_of_this_bed() -> None:
    assert (T.least_rise_pa, T.suspect_pa, T.suspect_next_pa, T.trip_strokes, T.trip_rise_pa) == (
        300,
        150,
        150,
        4,
        1200,
    )
    assert T.rises_small and T.steps_seen and (T.stay_us, T.hold_us, T.stay_breath_pa) == (52_800, 352_800, 33)
    assert (T.breath_step_us, T.unlike_breath_pa) == (S, 856)


def test_a_rise_that_outlasts_a_cough_is_heard_over_a_breath_after_it_and_another_before_the_next() -> None:
    bed = Bed()
    before_us = [60 * S - 40_000 - 4 * S + second * S for second in range(4)]
    assert bed.stroke(300) == [] and bed.looks_us == EVEN_US + AFTER_US + before_us
    assert bed.detector.wake_us == NEVER_US
    bed = Bed(20 * S)
    bed.stroke(300)
    assert bed.looks_us == EVEN_US + AFTER_US, "no room for the second: less than 20 s to the next stroke"
    for more_us, looks in ((0, []), (1, [16 * S + 1 + second * S for second in range(4)])):
        bed = Bed(20_040_000 + more_us)
        bed.stroke(300)
        assert bed.looks_us == EVEN_US + AFTER_US + looks, "not before the watch is over"
    bed = Bed(4_409_600)
    bed.stroke(300)
    assert bed.looks_us == EVEN_US + [369_600 + second * S for second in range(4)], "a breath just fits"
    bed = Bed(4_409_599)
    bed.stroke(300)
    assert bed.looks_us == EVEN_US
    bed = Bed(10 * S)
    bed.stroke(300)
    assert bed.looks_us == EVEN_US + [6 * S - 40_000 + second * S for second in range(4)], "the one ahead of the next"


@pytest.mark.parametrize("pace_us", [60 * S, 20 * S, 10 * S])
def test_four_of_the_softest_are_an_occlusion_and_three_are_not(pace_us: int) -> None:
    bed = Bed(pace_us)
    for _ in range(3):
        assert bed.stroke(300) == []
    assert bed.stroke(300) == ["occlusion"]
    found = bed.found[0]
    shown = (found.strokes, found.missed_nl, found.level_pa, found.rise_pa, found.stored_nl, found.compliance_pl_per_pa)
    assert shown == (4, 480, REST + 1200, 300, 480, 400)


def test_strokes_that_have_raised_as_much_as_four_are_enough() -> None:
    bed = Bed()
    assert bed.stroke(599) == [] and bed.stroke(600) == []
    assert bed.stroke(600) == ["occlusion"]
    bed = Bed()
    assert bed.stroke(600) == [] and bed.stroke(600) == ["occlusion"]


@pytest.mark.req("OCC-4")
def test_what_has_opened_is_told_by_the_mean_of_a_breath() -> None:
    for above, names in ((400, ["occlusion"]), (399, ["occlusion", "occlusion_cleared"])):
        bed = Bed(10 * S)
        for _ in range(4):
            bed.stroke(300)
        detector = bed.detector
        assert detector.wake_us == bed.end_us + 13 * S
        for minute in range(1, 3):
            for look in range(4):
                assert len(bed.found) == 1
                # The first time it is as it was; a third of 1,200 Pa is where it counts as open.
                swing = (200, -200, 100, -100)[look]
                level = REST + (1200 if minute == 1 else above) + swing
                detector.reading(detector.wake_us, level)
            if minute == 1:
                assert detector.wake_us == bed.end_us + 76 * S
        assert bed.names() == names
        if len(bed.found) > 1:
            assert (bed.found[1].released_nl, bed.found[1].missed_nl) == (480, 0)
            assert bed.found[1].level_pa == REST + 399 and detector.wake_us == NEVER_US


def test_a_rise_that_a_breath_carries_down_has_stayed_by_its_line() -> None:
    """Down by 100 Pa in the time of the looks, as much as breathing may take, and back."""
    bed = Bed()
    for _ in range(4):
        bed.stroke(300, lambda since: 300 - (since * 100 // 370_000 if since < S else 0))
    assert bed.names() == ["occlusion"]


def test_a_pulse_that_a_breath_holds_up_has_left_by_its_line() -> None:
    bed = Bed()
    for _ in range(12):
        bed.stroke(300, lambda since: 130 + since * 250 // 370_000 if since < S else 0)
        assert bed.looks_us == EVEN_US, "then it is clear"
    assert bed.names() == []


def test_what_leaves_within_a_breath_three_times_is_a_partial_occlusion() -> None:
    bed = Bed()
    for _ in range(2):
        assert bed.stroke(300, lambda since: 300 if since < 5 * S else 0) == []
    assert bed.stroke(300, lambda since: 300 if since < 5 * S else 0) == []
    assert bed.stroke(300, lambda since: 300 if since < 5 * S else 0) == ["partial_occlusion"], "four: 1,200 Pa"


def test_half_of_the_rise_in_the_breath_after_it_stays_and_less_has_left_slowly() -> None:
    for above, names in ((300, ["occlusion"]), (149, ["partial_occlusion"])):
        bed = Bed()
        for _ in range(4):
            base = bed.level
            bed.stroke(300, lambda since, above=above: 300 if since < S else above)
            bed.level = base if above < 150 else bed.level
        assert bed.names() == names


def test_a_cough_among_the_looks_says_nothing_and_the_breath_is_heard_again() -> None:
    def coughs(since_us: int) -> int:
        return 2_000 if since_us == 12 * S else 300

    bed = Bed()
    bed.stroke(300, coughs)
    assert bed.looks_us[:7] == EVEN_US
    assert bed.looks_us[7:15] == [12 * S + second * S for second in range(8)], "four more"
    assert bed.names() == []


def test_between_fast_strokes_the_level_since_the_first_of_them_tells() -> None:
    bed = Bed(2 * S)
    for _ in range(3):
        assert bed.stroke(300) == []
        assert bed.looks_us == EVEN_US, "a breath has no room before the next stroke"
    assert bed.stroke(300) == ["occlusion"]
    assert (bed.found[0].strokes, bed.found[0].level_pa) == (4, REST + 1200)
    bed = Bed(2 * S)
    for _ in range(12):
        bed.stroke(300, lambda since: 160 if since < S else 0)
    assert "occlusion" not in bed.names(), "the level does not grow"


@pytest.mark.parametrize(("pace_us", "name"), [(10 * S, "partial"), (60 * S, "partial"), (20 * S, "occlusion")])
def test_a_stroke_in_the_trough_of_a_breath_is_measured_from_the_mean_ahead_of_it_if_there_is_one(
    pace_us: int, name: str
) -> None:
    """What keeps 100 of 300 Pa has left, slowly. With no breath heard ahead of it it seems to have risen by 300."""
    bed = Bed(pace_us)
    bed.stroke(300, lambda _: 200)
    bed.level = REST
    for _ in range(5):
        bed.stroke(300, lambda _: 100, dip=200)
        bed.level = REST
        if bed.found:
            break
    assert [each.partition("_")[0] for each in bed.names()] == [name]


def test_a_look_at_the_very_end_of_a_cough_is_the_last_of_the_even_ones() -> None:
    class Longer(Small):
        cough_us = 6 * 52_800

    bed = Bed(thresholds=Thresholds(Longer))
    bed.stroke(300)
    assert bed.looks_us[:8] == [*EVEN_US, 12 * S]


@pytest.mark.parametrize(("above", "looks"), [(67, 7), (66, 2)])
def test_a_level_that_breathing_lowers_from_look_to_look_is_there_still(above: int, looks: int) -> None:
    """A third of the rise with the first look, 33 Pa less with each that follows."""
    bed = Bed()
    bed.stroke(300, lambda since: 300 if since != 105_600 else above)
    assert len([each for each in bed.looks_us if each < S]) == looks


def test_a_rise_of_half_the_least_is_one() -> None:
    bed = Bed()
    for _ in range(3):
        assert bed.stroke(250) == []
    assert bed.stroke(250) == ["occlusion"], "four strokes, although less than 1,200 Pa"
    assert (bed.found[0].strokes, bed.found[0].rise_pa, bed.found[0].stored_nl) == (4, 250, 480)


def test_a_level_that_grows_by_half_of_the_rises_says_neither() -> None:
    bed = Bed(2 * S)
    for _ in range(10):
        assert bed.stroke(300, lambda _: 150) == []
    bed = Bed(2 * S)
    for _ in range(10):
        bed.stroke(300, lambda _: 225)
    assert bed.names()[:1] == ["occlusion"]


def test_coughs_all_the_while_say_nothing_however_fast_the_strokes_are() -> None:
    for pace_us in (2 * S, 10 * S):
        begin_us = 100_000 if pace_us == 2 * S else 5 * S
        bed = Bed(pace_us)
        for _ in range(8):
            bed.stroke(
                300, lambda since, b=begin_us, p=pace_us: 2_000 if b < since < p and since // 52_800 % 2 else 300
            )
        assert bed.names() == []


def test_what_a_run_has_said_is_forgotten_with_it() -> None:
    bed = Bed()
    bed.stroke(600)
    for _ in range(3):
        bed.stroke(100, lambda _: 0)
    for _ in range(3):
        bed.stroke(600, lambda _: 310)
    assert bed.names() == [], "10 Pa each, beyond half"


def test_the_breath_ahead_of_a_stroke_is_that_strokes_alone() -> None:
    bed = Bed()
    bed.stroke(300, lambda _: 200)
    bed.level = REST
    bed.stroke(100, lambda _: 0)
    for _ in range(2):
        bed.stroke(600, lambda _: 450)
    assert bed.names() == ["occlusion"], "each 150 Pa beyond half of what it has raised"


def test_strokes_against_a_high_pressure_need_no_rise() -> None:
    high = Small.tip_high_pa + 1
    detector = Detector(T, (found := []).append)  # type: ignore[var-annotated]
    for number in (1, 2):
        end_us = number * 60 * S
        detector.stroke(end_us, high, high + number, False, end_us + 60 * S - 40_000)
        while detector.wake_us < end_us + 59 * S and not found:
            detector.reading(detector.wake_us, high + number)
    assert [codes.NAMES[each.code] for each in found] == ["occlusion"]


@pytest.mark.parametrize("pace_us", [400_000, 392_800])
def test_a_stroke_that_comes_before_the_last_even_look_is_that_look(pace_us: int) -> None:
    """352.8 ms after the end at least."""
    bed = Bed(pace_us)
    for _ in range(3):
        assert bed.stroke(300) == []
        assert bed.looks_us == EVEN_US[:6]
    assert bed.stroke(300, dip=10) == ["occlusion"], "its own first reading tells of the third"
    assert (bed.found[0].strokes, bed.found[0].level_pa) == (4, REST + 890)


def test_two_that_stay_without_outweighing_and_one_that_leaves_slowly_are_nothing() -> None:
    bed = Bed()
    for above in (160, 160, 160, 100):
        bed.stroke(300, lambda since, a=above: 300 if since < S else a if since < 20 * S else 0)
    assert bed.names() == []


@pytest.mark.req("OCC-4")
@pytest.mark.parametrize(("pace_us", "open_pa"), [(60 * S, 899), (16_040_001, 899), (16_040_000, 565), (10 * S, 565)])
def test_far_strokes_open_by_the_fall_of_their_rises_and_near_ones_by_that_of_the_level(
    pace_us: int, open_pa: int
) -> None:
    """Posture has raised all by 500 Pa since the first of four strokes."""
    for above, opened in ((open_pa, True), (open_pa + 1, False)):
        bed = Bed(pace_us)
        for number in range(4):
            bed.level += 500 if number == 3 else 0
            bed.stroke(300)
        assert bed.found[0].level_pa == REST + 1_700
        for _ in range(4):
            bed.detector.reading(bed.detector.wake_us, REST + above)
        assert (len(bed.found) == 2) == opened


def test_once_a_stroke_is_suspect_half_of_the_least_rise_is_so_whatever_the_noise() -> None:
    class Noisy(Small):
        noise_millicounts = 40_000

    thresholds = Thresholds(Noisy)
    assert (thresholds.suspect_pa, thresholds.suspect_next_pa) == (251, 150)
    for rises, suspect in (((250,), 0), ((251,), 1), ((251, 149), 0), ((251, 150), 1)):
        bed = Bed(thresholds=thresholds)
        for rise in rises:
            bed.stroke(rise)
        assert bool(bed.looks_us) == suspect, rises


def test_a_breath_begins_with_its_own_looks() -> None:
    bed = Bed(20 * S)
    bed.stroke(300, lambda since: 600 if since < S else -560)
    assert bed.looks_us == EVEN_US + AFTER_US, "1,160 Pa apart, but not in one breath"
