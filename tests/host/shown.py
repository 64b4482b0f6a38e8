"""Screens as a person reads them, line by line, and records that have nothing in them but what a test says."""

from __future__ import annotations

from dataclasses import fields
from io import StringIO
from typing import Any, TypeVar

from rich.console import Console, RenderableType

T = TypeVar("T")
_NOTHING = {"int": 0, "str": "none", "bool": False}


def lines(screen: RenderableType, columns: int = 120) -> list[str]:
    """The lines of a screen, without colours and without the blanks at their ends."""
    console = Console(file=StringIO(), width=columns, highlight=False)
    with console.capture() as found:
        console.print(screen)
    return [line.rstrip() for line in found.get().splitlines()]


def cells(screen: RenderableType, columns: int = 120) -> list[list[str]]:
    """The cells of the rows of a screen's table, which has vertical lines."""
    rows = [line.split("│")[1:-1] for line in lines(screen, columns) if "│" in line]
    return [[cell.strip() for cell in row] for row in rows]


def record(kind: type[T], **values: Any) -> T:
    """A record of this kind: `values`, and nothing in the others."""
    found: Any = kind
    return kind(**{each.name: _NOTHING[str(each.type)] for each in fields(found)} | values)
