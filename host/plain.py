"""Records as plain values for JSON.

Implements: HOST-4
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from firmware.protocol import NEVER_US

_EXACT_MAX = 1 << 53  # JSON readers make a 64-bit float of a number: beyond this it is rounded


def as_plain(value: Any) -> Any:
    """Return a record, or a list of them, as plain values for JSON. The schema hash becomes hex."""
    if isinstance(value, list):
        return [as_plain(each) for each in value]
    plain = {name: figure(each) for name, each in asdict(value).items()}
    if "schema_hash" in plain:
        plain["schema_hash"] = f"{value.schema_hash:016x}"
    return plain


def figure(value: Any) -> Any:
    """Return a value as JSON can hold it: a time that will not come as None, what a reader would round as text."""
    if type(value) is not int or abs(value) <= _EXACT_MAX:
        return value
    return None if value == NEVER_US else str(value)
