"""A plant with one fault, which has an onset and, if it clears, an end, and with a body at the tip.

The healthy `Plant` keeps its short path. This one computes the same model in pieces of constant flow and constant
resistance, each in closed form, and keeps account of the volume that left the tip. Without fault and body it gives the
same pressures.

Implements: HIL-3, HIL-5
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache
from math import exp
from pathlib import Path

from hil.plant.body import US_PER_H, Body
from hil.plant.parameters import ParameterError, Table, load_table
from hil.plant.plant import ADC_MAX_COUNTS, Plant
from hil.plant.randomness import normal_at, stream

_FILE = Path(__file__).with_name("faults.toml")
_NEVER_US = 1 << 62
_FORGOTTEN_TAUS = 40
# The kinds of faults. "decoupled" and "air_lock" differ in the broken part, not in what can be observed.
KINDS = (
    ("none", "occlusion", "partial_occlusion", "air_lock", "decoupled", "backflow", "motor_stall")
    + ("sensor_drift", "sensor_stuck", "sensor_open", "sensor_shorted")
)  # fmt: skip


@lru_cache(maxsize=1)
def load_faults() -> Table:
    """Return the table of fault parameters."""
    return load_table(_FILE)


@dataclass(frozen=True)
class Fault:
    """`kind` from `KINDS`, active from `onset_us` to `clear_us`; `size` in the unit of its parameter, None: the
    table's.

    The size is τ in s for a partial occlusion, the share drawn back for backflow, Pa/h for a drift.
    """

    kind: str
    onset_us: int
    clear_us: int = _NEVER_US
    size: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ParameterError(f"no fault {self.kind!r}; there are {', '.join(KINDS)}")


_SIZES = {"partial_occlusion": "partial_tau_s", "backflow": "backflow_share", "sensor_drift": "drift_pa_per_h"}


class FaultyPlant(Plant):
    """As Plant, with a `fault` and a `body` (None: the constant tip pressure of the mechanism's table)."""

    __slots__ = (
        "_air_share", "_counts_per_pa", "_fault", "_faults", "_noise_key", "_pa_per_pl", "_pieces",
        "_return_us", "_size", "_stall_pa", "_stuck_counts", "_tip_pa", "_until_us", "_v_pl",
        "_zero_counts", "body", "pushed_pl",
    )  # fmt: skip

    def __init__(
        self,
        parameters: Table,
        seed: int,
        *,
        fault: Fault | None = None,
        body: Body | None = None,
        pump: str = "typical",
        life: str = "",
    ) -> None:
        super().__init__(parameters, seed, pump=pump, life=life)
        self._faults = load_faults()
        self._take(fault or Fault("none", _NEVER_US))
        self.body = body
        self._counts_per_pa = parameters["pressure_gain_counts_per_kpa"] / 1000
        self._pa_per_pl = self._counts_per_pl / self._counts_per_pa
        self._zero_counts = parameters["pressure_zero_counts"] + 0.5
        self._tip_pa = float(parameters["tip_pressure_pa"])
        self._air_share = float(self._faults["air_share"])
        self._return_us = int(self._faults["return_stroke_us"])
        self._stall_pa = parameters["reservoir_pressure_pa"] + self._faults["stall_pressure_pa"]
        # The noise depends on the time, not on the number of readings, so benches that read at different rates agree.
        self._noise_key = int(stream(seed, "pressure noise at", life).random_raw())
        self._v_pl = 0.0
        self._until_us = 0  # the catheter has been computed up to here
        self._pieces: list[tuple[int, float]] = []  # (end, inflow pL/µs), in order
        self.pushed_pl = 0.0

    @property
    def delivered_pl(self) -> float:
        """Volume that has left the tip so far."""
        return self.pushed_pl - self._v_pl

    @property
    def stored_pl(self) -> float:
        """Volume that the catheter holds above its volume at rest."""
        return self._v_pl

    def active(self, now_us: int) -> bool:
        """True while the fault is active."""
        return self._fault.onset_us <= now_us < self._fault.clear_us

    def _take(self, fault: Fault) -> None:
        self._fault = fault
        size = fault.size
        if size is None and fault.kind in _SIZES:
            size = self._faults[_SIZES[fault.kind]]
        self._size = float(size or 0)
        self._stuck_counts = -1

    def begin(self, fault: Fault) -> None:
        """Replace the fault by another, at its onset."""
        self.settle(fault.onset_us)
        self._take(fault)

    def clear(self, now_us: int) -> None:
        """End the fault at `now_us`."""
        self.settle(now_us)
        self._fault = replace(self._fault, clear_us=now_us)

    def settle(self, now_us: int) -> None:
        """Compute the catheter up to `now_us`."""
        fault = self._fault
        while self._until_us < now_us:
            start_us = self._until_us
            flow = 0.0
            end_us = now_us
            if self._pieces:
                piece_end_us, flow = self._pieces[0]
                end_us = min(end_us, piece_end_us)
            for edge_us in (fault.onset_us, fault.clear_us):
                if start_us < edge_us < end_us:
                    end_us = edge_us
            self._flow(start_us, end_us, flow)
            self._until_us = end_us
            if self._pieces and end_us >= self._pieces[0][0]:
                self._pieces.pop(0)

    def _flow(self, start_us: int, end_us: int, flow_pl_per_us: float) -> None:
        if flow_pl_per_us == 0.0 and self._v_pl == 0.0:
            return
        length_us = end_us - start_us
        self.pushed_pl += flow_pl_per_us * length_us
        if self._fault.kind == "occlusion" and self.active(start_us):
            self._v_pl += flow_pl_per_us * length_us
            return
        tau_us = self.tau_us
        if self.body is not None:
            tau_us *= self.body.viscosity_factor(start_us)
        if self._fault.kind == "partial_occlusion" and self.active(start_us):
            tau_us = max(tau_us, self._size * 1e6)
        kept = exp(-length_us / tau_us) if length_us < _FORGOTTEN_TAUS * tau_us else 0.0
        self._v_pl = self._v_pl * kept + flow_pl_per_us * tau_us * (1.0 - kept)

    def stroke(self, start_us: int, steps: int, duration_us: int) -> int:
        """As Plant.stroke."""
        self.settle(start_us)
        self._pieces.clear()
        edge_us = super().stroke(start_us, steps, duration_us)
        volume_pl = float(self.strokes.volume_pl[-1])
        kind = self._fault.kind if self.active(start_us) else "none"
        if kind == "motor_stall":
            volume_pl, edge_us = 0.0, 0
        elif kind in ("air_lock", "decoupled"):
            volume_pl *= self._air_share
        elif kind == "occlusion":
            # The mechanism cannot push above its stall pressure. A stroke that is cut short shows no edge.
            room_pl = max(0.0, (self._stall_pa - self._outside_pa(start_us)) / self._pa_per_pl - self._v_pl)
            if volume_pl > room_pl:
                volume_pl, edge_us = room_pl, 0
        self.strokes.volume_pl[-1] = round(volume_pl)
        self._pieces.append((start_us + duration_us, volume_pl / duration_us))
        if kind == "backflow":
            back_us = min(self._return_us, duration_us)  # a fine stroke's piston has a shorter way back
            self._pieces.append((start_us + duration_us + back_us, -self._size * volume_pl / back_us))
        return edge_us

    def abort(self, now_us: int) -> None:
        """As Plant.abort."""
        self.settle(now_us)
        super().abort(now_us)
        self._pieces.clear()

    def _outside_pa(self, now_us: int) -> float:
        return self._tip_pa if self.body is None else self.body.tip_pa(now_us)

    def pressure_counts(self, now_us: int) -> int:
        """As Plant.pressure_counts."""
        self.settle(now_us)
        pa = self._outside_pa(now_us) + self._pa_per_pl * self._v_pl
        if self.body is not None:
            pa += self.body.sensor_pa(now_us)
        kind = self._fault.kind
        if kind == "sensor_drift" and self.active(now_us):
            pa += self._size * (now_us - self._fault.onset_us) / US_PER_H
        noise = normal_at(self._noise_key, now_us)
        counts = self._zero_counts + self._counts_per_pa * pa + self._noise_sd_counts * noise
        reading = 0 if counts < 0 else ADC_MAX_COUNTS if counts > ADC_MAX_COUNTS else int(counts)
        if kind.startswith("sensor_") and self.active(now_us):
            if kind == "sensor_open":
                return ADC_MAX_COUNTS
            if kind == "sensor_shorted":
                return 0
            if kind == "sensor_stuck":
                self._stuck_counts = reading if self._stuck_counts < 0 else self._stuck_counts
                return self._stuck_counts
        return reading
