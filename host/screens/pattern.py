"""Basal patterns: a day as segments, and two days side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Group
from rich.table import Table

from host.day import clock, compared, day_mu, segments
from host.units import amount

_MARK = "bold yellow"


def pattern_table(name: str, rates: Sequence[int], running: bool) -> Group:
    """One pattern."""
    table = Table(title=f"Pattern {name}" + (" (runs now)" if running else ""), title_justify="left")
    for heading in ("from", "to", "rate"):
        table.add_column(heading, justify="right")
    for each in segments(rates):
        table.add_row(clock(each.first), clock(each.after), amount(each.rate_mu_per_h, "mU/h"))
    return Group(table, f"{amount(day_mu(rates), 'mU')} a day, by the pump's local clock.")


def patterns_table(patterns: Mapping[str, Sequence[int]], running: str | None) -> Table:
    """All patterns, one per line."""
    table = Table(title="Patterns", title_justify="left", box=None)
    for heading in ("", "a day", "", "rates from midnight on"):
        table.add_column(heading, justify="right" if heading == "a day" else "left")
    for name, rates in patterns.items():
        shown = [f"{clock(each.first)} {amount(each.rate_mu_per_h, 'mU/h')}" for each in segments(rates)]
        runs = "[green]runs[/]" if name == running else ""
        table.add_row(name, amount(day_mu(rates), "mU"), runs, ", ".join(shown))
    return table


def compared_table(name: str, old: Sequence[int], new: Sequence[int], running: bool) -> Group:
    """The present pattern beside the new one, with changes highlighted by colour and an arrow."""
    table = Table(title=f"Pattern {name}" + (" (runs now)" if running else ""), title_justify="left")
    for heading in ("from", "to", "now", "new", ""):
        table.add_column(heading, justify="right")
    for before, after in compared(old, new):
        rates = [amount(each.rate_mu_per_h, "mU/h") for each in (before, after)]
        changed = before.rate_mu_per_h != after.rate_mu_per_h
        table.add_row(clock(before.first), clock(before.after), *rates, "←" if changed else "", style=_MARK * changed)
    table.add_section()
    totals = [amount(day_mu(rates), "mU") for rates in (old, new)]
    change_mu = day_mu(new) - day_mu(old)
    sign = "+" if change_mu > 0 else "-" if change_mu < 0 else "±"
    table.add_row("a day", "", *totals, f"{sign}{amount(abs(change_mu), 'mU')}")
    takes = "It runs now: the new rates hold at once." if running else "It does not run now."
    return Group(table, takes)
