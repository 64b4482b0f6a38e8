"""The bench's own accounts of a life: the exact programmed amount against strokes ordered, seen and logged.

The unit is 1 mU/h for 1 µs. A µU has 3,600,000 of them, so everything is a whole number.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, field

from firmware.protocol import BANDS, KINDS
from hil.oracle.commands import Command, Rates
from hil.oracle.exact import Q_PER_UU
from host.api.client import MESSAGES
from host.records import Event, Status
from host.screens.history import signed

VIOLATIONS_KEPT = 100
# The plant's mean stroke has the nominal volume; weights are rounded to a mg (0.1 % of the least interval's 4.5 ml at
# most).
REFILL_TENTHS_MAX = 5
_RECORD_REFILL = MESSAGES["record_refill"].id
IN_FLIGHT_US = 200_000  # a burst of 104 ms and its edge


@dataclass
class Violations:
    """Counts violations and keeps the first hundred as text."""

    count: int = 0
    shown: list[str] = field(default_factory=list)

    def add(self, text: str) -> None:
        """Add one."""
        self.count += 1
        if len(self.shown) < VIOLATIONS_KEPT:
            self.shown.append(text)


class Programmed:
    """The exact integral of the accepted commands' rates and boluses, to compare with strokes (DOSE-1, no drift)."""

    def __init__(self, stroke_uu: int) -> None:
        self._stroke_q = stroke_uu * Q_PER_UU
        self._total_q = 0
        self._since_us = 0
        self._taken = 0
        self._rates = Rates()

    def take(self, commands: list[Command], until_us: int) -> None:
        """Take in the new commands in `commands` and the time up to `until_us`, at which no bolus may be under way."""
        for command in commands[self._taken :]:
            self._advance(command.at_us)
            if command.name == "bolus":
                strokes_mu = int(command.values.get("volume_mu", 0)) + int(command.values.get("square_mu", 0))
                self._total_q += strokes_mu * 1000 * Q_PER_UU
            else:
                self._rates.carry_out(command)
        self._taken = len(commands)
        self._advance(until_us)

    def owed_strokes(self, commanded: int, abandoned: int) -> float:
        """Return the strokes that are programmed and neither ordered nor given up."""
        return (self._total_q - (commanded + abandoned) * self._stroke_q) / self._stroke_q

    def _advance(self, to_us: int) -> None:
        rates = self._rates
        while (change_us := rates.next_change_us(self._since_us)) <= to_us:
            self._total_q += rates.in_force(self._since_us) * (change_us - self._since_us)
            self._since_us = change_us
            rates.lapse(change_us)
        self._total_q += rates.in_force(self._since_us) * (to_us - self._since_us)
        self._since_us = to_us


class Log:
    """Follows the device's event log: checks that its numbers have no gaps, and adds up its strokes."""

    def __init__(self, violations: Violations) -> None:
        self.last_number = 0
        self.delivered = 0
        self.by_kind: dict[str, int] = {}  # strokes
        self.counts: dict[str, int] = {}
        self.refills = self.worst_refill_tenths = 0
        self._violations = violations

    def take(self, events: list[Event]) -> None:
        """Take in the events since the last contact."""
        for event in events:
            if event.number != self.last_number + 1:
                self._violations.add(f"log: event {event.number} follows {self.last_number}")
            self.last_number = event.number
            self.counts[event.event] = self.counts.get(event.event, 0) + 1
            if event.event == "accepted" and event.detail == _RECORD_REFILL:
                self._refill(event)
            if event.category == "unreadable":
                self._violations.add(f"log: event {event.number} cannot be read")
            if event.event == "delivery_ended":
                self.delivered += event.c
                kind = KINDS[event.detail]
                self.by_kind[kind] = self.by_kind.get(kind, 0) + event.c

    def _refill(self, event: Event) -> None:
        """Check a recorded refill, guided or by weight: the pump must be found well."""
        self.refills += 1
        tenths, band = signed(event.c), BANDS[event.d]
        self.worst_refill_tenths = max(self.worst_refill_tenths, tenths, key=abs)
        if band not in ("good", "first_refill") or abs(tenths) > REFILL_TENTHS_MAX:
            self._violations.add(f"event {event.number}: refill of a healthy pump: {band}, {tenths / 10} %")


def conserved(status: Status, starts_us: Sequence[int], violations: Violations, day: int) -> None:
    """Check that strokes ordered, confirmed and on the motor pins agree at the instant of the status.

    Strokes that started while the reply was on the wire do not count, and one in flight is not confirmed yet. A stroke
    that starts in the very microsecond of the status may be in it or not.
    """
    least, most = bisect_left(starts_us, status.now_us), bisect_right(starts_us, status.now_us)
    if not least <= status.strokes_commanded <= most:
        violations.add(f"day {day}: {most} strokes on the pins, {status.strokes_commanded} ordered")
    in_flight = most > 0 and status.now_us - starts_us[most - 1] < IN_FLIGHT_US
    if not 0 <= status.strokes_commanded - status.strokes_delivered <= in_flight:
        violations.add(f"day {day}: {status.strokes_commanded} ordered, {status.strokes_delivered} confirmed")
    if status.memory != "whole" or status.fault or status.internal_errors:
        state = f"memory {status.memory}, fault {status.fault}, internal errors {status.internal_errors}"
        violations.add(f"day {day}: {state}")
