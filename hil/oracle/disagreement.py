"""A disagreement between a run and the specification, as the oracle reports it.

Implements: HIL-5
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Disagreement:
    """What was seen and what the specification demands instead, at the bench's time."""

    at_us: int
    what: str
    expected: Any
    seen: Any
    requirement: str

    def __str__(self) -> str:
        return f"{self.at_us} µs {self.what}: {self.seen!r}, expected {self.expected!r} ({self.requirement})"
