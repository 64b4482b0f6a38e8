"""The whole pump: what the programmer asks is what the motor does, exactly.

The same tests run on every bench (`--bench`). In logical time a stroke starts at the very microsecond at which it is
due, on a board at most `start_tolerance_us` later (DOSE-6), never earlier and never adding up.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hil.bench import Bench
from hil.oracle import windows
from host.errors import Refused
from host.records import Limits
from tests.suite.exact import assert_exact

STROKE_UU = 200_000
SPACING_US = 2_000_000
HOUR_US = 3_600_000_000


def assert_started(bench: Bench, due_us: list[int]) -> None:
    """Exactly these strokes, each when it was due."""
    starts_us = bench.stroke_starts_us
    late_us = [start - due for start, due in zip(starts_us, due_us, strict=False)]
    assert len(starts_us) == len(due_us)
    assert all(0 <= each <= bench.start_tolerance_us for each in late_us), late_us


@pytest.mark.req("DOSE-1")
@pytest.mark.parametrize(("rate_mu_per_h", "hours"), [(50, 30), (200, 24), (1000, 12), (5050, 12), (35000, 4)])
def test_basal_starts_every_stroke_at_its_exact_microsecond(bench: Bench, rate_mu_per_h: int, hours: int) -> None:
    start_us = bench.programmer.set_basal(rate_mu_per_h).at_us
    bench.run_until_us(start_us + hours * HOUR_US + bench.start_tolerance_us)
    strokes = rate_mu_per_h * hours * 1000 // STROKE_UU
    quanta, rate = STROKE_UU * 3_600_000, rate_mu_per_h
    assert_started(bench, [start_us - (-quanta * n // rate) for n in range(1, strokes + 1)])
    assert_exact(bench)
    bench.run_for(seconds=1)  # the last stroke is confirmed at its end
    status = bench.programmer.status()
    assert status.strokes_commanded == status.strokes_delivered == strokes


@pytest.mark.req("DOSE-4")
@pytest.mark.virtual_only("an image has one quantum")
def test_a_bolus_of_10_units_takes_100_seconds_in_both_quanta(open_bench: Callable[..., Bench]) -> None:
    for stroke_nl, strokes in ((500, 50), (125, 200)):
        bench = open_bench(stroke_nl=stroke_nl)
        started = bench.programmer.bolus(10_000)
        bench.run_for(minutes=3)
        assert started.strokes == len(bench.stroke_starts_us) == strokes
        spacing_us = 100_000_000 // strokes
        assert_started(bench, [started.at_us + n * spacing_us for n in range(strokes)])


@pytest.mark.req("DOSE-8")
@pytest.mark.virtual_only("an image has one quantum and one concentration")
@pytest.mark.parametrize("concentration_u_per_ml", [100, 200, 400, 500])
def test_fine_mode_and_every_concentration_keep_dose_1(
    open_bench: Callable[..., Bench], concentration_u_per_ml: int
) -> None:
    bench = open_bench(stroke_nl=125, concentration_u_per_ml=concentration_u_per_ml)
    bench.programmer.set_basal(1550)
    bench.run_for(hours=7)
    bench.programmer.set_basal(50)
    bench.run_for(hours=7)
    assert bench.programmer.identity is not None
    assert bench.programmer.identity.stroke_uu == 125 * concentration_u_per_ml
    assert_exact(bench, 500_000)


@pytest.mark.on_desk
@pytest.mark.req("DOSE-3")
def test_a_bolus_delays_basal_and_drops_none(bench: Bench) -> None:
    bench.programmer.set_basal(35_000)
    bench.run_for(minutes=10)
    bench.programmer.bolus(20_000)
    bench.run_for(minutes=20)
    assert_exact(bench)
    # 35 U/h for 30 min are 87 strokes and a half; the bolus is 100 more.
    assert len(bench.stroke_starts_us) == 87 + 100
    bolus = next(each for each in bench.programmer.deliveries() if each.kind == "normal_bolus")
    assert (bolus.commanded_strokes, bolus.delivered_strokes, bolus.reason) == (100, 100, "completed")
    assert windows.check(
        bench.stroke_starts_us, stroke_uu=STROKE_UU, spacing_us=SPACING_US - bench.start_tolerance_us
    ).passed


@pytest.mark.req("DOSE-5")
def test_suspend_completes_the_stroke_keeps_the_fraction_and_programs_nothing(bench: Bench) -> None:
    bench.programmer.set_basal(1000)  # a stroke every 12 min
    start_us = bench.commands[-1].at_us
    bench.run_until_us(start_us + 6 * 60_000_000)
    suspended_us = bench.programmer.stop().at_us
    bench.run_for(hours=5)
    assert bench.stroke_starts_us == []
    resumed_us = bench.programmer.resume().at_us
    bench.run_for(minutes=30)
    late_us = bench.stroke_starts_us[0] - (resumed_us + 12 * 60_000_000 - (suspended_us - start_us))
    assert 0 <= late_us <= bench.start_tolerance_us
    assert_exact(bench)


@pytest.mark.on_desk
@pytest.mark.req("DOSE-5")
def test_suspend_ends_a_bolus_and_records_what_was_given_up(bench: Bench) -> None:
    bench.programmer.bolus(4_000)
    bench.run_for(seconds=9)
    abandoned = bench.programmer.stop().abandoned_strokes
    bench.run_for(minutes=5)
    assert len(bench.stroke_starts_us) == 5
    assert abandoned == 15
    bolus = [each for each in bench.programmer.deliveries() if each.kind == "normal_bolus"][-1]
    assert (bolus.delivered_strokes, bolus.abandoned_strokes, bolus.reason) == (5, 15, "suspended")
    bench.programmer.resume()
    bench.run_for(minutes=5)
    assert len(bench.stroke_starts_us) == 5


@pytest.mark.req("DOSE-3")
def test_cancel_in_the_middle_of_a_stroke_counts_that_stroke(bench: Bench) -> None:
    started = bench.programmer.bolus(4_000)
    bench.run_until_us(started.at_us + 8_000_000 + 20_000)  # the fifth stroke's burst is playing
    cancelled = bench.programmer.cancel_bolus()
    bench.run_for(minutes=1)
    assert cancelled.delivery_id == started.delivery_id
    record = next(bench.programmer.deliveries(started.delivery_id - 1))
    assert (record.commanded_strokes, record.delivered_strokes, record.abandoned_strokes) == (5, 5, 15)
    assert record.reason == "cancelled"
    assert_exact(bench)


@pytest.mark.req("DOSE-2")
def test_rate_changes_carry_the_fraction_and_the_records_follow(bench: Bench) -> None:
    for rate_mu_per_h, minutes in ((1000, 50), (250, 130), (0, 60), (2000, 7), (35_000, 11), (50, 600)):
        bench.programmer.set_basal(rate_mu_per_h)
        bench.run_for(minutes=minutes)
    assert_exact(bench)
    records = [each for each in bench.programmer.deliveries() if each.kind == "basal"]
    assert [each.reason for each in records] == ["superseded"] * 6 + ["running"]
    assert sum(each.commanded_strokes for each in records) == len(bench.stroke_starts_us)
    assert sum(each.delivered_strokes for each in records) == len(bench.stroke_starts_us)


@pytest.mark.on_desk
@pytest.mark.req("GUARD-1")
def test_limits_refuse_whole_and_name_the_limit(bench: Bench) -> None:
    programmer = bench.programmer
    programmer.set_limits(Limits(2_000, 5_000, 8_000, 20_000))
    before = programmer.status()
    for request, value, limit in ((programmer.set_basal, 2_050, 2_000), (programmer.bolus, 5_200, 5_000)):
        with pytest.raises(Refused) as refused:
            request(value)
        assert (refused.value.code, refused.value.value, refused.value.limit) == ("clinician_limit", value, limit)
    after = programmer.status()
    assert (after.basal_rate_mu_per_h, after.bolus_id) == (before.basal_rate_mu_per_h, before.bolus_id)
    programmer.bolus(5_000)
    with pytest.raises(Refused) as refused:
        programmer.bolus(200)
    assert refused.value.code == "bolus_active"
    bench.run_for(minutes=5)
    with pytest.raises(Refused) as refused:
        programmer.bolus(4_000)
    assert (refused.value.code, refused.value.value, refused.value.limit) == ("hour_limit", 9_000, 8_000)


@pytest.mark.req("GUARD-1")
def test_the_rolling_hour_cap_withholds_and_is_never_passed(bench: Bench) -> None:
    bench.programmer.set_limits(Limits(35_000, 40_000, 40_000, 500_000))
    bench.programmer.set_basal(35_000)
    bench.run_for(minutes=30)
    with pytest.raises(Refused, match="in an hour"):
        bench.programmer.bolus(20_000)  # with the basal that is programmed a cap would be passed
    bench.programmer.set_basal(0)
    bench.programmer.bolus(20_000)
    bench.programmer.set_basal(35_000)  # raised meanwhile: that is taken, and the cap cuts
    bench.run_for(hours=4)
    report = windows.check(
        bench.stroke_starts_us, stroke_uu=STROKE_UU, spacing_us=SPACING_US - bench.start_tolerance_us, hour_mu=40_000
    )
    assert report.passed
    assert report.max_hour_mu == 40_000
    assert bench.programmer.status().strokes_abandoned > 0


@pytest.mark.req("HIL-1")
def test_two_runs_are_the_same_to_the_byte(open_bench: Callable[..., Bench]) -> None:
    lives = []
    for _ in range(2):
        bench = open_bench(seed=42)
        bench.programmer.set_basal(3_350)
        bench.run_for(hours=3)
        bench.programmer.bolus(3_000)
        bench.run_for(hours=9)
        lives.append((bench.stroke_starts_us, bench.plant.strokes.volume_pl, bench.programmer.status()))
    assert lives[0] == lives[1]


@pytest.mark.req("LINK-1")
def test_noise_on_the_line_is_counted_and_dosing_goes_on(bench: Bench) -> None:
    bench.programmer.set_basal(10_000)
    for noise in (b"\x00" * 40, b"\xff" * 700 + b"\x00", b"\x05abc\x00", bytes(range(1, 200)) + b"\x00"):
        bench.board.write(noise)
        bench.run_for(seconds=30)
    bench.run_for(hours=1)
    assert_exact(bench)
    status = bench.programmer.status()
    assert status.frames_overlong + status.frames_bad_cobs + status.frames_too_short + status.frames_bad_crc == 3


class Blind:
    """A plant whose stroke sensor sees nothing."""

    def stroke(self, start_us: int, steps: int, duration_us: int) -> int:
        return 0

    def pressure_counts(self, now_us: int) -> int:
        return 512


@pytest.mark.req("GUARD-4")
def test_strokes_the_sensor_does_not_see_stop_the_pump(bench: Bench) -> None:
    bench.board.plant = Blind()
    bench.programmer.bolus(4_000)
    # Longer than a board's watchdog waits: the fault stays to be read.
    bench.run_for(seconds=30)
    status = bench.programmer.status()
    assert len(bench.stroke_starts_us) == 2
    # Where the catheter is watched the finding stops the pump; without, the guard does it at the next stroke.
    assert status.state in ("stopped", "fault")
    assert (status.strokes_commanded, status.strokes_delivered) == (2, 0)
    with pytest.raises(Refused) as refused:
        bench.programmer.bolus(200)
    assert refused.value.code == "wrong_state"
    if status.state == "stopped":
        bench.programmer.resume()
        bench.programmer.bolus(200)
        bench.run_for(seconds=30)
        assert bench.programmer.status().state == "fault"
    assert len(bench.stroke_starts_us) == 2, "nobody can make it go on"
    with pytest.raises(Refused) as refused:
        bench.programmer.resume()
    assert refused.value.code == "wrong_state"
