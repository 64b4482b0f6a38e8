"""Pumps of the oracle without a device around them."""

from __future__ import annotations

from hil.oracle.exact import Quantum
from hil.oracle.pump import Pump, Seen
from tests.oracle.hand import EDGE_US, H

Q = 200 * H  # a stroke


def pump(rate_mu_per_h: int = 0, seen: list[int] | None = None) -> Pump:
    made = Pump(Quantum(500, 400), EDGE_US, Seen(seen or []))
    made.programme.by_hand_mu_per_h = rate_mu_per_h
    made.follow()
    return made


def starts(made: Pump, until_us: int) -> list[tuple[int, str]]:
    made.advance(until_us)
    return [(each.at_us, each.entry.kind) for each in made.strokes]


def notes(made: Pump) -> list[tuple[int, str]]:
    return [(each.at_us, each.what) for each in made.events]
