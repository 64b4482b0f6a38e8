"""Shared by the screens: tables of names and values, and of old and new values."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Group
from rich.table import Table

# The faults that the dose core latches, by number (c_ext/core/guard.h).
FAULTS = {
    6: "a safety variable was damaged",
    7: "strokes ordered and strokes seen do not agree",
    8: "stopped from outside",
    9: "the supervisor broke its promise to be back",
}
NOT_A_DEVICE = "(development platform, not a medical device)"


def fault_text(fault: int) -> str:
    """Return the text of a fault of the dose core, by its number."""
    return f"fault {fault}" + (f", {FAULTS[fault]}" if fault in FAULTS else "")


def pairs(title: str, rows: Iterable[tuple[str, str]]) -> Group:
    """Names and values under a title."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, value)
    return Group(f"[italic]{title} {NOT_A_DEVICE}[/]", table)


def old_and_new(title: str, rows: Iterable[tuple[str, str, str | None]]) -> Table:
    """A table of present values beside new ones (None: no new value), with changes highlighted."""
    rows = list(rows)
    both = any(new is not None for _, _, new in rows)
    table = Table(title=title, title_justify="left")
    table.add_column("")
    table.add_column("now", justify="right")
    if both:
        table.add_column("new", justify="right")
    for name, old, new in rows:
        if not both:
            table.add_row(name, old)
        elif new is None or new == old:
            table.add_row(name, old, old, "")
        else:
            table.add_row(name, old, f"[bold yellow]{new}[/]", "[bold yellow]←[/]")
    return table


def plain(word: str) -> str:
    """Return a name of the link with blanks for underscores."""
    return word.replace("_", " ")
