"""Random numbers that are the same on every machine: integers from PCG64 through one table of the normal distribution.

Only the raw integer output of the bit generator is used, and the table holds whole micro-sigmas, so no floating-point
library, vector unit or block size can change a run. The seed names a run; the words after it name the stream.
"""

from __future__ import annotations

import zlib
from functools import lru_cache
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

TRUNCATION_SIGMA = 4
_TABLE_BITS = 14
_MASK = (1 << 64) - 1


def stream(seed: int, *names: str) -> np.random.PCG64:
    """Return the bit generator of one named stream of the run `seed` (≥ 0)."""
    return np.random.PCG64(np.random.SeedSequence([seed, *(zlib.crc32(name.encode()) for name in names)]))


@lru_cache(maxsize=1)
def _micro_sigmas() -> NDArray[np.int64]:
    """Midpoint quantiles of the normal distribution truncated at ±4 σ, in 1e-6 σ; symmetric to the last digit."""
    normal = NormalDist()
    size = 1 << _TABLE_BITS
    tail = normal.cdf(-TRUNCATION_SIGMA)
    lower = [round(1e6 * normal.inv_cdf(tail + (1 - 2 * tail) * (index + 0.5) / size)) for index in range(size // 2)]
    return np.array(lower + [-value for value in reversed(lower)], dtype=np.int64)


def normal_micro_sigmas(generator: np.random.PCG64, count: int) -> NDArray[np.int64]:
    """Draw `count` numbers of the standard normal distribution, truncated at ±4 σ, as whole 1e-6 σ."""
    raw = generator.random_raw(count)
    return _micro_sigmas()[(raw >> np.uint64(64 - _TABLE_BITS)).astype(np.int64)]


def normal(generator: np.random.PCG64, sigma: float) -> float:
    """Draw one number with mean 0 and standard deviation `sigma` (in its unit), truncated at ±4 σ."""
    return int(normal_micro_sigmas(generator, 1)[0]) * 1e-6 * sigma


@lru_cache(maxsize=1)
def _sigmas() -> list[float]:
    return [each * 1e-6 for each in _micro_sigmas().tolist()]


def normal_at(key: int, time_us: int) -> float:
    """Return a number of the standard normal distribution, truncated at ±4 σ, that belongs to `time_us` under `key`.

    The finisher of SplitMix64 (Steele 2014, doi 10.1145/2660193.2660195) selects it.
    """
    mixed = (key + time_us * 0x9E3779B97F4A7C15) & _MASK
    mixed = ((mixed ^ mixed >> 30) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ mixed >> 27) * 0x94D049BB133111EB) & _MASK
    return _sigmas()[mixed >> 64 - _TABLE_BITS]
