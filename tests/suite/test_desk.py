"""What only a desk can show: pins seen and played by the bench I/O board, shortened to what one can wait for."""

from __future__ import annotations

import pytest

from hil.bench import Bench
from hil.instruments.bench_io import Turn
from tests.suite.exact import assert_owed

pytestmark = pytest.mark.desk_only("plays and sees the pump's pins through the bench I/O board")

STROKE_UU = 200_000
SPACING_US = 2_000_000
MINUTE_US = 60_000_000
QUANTA = STROKE_UU * 3_600_000
# The pump's pressure calibration, boards/RP2/board.py: counts at 0 Pa, Pa for 1000 counts.
ZERO_COUNTS, PA_PER_1000_COUNTS = 512, 39_063


@pytest.mark.req("HIL-1", "DOSE-1", "BOARD-4")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize(("rate_mu_per_h", "minutes"), [(200, 125), (5_000, 12), (35_000, 6)])
def test_basal_stroke_by_stroke(bench: Bench, rate_mu_per_h: int, minutes: int) -> None:
    at_us = bench.programmer.set_basal(rate_mu_per_h).at_us
    strokes = rate_mu_per_h * minutes // 60 * 1000 // STROKE_UU
    due_us = [at_us - (-QUANTA * number // rate_mu_per_h) for number in range(1, strokes + 1)]
    bench.run_until_us(due_us[-1] + SPACING_US)
    late_us = [start - due for start, due in zip(bench.stroke_starts_us, due_us, strict=False)]
    assert len(bench.stroke_starts_us) == strokes
    assert all(abs(each) <= bench.start_tolerance_us for each in late_us), late_us
    status = bench.programmer.status()
    assert status.strokes_commanded == status.strokes_delivered == strokes
    assert len(bench.plant.strokes) == strokes
    assert_owed(bench)


@pytest.mark.req("HIL-1", "DOSE-4", "BOARD-4")
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("volume_mu", [200, 5_000, 30_000])
def test_bolus_stroke_by_stroke(bench: Bench, volume_mu: int) -> None:
    started = bench.programmer.bolus(volume_mu)
    bench.run_until_us(started.at_us + started.strokes * SPACING_US)
    starts_us = bench.stroke_starts_us
    assert len(starts_us) == started.strokes == volume_mu * 1000 // STROKE_UU
    late_us = [start - started.at_us - number * SPACING_US for number, start in enumerate(starts_us)]
    assert all(abs(each) <= bench.start_tolerance_us for each in late_us), late_us
    assert {len(burst) for burst in bench.board.bursts_ns} == {96}
    assert bench.programmer.status().strokes_delivered == started.strokes


@pytest.mark.req("GUARD-4", "BOARD-4")
def test_strokes_the_sensor_does_not_see_stop_the_pump(bench: Bench) -> None:
    bench.board.play_sensor([bench.board.unseen()])
    bench.programmer.bolus(4_000)
    bench.run_for(seconds=7)
    status = bench.programmer.status()
    assert len(bench.stroke_starts_us) == 2
    # The finding of the watch over the catheter stops it; the guard would at the next stroke.
    assert status.state in ("stopped", "fault")
    assert status.strokes_delivered == 0


@pytest.mark.req("GUARD-4", "BOARD-4")
def test_one_stroke_unseen_is_borne_and_counted(bench: Bench) -> None:
    confirmed, unseen = bench.board.confirmed(), bench.board.unseen()
    bench.board.play_sensor([confirmed, confirmed, unseen, confirmed])
    bench.programmer.bolus(1_200)
    bench.run_for(seconds=14)
    status = bench.programmer.status()
    assert len(bench.stroke_starts_us) == 6
    assert (status.state, status.strokes_commanded, status.strokes_delivered) == ("running", 6, 5)


@pytest.mark.req("GUARD-4", "BOARD-4")
def test_a_sensor_that_counts_too_much_stops_the_pump(bench: Bench) -> None:
    # Every stroke's edge comes twice: after the second the guard is two ahead of the scheduler.
    bench.board.play_sensor([bench.board.confirmed(), Turn(0, 5_000)], again=True)
    bench.programmer.bolus(2_000)
    bench.run_for(seconds=7)
    assert bench.programmer.status().state == "fault"
    assert len(bench.stroke_starts_us) <= 3


@pytest.mark.req("GUARD-4", "BOARD-4")
def test_a_late_edge_still_confirms_its_stroke(bench: Bench) -> None:
    bench.board.play_sensor([bench.board.confirmed(late_us=30_000)])
    bench.programmer.bolus(1_000)
    bench.run_for(seconds=12)
    status = bench.programmer.status()
    assert (status.state, status.strokes_commanded, status.strokes_delivered) == ("running", 5, 5)


@pytest.mark.req("STORE-2", "BOARD-4")
@pytest.mark.parametrize("after_us", [3_000_000, 4_500_000, 6_530_000])
def test_a_power_cut_ends_a_bolus_for_good(bench: Bench, after_us: int) -> None:
    started = bench.programmer.bolus(4_000)
    cut_us = started.at_us + after_us
    bench.board.power_cut(cut_us)
    bench.run_for(seconds=5)
    strokes = len(bench.stroke_starts_us)
    assert strokes == after_us // SPACING_US + 1
    assert all(start < cut_us + 1_000 for start in bench.stroke_starts_us)
    bench.board.power_up()
    bench.board.boot()
    bench.check_link()
    bench.run_for(minutes=1)
    assert len(bench.stroke_starts_us) == strokes, "the bolus went on by itself"


@pytest.mark.req("HIL-4", "BOARD-4")
def test_the_pump_reads_the_pressure_that_the_bench_plays(bench: Bench) -> None:
    # Counts a stroke apart, because the pump looks at the pressure after each.
    profile = [600, 900, 1_500, 700]
    started = bench.programmer.bolus(200 * len(profile))
    # Entries lie in the middle between two strokes; the first is there before the first stroke ends.
    first_us = started.at_us + 20_000
    bench.board.set_pressure(profile[0])
    bench.board.play_pressure(
        [(first_us + number * SPACING_US + SPACING_US // 2, counts) for number, counts in enumerate(profile[1:])]
    )
    for counts in profile:
        bench.run_until_us(max(bench.now_us, first_us + profile.index(counts) * SPACING_US + 400_000))
        pressure_pa = bench.programmer.status().pressure_pa
        assert abs(pressure_pa - (counts - ZERO_COUNTS) * PA_PER_1000_COUNTS / 1000) <= 40
