"""The volume that left the catheter's tip, from the raw strokes, by the plant's own first-order model in closed form.

outflow(t) = volume that the mechanism has pushed in by t − volume that the compliance holds at t

during a burst of rate q that began at t0 with v0 stored:  v(t) = v0·e^(−(t−t0)/τ) + q·τ·(1 − e^(−(t−t0)/τ))
after its end t1:                                          v(t) = v(t1)·e^(−(t−t1)/τ)
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp

import numpy as np
from numpy.typing import ArrayLike, NDArray

_UNDERFLOW = 700.0  # exp(-700) is still a normal number; older volume has left the catheter entirely


def _stored_at_bursts(
    start_us: Sequence[int], duration_us: Sequence[int], volume_pl: Sequence[int], tau_us: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the stored volume at the start and at the end of every burst, in picolitres."""
    before, after = np.empty(len(start_us)), np.empty(len(start_us))
    stored, end_us = 0.0, start_us[0] if start_us else 0
    for index, (start, duration, volume) in enumerate(zip(start_us, duration_us, volume_pl, strict=True)):
        if start < end_us:
            raise ValueError(f"burst {index} starts at {start} µs, before the one ahead of it ends at {end_us} µs")
        stored *= exp(-min((start - end_us) / tau_us, _UNDERFLOW))
        before[index] = stored
        kept = exp(-min(duration / tau_us, _UNDERFLOW))
        stored = stored * kept + volume * (tau_us / duration) * (1.0 - kept)
        after[index] = stored
        end_us = start + duration
    return before, after


def _decay(elapsed_us: NDArray[np.int64], tau_us: float) -> NDArray[np.float64]:
    # The C library's exp, one by one: the last digit of numpy's depends on the machine's vector unit.
    return np.array([exp(-min(elapsed / tau_us, _UNDERFLOW)) for elapsed in elapsed_us.tolist()], dtype=np.float64)


def outflow(
    start_us: Sequence[int], duration_us: Sequence[int], volume_pl: Sequence[int], tau_us: float, times_us: ArrayLike
) -> NDArray[np.int64]:
    """Return the volume that left the tip, in whole picolitres, from the beginning up to each of `times_us`.

    `start_us`, `duration_us`, `volume_pl` are the plant's raw record, in order; `times_us` may be in any order.
    Raises ValueError if bursts overlap.
    """
    times = np.asarray(times_us, dtype=np.int64)
    if not len(start_us):
        return np.zeros(times.shape, dtype=np.int64)
    before, after = _stored_at_bursts(start_us, duration_us, volume_pl, tau_us)
    starts = np.asarray(start_us, dtype=np.int64)
    durations = np.asarray(duration_us, dtype=np.int64)
    volumes = np.asarray(volume_pl, dtype=np.int64)
    pushed_before = np.cumsum(volumes) - volumes

    latest = np.searchsorted(starts, times, side="right") - 1
    began = latest >= 0
    burst = np.where(began, latest, 0)
    elapsed = np.where(began, times - starts[burst], 0)
    inside = np.minimum(elapsed, durations[burst])
    pushed = pushed_before[burst] + volumes[burst] * (inside / durations[burst])
    fed = _decay(inside, tau_us)
    stored_inside = before[burst] * fed + volumes[burst] * (tau_us / durations[burst]) * (1.0 - fed)
    running = elapsed < durations[burst]
    stored = np.where(running, stored_inside, after[burst] * _decay(elapsed - inside, tau_us))
    return np.where(began, np.rint(pushed - stored), 0).astype(np.int64)
