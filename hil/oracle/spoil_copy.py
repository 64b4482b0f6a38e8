"""A copy of a run to be spoiled, and the names of the figures in it that may be spoiled.

Implements: HIL-5
"""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from typing import Any

from hil.scripts.script import Run

# Figures that the specification leaves open or the oracle cannot know: sensor readings, counters of the link, the
# energy account, figures that contain the safe side's minute (GUARD-1), and those for which the documents give no rule.
OPEN = frozenset(
    ("pressure_pa", "diagnosis", "missed_mu", "released_mu", "newest_event", "requests_refused", "orders_repeated")
    + ("alarm", "hour_mu", "day_mu", "empty_h", "accuracy_tenths", "uncertainty_tenths", "band", "due_utc_s")
    + ("filled_utc_s", "life")
    + ("fingerprint", "alarms", "detail", "duration_us", "checks", "fault", "wakes")
    + ("frames_good", "frames_overlong", "frames_bad_cobs", "frames_too_short", "frames_bad_crc", "frames_not_request")
    + ("battery_used_nah", "battery_left_nah", "battery_left_s", "battery_mean_na", "battery_level")
)  # fmt: skip


def copied(run: Run) -> Run:
    """Return a copy with lists of its own; their elements are those of the good run."""
    bad = copy(run)
    bad.strokes_us, bad.answers = list(run.strokes_us), list(run.answers)
    bad.looks, bad.log = list(run.looks), list(run.log)
    return bad


def with_value(mapping: Mapping[str, Any], name: str, value: Any) -> dict[str, Any]:
    """Return a copy of the row with another value."""
    return dict(mapping) | {name: value}


def figures_of(mapping: Mapping[str, Any]) -> list[str]:
    """Return the names of the integers in a row that the oracle judges."""
    return [name for name, value in mapping.items() if type(value) is int and name not in OPEN]
