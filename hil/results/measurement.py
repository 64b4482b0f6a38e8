"""A typed measurement: the measured quantity, its unit, limits, uncertainty and requirement.

The verdict is derived, never set. It is simple acceptance (JCGM 106, 8.2): the measured value itself must lie within
the limits, without a guard band. The expanded uncertainty (k = 2) is given beside it, so that a reader can see how
close to the limit a verdict is.

Implements: HIL-6
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Kind = Literal["controller", "delivery", "detector", "programmer"]
Verdict = Literal["pass", "fail"]
_DECIMALS = 6


def _rounded(value: float | None) -> float | int | None:
    """Round to the digits that results state; whole numbers stay whole. A value that is not finite becomes None."""
    if value is None or not math.isfinite(value):
        return None
    return value if isinstance(value, int) else round(float(value), _DECIMALS) + 0.0


@dataclass(frozen=True)
class Measurement:
    """One figure. Kind "controller" compares commanded strokes with programmed, "delivery" weighed with programmed,
    "detector" the occlusion detector's diagnosis with the actual fault; "programmer" is a figure of the `pump` command.

    `lower` and `upper` are the limits, both allowed values themselves; None leaves that side open. `uncertainty` is
    expanded (k = 2), in `unit`; 0 for a count. `req` is the requirement judged.
    """

    name: str
    value: float | None
    unit: str
    lower: float | None
    upper: float | None
    uncertainty: float
    req: str
    kind: Kind

    @property
    def verdict(self) -> Verdict:
        """Return "pass" if the stated (rounded) value lies within the limits. A missing figure fails."""
        value, lower, upper = _rounded(self.value), self.lower, self.upper
        within = value is not None and (lower is None or value >= lower) and (upper is None or value <= upper)
        return "pass" if within else "fail"

    def as_dict(self) -> dict[str, object]:
        """Return the measurement in the form of results.json."""
        return self.as_information() | {"verdict": self.verdict}

    def as_information(self) -> dict[str, object]:
        """Return the fields without a verdict, for a figure that has no limit."""
        return {
            "name": self.name,
            "value": _rounded(self.value),
            "unit": self.unit,
            "lower": _rounded(self.lower),
            "upper": _rounded(self.upper),
            "uncertainty": _rounded(self.uncertainty),
            "req": self.req,
            "kind": self.kind,
        }
