"""What a flood of forged openings costs the pump, and whether a programmer with presence gets in amid it (SEC-4).

Implements: SEC-4
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hil.protocols.floods import charge, entry
from hil.results.files import write_json

SHARES = (0.25, 0.5, 0.75, 1.0)  # parts of the line rate, at which 199 forged openings come in a second
MS_MAX = 5  # of the processor, for a forged opening (SEC-4)


def measure(seconds: float, times: int) -> dict[str, Any]:
    """Measure the charge over `seconds`, and `times` entries amid floods of each share of the line."""
    return {
        **charge.measure(seconds),
        "entries": [entry.measure(times, share) for share in SHARES],
    }


def passed(figures: dict[str, Any]) -> bool:
    """Did a programmer get in within 2 s every time, and does a forged opening cost no more than it may?"""
    costs_ms = (figures["ms_unlooked"], figures["ms_looked_at"])
    return max(costs_ms) <= MS_MAX and not any(each["late"] for each in figures["entries"])


def report(figures: dict[str, Any], out: Path) -> str:
    """Write the figures to `out`; return them as text."""
    write_json(out, figures)
    lines = [
        f"forged openings at line rate, without presence: awake {figures['awake_percent']} %;"
        f" {figures['ms_unlooked']} ms each, {figures['ms_looked_at']} ms if it is looked at,"
        f" {figures['looks_a_day']} looks a day (emulated Pico)"
    ]
    for board, day in figures["boards"].items():
        lines.append(
            f"{board}, computed for a day: the looks {day['looks_mah']} mAh ({day['looks_percent']} % of 2.0 Ah),"
            f" the flood {day['flood_mah']} mAh ({day['flood_percent']} %), {day['receiver_mah']} of them the receiver"
        )
    for each in figures["entries"]:
        lines.append(
            f"with presence, {each['line_percent']} % of the line rate: in after at most {each['greatest_ms']} ms,"
            f" {each['late']} of {each['times']} later than 2 s (emulated Pico)"
        )
    return "\n".join(lines) + f"\nwritten to {out}"
