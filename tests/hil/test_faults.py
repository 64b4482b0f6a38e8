"""The plant with something wrong, and the body on the other side of its catheter."""

from __future__ import annotations

from math import exp
from pathlib import Path

import pytest

from hil.plant import Body, Fault, FaultyPlant, Plant, load_body, load_faults, load_mechanism
from hil.plant.parameters import ParameterError, Table, markdown

pytestmark = pytest.mark.req("HIL-3", "HIL-5")
BURST_US = 104_000
STEPS = 96
DOCS = Path(__file__).resolve().parents[2] / "docs"
NEVER = 1 << 60


def quiet(compliance: float = 10) -> Table:
    table = load_mechanism().with_value("pressure_noise_counts", 0).with_value("stroke_spread_percent", 0)
    return table.with_value("catheter_compliance_nl_per_mmhg", compliance)


def faulty(kind: str, *, compliance: float = 10, onset_us: int = 0, clear_us: int = NEVER, size: float | None = None):
    return FaultyPlant(quiet(compliance), 1, fault=Fault(kind, onset_us, clear_us, size))


def rise_pa(plant: Plant, now_us: int) -> float:
    rest = 512 + 1.265 * 25.6
    return (plant.pressure_counts(now_us) - rest) / 0.0256


@pytest.mark.parametrize("table", [load_body(), load_faults()], ids=["body", "faults"])
def test_every_parameter_has_unit_and_source_and_the_docs_print_it(table: Table) -> None:
    for row in table:
        assert row.unit and row.source and row.note, row.name
    text = (DOCS / "plant.md").read_text(encoding="utf-8")
    assert markdown(table) in text, f"docs/plant.md: renew the table of {table.name}"


def test_without_a_fault_it_is_the_healthy_plant() -> None:
    for mechanism in ("implant", "syringe_mock"):
        table = load_mechanism(mechanism).with_value("pressure_noise_counts", 0)
        healthy, faulty = Plant(table, 3), FaultyPlant(table, 3)
        for number in range(50):
            start_us = number * 2_000_000
            assert faulty.stroke(start_us, STEPS, BURST_US) == healthy.stroke(start_us, STEPS, BURST_US)
            for now_us in range(start_us + 10_000, start_us + 1_900_000, 70_000):
                assert abs(faulty.pressure_counts(now_us) - healthy.pressure_counts(now_us)) <= 1
        assert faulty.strokes.volume_pl == healthy.strokes.volume_pl


def test_a_closed_catheter_keeps_what_is_pushed_in_and_gives_it_back_when_it_opens() -> None:
    plant = faulty("occlusion", onset_us=1, clear_us=60_000_000)
    for number in range(3):
        plant.stroke(1_000_000 + number * 2_000_000, STEPS, BURST_US)
    plant.settle(59_999_999)
    assert plant.stored_pl == pytest.approx(1_500_000)
    assert plant.delivered_pl == pytest.approx(0, abs=1e-6)
    assert rise_pa(plant, 59_999_999) == pytest.approx(1500 / 10 * 133.322, abs=50)
    plant.settle(61_000_000)
    assert plant.delivered_pl == pytest.approx(1_500_000)


def test_a_closed_stiff_catheter_stalls_the_motor_and_the_edge_is_missing() -> None:
    plant = faulty("occlusion", compliance=1)
    assert plant.stroke(1_000_000, STEPS, BURST_US) > 0  # 500 mmHg
    assert plant.stroke(3_000_000, STEPS, BURST_US) == 0
    assert 1265 + rise_pa(plant, 4_000_000) == pytest.approx(-27_579 + 100_000, abs=50)


def test_a_narrow_catheter_lets_the_stroke_out_slowly() -> None:
    plant = faulty("partial_occlusion", size=2.0)
    plant.stroke(1_000_000, STEPS, BURST_US)
    early, late = rise_pa(plant, 1_200_000), rise_pa(plant, 3_200_000)
    assert early > 5000
    assert late / early == pytest.approx(exp(-1), abs=0.02)


@pytest.mark.parametrize("kind", ["air_lock", "decoupled"])
def test_with_air_or_a_broken_coupling_the_edge_comes_but_no_pulse(kind: str) -> None:
    plant = faulty(kind)
    assert plant.stroke(1_000_000, STEPS, BURST_US) == 1_000_000 + BURST_US
    assert abs(rise_pa(plant, 1_000_000 + BURST_US)) < 40
    assert plant.strokes.volume_pl == [0]


def test_backflow_is_a_pulse_and_then_a_trough_and_the_volume_is_lost() -> None:
    plant = faulty("backflow", size=0.8)
    plant.stroke(1_000_000, STEPS, BURST_US)
    assert rise_pa(plant, 1_000_000 + BURST_US) > 300
    assert rise_pa(plant, 1_000_000 + 2 * BURST_US) < -200
    plant.settle(2_000_000)
    assert plant.delivered_pl == pytest.approx(100_000)


def test_a_stalled_motor_shows_neither_edge_nor_pulse() -> None:
    plant = faulty("motor_stall")
    assert plant.stroke(1_000_000, STEPS, BURST_US) == 0
    assert abs(rise_pa(plant, 1_000_000 + BURST_US)) < 40


def test_pressure_sensor_faults() -> None:
    assert faulty("sensor_open").pressure_counts(1) == 4095
    assert faulty("sensor_shorted").pressure_counts(1) == 0
    hour_us = 3_600_000_000
    assert rise_pa(faulty("sensor_drift", size=1000), 2 * hour_us) == pytest.approx(2000, abs=50)
    stuck = FaultyPlant(load_mechanism(), 1, fault=Fault("sensor_stuck", 1000))
    assert len({stuck.pressure_counts(now_us) for now_us in range(0, 1000, 10)}) > 1
    assert len({stuck.pressure_counts(now_us) for now_us in range(1000, 2000, 10)}) == 1


def test_a_fault_has_a_name_and_an_onset() -> None:
    with pytest.raises(ParameterError, match="there are none, occlusion"):
        Fault("tired", 0)
    plant = faulty("occlusion", onset_us=10_000_000)
    plant.stroke(1_000_000, STEPS, BURST_US)
    plant.settle(9_000_000)
    assert plant.stored_pl == pytest.approx(0, abs=1)


@pytest.mark.parametrize("plant", [Plant(quiet(), 1), FaultyPlant(quiet(), 1)], ids=["healthy", "faulty"])
def test_a_burst_cut_short_delivers_what_it_has_pushed_in(plant: Plant) -> None:
    plant.stroke(1_000_000, STEPS, BURST_US)
    plant.abort(1_000_000 + BURST_US // 4)
    assert plant.strokes.volume_pl == [125_000]
    assert plant.strokes.duration_us == [BURST_US // 4]
    plant.abort(2_000_000)  # nothing is running
    assert plant.strokes.volume_pl == [125_000]


@pytest.mark.req("OCC-3")
def test_the_body_is_the_one_described() -> None:
    body = Body(4)
    day_us = 86_400_000_000
    rest, high, peaks = [], 0, 0
    under = False
    for now_us in range(0, day_us, 100_000):
        pa = body.tip_pa(now_us)
        high = max(high, pa)
        peaks += pa > 6000 and not under
        under = pa > 6000
        if now_us % 10_000_000 == 0:
            rest.append(pa)
    assert 500 < sorted(rest)[len(rest) // 2] < 4500
    assert 10_000 < high < 30_000
    assert 20 < peaks < 250  # coughs, bouts of them, a session of jumps
    again = Body(4)
    assert [again.tip_pa(now_us) for now_us in range(0, 10**9, 10**7)] == [
        Body(4).tip_pa(0),
        *(each for each in _fresh(4)),
    ]
    warm = [body.temperature_c(now_us) for now_us in range(0, day_us, day_us // 97)]
    assert 35 <= min(warm) < 35.1 and 39.9 < max(warm) <= 40


def _fresh(seed: int) -> list[float]:
    body = Body(seed)
    return [body.tip_pa(now_us) for now_us in range(0, 10**9, 10**7)][1:]
