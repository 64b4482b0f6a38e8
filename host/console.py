"""Shared by all commands of the CLI: options, opening the pump, output, questions, and errors as exit codes."""

from __future__ import annotations

import errno
import json
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from typing import Annotated, Any

import typer
from rich.console import Console, RenderableType
from rich.markup import escape

from firmware.protocol import NEVER_US
from host.api.client import Programmer
from host.api.transport import SerialTransport, list_serial_ports
from host.errors import (
    EarlierOrderDone,
    HostError,
    InvalidRequest,
    LinkError,
    OrderInterrupted,
    OrderUncertain,
    PortError,
    Refused,
    SchemaMismatch,
)
from host.units import AmountError, parse_seconds

EXIT_DECLINED = 1
EXIT_USAGE = 2
EXIT_REFUSED = 3
EXIT_LINK = 4
EXIT_SCHEMA = 5
EXIT_UNCERTAIN = 6
EXIT_OUTPUT = 7
EXIT_INTERRUPTED = 130

# The first class that matches decides, so a class comes before its base.
_EXIT_CODES: tuple[tuple[type[Exception], int], ...] = (
    (InvalidRequest, EXIT_USAGE),
    (OrderUncertain, EXIT_UNCERTAIN),
    (EarlierOrderDone, EXIT_UNCERTAIN),
    (Refused, EXIT_REFUSED),
    (SchemaMismatch, EXIT_SCHEMA),
    (LinkError, EXIT_LINK),
    (PortError, EXIT_LINK),
)

_TIMEOUTS_S = Decimal("0.01"), Decimal(600)
_HOLDS_S = Decimal(1), Decimal(600)  # the pump bounds an order's expiry (LINK-2)
_EXACT_MAX = 1 << 53  # JSON readers make a 64-bit float of a number: beyond this it is rounded

open_transport = SerialTransport


@dataclass
class Options:
    """The options before the command; `timeout` and `holds` as a person writes them."""

    port: str | None
    as_json: bool
    timeout: str
    language: str | None
    holds: str
    yes: bool

    @property
    def timeout_s(self) -> float:
        """How long to wait for each reply. Raises AmountError."""
        return parse_seconds(self.timeout, *_TIMEOUTS_S)

    @property
    def holds_s(self) -> float:
        """How long an order holds. Raises AmountError."""
        return parse_seconds(self.holds, *_HOLDS_S)


def _yes(ctx: typer.Context, value: bool) -> bool:
    options: Options | None = ctx.obj  # None: this is the one before the command
    return value or (options is not None and options.yes)


Yes = Annotated[bool, typer.Option("--yes", "-y", callback=_yes, help="Do it without asking (for scripts).")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Language = Annotated[str | None, typer.Option("--language", help="en or fr; default: the environment's.")]


def options_of(ctx: typer.Context, as_json: bool = False, language: str | None = None) -> Options:
    """The options of this run; --json and --language may stand before the command or after it."""
    options: Options = ctx.obj
    return replace(options, as_json=options.as_json or as_json, language=language or options.language)


class Screen(Console):
    """A console whose reader may go away: a broken pipe is reported and does not end the program silently.

    Nothing is coloured for looking like a number or a path, only what is marked.
    """

    def __init__(self) -> None:
        super().__init__(highlight=False)

    def on_broken_pipe(self) -> None:
        """Raise BrokenPipeError, which is handled like any other failure to write."""
        raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE))


class UsageError(Exception):
    """The command line asks for something that cannot be done as written."""


@contextmanager
def connected(options: Options) -> Iterator[Programmer]:
    """Open the port and yield a Programmer; report every expected error on stderr and exit with its code."""
    pump: Programmer | None = None
    try:
        if not options.port:
            raise UsageError(_no_port())
        timeout_s, holds_s = options.timeout_s, options.holds_s
        transport = open_transport(options.port)
        try:
            # A random start keeps replies to an earlier run of this program from being taken for ours.
            first = secrets.randbelow(0x10000)
            pump = Programmer(transport, timeout_s=timeout_s, first_sequence=first, order_holds_s=holds_s)
            yield pump
        finally:
            transport.close()
    except (HostError, AmountError, UsageError) as error:
        code = next((code for kind, code in _EXIT_CODES if isinstance(error, kind)), EXIT_USAGE)
        report(error, code, options.as_json)
        raise typer.Exit(code) from error
    except OrderInterrupted as error:
        code = EXIT_INTERRUPTED if error.settled else EXIT_UNCERTAIN
        report(error, code, options.as_json)
        raise typer.Exit(code) from error
    except KeyboardInterrupt as error:
        done = ", ".join(pump.done) if pump is not None else ""
        report(KeyboardInterrupt(f"interrupted; carried out: {done or 'nothing'}"), EXIT_INTERRUPTED, options.as_json)
        raise typer.Exit(EXIT_INTERRUPTED) from error
    except OSError as error:
        # Not the port, whose errors are HostError: the output cannot be written.
        done = ", ".join(pump.done) if pump is not None else ""
        text = f"the output cannot be written ({error}); carried out: {done or 'nothing'}"
        _silence()
        report(OSError(text), EXIT_OUTPUT, options.as_json)
        raise typer.Exit(EXIT_OUTPUT) from error


def show(options: Options, value: Any, screen: RenderableType) -> None:
    """Print `value` (a record, or a list of them) as JSON, or `screen` for people."""
    if options.as_json:
        print(json.dumps(as_plain(value)), flush=True)
    else:
        Screen().print(screen)  # both flush, here, where a failure can still be reported


def _silence() -> None:
    """Redirect a broken stdout to nowhere: the interpreter would fail when it flushes the rest at exit."""
    try:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
    except (OSError, ValueError):
        pass  # stdout has no file descriptor, so nothing is buffered for it


def as_plain(value: Any) -> Any:
    """Return a record, or a list of them, as plain values for JSON. The schema hash becomes hex."""
    if isinstance(value, list):
        return [as_plain(each) for each in value]
    plain = {name: figure(each) for name, each in asdict(value).items()}
    if "schema_hash" in plain:
        plain["schema_hash"] = f"{value.schema_hash:016x}"
    return plain


def figure(value: Any) -> Any:
    """Return a value as JSON can hold it: a time that will not come as None, what a reader would round as text."""
    if type(value) is not int or abs(value) <= _EXACT_MAX:
        return value
    return None if value == NEVER_US else str(value)


def confirm(options: Options, question: RenderableType, yes: bool, declined: str = "Nothing was sent.") -> None:
    """Show the change on stderr and ask for confirmation. Prints `declined` and exits on a no; raises UsageError if
    nobody can be asked.

    With `yes` nothing is asked. With JSON as well nothing is shown either, so that stderr holds errors only.
    """
    console = Console(stderr=True, highlight=False)
    need_answer(yes)
    if not (yes and options.as_json):
        console.print(question)
    if not yes and not typer.confirm("Do it?", err=True):
        console.print(declined)
        raise typer.Exit(EXIT_DECLINED)


def need_answer(yes: bool) -> None:
    """Raise UsageError if nobody can be asked and nobody has said `yes`."""
    if not yes and not interactive():
        raise UsageError("this changes delivery and there is no terminal to ask on; give --yes to do it without asking")


def interactive() -> bool:
    """Whether a person can be asked."""
    return sys.stdin.isatty()


def _no_port() -> str:
    text = "no port: give --port PORT or set RELEVE_PORT (a device, socket://host:port, or any pyserial URL)"
    ports = list_serial_ports()
    return text + ("; found here: " + ", ".join(ports) if ports else "; no serial port was found on this machine")


def report(error: BaseException, code: int, as_json: bool) -> None:
    """Write an error to stderr, for a person or a script, whatever stderr is."""
    try:
        _write_report(error, code, as_json)
    except OSError:
        pass  # stderr is broken too: only the exit code is left


def _write_report(error: BaseException, code: int, as_json: bool) -> None:
    if not as_json:
        Console(stderr=True, highlight=False).print(f"[bold red]error:[/] {escape(str(error))}", soft_wrap=True)
        return
    details: dict[str, Any] = {"error": type(error).__name__, "message": str(error), "exit_code": code}
    # Whether delivery may have changed: a script must know this before it does anything else.
    details["outcome"] = "unknown" if code == EXIT_UNCERTAIN else "known"
    if isinstance(error, Refused):
        details.update(code=error.code, field=error.field, unit=error.unit)
        details.update(value=figure(error.value), limit=figure(error.limit))
    print(json.dumps(details), file=sys.stderr)
