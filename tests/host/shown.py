"""Screens as a person reads them, line by line, and records that have nothing in them but what a test says."""

from __future__ import annotations

import re
from dataclasses import fields
from io import StringIO
from typing import Any, TypeVar

from rich.console import Console, RenderableType

T = TypeVar("T")
_NOTHING = {"int": 0, "str": "none", "bool": False, "int | None": None, "str | None": None}


def lines(screen: RenderableType, columns: int = 120) -> list[str]:
    """The lines of a screen, without colours and without the blanks at their ends."""
    console = Console(file=StringIO(), width=columns, highlight=False)
    with console.capture() as found:
        console.print(screen)
    return [line.rstrip() for line in found.get().splitlines()]


def cells(screen: RenderableType, columns: int = 120) -> list[list[str]]:
    """The cells of the rows of a screen's table, without its title and its headings."""
    return [re.split(r"\s{2,}", line.strip()) for line in lines(screen, columns)[2:]]


def record(kind: type[T], **values: Any) -> T:
    """A record of this kind: `values`, and nothing in the others."""
    found: Any = kind
    return kind(**{each.name: _NOTHING[str(each.type)] for each in fields(found)} | values)
