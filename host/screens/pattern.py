"""Basal patterns: a day as segments, and two days side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Group

from host.day import clock, compared, day_mu, segments
from host.screens.common import Listing
from host.units import amount

_MARK = "bold yellow"
_HEADINGS = ("from", "to", "now", "new", "")


def _title(name: str, running: bool) -> str:
    return f"Pattern {name}" + (" (runs now)" if running else "")


def pattern_table(name: str, rates: Sequence[int], running: bool) -> Group:
    """One pattern."""
    rows = [(clock(each.first), clock(each.after), amount(each.rate_mu_per_h, "mU/h")) for each in segments(rates)]
    table = Listing(_title(name, running), ("from", "to", "rate"), rows, ("from", "to", "rate"))
    return Group(table, f"{amount(day_mu(rates), 'mU')} a day, by the pump's local clock.")


def patterns_table(patterns: Mapping[str, Sequence[int]], running: str | None) -> Group:
    """All patterns, one per line."""
    lines = []
    for name, rates in patterns.items():
        shown = [f"{clock(each.first)} {amount(each.rate_mu_per_h, 'mU/h')}" for each in segments(rates)]
        runs = ", [green]runs[/]" if name == running else ""
        lines.append(f"[bold]{name}[/]  {amount(day_mu(rates), 'mU')} a day{runs}: " + ", ".join(shown))
    return Group("[italic]Patterns: rates from midnight on, by the pump's local clock[/]", *lines)


def compared_table(name: str, old: Sequence[int], new: Sequence[int], running: bool) -> Group:
    """The present pattern beside the new one, with changes highlighted by colour and an arrow."""
    rows = []
    for before, after in compared(old, new):
        changed = before.rate_mu_per_h != after.rate_mu_per_h
        cells = [clock(before.first), clock(before.after)]
        cells += [amount(each.rate_mu_per_h, "mU/h") for each in (before, after)]
        cells.append("←" if changed else "")
        rows.append([f"[{_MARK}]{cell}[/]" if changed and cell else cell for cell in cells])
    table = Listing(_title(name, running), _HEADINGS, rows, _HEADINGS)
    change_mu = day_mu(new) - day_mu(old)
    sign = "+" if change_mu > 0 else "-" if change_mu < 0 else "±"
    was, will = (amount(day_mu(rates), "mU") for rates in (old, new))
    total = f"A day: {was} -> {will} ({sign}{amount(abs(change_mu), 'mU')})"
    takes = "It runs now: the new rates hold at once." if running else "It does not run now."
    return Group(table, total, takes)
