"""The cases of the campaign: fault, rate, catheter and seed of each.

Implements: HIL-5, OCC-1, OCC-2
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from firmware.occlusion.physics import Known
from hil.plant import PUMPS, load_mechanism
from hil.plant.parameters import Table
from hil.plant.randomness import stream

BOLUS_MU_PER_H = 0  # stands for a bolus: strokes at their least spacing
RATES_MU_PER_H = (200, 1000, 5000, 35_000, BOLUS_MU_PER_H)
US_PER_H = 3_600_000_000

COMPLIANCES = {"implant": (1, 5, 10, 25, 50), "syringe_mock": (1200, 2000, 2800)}  # nL/mmHg
DEAD_VOLUMES_NL = (20_000, 32_500)  # a short catheter and the long one; the bore is that of the mechanism's table

# The right diagnosis of each fault. Two faults that pressure cannot tell apart share a name.
TRUTH = {
    "none": "none",
    "occlusion": "occlusion",
    "partial_occlusion": "partial_occlusion",
    "air_lock": "air_lock",
    "decoupled": "air_lock",
    "backflow": "backflow",
    "motor_stall": "motor_stall",
    "sensor_drift": "sensor_drift",
    "sensor_stuck": "sensor_stuck",
    "sensor_open": "sensor_range",
    "sensor_shorted": "sensor_range",
}


@dataclass(frozen=True)
class Quantum:
    """A stroke as the board makes it: volume, microsteps, duration (at 400 to 1600 Hz and 20 000 Hz/s; a test asks the
    core), least time from one stroke to the next (DOSE-4).
    """

    stroke_nl: int
    steps: int
    burst_us: int
    spacing_us: int

    @property
    def stroke_mu(self) -> int:
        """Insulin in one stroke of U-400, in mU."""
        return self.stroke_nl * 2 // 5


COARSE = Quantum(500, 96, Known.burst_us, 2_000_000)
FINE = Quantum(125, 24, 40_000, 500_000)
QUANTA = {each.stroke_nl: each for each in (COARSE, FINE)}

LEAD_STROKES = 8  # at least this many healthy strokes before the fault
# Range of the drawn sizes, lowest and highest: τ in s, share drawn back, Pa/h.
SIZES = {"partial_occlusion": (1.0, 8.0), "backflow": (0.5, 1.0), "sensor_drift": (300.0, 3000.0)}


@dataclass(frozen=True)
class Case:
    """One life. `rate_mu_per_h` 0 stands for a bolus; `onset_us` counts from the first stroke."""

    kind: str
    mechanism: str
    rate_mu_per_h: int
    compliance_nl_per_mmhg: int
    dead_volume_nl: int
    pump: str
    seed: int
    size: float | None
    onset_us: int
    stroke_nl: int = COARSE.stroke_nl

    @property
    def quantum(self) -> Quantum:
        """The quantum of this case's strokes."""
        return QUANTA[self.stroke_nl]

    @property
    def interval_us(self) -> int:
        """Time from one stroke to the next."""
        return interval_us(self.rate_mu_per_h, self.quantum)

    @property
    def life(self) -> str:
        """The name of this life, which seeds its random numbers."""
        catheter = (self.compliance_nl_per_mmhg, self.dead_volume_nl)
        return _name(self.kind, self.mechanism, self.rate_mu_per_h, *catheter, self.stroke_nl)

    def table(self) -> Table:
        """Return the mechanism's parameters with this case's catheter and strokes."""
        table = with_strokes(load_mechanism(self.mechanism), self.quantum)
        table = table.with_value("catheter_compliance_nl_per_mmhg", self.compliance_nl_per_mmhg)
        return table.with_value("catheter_dead_volume_nl", self.dead_volume_nl)


def with_strokes(table: Table, quantum: Quantum) -> Table:
    """Return a mechanism's table with strokes of `quantum`."""
    return table.with_value("stroke_volume_nl", quantum.stroke_nl).with_value("steps_per_stroke", quantum.steps)


def interval_us(rate_mu_per_h: int, quantum: Quantum = COARSE) -> int:
    """Time from one stroke to the next at a basal rate; 0 stands for a bolus."""
    return quantum.stroke_mu * US_PER_H // rate_mu_per_h if rate_mu_per_h else quantum.spacing_us


def _name(kind: str, mechanism: str, rate: int, compliance: int, dead_volume_nl: int, stroke_nl: int) -> str:
    fine = "" if stroke_nl == COARSE.stroke_nl else f" {stroke_nl}"
    return f"{kind} {mechanism} {rate} {compliance} {dead_volume_nl}{fine}"


def _between(draw: Iterator[float], low: float, high: float) -> float:
    return low + (high - low) * next(draw)


def _uniform(seed: int, name: str) -> Iterator[float]:
    source = stream(seed, "case", name)
    while True:
        yield int(source.random_raw() >> 11) * 2.0**-53


def make(
    kind: str, mechanism: str, rate: int, compliance: int, dead_volume_nl: int, seed: int, quantum: Quantum = COARSE
) -> Case:
    """Return the case, with its pump, the fault's size and its onset drawn."""
    draw = _uniform(seed, _name(kind, mechanism, rate, compliance, dead_volume_nl, quantum.stroke_nl))
    pump = PUMPS[int(next(draw) * len(PUMPS))]
    size = None
    onset_us = round((LEAD_STROKES + _between(draw, 0, 8)) * interval_us(rate, quantum))
    if kind in SIZES:
        low, high = SIZES[kind]
        size = low * (high / low) ** next(draw)
    if kind == "sensor_drift" and size is not None:
        # A drift shows hours after its onset. The onset is put so far back that it shows about now.
        size = size if next(draw) < 0.5 else -size
        onset_us -= round((8000 if size > 0 else 13_000) / abs(size) * US_PER_H)
    return Case(kind, mechanism, rate, compliance, dead_volume_nl, pump, seed, size, onset_us, quantum.stroke_nl)


def campaign(seed: int, share: float = 1.0) -> list[Case]:
    """Return all cases of the campaign `seed`. A `share` below 1 takes fewer seeds of each kind."""
    cases = []
    for kind in TRUTH:
        # Enough closed catheters at each rate for a 99th percentile.
        seeds = max(1, round((20 if kind == "occlusion" else 5) * share))
        catheters = product(QUANTA.values(), RATES_MU_PER_H, COMPLIANCES["implant"], DEAD_VOLUMES_NL)
        for (quantum, rate, compliance, dead_volume_nl), number in product(catheters, range(seeds)):
            cases.append(make(kind, "implant", rate, compliance, dead_volume_nl, seed * 1000 + number, quantum))
    for kind in ("none", "occlusion"):
        for rate in RATES_MU_PER_H:
            for compliance in COMPLIANCES["syringe_mock"]:
                for number in range(max(1, round(8 * share))):
                    cases.append(make(kind, "syringe_mock", rate, compliance, 32_500, seed * 1000 + number))
    return cases
