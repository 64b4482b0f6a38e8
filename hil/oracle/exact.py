"""Units and limits of the oracle: everything is a whole number.

Insulin is counted in q: what a rate of 1 mU/h makes in 1 µs. So a rate times a time is exact, and so is a stroke.
"""

from __future__ import annotations

US_PER_S = 1_000_000
US_PER_MIN = 60 * US_PER_S
US_PER_H = 60 * US_PER_MIN
Q_PER_MU = US_PER_H
Q_PER_UU = Q_PER_MU // 1000
NEVER_US = 0xFFFFFFFFFFFFFFFF

HOUR_US = US_PER_H
DAY_US = 24 * US_PER_H
# GUARD-1: "the method may err on the safe side by at most one minute's worth".
SAFE_SIDE_US = US_PER_MIN
# GUARD-3: the supervisor is back at the latest after so long; what nothing wakes it for it finds then.
LOOK_US = US_PER_H

# GUARD-1, hard.
HARD_BASAL_MU_PER_H = 35_000
HARD_BOLUS_MU = 40_000
HARD_HOUR_MU = 60_000
HARD_DAY_MU = 500_000
DEFAULT_DAY_MU = 150_000

# DOSE-4: strokes of 500 nl start at least 2.0 s apart, of 125 nl 0.5 s.
SPACING_US_PER_NL = 4_000


def up(numerator: int, denominator: int) -> int:
    """The quotient, rounded up."""
    return -(-numerator // denominator)


def whole_mu(volume_q: int) -> int:
    """Whole milliunits of it: a figure never shows more than there is."""
    return volume_q // Q_PER_MU


class Quantum:
    """The pump's stroke: volume, insulin in it, how far apart strokes start."""

    def __init__(self, stroke_nl: int, concentration_u_per_ml: int) -> None:
        self.nl = stroke_nl
        self.uu = stroke_nl * concentration_u_per_ml
        self.q = self.uu * Q_PER_UU
        self.spacing_us = stroke_nl * SPACING_US_PER_NL

    def mu(self, strokes: int) -> int:
        """Whole milliunits in so many strokes."""
        return strokes * self.uu // 1000

    def strokes(self, volume_mu: int) -> int | None:
        """How many strokes make it; None if no whole number does."""
        strokes, rest = divmod(volume_mu * 1000, self.uu)
        return None if rest else strokes

    @property
    def least_mu(self) -> int:
        """The least dose in whole milliunits that is whole strokes."""
        mu = 1
        while self.strokes(mu) is None:
            mu += 1
        return mu
