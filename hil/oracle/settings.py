"""The clinic's settings besides rates: limits, and what the pump does by itself.

Implements: THER-3, THER-4 (the oracle's side)
"""

from __future__ import annotations

from dataclasses import dataclass, field

from hil.oracle.exact import DEFAULT_DAY_MU, HARD_BASAL_MU_PER_H, HARD_BOLUS_MU, HARD_HOUR_MU

LIMITS = ("max_basal_mu_per_h", "max_bolus_mu", "max_hour_mu", "max_day_mu")
HARD_LIMITS = (HARD_BASAL_MU_PER_H, HARD_BOLUS_MU, HARD_HOUR_MU, DEFAULT_DAY_MU)
NEW = {
    "suspend_rate_mu_per_h": 200,
    "auto_off_min": 0,
    "utc_offset_min": 0,
    "reservoir_low_mu": 800_000,
    "reservoir_empty_mu": 400_000,
    "reservoir_stop_mu": 200_000,
    "in_use_days": 45,
    "stroke_tone": False,
}


@dataclass
class Settings:
    """Settings and limits; at first those of a new pump."""

    values: dict[str, int] = field(default_factory=lambda: dict(NEW))
    limits: dict[str, int] = field(default_factory=lambda: dict(zip(LIMITS, HARD_LIMITS, strict=True)))

    def __getitem__(self, name: str) -> int:
        return self.values[name]
