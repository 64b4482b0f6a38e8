"""A device of the oracle, driven by hand."""

from __future__ import annotations

from typing import Any

from hil.oracle.device import Device
from hil.oracle.pump import Seen
from hil.oracle.reasons import Reason

S = 1_000_000
MIN = 60 * S
H = 60 * MIN
EPOCH_S = 1_767_225_600  # a midnight
EDGE_US = 104_222


class Hand:
    """`at` is the device's time, which is the bench's."""

    def __init__(self, stroke_nl: int = 500, concentration: int = 400, seen: list[int] | None = None) -> None:
        self.device = Device(stroke_nl, concentration, EDGE_US, Seen(seen or []))
        self.device.pump.programme.set_clock(0, EPOCH_S)

    def order(self, at: int, name: str, **values: Any) -> dict[str, Any]:
        """Accepted; the reply's figures."""
        must = self.why_not(at, name, **values)
        assert not must, must
        reply = self.device.orders.do(name, values)
        self.device.auto_off.act_us = at
        return reply

    def why_not(self, at: int, name: str, **values: Any) -> list[Reason]:
        """The reasons that demand a refusal."""
        self.device.advance(at)
        return self.device.orders.why_not(name, values)[0]

    def strokes(self, until: int, kind: str = "") -> list[int]:
        """The starts, of one kind of delivery or of all."""
        self.device.advance(until)
        return [each.at_us for each in self.device.pump.strokes if each.entry.kind == kind or not kind]


def codes(reasons: list[Reason]) -> set[str]:
    """Their codes."""
    return {reason.code for reason in reasons}
