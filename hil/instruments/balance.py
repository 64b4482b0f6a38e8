"""The simulated twin of the balance. After a run it weighs the volume that left the catheter, with errors of weighing.

    reading = (ρ·V·buoyancy)·(1 + slope error) − evaporation·t + drift·t + noise, rounded to the resolution

The errors are drawn from the seed. The analysis does not see them; it has the calibration and the blank.

Implements: HIL-4
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hil.instruments.calibration import US_PER_H, Calibration, load_calibration
from hil.instruments.weighings import Weighings
from hil.plant import Plant, outflow
from hil.plant.parameters import Table, load_table
from hil.plant.randomness import normal, normal_micro_sigmas, stream

BLANK_HOURS = 24
_PARAMETERS = Path(__file__).parent / "microbalance.toml"


def load_balance_parameters() -> Table:
    """Return the parameters of the simulated twin."""
    return load_table(_PARAMETERS)


class SimulatedBalance:
    """A microbalance under the tip of `plant`'s catheter. Its errors are drawn from `seed` and `life`."""

    def __init__(
        self,
        plant: Plant,
        seed: int,
        life: str,
        *,
        parameters: Table | None = None,
        calibration: Calibration | None = None,
    ) -> None:
        self._plant = plant
        self._seed = seed
        self._life = life
        self._parameters = parameters or load_balance_parameters()
        self._calibration = calibration or load_calibration()
        self._planned_us: set[int] = set()
        table = self._parameters
        # One balance and one bottle of liquid for the whole run, hence the same slope and density in all of its jobs.
        self._slope = 1 + normal(stream(seed, "balance slope"), table["sensitivity_spread"])
        density = table["density_ug_per_ul"] * (1 + normal(stream(seed, "liquid density"), table["density_spread"]))
        air = table["air_density_ug_per_ul"]
        buoyancy = (1 - air / density) / (1 - air / table["reference_density_ug_per_ul"])
        self._ug_per_pl = density * buoyancy / 1e6

    @property
    def calibration(self) -> Calibration:
        """The certificate that the analysis uses."""
        return self._calibration

    def plan(self, times_us: Iterable[int]) -> None:
        """Request readings at these moments, in addition to the periodic ones."""
        self._planned_us.update(times_us)

    def _indicate(self, life: str, times_us: NDArray[np.int64], volume_pl: NDArray[np.int64]) -> Weighings:
        table = self._parameters
        evaporation = normal(stream(self._seed, "evaporation", life), table["evaporation_spread_ug_per_h"])
        evaporation += table["evaporation_mean_ug_per_h"]
        drift = normal(stream(self._seed, "balance drift", life), table["drift_spread_ug_per_h"])
        hours = (times_us - times_us[0]) / US_PER_H
        sigmas = normal_micro_sigmas(stream(self._seed, "balance noise", life), len(times_us))
        mass_ug = volume_pl * self._ug_per_pl * self._slope + (drift - evaporation) * hours
        mass_ug = mass_ug + sigmas * (1e-6 * table["repeatability_ug"])
        digit_ug = table["resolution_ug"]
        return Weighings(times_us, (np.rint(mass_ug / digit_ug) * digit_ug).astype(np.int64))

    def readings(self, from_us: int, to_us: int) -> Weighings:
        """Return the readings from `from_us` to `to_us`: every period, counted from `from_us`, and the planned ones."""
        periodic = range(from_us, to_us + 1, int(self._parameters["sampling_period_us"]))
        planned = {time for time in self._planned_us if from_us <= time <= to_us}
        times_us = np.array(sorted(planned.union(periodic)), dtype=np.int64)
        strokes = self._plant.strokes
        volume_pl = outflow(strokes.start_us, strokes.duration_us, strokes.volume_pl, self._plant.tau_us, times_us)
        return self._indicate(self._life, times_us, volume_pl)

    def blank(self) -> Weighings:
        """Return hourly readings of 24 h without flow, the same in all jobs of a run: the blank is taken once."""
        times_us = np.arange(0, (BLANK_HOURS + 1) * US_PER_H, US_PER_H, dtype=np.int64)
        return self._indicate("blank", times_us, np.zeros(len(times_us), dtype=np.int64))
