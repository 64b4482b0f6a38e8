"""Makes records of replies: what a reply says with a number that stands for nothing, a record says with None.

Implements: HOST-3
"""

from __future__ import annotations

from typing import Any, TypeVar

from firmware.protocol import NEVER_US, NO_PATTERN, PATTERNS

T = TypeVar("T")
_NEVER_32 = 0xFFFFFFFF
# The field, and what the link says for "none", "never" or "not known".
_NOTHING = {
    "temp_until_us": NEVER_US, "recommended_until_us": NEVER_US, "next_due_us": NEVER_US, "utc_s": 0, "old_utc_s": 0,
    "end_us": 0, "filled_utc_s": 0, "due_utc_s": 0, "empty_h": _NEVER_32, "battery_left_s": _NEVER_32,
    "left_mu": _NEVER_32, "procedure_end": 255, "pattern": NO_PATTERN, "old_pattern": NO_PATTERN,
}  # fmt: skip


def made(kind: type[T], reply: dict[str, Any]) -> T:
    """Return the record of a reply; patterns by their names.

    A refill has no accuracy if nothing was delivered since the one before, or too little for a percentage.
    """
    for name, nothing in _NOTHING.items():
        if name not in reply:
            continue
        if reply[name] == nothing:
            reply[name] = None
        elif name.endswith("pattern"):
            place = reply[name]
            reply[name] = PATTERNS[place] if place < len(PATTERNS) else f"pattern {place}"
    if "band" in reply and (reply["band"] == "interval_too_short" or not reply["uncertainty_tenths"]):
        reply["accuracy_tenths"] = reply["uncertainty_tenths"] = None
    return kind(**reply)
