"""Shared by all commands of the CLI: opening the pump, output, questions, and errors as exit codes."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import Any, TypeVar

import typer
from rich.console import RenderableType

from firmware import protocol
from host import configuration
from host.api.client import Programmer
from host.api.prepared import CHANGED, Prepared
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
from host.options import (
    EXIT_CUT_SHORT,
    EXIT_DECLINED,
    EXIT_INTERRUPTED,
    EXIT_LINK,
    EXIT_OUTPUT,
    EXIT_REFUSED,
    EXIT_SCHEMA,
    EXIT_UNCERTAIN,
    EXIT_USAGE,
    Options,
)
from host.plain import as_plain
from host.reach import how_to_reach
from host.session.errors import CardError, KeyNameError, SessionError
from host.session.keyring import Keyring
from host.stdout import ensure_stdout
from host.store import StoreError
from host.telling import Screen, report, say_error, silence
from host.text import Text
from host.texts.alarms import language_of
from host.texts.spoken import said
from host.units import AmountError

# Refusals of what was changed after it was looked at: what an order does it to, or the rates staged for a pattern.
_MEANWHILE = (CHANGED, *(protocol.CODES[each] for each in (protocol.NOT_STAGED, protocol.NOT_THE_SAME)))
_ASKED = {"en": "Do it?", "fr": "Le faire ?"}
_ANSWERS = {"en": ("y", "yes"), "fr": ("o", "oui")}

open_transport = SerialTransport
T = TypeVar("T")


class UsageError(Exception):
    """The command line asks for something that cannot be done as written."""


class NotNow(Exception):
    """What is asked for makes no sense in the pump's present state; nothing was sent."""


class CutShort(Exception):
    """A bolus that was waited for has ended before all of it was delivered."""


# The first class that matches decides, so a class comes before its base.
_EXIT_CODES: tuple[tuple[type[Exception], int], ...] = (
    (InvalidRequest, EXIT_USAGE),
    (OrderUncertain, EXIT_UNCERTAIN),
    (EarlierOrderDone, EXIT_UNCERTAIN),
    (Refused, EXIT_REFUSED),
    (NotNow, EXIT_REFUSED),
    (CutShort, EXIT_CUT_SHORT),
    (SchemaMismatch, EXIT_SCHEMA),
    (CardError, EXIT_USAGE),
    (KeyNameError, EXIT_USAGE),
    (SessionError, EXIT_REFUSED),
    (StoreError, EXIT_REFUSED),
    (LinkError, EXIT_LINK),
    (PortError, EXIT_LINK),
)


def _ended(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt


@contextmanager
def _ends_in_order() -> Iterator[None]:
    """A request to end, and a terminal that closes, are like Ctrl-C: what was done is told."""
    before = {}
    for name in ("SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)  # Windows has no SIGHUP
        if number is not None and signal.getsignal(number) == signal.SIG_DFL:  # nohup has it ignored
            try:
                before[number] = signal.signal(number, _ended)
            except ValueError:
                pass  # not in the main thread, which alone hears signals
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def connected(options: Options, keyring: Callable[[], Keyring] | None = None) -> Iterator[Programmer]:
    """Open the port and yield a Programmer; report every expected error on stderr and exit with its code.

    What is not given in `options` comes from the configuration file. `keyring` returns the key to open a session with,
    if it is not the one that the options name; it is called before the port is opened.
    """
    opened: list[Programmer] = []
    with _reported(options, opened):
        configured(options)
        if not options.port:
            raise UsageError(_no_port())
        how = how_to_reach(options, lambda: spoken_by(options))
        if keyring is not None:
            how["keyring"] = keyring()
        transport = open_transport(options.port)
        try:
            opened.append(Programmer(transport, **how))
            yield opened[0]
            opened[0].settle_left()  # after an order that reduces delivery, which waits for nothing
        finally:
            transport.close()


@contextmanager
def here(options: Options) -> Iterator[None]:
    """As connected(), for a command that asks no pump."""
    with _reported(options, []):
        yield


@contextmanager
def _reported(options: Options, opened: Sequence[Programmer]) -> Iterator[None]:
    try:
        with _ends_in_order():
            yield
    except (HostError, AmountError, UsageError, NotNow, CutShort) as error:
        code = next((code for kind, code in _EXIT_CODES if isinstance(error, kind)), EXIT_USAGE)
        raise _exit(error, code, options, opened) from error
    except OrderInterrupted as error:
        raise _exit(error, EXIT_INTERRUPTED if error.settled else EXIT_UNCERTAIN, options, opened) from error
    except typer.Abort as error:  # at a question
        if not options.as_json:
            typer.echo(err=True)  # the question's line is still open
        if isinstance(error.__context__, KeyboardInterrupt):
            interrupted = KeyboardInterrupt("interrupted")
            raise _exit(interrupted, EXIT_INTERRUPTED, options, opened, always=True) from error
        raise _exit(UsageError("nothing was answered"), EXIT_DECLINED, options, opened) from error
    except KeyboardInterrupt as error:
        interrupted = KeyboardInterrupt("interrupted")
        raise _exit(interrupted, EXIT_INTERRUPTED, options, opened, always=True) from error
    except OSError as error:
        # Not the port, whose errors are HostError: the output cannot be written.
        silence()
        told = OSError(Text("the output cannot be written ({})", error))
        raise _exit(told, EXIT_OUTPUT, options, opened, always=True) from error


def _exit(
    error: BaseException, code: int, options: Options, opened: Sequence[Programmer], *, always: bool = False
) -> typer.Exit:
    report(error, code, options.as_json, opened[0].done if opened else [], always=always, language=spoken_by(options))
    return typer.Exit(code)


def spoken_by(options: Options) -> str:
    """Return the language in which this run speaks, "en" or "fr"."""
    try:
        return language_of(options.language) if options.spoken else "en"
    except AmountError:  # which is what there is to say
        return "en"


def configured(options: Options) -> None:
    """Fill in what neither the command line nor the environment gives. Raises AmountError if the file is unusable."""
    found = configuration.read()
    for name in configuration.KEYS:
        setattr(options, name, getattr(options, name) or found.get(name))


def show(options: Options, value: Any, screen: RenderableType) -> None:
    """Print `value` (a record, or a list of them) as JSON, or `screen` for people."""
    if options.as_json:
        write_line(json.dumps(as_plain(value)))
    else:
        ensure_stdout()
        Screen().print(screen)  # both flush, here, where a failure can still be reported


def write_line(text: str) -> None:
    """Write a line to stdout, at once. Raises OSError."""
    ensure_stdout()
    print(text, flush=True)


def confirm(
    options: Options,
    question: RenderableType,
    yes: bool,
    declined: str | None = None,
    language: str = "en",
) -> None:
    """Show the change on stderr and ask for confirmation. Prints `declined` and exits on a no; raises UsageError if
    nobody can be asked.

    With `yes` nothing is asked. With JSON as well nothing is shown either, so that stderr holds errors only.
    """
    screen = Screen(stderr=True)
    need_answer(yes)
    if not (yes and options.as_json):
        screen.print(question)
    if yes:
        return
    if not _says_yes(language):
        screen.print(said("Nothing was sent.", language) if declined is None else declined)
        raise typer.Exit(EXIT_DECLINED)


def agreed(
    options: Options,
    prepared: Prepared,
    question: Callable[[Any], RenderableType],
    yes: bool,
    declined: str | None = None,
    again: Callable[[], Prepared] | None = None,
) -> Any:
    """Show what the pump says that an order would do, ask, and give the order; return its record.

    If the pump was changed while the question stood, the new summary is shown and asked about. `again` prepares an
    order whose values come from what the pump holds; without it the values stay as they are.
    """
    language = spoken_by(options)
    while True:
        confirm(options, question(prepared.summary), yes, declined, language)
        try:
            return prepared.confirm()
        except Refused as error:
            if error.code not in _MEANWHILE:
                raise
        if not (yes and options.as_json):
            Screen(stderr=True).print(said("The pump was changed meanwhile:", language))
        prepared = again() if again else prepared.again()


def _says_yes(language: str) -> bool:
    if language == "en":
        return typer.confirm(_ASKED["en"], err=True)
    while True:
        said = typer.prompt(f"{_ASKED[language]} [o/N]", default="n", show_default=False, err=True).strip().lower()
        if said in _ANSWERS[language] + _ANSWERS["en"]:
            return True
        if said in ("n", "non", "no"):
            return False


def ask(question: str, read: Callable[[str], T], language: str = "en", default: str | None = None) -> T:
    """Ask on stderr until `read` takes what is typed; what it raises (AmountError) is told. Raises typer.Abort."""
    while True:
        typed = typer.prompt(question, default=default, err=True)
        try:
            return read(typed)
        except AmountError as error:
            say_error(Screen(stderr=True), str(error), language)


def need_answer(yes: bool) -> None:
    """Raise UsageError if nobody can be asked and nobody has said `yes`."""
    if not yes and not interactive():
        raise UsageError("this changes delivery and there is no terminal to ask on; give --yes to do it without asking")


def interactive() -> bool:
    """Whether a person can be asked."""
    return sys.stdin is not None and sys.stdin.isatty()


def _no_port() -> str:
    text = "no port: give --port PORT or set RELEVE_PORT (a device, socket://host:port, or any pyserial URL)"
    ports = list_serial_ports()
    if ports:
        return Text("{}; found here: {}", text, ", ".join(ports))
    return Text("{}; no serial port was found on this machine", text)
