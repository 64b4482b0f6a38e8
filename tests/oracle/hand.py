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
LIMITS = {"max_basal_mu_per_h": 35_000, "max_bolus_mu": 40_000, "max_hour_mu": 60_000, "max_day_mu": 150_000}
Found = tuple[list[Reason], list[Reason]]


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


def against(hand: Hand, name: str, code: str = "", **values: Any) -> Found:
    """The reasons that demand a refusal, and those that allow one."""
    return hand.device.orders.why_not(name, values, code)


def both_codes(found: Found) -> tuple[list[str], list[str]]:
    """The codes of both."""
    return [each.code for each in found[0]], [each.code for each in found[1]]


def records(*rates: int) -> list[dict[str, int]]:
    """A pattern's rates as a request has them, the last one for the rest of the day."""
    return [{"rate_mu_per_h": rate} for rate in (*rates, *[rates[-1]] * (48 - len(rates)))]


def basal(rate_mu_per_h: int, at: int = 0) -> Hand:
    """One with this rate."""
    hand = Hand()
    hand.order(at, "set_basal", rate_mu_per_h=rate_mu_per_h)
    return hand


def pattern(*rates: int) -> Hand:
    """One with pattern A at these rates, the last one for the rest of the day, from midnight on."""
    hand = Hand()
    hand.device.pump.programme.rates[0] = [each["rate_mu_per_h"] for each in records(*rates)]
    hand.order(0, "select_pattern", pattern=0)
    return hand
