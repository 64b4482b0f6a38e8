"""The occlusion detector in the whole pump, with readings that the board itself took: the same limits on every bench.

A virtual board's readings come with its strokes, in logical time; a Pico's are what its stroke interrupt converted.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hil.bench import Bench
from hil.plant import FaultyPlant
from hil.plant.mechanism import mean_stroke_pl
from hil.protocols.occlusion.jobs import BOLUS_MU_PER_H, TRUTH, Case, make
from hil.protocols.occlusion.lives import limit_strokes, plant_of
from hil.results.limits import load_limits

START_US = 60_000_000
BOLUS_MU = 30_000
PL_PER_U = 2_500_000.0  # U-400
COMPLIANCE, DEAD_VOLUME_NL, SEED = 10, 32_500, 1007
LOOK_ALIKES = tuple(kind for kind in TRUTH if kind not in ("none", "occlusion", "sensor_drift"))


def case_of(kind: str, rate_mu_per_h: int) -> Case:
    return make(kind, "implant", rate_mu_per_h, COMPLIANCE, DEAD_VOLUME_NL, SEED)


def begin(open_bench: Callable[..., Bench], case: Case) -> tuple[Bench, FaultyPlant]:
    """A bench on the case's plant; its pump has its order, and the first stroke comes when the plant expects it."""
    plant = plant_of(case, START_US + case.interval_us)
    bench = open_bench(plant=plant)
    bench.run_until_us(START_US)
    if case.rate_mu_per_h == BOLUS_MU_PER_H:
        bench.programmer.bolus(BOLUS_MU)
    else:
        bench.programmer.set_basal(case.rate_mu_per_h)
    return bench, plant


def strokes_after(bench: Bench, onset_us: int) -> int:
    return sum(start_us >= onset_us for start_us in bench.stroke_starts_us)


@pytest.mark.req("OCC-1", "HIL-1")
@pytest.mark.parametrize("rate_mu_per_h", [200, 5_000, 35_000, BOLUS_MU_PER_H], ids="{}".format)
def test_a_closed_catheter_is_found_within_the_strokes_that_physics_allows(
    open_bench: Callable[..., Bench], rate_mu_per_h: int
) -> None:
    limits = load_limits()
    case = case_of("occlusion", rate_mu_per_h)
    bench, plant = begin(open_bench, case)
    onset_us = START_US + case.interval_us + case.onset_us
    bench.run_until_us(onset_us)
    before_pl = sum(plant.strokes.volume_pl)
    bench.run_until_us(onset_us + 6 * case.interval_us)
    status = bench.programmer.status()
    assert (status.state, status.diagnosis) == ("stopped", "occlusion")
    strokes = strokes_after(bench, onset_us)
    beyond = limits["detector.strokes_beyond_limit"].judge("strokes", strokes - limit_strokes(case, plant))
    assert beyond.verdict == "pass", beyond
    plant.settle(bench.now_us)
    came_pl = plant.delivered_pl - before_pl
    missed_u = (strokes * mean_stroke_pl(plant.parameters, plant.pump) - came_pl) / PL_PER_U
    missed = limits["detector.missed_u"].judge("missed", missed_u)
    assert missed.verdict == "pass", missed


@pytest.mark.req("OCC-2", "HIL-1")
@pytest.mark.parametrize("kind", LOOK_ALIKES)
def test_what_looks_like_an_occlusion_has_its_own_name(open_bench: Callable[..., Bench], kind: str) -> None:
    case = case_of(kind, 35_000)
    bench, _ = begin(open_bench, case)
    bench.run_until_us(START_US + 90 * case.interval_us)
    assert bench.programmer.status().diagnosis == TRUTH[kind]


@pytest.mark.req("OCC-3", "HIL-1")
@pytest.mark.parametrize("rate_mu_per_h", [1_000, 35_000, BOLUS_MU_PER_H], ids="{}".format)
def test_a_healthy_pump_is_called_nothing(open_bench: Callable[..., Bench], rate_mu_per_h: int) -> None:
    case = case_of("none", rate_mu_per_h)
    bench, _ = begin(open_bench, case)
    bench.run_until_us(START_US + 100 * case.interval_us)
    status = bench.programmer.status()
    assert (status.state, status.diagnosis) == ("running", "none")
    assert len(bench.stroke_starts_us) >= 99


@pytest.mark.req("OCC-4", "HIL-1")
def test_what_an_opened_catheter_has_released_is_told(open_bench: Callable[..., Bench]) -> None:
    case = case_of("occlusion", 35_000)
    bench, plant = begin(open_bench, case)
    bench.run_until_us(START_US + 20 * case.interval_us)
    assert bench.programmer.status().diagnosis == "occlusion"
    plant.clear(bench.now_us)
    delivered_pl = plant.delivered_pl
    bench.run_for(minutes=5)
    plant.settle(bench.now_us)
    released_u = (plant.delivered_pl - delivered_pl) / PL_PER_U
    found = bench.programmer.read_diagnosis()
    assert found.diagnosis == "occlusion_cleared"
    error = load_limits()["detector.released_error"].judge("released", abs(found.released_mu / 1000 - released_u))
    assert error.verdict == "pass", error
    assert bench.programmer.status().state == "stopped", "nothing resumes by itself"
