"""The options of a command line, and the exit codes: what host/cli.py needs before it knows which command runs.

Implements: HOST-1
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated

import typer

EXIT_DECLINED = 1
EXIT_USAGE = 2
EXIT_REFUSED = 3
EXIT_LINK = 4
EXIT_SCHEMA = 5
EXIT_UNCERTAIN = 6
EXIT_OUTPUT = 7
EXIT_CUT_SHORT = 8
EXIT_INTERRUPTED = 130

TIMEOUT_S = "0.5"
HOLDS_S = "10"


@dataclass
class Options:
    """The options that hold for any command, as a person writes them; None: not given, nor by the environment."""

    port: str | None
    as_json: bool
    timeout: str | None
    language: str | None
    holds: str | None
    yes: bool
    identity: str | None = None
    store: str | None = None
    spoken: bool = False  # the command speaks other languages than English


def _yes(ctx: typer.Context, value: bool) -> bool:
    options: Options | None = ctx.obj  # None: this is the one before the command
    return value or (options is not None and options.yes)


Yes = Annotated[bool, typer.Option("--yes", "-y", callback=_yes, help="Do it without asking (for scripts).")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, one line for each value.")]
Language = Annotated[str | None, typer.Option("--language", metavar="en|fr", help="Default: the environment's.")]


def options_of(ctx: typer.Context, as_json: bool = False) -> Options:
    """The options of this run; --json may stand before the command or after it."""
    options: Options = ctx.obj
    return replace(options, as_json=options.as_json or as_json)


def given(name: str, value: str | None) -> None:
    """Raise typer.BadParameter if an option was given without a value: --holds "" of a script's empty variable."""
    if value == "":
        raise typer.BadParameter("it was given, but nothing stands there", param_hint=name)


def spoken_of(ctx: typer.Context, language: str | None, as_json: bool = False) -> Options:
    """As options_of(), for a command that speaks a `language`; --language too may stand before it or after it."""
    options = options_of(ctx, as_json)
    given("--language", language)
    return replace(options, language=language or options.language, spoken=True)


def part(**how: object) -> typer.Typer:
    """A part of the command line, whose help is plain text: it is as wide as the terminal and quick to make."""
    return typer.Typer(rich_markup_mode=None, add_completion=False, pretty_exceptions_enable=False, **how)  # type: ignore[arg-type]
