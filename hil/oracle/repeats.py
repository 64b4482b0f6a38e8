"""Orders that come late, or twice.

LINK-2: the expiry is bounded (10 min), a late order is refused and never executed, a repeat of any id that could still
come is answered with the stored outcome and never executed again, over resets too.

Implements: LINK-2, THER-3 (the oracle's side)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hil.oracle.exact import NEVER_US, US_PER_MIN
from hil.oracle.reasons import MESSAGES, Reason
from hil.scripts.script import AGAIN, ORDER_HOLDS_US, Answer, Step

if TYPE_CHECKING:
    from hil.oracle.device import Device

LONGEST_US = 10 * US_PER_MIN
# They must need nothing that can fail, and never come too late (they make nothing more of anything).
NEVER_LATE = ("stop", "suspend", "cancel_bolus")


class Repeats:
    """What was sent and what became of it, by when it first arrived."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self._outcomes: dict[int, Answer] = {}
        self._sent: dict[int, tuple[dict[str, Any], int]] = {}  # values, expiry in the device's time

    def send(self, step: Step) -> None:
        """A request arrives for the first time. Only an order has a time after which it can come no more."""
        values = dict(step.values)
        holds_us = values.pop("expires_after_us", ORDER_HOLDS_US)
        holds = MESSAGES[step.what].changes_delivery
        self._sent[step.at_us] = values, max(0, self.device.pump.now_us + holds_us) if holds else NEVER_US

    def expiry(self, step: Step, name: str) -> tuple[list[Reason], list[Reason]]:
        """Reasons of the order's header: late, or held for too long."""
        if not MESSAGES[name].changes_delivery:
            return [], []
        now_us, expires_us = self.device.pump.now_us, self._sent[first_us(step)][1]
        if now_us > expires_us:
            return ([], [Reason("expired")]) if name in NEVER_LATE else ([Reason("expired")], [])
        if expires_us - now_us > LONGEST_US:
            return [Reason("holds_too_long", "expires_us", expires_us - now_us, LONGEST_US)], []
        return [], []

    def keep(self, step: Step, answer: Answer) -> None:
        """What became of it."""
        self._outcomes[first_us(step)] = answer

    def of(self, at_us: int) -> Answer | None:
        """The outcome of the request that arrived then; None: none is known."""
        return self._outcomes.get(at_us)

    def values_of(self, at_us: int) -> dict[str, Any]:
        """Its fields."""
        return dict(self._sent[at_us][0])

    def over(self, at_us: int) -> bool:
        """Can it not come any more, because it has expired?"""
        return self.device.pump.now_us > self._sent[at_us][1]


def first_us(step: Step) -> int:
    """When the request of this step arrived for the first time."""
    at_us: int = step.values["of_us"] if step.what == AGAIN else step.at_us
    return at_us
