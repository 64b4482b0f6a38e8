"""Runs a part of the campaign through the whole firmware on a virtual board. It must find what the detector alone
finds.

The board's pump gets its order over the link, makes its own strokes, takes its own readings and suspends by itself.
Then the detector alone runs through the same strokes on a copy of the plant.

Implements: OCC-1, HIL-1
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from hil.bench import Bench
from hil.protocols.occlusion.drive import Pump
from hil.protocols.occlusion.jobs import BOLUS_MU_PER_H, COARSE, FINE, TRUTH, Case, make
from hil.protocols.occlusion.lives import plant_of

_BOLUS_MU = 30_000
_START_US = 3_600_000_000
_STROKES = 90
_AFTER_US = 120_000_000
RATES_MU_PER_H = (1000, 35_000, BOLUS_MU_PER_H)
COMPLIANCES = (1, 10, 50)
FINE_COMPLIANCES = (50,)  # the one in which a fine stroke is hard to detect


@dataclass(frozen=True)
class Pair:
    """One case, run both ways: the diagnosis at the end, and the strokes made by then if delivery was stopped."""

    case: Case
    whole: str
    alone: str
    whole_strokes: int
    alone_strokes: int

    @property
    def same(self) -> bool:
        """True if both give the same diagnosis at the same stroke."""
        return (self.whole, self.whole_strokes) == (self.alone, self.alone_strokes)


def cases(seed: int, share: float = 1.0) -> list[Case]:
    """Return the cases that are run both ways."""
    kinds = [kind for kind in TRUTH if kind != "sensor_drift"]
    every = list(product((COARSE,), kinds, RATES_MU_PER_H, COMPLIANCES))
    every += product((FINE,), kinds, RATES_MU_PER_H, FINE_COMPLIANCES)
    step = max(1, round(1 / share))
    return [
        make(kind, "implant", rate, compliance, 32_500, seed * 1000 + 7, quantum)
        for quantum, kind, rate, compliance in every[::step]
    ]


def live(case: Case) -> Pair:
    """Run one case both ways."""
    first_us = _START_US + case.interval_us
    plant = plant_of(case, first_us)
    with Bench(plant, stroke_nl=case.stroke_nl) as bench:
        bench.run_until_us(_START_US)
        if case.rate_mu_per_h == BOLUS_MU_PER_H:
            bench.programmer.bolus(_BOLUS_MU)
        else:
            bench.programmer.set_basal(case.rate_mu_per_h)
        end_us = _START_US + _STROKES * case.interval_us
        bench.run_until_us(end_us)
        status = bench.programmer.status()
        starts_us = list(bench.stroke_starts_us)
        if status.state == "stopped":
            bench.run_until_us(end_us + _AFTER_US)
            status = bench.programmer.status()
    alone = _alone(Pump(plant_of(case, first_us), quantum=case.quantum), starts_us, end_us)
    return Pair(
        case,
        status.diagnosis,
        alone.standing_name,
        len(starts_us) if status.state != "running" else 0,
        alone.strokes if alone.stopped_us is not None else 0,
    )


def _alone(pump: Pump, starts_us: list[int], end_us: int) -> Pump:
    # One stroke more than the board made, to reveal a detector that would not have stopped when run alone.
    step_us = starts_us[-1] - starts_us[-2]
    pump.live(iter([*starts_us, starts_us[-1] + step_us, end_us + step_us]), len(starts_us) + 1)
    pump.rest(end_us + _AFTER_US)
    return pump
