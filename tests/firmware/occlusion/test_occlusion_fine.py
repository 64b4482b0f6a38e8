"""The occlusion detector on fine strokes, whose rise in a soft catheter is less than that of breathing."""

from __future__ import annotations

from math import exp

import pytest

from firmware.occlusion.physics import Known, SyringeMock, Thresholds
from tests.firmware.occlusion.open_bed import SECOND, Bed, Fine

T = Thresholds(Known)


@pytest.mark.req("OCC-1", "DOSE-8")
def test_breathing_sets_the_trip_pressure_whatever_the_stroke() -> None:
    fine = Thresholds(Fine)
    assert (T.trip_strokes, fine.trip_strokes) == (1, 4)
    assert fine.trip_rise_pa == pytest.approx(T.trip_rise_pa, abs=4) and T.trip_rise_pa == T.least_rise_pa
    assert fine.rises_small and fine.steps_seen and fine.open_is_empty and not T.rises_small
    assert not Thresholds(SyringeMock).rises_small


@pytest.mark.req("OCC-1", "OCC-2", "DOSE-8")
@pytest.mark.parametrize("pace_us", [SECOND // 2, 5 * SECOND, 36 * SECOND + 1_100_000])
@pytest.mark.parametrize(("compliance", "most"), [(7, 2), (75, 2), (187, 3), (375, 5)])
def test_a_fine_stroke_is_found_within_the_limit_although_breathing_is_greater(
    pace_us: int, compliance: int, most: int
) -> None:
    bed = Bed(pace_us, Fine)
    bed.breath_pa = 300
    for _ in range(5):
        bed.stroke(180)
    rise = 125_000 / compliance
    for _ in range(most):
        bed.stroke(rise, lambda _: rise)
    assert bed.names() == ["occlusion"]
    assert bed.found[0].missed_nl == 125 * bed.found[0].strokes
    assert bed.found[0].strokes <= most


@pytest.mark.req("OCC-2", "DOSE-8")
@pytest.mark.parametrize("tau_us", [1_000_000, 3_000_000])
def test_fine_strokes_that_leave_slowly_are_a_partial_occlusion(tau_us: int) -> None:
    bed = Bed(37 * SECOND, Fine)
    bed.breath_pa = 300
    for _ in range(8):
        bed.stroke(333, lambda since: 333 * exp(-since / tau_us))
    assert bed.names() == ["partial_occlusion"]


@pytest.mark.req("OCC-3", "DOSE-8")
def test_the_breath_under_a_narrow_catheters_fine_pulses_is_no_finding() -> None:
    for pace_us in (SECOND // 2, 5_140_000, 37 * SECOND):
        bed = Bed(pace_us, Fine)
        bed.breath_pa = 400
        for _ in range(400):
            bed.stroke(330)
        assert bed.names() == []


COUGH_PA = 14_350


@pytest.mark.req("OCC-3", "DOSE-8")
@pytest.mark.parametrize("pace_us", [2 * SECOND, 5_140_000, 37 * SECOND])
def test_a_bout_of_coughs_after_fine_strokes_is_no_finding(pace_us: int) -> None:
    def coughs(since_us: int) -> float:
        # What breathing may leave of a pulse until a cough would be over, then a cough in every other look.
        if since_us < 400_000:
            return 200
        return COUGH_PA if since_us < pace_us - 500_000 and since_us // SECOND % 2 else 0

    bed = Bed(pace_us, Fine)
    for _ in range(12):
        bed.stroke(300, coughs)
        bed.stroke(180)
    assert bed.names() == []


@pytest.mark.req("OCC-1", "OCC-3", "DOSE-8")
@pytest.mark.parametrize("pace_us", [2 * SECOND, 5_140_000, 37 * SECOND])
def test_coughs_after_two_fine_strokes_delay_an_occlusion_by_two(pace_us: int) -> None:
    rise = 125_000 / 375

    def coughing(since_us: int) -> float:
        cough = 400_000 < since_us < pace_us - 500_000 and since_us // SECOND % 2
        return rise + COUGH_PA if cough else rise

    bed = Bed(pace_us, Fine)
    bed.breath_pa = 300
    bed.stroke(180)
    for after in (None, coughing, coughing, None, None, None):
        bed.stroke(rise, after or (lambda _: rise))
    assert bed.names()[-1] == "occlusion"
    assert 4 <= bed.found[-1].strokes <= 6 and bed.found[-1].missed_nl == 125 * bed.found[-1].strokes


@pytest.mark.req("OCC-2", "DOSE-8")
def test_fine_strokes_of_a_drifting_sensor_are_no_occlusion() -> None:
    bed = Bed(900 * SECOND, Fine)
    for _ in range(60):
        bed.base_pa += 250
        bed.stroke(180)
    assert bed.names() == ["sensor_drift"]
