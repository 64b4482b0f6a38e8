"""Why an order must be refused: every reason that holds, since the specification does not rank them.

An order for which there is none must be accepted; a refusal must be one of them. A figure that the documents leave open
is None here and not judged.

Implements: GUARD-1, LINK-2, THER-2 ... THER-4 (the oracle's side)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from firmware import protocol

STATES = protocol.STATES
MESSAGES = {message.name: message for message in protocol.MESSAGES}
BOLUSES = ("bolus", "square_bolus", "dual_bolus")

# docs/therapy.md, "Orders": where an order is possible; what is refused otherwise.
IN_STATES = {
    "temp_basal": ("running",),
    "recommend_rate": ("running",),
    "bolus": ("running",),
    "square_bolus": ("running",),
    "dual_bolus": ("running",),
    "suspend": ("running",),
    "stop": ("running", "suspended", "procedure"),
    "resume": ("suspended", "stopped"),
    "start_procedure": ("stopped",),
    "answer_procedure": ("procedure", "stopped"),
    "interrupt_procedure": ("procedure", "stopped"),
}


@dataclass(frozen=True)
class Reason:
    """A code with the field and the figures that go with it; None: not judged."""

    code: str
    field: str | None = None
    value: int | range | None = None
    limit: int | None = None

    def fits(self, refusal: Any) -> bool:
        """Is the refusal this one?"""
        if refusal.code != self.code:
            return False
        value_fits = self.value is None or (
            refusal.value in self.value if isinstance(self.value, range) else refusal.value == self.value
        )
        return (
            (self.field is None or refusal.field == self.field)
            and value_fits
            and (self.limit is None or refusal.limit == self.limit)
        )


def of_table(name: str, values: Mapping[str, Any]) -> list[Reason]:
    """What the table of messages itself forbids."""
    found = []
    for field in MESSAGES[name].request:
        value = values.get(field.name)
        if value is None or not isinstance(value, int):
            if field.name == "rates" and value is not None:
                found += _of_rates(field, value)
            continue
        found += _of_field(field, value)
    return found


def _of_field(field: Any, value: int) -> list[Reason]:
    if field.kind == "bool":
        return []
    if field.names and not 0 <= value < len(field.names):
        return [Reason("out_of_range", field.name)]
    if field.high is not None and value > field.high:
        return [Reason("hard_limit" if field.hard else "out_of_range", field.name, value, field.high)]
    if field.low is not None and value < field.low:
        return [Reason("out_of_range", field.name, value, field.low)]
    if field.step and value % field.step:
        return [Reason("not_multiple", field.name, value, field.step)]
    return []


def _of_rates(field: Any, rates: Any) -> list[Reason]:
    found = []
    if len(rates) != field.high:
        found.append(Reason("bad_length"))
        found.append(Reason("out_of_range"))
    for each in rates:
        found += [
            Reason(reason.code)
            for reason in _of_field(field.fields[0], each["rate_mu_per_h"] if isinstance(each, Mapping) else each)
        ]
    return found
