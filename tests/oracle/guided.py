"""A device of the oracle that is led through a guided procedure by hand."""

from __future__ import annotations

from typing import Any

from hil.oracle.reasons import Reason
from tests.oracle.hand import Hand, S

REFILL, RINSE, FLUSH, STROKE_VOLUME, PATENCY = range(1, 6)
OUT = Reason("out_of_range")
WRONG = Reason("wrong_state")


class Guided:
    """A stopped pump that is led through a procedure; an order a second."""

    def __init__(self, stroke_nl: int = 500, concentration: int = 400, holds: str = "insulin") -> None:
        self.hand = Hand(stroke_nl, concentration)
        self.at = S
        self.hand.order(S, "stop")
        self.procedures = self.hand.device.procedures
        self.procedures.holds = holds
        self.pump = self.hand.device.pump

    def order(self, name: str, **values: Any) -> dict[str, Any]:
        self.at += S
        return self.hand.order(self.at, name, **values)

    def begin(self, procedure: int) -> dict[str, Any]:
        return self.order("start_procedure", procedure=procedure)

    def say(self, value: int = 0, choice: int = 0) -> dict[str, Any]:
        """At the present step."""
        return self.order("answer_procedure", step=self.procedures.place, choice=choice, value=value)

    def go(self) -> dict[str, Any]:
        """Have the strokes of the step made, all of them."""
        reply = self.say()
        self.at += self.procedures.left * 2 * S
        self.hand.device.advance(self.at)
        return reply

    def interrupt(self) -> dict[str, Any]:
        return self.order("interrupt_procedure", step=self.procedures.place)

    def why_not(self, name: str, **values: Any) -> tuple[list[Reason], list[Reason]]:
        return self.hand.device.orders.why_not(name, values)

    def against(self, value: int = 0, choice: int = 0, step: int | None = None) -> tuple[list[Reason], list[Reason]]:
        place = self.procedures.place if step is None else step
        return self.why_not("answer_procedure", step=place, choice=choice, value=value)

    @property
    def where(self) -> str:
        return self.procedures.step.name if self.procedures.under_way else f"ended {self.procedures.latest_end}"

    def to(self, step: str) -> Guided:
        """On with plain answers up to this step."""
        plain = {"fill": 10_000_000, "fill_insulin": 10_000_000, "fill_naoh": 1_000, "fill_buffer": 1_000, "count": 10}
        while self.where != step:
            now = self.procedures.step
            self.go() if now.ledger else self.say(plain.get(now.name, 0))
        return self


def at(procedure: int, step: str, **how: Any) -> Guided:
    made = Guided(**how)
    made.begin(procedure)
    return made.to(step)
