"""Guided procedures, self-test and the battery's account. One method per message.

Implements: HOST-3, THER-5, THER-6, SELF-1, PWR-1
"""

from __future__ import annotations

from typing import Any

from firmware import protocol
from host.api.conversation import place_of
from host.api.prepared import Preparing
from host.api.replies import procedure_change
from host.records import Check, Energy, FaultCleared, Procedure, ProcedureChange, SelfTest
from host.records.made import made


class Service(Preparing):
    """The messages for procedures and upkeep of the device."""

    def read_procedure(self) -> Procedure:
        """Return the procedure under way, and what reservoir and catheter hold."""
        return made(Procedure, self.call("read_procedure"))

    def start_procedure(self, procedure: str) -> ProcedureChange:
        """Begin "refill", "rinse", "flush", "stroke_volume" or "patency" on a stopped pump."""
        return procedure_change(self.call("start_procedure", procedure=place_of(procedure, protocol.PROCEDURES)))

    def answer_procedure(self, step: int, choice: int, value: int = 0) -> ProcedureChange:
        """Answer `step` with `choice`, an index into its choices, and its input; strokes of the step are made then."""
        return procedure_change(self.call("answer_procedure", step=step, choice=choice, value=value))

    def interrupt_procedure(self, step: int) -> ProcedureChange:
        """Interrupt the procedure at this step, after the stroke in progress."""
        return procedure_change(self.call("interrupt_procedure", step=step))

    def self_test(self) -> SelfTest:
        """Have the device test itself."""
        reply = self.call("self_test")
        return SelfTest(reply["passed"], reply["duration_us"], tuple(map(_check, reply["checks"])))

    def clear_fault(self, fault: int) -> FaultCleared:
        """Clear the latched fault, whose number is in the status. The pump is stopped afterwards."""
        return made(FaultCleared, self.call("clear_fault", fault=fault))

    def read_energy(self) -> Energy:
        """Return the account of the battery."""
        return made(Energy, self.call("read_energy"))


def _check(found: dict[str, Any]) -> Check:
    return Check(found["check"], found["ok"], None if found["value"] == -1 else found["value"])
