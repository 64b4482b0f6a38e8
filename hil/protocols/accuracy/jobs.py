"""The jobs of the accuracy protocol. Each describes one life of a bench. Data only.

The spacing of boluses keeps every rolling cap of GUARD-1 out of reach (clinician default 150 U in 24 h, 60 U in 1 h):
0.2 U every 5 min is 57.6 U in 24 h, 5 U every hour 120 U, 30 U every 6 h 120 U. At 35 U/h, 12 h are 420 U: for that job
the bench first raises the clinician's daily limit to the hard one. Implements: HIL-2
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from host.records import Limits

US_PER_MIN = 60_000_000
US_PER_H = 60 * US_PER_MIN
HARD_LIMITS = Limits(max_basal_mu_per_h=35_000, max_bolus_mu=40_000, max_hour_mu=60_000, max_day_mu=500_000)
CLINICIAN_DAY_MU = 150_000

BOLUS_COUNT = 25
BOLUS_SPACING_US = {200: 5 * US_PER_MIN, 5_000: US_PER_H, 30_000: 6 * US_PER_H}
SETTLE_US = US_PER_MIN  # from a bolus's last stroke to its weighing: 50 time constants of the softest mechanism
BASAL_MARKS_H = (1, 6, 12)
BASAL_RATES_MU_PER_H = (200, 5_000, 35_000)
LONG_RATES_MU_PER_H = (200, 1_000)
LONG_HOURS = 72
PRIMING_MU = {"implant": 0, "syringe_mock": 2_000}  # start-up volume, delivered first and reported separately (HIL-7)

JobKind = Literal["bolus", "basal", "long"]


@dataclass(frozen=True)
class Job:
    """One life of a bench: `count` boluses of `bolus_mu`, or `hours` of basal at `rate_mu_per_h`, by one `pump`."""

    name: str
    kind: JobKind
    pump: str
    rate_mu_per_h: int = 0
    hours: int = 0
    bolus_mu: int = 0
    count: int = 0
    spacing_us: int = 0

    @property
    def needs_hard_limits(self) -> bool:
        """True if the clinician's default daily limit would withhold strokes."""
        return self.rate_mu_per_h * min(self.hours, 24) > CLINICIAN_DAY_MU

    @property
    def cost(self) -> float:
        """A rough measure of how long the job takes (strokes and balance readings), used to start the longest first."""
        strokes = (self.count * self.bolus_mu + self.hours * self.rate_mu_per_h) / 200
        return strokes + (self.hours + self.count * self.spacing_us / US_PER_H) * 10


def all_jobs() -> tuple[Job, ...]:
    """Return the protocol's jobs in the order in which results list them."""
    boluses = tuple(
        Job(f"bolus-{bolus_mu}mu", "bolus", "typical", bolus_mu=bolus_mu, count=BOLUS_COUNT, spacing_us=spacing_us)
        for bolus_mu, spacing_us in BOLUS_SPACING_US.items()
    )
    basals = tuple(
        Job(f"basal-{rate}mu-per-h-{pump}", "basal", pump, rate_mu_per_h=rate, hours=BASAL_MARKS_H[-1])
        for rate in BASAL_RATES_MU_PER_H
        for pump in ("typical", "least", "most")
    )
    longs = tuple(
        Job(f"long-{rate}mu-per-h", "long", "typical", rate_mu_per_h=rate, hours=LONG_HOURS)
        for rate in LONG_RATES_MU_PER_H
    )
    return boluses + basals + longs
