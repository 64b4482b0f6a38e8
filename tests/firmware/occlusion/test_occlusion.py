"""The occlusion detector by itself: derivation of its thresholds, and its verdicts on readings made by hand."""

from __future__ import annotations

from math import exp

import pytest

from firmware.occlusion import codes
from firmware.occlusion.detector import NEVER_US, Detector
from firmware.occlusion.physics import Known, SyringeMock, Thresholds
from tests.firmware.occlusion.open_bed import SECOND, Bed, counts

T = Thresholds(Known)


@pytest.mark.req("OCC-1", "OCC-2")
def test_thresholds_follow_from_what_is_known() -> None:
    assert T.least_rise_pa == 500 * 89 // 100 * 1000 // 375
    assert T.suspect_pa == T.least_rise_pa // 2
    assert T.steps_seen and T.pulse_resolved and T.open_is_empty
    # Summed evidence: 2^30 strokes between false alarms is ln N = 20.8.
    noise, step = 40.66, 65.3
    sigma2 = 2 * noise**2 + step**2 / 2
    assert T.no_pulse_sum_pa == pytest.approx(20.8 * sigma2 / (2 * T.no_pulse_half_pa), rel=0.03)
    # Breathing at its worst cannot make a rise that stays: two thirds of the least rise are left to it.
    assert 2 * Known.breath_pa <= T.least_rise_pa * 2 // 3 + 20
    assert T.looks_us[0] < Known.burst_us  # within the return stroke
    assert any(Known.cough_us < look <= T.hold_us + T.look_us for look in T.looks_us)
    assert T.looks_us[-1] == 4 * Known.breath_us
    assert all(isinstance(value, (int, bool)) for name, value in vars(T).items() if name not in ("known", "looks_us"))


@pytest.mark.req("OCC-1")
def test_a_stiffer_sensor_or_a_softer_catheter_moves_the_thresholds() -> None:
    class Noisy(Known):
        noise_millicounts = 4000

    class Deaf(Known):
        noise_millicounts = 6000

    class Soft(Known):
        compliance_max_pl_per_pa = 750

    assert Thresholds(Noisy).suspect_pa > T.suspect_pa
    assert Thresholds(Noisy).no_pulse_sum_pa > 3 * T.no_pulse_sum_pa
    assert Thresholds(Noisy).steps_seen and not Thresholds(Deaf).steps_seen
    assert Thresholds(Soft).least_rise_pa == pytest.approx(T.least_rise_pa / 2, abs=1)
    mock = Thresholds(SyringeMock)
    assert not mock.steps_seen and not mock.pulse_resolved


@pytest.mark.req("OCC-1")
@pytest.mark.parametrize("pace_us", [SECOND, 2 * SECOND, 20 * SECOND, 3600 * SECOND])
@pytest.mark.parametrize("compliance", [10, 75, 375])
def test_an_occlusion_is_found_with_the_second_stroke_before_the_third(pace_us: int, compliance: int) -> None:
    bed = Bed(pace_us)
    for _ in range(3):
        bed.stroke(350)
    rise = 500_000 / compliance
    bed.stroke(rise, lambda _: rise)
    assert bed.names() == []
    bed.stroke(rise, lambda _: rise)
    assert bed.names() == ["occlusion"]
    found = bed.found[0]
    assert (found.strokes, found.missed_nl) == (2, 1000)
    assert found.stored_nl == pytest.approx(1000, rel=0.06)
    assert found.compliance_pl_per_pa == pytest.approx(compliance, rel=0.05, abs=1)


@pytest.mark.req("OCC-1", "OCC-2")
def test_a_stall_against_a_high_pressure_is_an_occlusion() -> None:
    bed = Bed()
    bed.stroke(66_000, lambda _: 66_000)
    bed.stroke(100, lambda _: 100, confirmed=False)
    assert bed.names() == ["occlusion"]


@pytest.mark.req("OCC-2")
def test_a_slow_decay_is_a_partial_occlusion() -> None:
    bed = Bed(20 * SECOND)
    for _ in range(3):
        bed.stroke(6000, lambda since: 6000 * exp(-since / 4e6))
    assert bed.names() == ["partial_occlusion"]
    assert bed.found[0].missed_nl == 0


@pytest.mark.req("OCC-2")
def test_an_occlusion_in_a_bolus_that_decays_after_the_stop_was_partial() -> None:
    bed = Bed()
    for _ in range(2):
        bed.stroke(6000, lambda since: 6000 * exp(-since / 5e6))
    assert bed.names() == ["occlusion"]
    top, at_us, detector = bed.base_pa - 1265, bed.now_us, bed.detector
    while detector.wake_us < at_us + 60 * SECOND:
        now_us = detector.wake_us
        detector.reading(now_us, counts(1265 + top * exp(-(now_us - at_us) / 5e6)))
    assert bed.names() == ["occlusion", "partial_occlusion"]


@pytest.mark.req("OCC-4")
def test_what_a_reopening_releases_is_told() -> None:
    bed = Bed()
    for _ in range(2):
        bed.stroke(6666, lambda _: 6666)
    detector = bed.detector
    for minute in range(1, 5):
        detector.reading(bed.now_us + minute * 60 * SECOND, counts(1265 + 13_332))
    assert bed.names() == ["occlusion"]
    for _ in range(2):
        assert detector.wake_us < NEVER_US
        detector.reading(detector.wake_us, counts(1265))
    assert bed.names() == ["occlusion", "occlusion_cleared"]
    assert bed.found[1].released_nl == pytest.approx(1000, rel=0.05)
    assert bed.found[1].missed_nl == pytest.approx(0, abs=50)


@pytest.mark.req("OCC-2")
@pytest.mark.parametrize("pulse_pa", [0, -40])
def test_no_pulse_is_an_air_lock(pulse_pa: int) -> None:
    bed = Bed()
    for _ in range(20):
        bed.stroke(350)
    for _ in range(8):
        bed.stroke(pulse_pa)
    assert bed.names() == ["air_lock"]
    assert 4 <= bed.found[0].strokes <= 7
    assert bed.found[0].missed_nl == 500 * bed.found[0].strokes


@pytest.mark.req("OCC-2")
def test_suction_after_the_pulse_is_backflow() -> None:
    bed = Bed()
    for _ in range(25):
        bed.stroke(350, lambda since: -280 if since < Known.burst_us else 0)
    assert bed.names() == ["backflow"]
    found = bed.found[0]
    assert found.missed_nl == pytest.approx(0.8 * 500 * found.strokes, rel=0.15)


@pytest.mark.req("OCC-2")
def test_two_missing_edges_without_pressure_are_a_stall_and_one_is_not() -> None:
    bed = Bed()
    for confirmed in (True, False, True, True, False):
        bed.stroke(350 if confirmed else 0, confirmed=confirmed)
    assert bed.names() == []
    bed.stroke(0, confirmed=False)
    assert bed.names() == ["motor_stall"]


@pytest.mark.req("OCC-2")
def test_pressure_sensor_faults() -> None:
    for reading in (0, 4095):
        found: list[codes.Diagnosis] = []
        detector = Detector(T, found.append)
        for number in range(2):
            assert not found
            detector.stroke(number * 2 * SECOND, reading, reading, True, (number + 1) * 2 * SECOND)
        assert [each.code for each in found] == [codes.SENSOR_RANGE]
    stuck = []
    detector = Detector(T, stuck.append)
    for number in range(8):
        detector.stroke(number * 2 * SECOND, 544, 544, True, (number + 1) * 2 * SECOND)
    assert [each.code for each in stuck] == [codes.SENSOR_STUCK]
    bed = Bed(3600 * SECOND)
    for _ in range(40):
        bed.base_pa += 400
        bed.stroke(350)
    assert bed.names() == ["sensor_drift"]


@pytest.mark.req("OCC-3")
def test_coughs_and_jumps_on_every_stroke_are_no_finding() -> None:
    for height, length_us in ((14_350, 300_000), (22_800, 100_000)):
        for ahead_us in range(0, Known.burst_us, 13_000):
            bed = Bed()
            for _ in range(30):
                bed.stroke(height + 350, lambda since, h=height, n=length_us - ahead_us: h if since < n else 0)
            assert bed.names() == []


@pytest.mark.req("OCC-2")
def test_a_syringe_is_judged_by_its_level() -> None:
    bed = Bed(known=SyringeMock)
    strokes = 0
    while not bed.found:
        bed.stroke(33, lambda _: 33)
        strokes += 1
    assert bed.names() == ["occlusion"]
    limit = (SyringeMock.tip_high_pa - 1265) / 33
    assert limit <= strokes <= limit + 2 + 1


@pytest.mark.req("OCC-2")
def test_a_finding_is_told_once_until_the_detector_starts_afresh() -> None:
    bed = Bed()
    for _ in range(6):
        bed.stroke(6666, lambda _: 6666)
    assert bed.names() == ["occlusion"]
    bed.detector.start(bed.now_us)
    for _ in range(2):
        bed.stroke(6666, lambda _: 6666)
    assert bed.names() == ["occlusion", "occlusion"]


@pytest.mark.req("OCC-1")
def test_strokes_closer_than_a_cough_is_long_count_together() -> None:
    bed = Bed(pace_us=300_000)
    strokes = 0
    while not bed.found and strokes < 12:
        bed.stroke(6666, lambda _: 6666)
        strokes += 1
    assert bed.names() == ["occlusion"]
