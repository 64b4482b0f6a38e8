"""What is told on the screen: texts that are not cut, and errors for a person or a script.

Implements: HOST-1
"""

from __future__ import annotations

import errno
import json
import os
import sys
from typing import Any

from rich.console import Console
from rich.markup import escape

from host.errors import Refused
from host.options import EXIT_UNCERTAIN
from host.plain import figure
from host.text import Text
from host.texts.spoken import in_language, said
from host.words import message_words

_SPACES = "\N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}"  # which French has
_UNBOUNDED_COLUMNS = 1000  # of a pipe or a file: whoever reads it wants each line whole


class Screen(Console):
    """A console whose reader may go away: a broken pipe is reported and does not end the program silently.

    Nothing is coloured for looking like a number or a path, only what is marked. A pipe or a file has no width: what is
    written to it is not wrapped, unless COLUMNS says so.
    """

    def __init__(self, *, stderr: bool = False) -> None:
        super().__init__(highlight=False, stderr=stderr)
        if not self.is_terminal and not os.environ.get("COLUMNS"):
            self.width = _UNBOUNDED_COLUMNS

    def on_broken_pipe(self) -> None:
        """Raise BrokenPipeError, which is handled like any other failure to write."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


def silence() -> None:
    """Redirect a broken stdout to nowhere: the interpreter would fail when it flushes the rest at exit."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
    except (OSError, ValueError, AttributeError):
        pass  # stdout has no file descriptor, so nothing is buffered for it


def say_error(screen: Console, text: str, language: str) -> None:
    """Show an error to a person."""
    shown = escape(_harmless(in_language(text, language)))
    screen.print(f"[bold red]{said('error:', language)}[/] {shown}", soft_wrap=True)


def _harmless(text: str) -> str:
    """The text in one line; all that would move the cursor, colour the screen or turn the writing round is told by its
    number.
    """
    return "".join(
        each if each.isprintable() or each in _SPACES else each.encode("unicode_escape").decode() for each in text
    )


def report(
    error: BaseException,
    code: int,
    as_json: bool,
    done: list[str] | None = None,
    *,
    always: bool = False,
    language: str = "en",
) -> None:
    """Write an error to stderr, for a person in `language` or a script, whatever stderr is; and the orders that were
    carried out before it, or with `always` that there were none.
    """
    try:
        _write_report(error, code, as_json, done or [], always, language)
    except (OSError, AttributeError):
        pass  # stderr is broken or closed: only the exit code is left


def _write_report(error: BaseException, code: int, as_json: bool, done: list[str], always: bool, language: str) -> None:
    text = str(error)
    if done or always:
        orders = ", ".join(said(message_words(each), "en" if as_json else language) for each in done)
        text = Text("{}; carried out: {}", text, orders or "nothing")
    if not as_json:
        say_error(Console(stderr=True, highlight=False), text, language)
        return
    details: dict[str, Any] = {"error": type(error).__name__, "message": text, "exit_code": code, "done": done}
    # Whether delivery may have changed: a script must know this before it does anything else.
    details["outcome"] = "unknown" if code == EXIT_UNCERTAIN else "known"
    if isinstance(error, Refused):
        details.update(code=error.code, field=error.field, unit=error.unit)
        details.update(value=figure(error.value), limit=figure(error.limit))
    print(json.dumps(details), file=sys.stderr)
