"""The balance and its analysis: what is recovered, how well, and that the analysis does not look at the truth."""

from __future__ import annotations

import pytest

from hil.instruments import (
    SimulatedBalance,
    Weighing,
    Weighings,
    evaluate_blank,
    load_balance_parameters,
    load_calibration,
)
from hil.instruments.calibration import US_PER_H
from hil.plant import Plant, load_mechanism

pytestmark = pytest.mark.req("HIL-4")


def perfect() -> Plant:
    return Plant(load_mechanism().with_value("stroke_spread_percent", 0), 1)


def weighed(seed: int, strokes: int, hours: int) -> tuple[float, float]:
    """Return the error and the uncertainty (nL) of `strokes` spread over `hours`."""
    plant = perfect()
    balance = SimulatedBalance(plant, seed, "job")
    span_us = hours * US_PER_H
    for index in range(strokes):
        plant.stroke(1_000_000 + index * (span_us - 2_000_000) // strokes, 96, 180_000)
    balance.plan((0, span_us))
    readings = balance.readings(0, span_us)
    blank = evaluate_blank(balance.blank(), balance.calibration)
    volume = Weighing(readings, balance.calibration, blank).between(0, span_us)
    return volume.volume_nl - 500 * strokes, volume.uncertainty_nl


@pytest.mark.parametrize(("strokes", "hours"), [(1, 1), (25, 1), (72, 72), (2100, 12)])
def test_true_volume_lies_within_the_stated_uncertainty(strokes: int, hours: int) -> None:
    seeds = range(200)
    good = sum(abs(error) <= uncertainty for error, uncertainty in (weighed(seed, strokes, hours) for seed in seeds))
    assert good >= 0.95 * len(seeds)


def test_uncertainty_is_not_boastful_nor_timid() -> None:
    """Some runs should come near their bound: an uncertainty that is never used up is no estimate."""
    ratios = [abs(error) / uncertainty for error, uncertainty in (weighed(seed, 72, 72) for seed in range(200))]
    assert max(ratios) > 0.6


def test_same_seed_same_readings() -> None:
    def masses(seed: int) -> list[int]:
        plant = perfect()
        plant.stroke(1_000_000, 96, 180_000)
        return list(SimulatedBalance(plant, seed, "job").readings(0, US_PER_H).mass_ug.tolist())

    assert masses(1) == masses(1)
    assert masses(1) != masses(2)
    assert len(masses(1)) == 61  # once a minute, both ends


def test_planned_readings_come_besides_the_periodic_ones() -> None:
    balance = SimulatedBalance(perfect(), 1, "job")
    balance.plan((90_000_001, 60_000_000, 10**15))
    assert balance.readings(0, 120_000_000).time_us.tolist() == [0, 60_000_000, 90_000_001, 120_000_000]


def test_no_reading_no_figure() -> None:
    readings = SimulatedBalance(perfect(), 1, "job").readings(0, 60_000_000)
    with pytest.raises(KeyError, match="30000000"):
        readings.at(30_000_000)


def test_the_blank_shows_evaporation_and_says_how_well() -> None:
    balance = SimulatedBalance(perfect(), 3, "job")
    blank = evaluate_blank(balance.blank(), balance.calibration)
    assert blank.rate_ug_per_h == pytest.approx(-25, abs=4 * 3.2)
    assert blank.uncertainty_ug_per_h == pytest.approx(9.06, abs=0.02)


def test_buoyancy_and_density_by_hand() -> None:
    """10 mg of water read in air, no blank: 10.0224 µL by density, and 0.105 % more for buoyancy."""
    calibration = load_calibration()
    import numpy as np

    readings = Weighings(np.array([0, 1]), np.array([0, 10_000]))
    still = Weighings(np.array([0, 24 * US_PER_H]), np.array([0, 0]))
    volume = Weighing(readings, calibration, evaluate_blank(still, calibration)).between(0, 1)
    assert volume.volume_nl == pytest.approx(10_000 / 0.99777 * 1.001054, abs=0.1)
    assert volume.uncertainty_nl == pytest.approx(30 / 0.99777, abs=0.2)  # a + b·m = 10 + 0.002·10,000 µg


def test_everything_has_a_source_and_the_certificate_a_date() -> None:
    calibration = load_calibration()
    assert calibration.date and "k" in calibration.statement
    for row in (*load_balance_parameters(), *calibration.table):
        assert row.unit and row.source, row.name
