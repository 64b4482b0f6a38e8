"""The verdict at a glance: judged measurements in groups, each with the measurement nearest to its limit."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

NARROW = "\u00a0"  # no line break between a figure and its unit

_GROUPS = (
    ("controller", "Never ahead: least owed", r"owed\..*\.least"),
    ("controller", "Never behind: most owed", r"owed\..*\.greatest"),
    ("controller", "Lateness of every stroke", r"lateness\."),
    ("controller", "Objections of the independent check", r"violations\."),
    ("controller", "Commands refused", r"refusals\."),
    ("controller", "Boluses of 0.2, 5 and 30 U", r"bolus\."),
    ("controller", "Basal totals after 1, 6 and 12 h", r"basal_total\."),
    ("controller", "72 h totals", r"long_total\."),
    ("controller", "Trumpet, 930 min at 1 U/h", r"trumpet_"),
    ("delivery", "Boluses of 0.2 U, each of 25", r"bolus\.200_mu\."),
    ("delivery", "Boluses of 5 U, each of 25", r"bolus\.5000_mu\."),
    ("delivery", "Boluses of 30 U, each of 25", r"bolus\.30000_mu\."),
    ("delivery", "Basal totals at 0.2 U/h, 6 and 12 h", r"basal_total\.200_mu"),
    ("delivery", "Basal totals at 5 U/h, 6 and 12 h", r"basal_total\.5000_mu"),
    ("delivery", "Basal totals at 35 U/h, 6 and 12 h", r"basal_total\.35000_mu"),
    ("delivery", "72 h totals at 0.2 and 1 U/h", r"long_total\."),
    ("delivery", "Trumpet, 930 min at 1 U/h", r"trumpet_"),
)


@dataclass(frozen=True)
class Row:
    """One group: the number of members and of passed members, and the measurement with the least margin."""

    kind: str
    title: str
    passed: int
    count: int
    worst: dict[str, Any]
    alike: bool  # all members have the same value

    @property
    def verdict(self) -> str:
        """Return "pass" if the whole group passes."""
        return "pass" if self.passed == self.count else "fail"


def margin(measurement: dict[str, Any]) -> float:
    """Return the distance to the nearer limit, as a fraction of the allowed width if there is one; negative outside."""
    value, lower, upper = measurement["value"], measurement["lower"], measurement["upper"]
    if value is None:
        return float("-inf")
    width = upper - lower if None not in (lower, upper) and upper > lower else 1
    sides = [value - lower] if lower is not None else []
    sides += [upper - value] if upper is not None else []
    return float(min(sides)) / width


def glance(measurements: Sequence[dict[str, Any]]) -> list[Row]:
    """Return the groups that have members. Measurements that no group names follow in one last group per kind."""
    rows, left = [], list(measurements)
    for kind, title, pattern in (*_GROUPS, ("controller", "Other", ""), ("delivery", "Other", "")):
        match = re.compile(rf"{kind}\.{pattern}").match
        members = [measurement for measurement in left if match(measurement["name"])]
        if members:
            left = [measurement for measurement in left if measurement not in members]
            good = sum(measurement["verdict"] == "pass" for measurement in members)
            alike = len(members) > 1 and len({measurement["value"] for measurement in members}) == 1
            rows.append(Row(kind, title, good, len(members), min(members, key=margin), alike))
    return sorted(rows, key=lambda row: row.kind)


def number(value: float | None) -> str:
    """Return a figure with at most four significant digits, in common notation: a true minus sign, no exponent."""
    if value is None:
        return "none"
    if float(value).is_integer():
        return f"{int(value):,}".replace("-", "−")
    digits = 1 if 100 <= abs(value) < 1000 else 2 if abs(value) >= 1 else 3
    return f"{value:,.{digits}f}".replace("-", "−")


def figure(measurement: dict[str, Any]) -> str:
    """Return value, uncertainty if it has one (two significant digits, the value to the same place), and unit."""
    value, uncertainty = measurement["value"], measurement["uncertainty"]
    text = number(value)
    if uncertainty and value is not None:
        digits = max(0, 1 - math.floor(math.log10(uncertainty)))
        text = f"{value:,.{digits}f} ± {uncertainty:,.{digits}f}".replace("-", "−")
    return text if measurement["unit"] == "1" else f"{text}{NARROW}{measurement['unit']}"


def allowed(measurement: dict[str, Any]) -> str:
    """Return the limits in words."""
    lower, upper = measurement["lower"], measurement["upper"]
    unit = "" if measurement["unit"] == "1" else NARROW + measurement["unit"]
    if lower is None and upper is None:
        return "no limit"
    if lower is None or upper is None:
        return f"≤ {number(upper)}{unit}" if lower is None else f"≥ {number(lower)}{unit}"
    if lower == upper:
        return f"exactly {number(lower)}{unit}"
    return f"± {number(upper)}{unit}" if lower == -upper else f"{number(lower)} to {number(upper)}{unit}"


def subject(measurement: dict[str, Any]) -> str:
    """Return the subject of a measurement within its group: the end of its name, in readable form."""
    parts = measurement["name"].split(".")[2:]
    return " · ".join(_readable(part) for part in parts)


def _readable(part: str) -> str:
    part = re.sub(r"(\d+)_?mu[-_]per[-_]h", lambda found: f"{int(found[1]) / 1000:g} U/h", part)
    part = re.sub(r"(\d+)_?mu", lambda found: f"{int(found[1]) / 1000:g} U", part)
    return part.replace("_", " ").replace("-", " ")
