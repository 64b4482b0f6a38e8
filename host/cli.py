"""The `pump` command: the whole programmer link on the command line, for people and for scripts.

Implements: HOST-1
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from io import TextIOWrapper
from itertools import islice
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.exceptions import TyperException

from host.commands import alarms, basal, bolus, clinic, look, pattern, reservoir, running, service
from host.console import EXIT_DECLINED, EXIT_USAGE, Json, Options, UsageError, Yes, report

HELP = """Programmer of the Relève insulin pump platform.

This is a development platform, not a medical device. Not for use on people.

Commands that change delivery show the old and new values and ask first; --yes skips the question. Options that hold for
any command may stand before it or after it. Amounts are written with a decimal point or a decimal comma.

Exit codes: 0 done; 1 declined, nothing changed; 2 wrong usage, nothing sent; 3 refused by the pump; 4 port or link
failed, nothing changed; 5 pump and programmer speak different versions of the link; 6 an order was sent and its outcome
is not known; 7 the output could not be written, and stderr says what was carried out; 130 interrupted. Errors go to
stderr, as JSON with --json.
"""

_ANYWHERE = ("--port", "--timeout", "--holds")  # options with a value that every command takes


class Anywhere(TyperGroup):
    """A command line whose options for all commands may stand after the command too."""

    def main(self, args: Sequence[str] | None = None, *more: Any, **how: Any) -> Any:
        """As TyperGroup; a character that the terminal's encoding does not have is shown by its number, and words that
        make no command are an error of one line like any other.
        """
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        words = sys.argv[1:] if args is None else list(args)
        try:
            sys.exit(super().main(words, *more, **how | {"standalone_mode": False}))
        except typer.Abort:  # the terminal was closed at a question
            report(UsageError("nothing was answered"), EXIT_DECLINED, "--json" in words)
            sys.exit(EXIT_DECLINED)
        except TyperException as error:
            text = " ".join(error.format_message().split())  # empty: the help has been shown
            if text:
                context = getattr(error, "ctx", None)
                where = f"; see {context.command_path} --help" if context else ""
                report(UsageError(text.rstrip(".") + where), EXIT_USAGE, "--json" in words)
            sys.exit(EXIT_USAGE)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As TyperGroup."""
        return super().parse_args(ctx, brought_forward(args))


def brought_forward(args: Sequence[str]) -> list[str]:
    """Return the words with those of _ANYWHERE, and their values, first; what comes after "--" stays.

    Of a line whose last option lacks its value only these are left: that is the error to tell.
    """
    first: list[str] = []
    rest: list[str] = []
    words = iter(args)
    for word in words:
        if word == "--":
            rest += [word, *words]
        elif word in _ANYWHERE:
            value = list(islice(words, 1))
            first += [word, *value]
            if not value:
                return first
        elif word.partition("=")[0] in _ANYWHERE:
            first.append(word)
        else:
            rest.append(word)
    return first + rest


app = typer.Typer(
    cls=Anywhere, help=HELP, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False,
    rich_markup_mode="markdown",
)  # fmt: skip


@app.callback()
def _options(
    ctx: typer.Context,
    port: Annotated[
        str | None,
        typer.Option(envvar="RELEVE_PORT", help="Serial device, socket://host:port, or any pyserial URL."),
    ] = None,
    as_json: Json = False,
    timeout: Annotated[str, typer.Option(metavar="SECONDS", help="To wait for each reply, 0.01 to 600.")] = "0.5",
    holds: Annotated[
        str,
        typer.Option(
            metavar="SECONDS",
            envvar="RELEVE_HOLDS",
            help="Of the pump's time, after which an order expires, 1 to 600.",
        ),
    ] = "10",
    language: Annotated[
        str | None,
        typer.Option(envvar="RELEVE_LANGUAGE", help="Language of alarm texts, en or fr; default: the environment's."),
    ] = None,
    yes: Yes = False,
) -> None:
    ctx.obj = Options(port, as_json, timeout, language, holds, yes)


for part in (look, running, bolus, basal, pattern, alarms, reservoir, clinic, service):
    app.add_typer(part.app)
