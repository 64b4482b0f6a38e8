"""Orders that come late, or twice.

LINK-2: the expiry is bounded (10 min), a late order is refused and never executed, a repeat of any id that could still
come is answered with the stored outcome and never executed again, over resets too.

Implements: LINK-2, THER-3 (the oracle's side)
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from hil.oracle.exact import US_PER_MIN
from hil.oracle.reasons import Reason
from hil.scripts.script import AGAIN, ORDER_HOLDS_US, Answer, Step

if TYPE_CHECKING:
    from hil.oracle.device import Device

LONGEST_US = 10 * US_PER_MIN
# They must need nothing that can fail, and never come too late (they make nothing more of anything).
NEVER_LATE = ("stop", "suspend", "cancel_bolus")


class Repeats:
    """What became of each order, by when it first arrived."""

    def __init__(self, device: Device) -> None:
        self.device = device
        self._outcomes: dict[int, Answer] = {}
        self._sent: dict[int, tuple[dict[str, Any], int]] = {}  # values, expiry in the device's time

    def expiry(self, step: Step, name: str, values: Mapping[str, Any]) -> tuple[list[Reason], list[Reason]]:
        """Reasons of the order's header: late, or held for too long."""
        if name == "stage_pattern":
            return [], []
        now_us = self.device.pump.now_us
        if step.what == AGAIN:
            expires_us = self._sent.get(step.values["of_us"], ({}, now_us))[1]
        else:
            holds_us = values.get("expires_after_us", ORDER_HOLDS_US)
            expires_us = max(0, now_us + holds_us)
            self._sent[step.at_us] = ({k: v for k, v in values.items() if k != "expires_after_us"}, expires_us)
        if now_us > expires_us:
            return ([], [Reason("expired")]) if name in NEVER_LATE else ([Reason("expired")], [])
        if expires_us - now_us > LONGEST_US:
            return [Reason("holds_too_long", "expires_us", expires_us - now_us, LONGEST_US)], []
        return [], []

    def keep(self, step: Step, answer: Answer, values: Mapping[str, Any]) -> None:
        """What became of it."""
        at_us = step.values["of_us"] if step.what == AGAIN else step.at_us
        self._outcomes[at_us] = answer

    def of(self, at_us: int) -> Answer | None:
        """The outcome of the request that arrived then; None: it never arrived."""
        return self._outcomes.get(at_us)

    def values_of(self, at_us: int) -> dict[str, Any]:
        """Its fields."""
        return dict(self._sent[at_us][0]) if at_us in self._sent else {}

    def over(self, at_us: int) -> bool:
        """Can it not come any more, because it has expired?"""
        return at_us in self._sent and self.device.pump.now_us > self._sent[at_us][1]
