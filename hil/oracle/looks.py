"""Judges a look: everything that the pump shows, each reply at the time at which it was asked for.

Implements: HIL-5
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from hil.oracle import figures
from hil.oracle.disagreement import Disagreement
from hil.oracle.questions import answer_to
from hil.scripts.play import SLOT_US

if TYPE_CHECKING:
    from hil.oracle.device import Device
    from hil.scripts.script import Look

Say = Callable[[str, Any, Any, str], None]
_DELIVERIES_PAGE = 5
_ALARMS_PAGE = 15


def judge_look(device: Device, look: Look) -> list[Disagreement]:
    """Return the disagreements of a look. The oracle's device advances to its last page."""
    found: list[Disagreement] = []
    asked = 0

    def say(what: str, expected: Any, seen: Any, requirement: str) -> None:
        found.append(Disagreement(device.pump.bench_us, what, expected, seen, requirement))

    def at_next() -> None:
        nonlocal asked
        device.advance(look.at_us + asked * SLOT_US - device.pump.bench_offset_us)
        asked += 1

    def compare(what: str, expected: figures.Expected, seen: Any, requirement: str) -> None:
        for name, right, value in figures.differences(expected, seen):
            say(f"{what} {name}", right, value, requirement)

    at_next()
    compare("status", figures.status(device), look.status, "DOSE-3")
    at_next()
    compare("time", answer_to(device, "read_time", {}), look.time, "THER-8")
    at_next()
    compare("procedure", device.procedures.shown(), look.procedure, "THER-6")
    at_next()
    compare("reservoir", figures.reservoir(device), look.reservoir, "THER-4")
    at_next()
    compare("settings", dict(device.settings.values), look.settings, "THER-9")
    at_next()
    compare("diagnosis", {"diagnosis": "none"}, look.diagnosis, "OCC-3")
    for pattern in range(4):
        at_next()
        rates = tuple(device.pump.programme.rates[pattern])
        if look.patterns[pattern] != rates:
            say(f"pattern {pattern}", rates, look.patterns[pattern], "THER-1")
    for _ in range(max(1, -(-len(look.alarms) // _ALARMS_PAGE))):
        at_next()
    for what, right, seen in figures.alarm_problems(device, look.alarms):
        say(what, right, seen, "ALARM-2")
    _deliveries(device, look, at_next, say)
    return found


def _deliveries(device: Device, look: Look, at_next: Callable[[], None], say: Say) -> None:
    rows = look.deliveries
    numbers = [row["id"] for row in rows]
    for first in range(0, max(1, len(rows)), _DELIVERIES_PAGE):
        at_next()
        for row in rows[first : first + _DELIVERIES_PAGE]:
            if not 1 <= row["id"] <= len(device.pump.entries):
                say(f"delivery {row['id']}", "none", dict(row), "DOSE-3")
                continue
            entry = device.pump.entries[row["id"] - 1]
            for name, right, seen in figures.differences(figures.delivery(device, entry, row), row):
                say(f"delivery {row['id']} {name}", right, seen, "DOSE-3")
    if numbers != sorted(set(numbers)):
        say("deliveries listed", "each once, oldest first", numbers, "LOG-2")
    # A reset may lose rows that have ended, and a full list drops the oldest. All others must be there: what runs, and
    # what began in this life after the oldest row shown.
    since_us = max(device.born_us, min((row["start_us"] for row in rows), default=0))
    due = [entry.id for entry in device.pump.entries if entry.runs or entry.start_us > since_us]
    if missing := sorted(set(due) - set(numbers)):
        say("deliveries listed", missing, numbers, "LOG-2")
