"""Raw readings of a balance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Weighings:
    """Raw readings in order of time: device time (µs) and indicated mass (µg), both whole numbers."""

    time_us: NDArray[np.int64]
    mass_ug: NDArray[np.int64]

    def at(self, time_us: int) -> int:
        """Return the reading taken at `time_us`. Raises KeyError if there is none at exactly that time."""
        index = int(np.searchsorted(self.time_us, time_us))
        if index == len(self.time_us) or int(self.time_us[index]) != time_us:
            raise KeyError(f"no reading at {time_us} µs")
        return int(self.mass_ug[index])
