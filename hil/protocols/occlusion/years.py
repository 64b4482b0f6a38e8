"""Patient-years without a fault: every diagnosis of the detector is a false alarm.

A patient has a catheter, a body and a day: basal at one of five rates, and three boluses that make it up to 40 U, or no
boluses if the basal alone is more. Lives are short and many, so that many bodies and catheters are covered.

Implements: OCC-3
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from firmware.occlusion import codes
from firmware.occlusion.detector import Detector
from hil.plant import PUMPS, Body, FaultyPlant, load_mechanism
from hil.plant.parameters import Table
from hil.protocols.occlusion.drive import Pump
from hil.protocols.occlusion.jobs import COARSE, COMPLIANCES, DEAD_VOLUMES_NL, Quantum, interval_us, with_strokes

DAYS_PER_LIFE = 36.525  # a tenth of a year
LIVES_PER_YEAR = 10
DAY_MU = 40_000
# The patients' rates, in turn. Nobody uses 35 U/h day and night; one life in fifty does, for its many strokes.
RATES_MU_PER_H = (200, 500, 1000, 1500)
FAST_MU_PER_H = 35_000
FAST_EVERY = 49
_US_PER_DAY = 86_400_000_000
_MEALS = (7, 12, 19)  # hours


@dataclass(frozen=True)
class Life:
    """The outcome of a life: `found` names every diagnosis of the detector."""

    number: int
    days: float
    strokes: int
    readings: int
    found: tuple[str, ...]


def strokes_us(rate_mu_per_h: int, quantum: Quantum = COARSE) -> Iterator[int]:
    """Return the starts of the strokes: basal at an even pace, delayed by the boluses at mealtimes."""
    basal_us = interval_us(rate_mu_per_h, quantum)
    left_mu = max(0, DAY_MU - 24 * rate_mu_per_h)
    per_meal = left_mu // quantum.stroke_mu // len(_MEALS)
    next_basal_us, day, last_us = basal_us, 0, 0
    while True:
        for hour in (*_MEALS, 24):
            meal_us = day * _US_PER_DAY + hour * _US_PER_DAY // 24
            while next_basal_us < meal_us:
                last_us = max(next_basal_us, last_us + quantum.spacing_us)
                yield last_us
                next_basal_us += basal_us
            if hour < 24:
                for _ in range(per_meal):
                    last_us = max(meal_us, last_us + quantum.spacing_us)
                    yield last_us
        day += 1


def live(
    number: int,
    seed: int,
    detector: type[Detector] = Detector,
    body: Table | None = None,
    quantum: Quantum = COARSE,
) -> Life:
    """Run life `number` of the run `seed`. `body` replaces the table of the body."""
    compliances = COMPLIANCES["implant"]
    table = with_strokes(load_mechanism(), quantum).with_value(
        "catheter_compliance_nl_per_mmhg", compliances[number % len(compliances)]
    )
    table = table.with_value("catheter_dead_volume_nl", DEAD_VOLUMES_NL[number // 5 % len(DEAD_VOLUMES_NL)])
    fast = number % FAST_EVERY == FAST_EVERY - 1
    rate = FAST_MU_PER_H if fast else RATES_MU_PER_H[number // 10 % len(RATES_MU_PER_H)]
    # An empty reservoir makes no pulse and is diagnosed as an air lock. These patients come to their refills in time.
    table = table.with_value("reservoir_volume_nl", 1_000_000_000)
    name = f"life {number}"
    plant = FaultyPlant(table, seed, body=Body(seed, name, body), pump=PUMPS[number // 40 % len(PUMPS)], life=name)
    pump = Pump(plant, quantum=quantum, detector=detector)
    end_us = round(DAYS_PER_LIFE * _US_PER_DAY)
    starts = strokes_us(rate, quantum)
    while pump.now_us < end_us and pump.stopped_us is None:
        plant.strokes.clear()
        pump.live(starts, 1000)
    found = tuple(codes.NAMES[each.code] for each in pump.findings)
    return Life(number, pump.now_us / _US_PER_DAY, pump.strokes, 2 * pump.strokes + pump.wakes, found)
