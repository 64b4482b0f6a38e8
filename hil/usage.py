"""What `pump-bench` says of its own use: each command in whole sentences, which names there are, what is none.

Implements: HIL-8
"""

from __future__ import annotations

from argparse import ArgumentTypeError
from collections.abc import Iterable
from typing import Any

import typer
from typer.core import TyperGroup


class Whole(TyperGroup):
    """A command line whose help shortens no command's description."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write each command and the first paragraph of its description."""
        rows = [(name, (command.help or "").partition("\n\n")[0]) for name, command in self.commands.items()]
        with formatter.section("Commands"):
            formatter.write_dl([(name, " ".join(text.split())) for name, text in rows])


def there_is(option: str, what: str, names: Iterable[object], said: Iterable[object]) -> None:
    """Raise BadParameter, with the names that there are, for the first of `said` that is none of them."""
    there = list(names)
    for each in said:
        if each not in there:
            known = ", ".join(map(str, there))
            raise typer.BadParameter(f"there is no {what} {each!r}; there are {known}", param_hint=option)


def count(text: str) -> int:
    """Return how many runs or processes an argument asks for, as argparse's type. Raises ArgumentTypeError if none: of
    nothing that was run it would be said that nothing was wrong.
    """
    if not text.isascii() or not text.isdigit() or not int(text):
        raise ArgumentTypeError(f"{text!r} is no number from 1 on")
    return int(text)
