"""The `pump` command: the whole programmer link on the command line, for people and for scripts.

Implements: HOST-1
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from io import TextIOWrapper
from itertools import islice
from typing import Annotated, Any

import typer
from typer._click.exceptions import NoArgsIsHelpError
from typer.core import TyperGroup
from typer.exceptions import TyperException

from host.commands import COMMANDS, SHORT
from host.options import EXIT_DECLINED, EXIT_INTERRUPTED, EXIT_OUTPUT, EXIT_USAGE, Json, Options, Yes, given
from host.stdout import ensure_stdout
from host.version import __version__

HELP = """Programmer of the Relève insulin pump platform.

This is a development platform, not a medical device. Not for use on people.

Commands that change delivery show the old and new values and ask first; --yes skips the question. Options that hold for
any command may stand before it or after it. Amounts are written with a decimal point or a decimal comma.

An option comes before the environment, and the environment before the configuration file: releve/pump.toml in the
user's configuration folder, or the file that RELEVE_CONFIG names, with port, language, timeout and holds.

\b
Exit codes:
  0    done
  1    declined; nothing changed
  2    wrong usage; nothing sent
  3    refused by the pump, or not possible now; nothing changed
  4    port or link failed
  5    pump and programmer speak different versions of the link
  6    an order was sent and its outcome is not known
  7    the output could not be written
  8    a bolus that --wait followed ended early
  130  interrupted

An error that comes after an order was carried out names the order. Errors go to stderr, as JSON with --json.
"""

_ANYWHERE = ("--port", "--timeout", "--holds", "--identity", "--store")  # options with a value that every command takes


class _Interrupted(Exception):
    """Ctrl-C where no command has told it; of a KeyboardInterrupt typer would make an exit code without a word."""


@contextmanager
def _interruption_told() -> Iterator[None]:
    try:
        yield
    except KeyboardInterrupt as error:
        raise _Interrupted from error


class Anywhere(TyperGroup):
    """A command line whose options for all commands may stand after the command too, and which loads what it runs."""

    def main(self, args: Sequence[str] | None = None, *more: Any, **how: Any) -> Any:
        """As TyperGroup; a character that the terminal's encoding does not have is shown by its number, and words that
        make no command are an error of one line like any other.
        """
        for stream in (sys.stdout, sys.stderr):
            if isinstance(stream, TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        words = sys.argv[1:] if args is None else list(args)
        try:
            if "_PUMP_COMPLETE" in os.environ:
                _prepare_completion()
            sys.exit(super().main(words, *more, **how | {"standalone_mode": False}))
        except typer.Abort:  # the terminal was closed at a question
            sys.exit(_ends("nothing was answered", EXIT_DECLINED, words))
        except (_Interrupted, KeyboardInterrupt):  # before a pump was reached, or after it was left
            sys.exit(_ends("interrupted", EXIT_INTERRUPTED, words))
        except OSError as error:  # of the help: commands catch their own
            sys.exit(_ends(f"the output cannot be written ({error})", EXIT_OUTPUT, words))
        except NoArgsIsHelpError as error:
            typer.echo(error.message)
            sys.exit(EXIT_USAGE)
        except TyperException as error:
            text = " ".join(error.format_message().split())
            context = getattr(error, "ctx", None)
            where = f"; see {context.command_path} --help" if context else ""
            sys.exit(_ends(_in_plain_words(text.rstrip("."), error) + where, EXIT_USAGE, words))

    def make_context(self, *words: Any, **how: Any) -> Any:
        """As TyperGroup; it is told if this is interrupted."""
        with _interruption_told():
            return super().make_context(*words, **how)

    def invoke(self, ctx: Any) -> Any:
        """As TyperGroup; it is told if this is interrupted."""
        with _interruption_told():
            return super().invoke(ctx)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """As TyperGroup."""
        _as_written(ctx, self)
        self.commands: Any = dict.fromkeys(self.list_commands(ctx))  # for "did you mean"; get_command() loads them
        return super().parse_args(ctx, brought_forward(args))

    def list_commands(self, ctx: Any) -> list[str]:
        """The names of all commands."""
        return [name for commands in COMMANDS.values() for name in commands]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """The command of this name, from its module; None if there is none."""
        if cmd_name in SHORT:
            return self.get_command(ctx, SHORT[cmd_name]).commands[cmd_name]
        module = next((commands[cmd_name][0] for commands in COMMANDS.values() if cmd_name in commands), None)
        if module is None:
            return None
        return _as_written(ctx, typer.main.get_group(import_module(f"host.commands.{module}").app).commands[cmd_name])

    def format_commands(self, ctx: Any, formatter: Any) -> None:
        """Write each heading and its commands."""
        for heading, commands in COMMANDS.items():
            with formatter.section(heading):
                formatter.write_dl([(name, summary) for name, (_, summary) in commands.items()])

    def shell_complete(self, ctx: Any, incomplete: str) -> list[Any]:
        """As TyperGroup, without loading the commands that are offered."""
        from typer._click.shell_completion import CompletionItem  # completion alone needs it

        offered = [
            CompletionItem(name, help=summary)
            for commands in COMMANDS.values()
            for name, (_, summary) in commands.items()
            if name.startswith(incomplete)
        ]
        return offered + list(super(TyperGroup, self).shell_complete(ctx, incomplete))


class _Words:
    """Takes the words of an option as they are: the commands read them, and typer would load pydantic for it."""

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        return value


def _as_written(ctx: Any, command: Any) -> Any:
    """Have the values of a command, and of the commands below it, come as they are written; return the command."""
    for each in (*command.params, command.get_help_option(ctx)):
        each._runtime_param = _Words()
    for each in filter(None, getattr(command, "commands", {}).values()):
        _as_written(ctx, each)
    help_of = type(command).get_help
    command.get_help = lambda context: _as_it_can_be_shown(help_of(command, context))
    return command


def _as_it_can_be_shown(text: str) -> str:
    """Characters that stdout does not have by their numbers; typer would write UTF-8 to a terminal of ASCII. Raises
    OSError if nothing can be shown.
    """
    ensure_stdout()
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return text.encode(encoding, "backslashreplace").decode(encoding)


def _prepare_completion() -> None:
    from typer._completion_classes import completion_init  # the shell's question alone needs it

    completion_init()


def _ends(text: str, code: int, words: Sequence[str]) -> int:
    from host.console import UsageError  # what most runs load anyway, but not --help
    from host.telling import report

    report(UsageError(text), code, "--json" in words)
    return code


def _in_plain_words(text: str, error: TyperException) -> str:
    option = str(getattr(error, "option_name", ""))
    if option[1:2].isdigit() or option[1:2] in (".", ","):
        return f"{option} has a sign, or is no option: an amount is written without a sign"
    return text


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


def _version(value: bool) -> None:
    if value:
        from firmware.protocol import PROTOCOL_VERSION, SCHEMA_HASH  # half of what --version takes

        text = f"pump {__version__}, link version {PROTOCOL_VERSION}, schema {SCHEMA_HASH:016x}"
        typer.echo(_as_it_can_be_shown(text))
        raise typer.Exit


app = typer.Typer(
    cls=Anywhere, help=HELP, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False,
    rich_markup_mode=None, context_settings={"help_option_names": ["-h", "--help"]},
)  # fmt: skip


@app.callback()
def _options(
    ctx: typer.Context,
    port: Annotated[
        str | None,
        typer.Option(
            metavar="PORT",
            envvar="RELEVE_PORT",
            help="Serial device, socket://host:port, or any pyserial URL: pump ports.",
        ),
    ] = None,
    as_json: Json = False,
    timeout: Annotated[
        str | None, typer.Option(metavar="SECONDS", help="To wait for each reply, 0.01 to 600; default: 0.5.")
    ] = None,
    holds: Annotated[
        str | None,
        typer.Option(
            metavar="SECONDS",
            envvar="RELEVE_HOLDS",
            help="Of the pump's time, after which an order expires, 1 to 600; default: 10.",
        ),
    ] = None,
    language: Annotated[
        str | None,
        typer.Option(
            metavar="en|fr",
            envvar="RELEVE_LANGUAGE",
            help="en or fr, for status, stop, alarms, refills, procedures; default: the environment's.",
        ),
    ] = None,
    identity: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            envvar="RELEVE_IDENTITY",
            help="Key of this computer to open a session with; default: default.",
        ),
    ] = None,
    store: Annotated[
        str | None,
        typer.Option(metavar="FILE", envvar="RELEVE_STORE", help="Where orders are written down before they are sent."),
    ] = None,
    yes: Yes = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the versions and end.")
    ] = False,
) -> None:
    texts = {"--port": port, "--timeout": timeout, "--holds": holds, "--language": language, "--identity": identity}
    for name, value in (texts | {"--store": store}).items():
        given(name, value)
    ctx.obj = Options(port, as_json, timeout, language, holds, yes, identity, store)
