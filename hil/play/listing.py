"""The list of faults, for a terminal."""

from __future__ import annotations

from rich.table import Table

from hil.play.acts import ACTS


def table() -> Table:
    """The name of each fault, what it does and what the pump should say."""
    found = Table("fault", "does", "alarm", box=None, pad_edge=False)
    for act in ACTS.values():
        does = f"{act.does} Takes {act.unit}; usual: {act.figure:g}." if act.unit else act.does
        found.add_row(act.name, does, f"{act.alarm}, {act.soon}" if act.alarm else "")
    return found
