"""Runs one case: the plant with its fault and its patient, and the detector, whose diagnosis is compared with the
truth.

Implements: OCC-1, OCC-2, OCC-4
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from firmware.occlusion import codes
from firmware.occlusion.detector import Detector
from hil.plant import Body, Fault, FaultyPlant
from hil.plant.mechanism import compliance_pl_per_pa, mean_stroke_pl
from hil.protocols.occlusion.drive import THRESHOLDS, Pump, every
from hil.protocols.occlusion.jobs import TRUTH, Case

FIRST_US = 1_000_000
AFTER_STOP_US = 300_000_000  # a stopped pump is watched for so long, then as long again with the catheter open
# Strokes within which a fault must be found. A syringe of 2.8 µL/mmHg takes 237 to its trip. Four fine strokes make one
# coarse stroke, so fine ones get more.
STROKES = {("implant", 500): 100, ("implant", 125): 300, ("syringe_mock", 500): 330}


@dataclass(frozen=True)
class Outcome:
    """The outcome of a case. Strokes, seconds and volumes count from the fault's onset; -1: not found.

    `first` is the detector's first finding, `verdict` the one that stands at the end. `limit_strokes` is OCC-1's limit:
    C·(p_trip − p0)/V. `missed_nl` is the volume that truly had not reached the patient by then, `stated_missed_nl` the
    detector's estimate. The volume that a reopening released has the same two fields.
    """

    truth: str
    verdict: str
    first: str
    rate_mu_per_h: int
    stroke_nl: int
    mechanism: str
    compliance_nl_per_mmhg: int
    strokes: int
    seconds: float
    limit_strokes: float
    missed_nl: float
    stated_missed_nl: int
    released_nl: float
    stated_released_nl: int
    strokes_lived: int
    readings: int

    def as_dict(self) -> dict[str, Any]:
        """Return the fields as they go into JSON."""
        return asdict(self)


def plant_of(case: Case, first_us: int = FIRST_US) -> FaultyPlant:
    """Return the plant of a case whose first stroke is made at `first_us`."""
    body = Body(case.seed, case.life)
    fault = Fault(case.kind, first_us + case.onset_us, size=case.size)
    return FaultyPlant(case.table(), case.seed, fault=fault, body=body, pump=case.pump, life=case.life)


def limit_strokes(case: Case, plant: FaultyPlant) -> float:
    """Return OCC-1's limit: the trip is one least rise above the tip, stroke by stroke; for a syringe, its level."""
    thresholds = THRESHOLDS[case.mechanism, case.quantum]
    over_pa: float = thresholds.trip_rise_pa
    if not thresholds.steps_seen:
        tip_pa = plant.body.base_pa if plant.body else float(plant.parameters["tip_pressure_pa"])
        over_pa = thresholds.level_trip_pa - tip_pa
    return over_pa * compliance_pl_per_pa(plant.parameters) / mean_stroke_pl(plant.parameters, plant.pump)


def live(case: Case, detector: type[Detector] = Detector) -> Outcome:
    """Run the case and return its outcome."""
    plant = plant_of(case)
    onset_us = FIRST_US + case.onset_us
    pump = Pump(plant, case.mechanism, case.quantum, detector=detector)
    pump.live(every(case.interval_us, FIRST_US), 16 + STROKES[case.mechanism, case.stroke_nl])
    before = sum(start_us < onset_us for start_us in plant.strokes.start_us)
    missed_nl = 0.0
    if pump.findings:
        came_pl = pump.found_pl[0] - sum(plant.strokes.volume_pl[:before])
        missed_nl = ((pump.found_at[0] - before) * mean_stroke_pl(plant.parameters, plant.pump) - came_pl) / 1000
    released_nl, stated_nl = 0.0, 0
    stood = pump.standing
    if pump.stopped_us is not None:
        pump.rest(pump.now_us + AFTER_STOP_US)
        stood = pump.standing
        if stood is not None and stood.code == codes.OCCLUSION:
            clear_us = pump.stopped_us + AFTER_STOP_US
            plant.clear(clear_us)
            delivered_pl = plant.delivered_pl
            pump.rest(clear_us + AFTER_STOP_US)
            plant.settle(clear_us + AFTER_STOP_US)
            released_nl = (plant.delivered_pl - delivered_pl) / 1000
            stated_nl = pump.standing.released_nl if pump.standing else 0
    return Outcome(
        truth=TRUTH[case.kind],
        verdict=codes.NAMES[stood.code] if stood else "none",
        first=codes.NAMES[pump.findings[0].code] if pump.findings else "none",
        rate_mu_per_h=case.rate_mu_per_h,
        stroke_nl=case.stroke_nl,
        mechanism=case.mechanism,
        compliance_nl_per_mmhg=case.compliance_nl_per_mmhg,
        strokes=pump.found_at[0] - before if pump.findings else -1,
        seconds=round((pump.found_us[0] - onset_us) / 1e6, 3) if pump.findings else -1.0,
        limit_strokes=round(limit_strokes(case, plant), 4),
        missed_nl=round(missed_nl, 1),
        stated_missed_nl=pump.findings[0].missed_nl if pump.findings else 0,
        released_nl=round(released_nl, 1),
        stated_released_nl=stated_nl,
        strokes_lived=pump.strokes,
        readings=2 * pump.strokes + pump.wakes,
    )
