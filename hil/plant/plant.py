"""The plant on the hot path: a stroke makes a volume, the catheter stores and releases it, the sensors see it.

It is called once or twice for every stroke of a virtual run. So it computes in closed form, in plain integers and
floats, with random numbers drawn in blocks. The catheter is of first order: the volume that a burst pushes in at a
constant rate is stored in the compliance C and leaves through the resistance R, so the stored volume decays with
τ = R·C. The outflow is not needed during a run; `hil.plant.outflow` computes it afterwards from the raw record, by the
same model.

Implements: HIL-3
"""

from __future__ import annotations

from math import exp

import numpy as np
from numpy.typing import NDArray

from hil.plant.mechanism import compliance_pl_per_pa, mean_stroke_pl, time_constant_us
from hil.plant.parameters import Table
from hil.plant.randomness import normal_micro_sigmas, stream

BLOCK = 4096
ADC_MAX_COUNTS = 4095
FORGOTTEN_TAUS = 40  # exp(-40) of the largest stroke is less than a millionth of a picolitre
_LONG_AGO_US = -(1 << 62)


class StrokeRecord:
    """The raw record, three parallel lists: burst start and duration, volume that left the mechanism (picolitres)."""

    __slots__ = ("duration_us", "start_us", "volume_pl")

    def __init__(self) -> None:
        self.start_us: list[int] = []
        self.duration_us: list[int] = []
        self.volume_pl: list[int] = []

    def __len__(self) -> int:
        return len(self.start_us)

    def clear(self) -> None:
        """Drop the record, for lives so long that nobody needs every stroke."""
        for each in (self.start_us, self.duration_us, self.volume_pl):
            each.clear()


class Plant:
    """One pump with its catheter. The same parameters, pump and seed give the same life on every machine.

    `parameters` is a mechanism's table, `pump` one of "typical", "least", "most", `life` names this life, so that the
    jobs of one run draw different numbers. Times are device microseconds and must not run back.
    """

    __slots__ = (
        "_append_duration",
        "_append_start",
        "_append_volume",
        "_before_pl",
        "_burst_gain",
        "_burst_kept",
        "_burst_us",
        "_counts_per_pl",
        "_edge_delay_us",
        "_end_us",
        "_forgotten_us",
        "_inflow_pl_per_tau",
        "_mean_pl",
        "_noise_counts",
        "_noise_sd_counts",
        "_noise_source",
        "_reservoir_pl",
        "_rest_counts",
        "_sd_pl",
        "_slack_pl",
        "_start_us",
        "_steps_per_stroke",
        "_stored_pl",
        "_volume_source",
        "_volumes_pl",
        "life",
        "parameters",
        "pump",
        "seed",
        "strokes",
        "tau_us",
    )  # fmt: skip

    def __init__(self, parameters: Table, seed: int, *, pump: str = "typical", life: str = "") -> None:
        self.parameters = parameters
        self.pump = pump
        self.seed = seed
        self.life = life
        self.strokes = StrokeRecord()
        self._append_start = self.strokes.start_us.append
        self._append_duration = self.strokes.duration_us.append
        self._append_volume = self.strokes.volume_pl.append

        self._mean_pl = mean_stroke_pl(parameters, pump)
        self._sd_pl = self._mean_pl * parameters["stroke_spread_percent"] / 100
        self._volume_source = stream(seed, "stroke volume", life)
        self._volumes_pl: list[int] = []
        self._steps_per_stroke = int(parameters["steps_per_stroke"])
        self._edge_delay_us = int(parameters["stroke_sensor_delay_us"])
        self._slack_pl = int(parameters["slack_nl"]) * 1000
        self._reservoir_pl = int(parameters["reservoir_volume_nl"]) * 1000

        self.tau_us = time_constant_us(parameters)
        self._forgotten_us = int(FORGOTTEN_TAUS * self.tau_us) + 1
        counts_per_pa = parameters["pressure_gain_counts_per_kpa"] / 1000
        self._rest_counts = parameters["pressure_zero_counts"] + counts_per_pa * parameters["tip_pressure_pa"] + 0.5
        self._counts_per_pl = counts_per_pa / compliance_pl_per_pa(parameters)
        self._noise_sd_counts = float(parameters["pressure_noise_counts"])
        self._noise_source = stream(seed, "pressure noise", life)
        self._noise_counts: list[float] = []

        # The catheter starts full and in equilibrium with the tip.
        self._burst_us = -1
        self._burst_kept = self._burst_gain = 0.0
        self._start_us = self._end_us = _LONG_AGO_US
        self._before_pl = self._stored_pl = self._inflow_pl_per_tau = 0.0

    @property
    def reservoir_nl(self) -> float:
        """Volume left in the reservoir."""
        return self._reservoir_pl / 1000

    @reservoir_nl.setter
    def reservoir_nl(self, volume_nl: float) -> None:
        self._reservoir_pl = round(volume_nl * 1000)

    def _draw_volumes(self) -> list[int]:
        sigmas: NDArray[np.int64] = normal_micro_sigmas(self._volume_source, BLOCK)
        self._volumes_pl = np.rint(self._mean_pl + self._sd_pl * 1e-6 * sigmas).astype(np.int64).tolist()
        return self._volumes_pl

    def _draw_noise(self) -> list[float]:
        sigmas: NDArray[np.int64] = normal_micro_sigmas(self._noise_source, BLOCK)
        self._noise_counts = (self._noise_sd_counts * 1e-6 * sigmas).tolist()
        return self._noise_counts

    def _use_burst(self, duration_us: int) -> None:
        """Compute once how much of the stored volume remains after a burst of this length, and how much of its own."""
        if duration_us <= 0:
            raise ValueError(f"a burst must last longer than {duration_us} µs")
        self._burst_us = duration_us
        self._burst_kept = exp(-duration_us / self.tau_us)
        self._burst_gain = self.tau_us / duration_us * (1.0 - self._burst_kept)

    def stroke(self, start_us: int, steps: int, duration_us: int) -> int:
        """Begin a burst of `steps` at `start_us` that lasts `duration_us`. Return the sensor's edge (µs), 0 if none.

        Fewer steps than a stroke deliver in proportion and reach no edge. Raises ValueError for a burst of no length.
        """
        volumes_pl = self._volumes_pl or self._draw_volumes()
        volume_pl = volumes_pl.pop()
        edge_us = start_us + duration_us + self._edge_delay_us
        if steps < self._steps_per_stroke:
            volume_pl = volume_pl * steps // self._steps_per_stroke
            edge_us = 0
        if self._slack_pl:
            lost_pl = min(self._slack_pl, volume_pl)
            self._slack_pl -= lost_pl
            volume_pl -= lost_pl
        if volume_pl > self._reservoir_pl:  # noqa: PLR1730 - min() would cost a call on the hot path
            volume_pl = self._reservoir_pl
        self._reservoir_pl -= volume_pl
        self._append_start(start_us)
        self._append_duration(duration_us)
        self._append_volume(volume_pl)

        if duration_us != self._burst_us:
            self._use_burst(duration_us)
        pause_us = start_us - self._end_us
        before_pl = self._stored_pl * exp(-pause_us / self.tau_us) if pause_us < self._forgotten_us else 0.0
        self._before_pl = before_pl
        self._inflow_pl_per_tau = volume_pl * self.tau_us / duration_us
        self._stored_pl = before_pl * self._burst_kept + volume_pl * self._burst_gain
        self._start_us = start_us
        self._end_us = start_us + duration_us
        return edge_us

    def abort(self, now_us: int) -> None:
        """End the burst in progress at `now_us`. Only the volume pushed in by then counts. No burst: does nothing."""
        start_us, duration_us = self._start_us, now_us - self._start_us
        if not 0 < duration_us < self._end_us - start_us:
            return
        inflow_pl = self._inflow_pl_per_tau * duration_us / self.tau_us
        kept = exp(-duration_us / self.tau_us)
        self._reservoir_pl += self.strokes.volume_pl[-1] - round(inflow_pl)
        self.strokes.volume_pl[-1] = round(inflow_pl)
        self.strokes.duration_us[-1] = duration_us
        self._stored_pl = self._before_pl * kept + self._inflow_pl_per_tau * (1.0 - kept)
        self._end_us = now_us

    def pressure_counts(self, now_us: int) -> int:
        """Return the converter's reading (0 … 4095) of the pressure at the pump's outlet at `now_us`."""
        noise_counts = self._noise_counts or self._draw_noise()
        counts = self._rest_counts + noise_counts.pop()
        since_us = now_us - self._end_us
        if since_us < self._forgotten_us:
            if since_us >= 0:
                counts += self._counts_per_pl * self._stored_pl * exp(-since_us / self.tau_us)
            elif now_us > self._start_us:
                kept = exp((self._start_us - now_us) / self.tau_us)
                stored_pl = self._before_pl * kept + self._inflow_pl_per_tau * (1.0 - kept)
                counts += self._counts_per_pl * stored_pl
            else:
                counts += self._counts_per_pl * self._before_pl
        return 0 if counts < 0 else ADC_MAX_COUNTS if counts > ADC_MAX_COUNTS else int(counts)
