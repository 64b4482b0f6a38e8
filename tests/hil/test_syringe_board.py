"""The board and its mechanism: behind a syringe the real firmware takes nothing for an air lock, and says so."""

from __future__ import annotations

import pytest

from firmware.protocol.alarms import BY_NUMBER
from hil.bench import Bench
from hil.plant import Plant, load_mechanism
from hil.protocols.occlusion.jobs import QUANTA, with_strokes


def alarms(bench: Bench) -> list[str]:
    return [BY_NUMBER[each.alarm].name for each in bench.programmer.read_alarms()]


@pytest.mark.req("OCC-3", "HIL-3")
@pytest.mark.parametrize("stroke_nl", [500, 125])
@pytest.mark.parametrize("seed", [1, 2, 3, 17])
def test_a_syringe_raises_no_alarm(seed: int, stroke_nl: int) -> None:
    parameters = with_strokes(load_mechanism("syringe_mock"), QUANTA[stroke_nl])
    with Bench(Plant(parameters, seed), stroke_nl=stroke_nl) as bench:
        assert bench.programmer.read_diagnosis().air_lock_watched is False
        bench.programmer.set_basal(5000)
        bench.programmer.bolus(10_000)
        bench.run_for(hours=2)
        bench.programmer.set_basal(35_000)
        bench.run_for(hours=1)
        assert alarms(bench) == []
        assert bench.programmer.status().strokes_delivered >= 40 * 500 // stroke_nl * 4


@pytest.mark.req("OCC-2")
def test_the_implant_is_watched_for_one() -> None:
    with Bench(Plant(load_mechanism(), 1)) as bench:
        assert bench.programmer.read_diagnosis().air_lock_watched is True


@pytest.mark.req("BOARD-2")
@pytest.mark.parametrize("board", ["RP2", "STM32L4"])
def test_every_board_names_its_mechanism(board: str) -> None:
    from pathlib import Path

    from firmware.occlusion.physics import MECHANISMS
    from hil.plant.mechanism import mechanisms

    text = (Path(__file__).resolve().parents[2] / "boards" / board / "board.py").read_text(encoding="utf-8")
    named = next(line for line in text.splitlines() if line.strip().startswith("MECHANISM = "))
    assert named.split('"')[1] in MECHANISMS
    assert set(MECHANISMS) == set(mechanisms())
