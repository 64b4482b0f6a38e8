"""How a command ends: its exit code, what goes to stdout, what to stderr, and what is asked; without a command."""

from __future__ import annotations

import errno
import io
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import typer

from firmware import protocol
from host import console, reach, telling
from host.console import UsageError, confirm, connected, need_answer, show
from host.errors import (
    BadReply,
    EarlierOrderDone,
    HostError,
    InvalidRequest,
    LinkTimeout,
    OrderInterrupted,
    OrderLost,
    OrderUncertain,
    PortError,
    Refused,
    SchemaMismatch,
)
from host.options import Options
from host.records import Streaming
from host.units import AmountError
from tests.host.device import Device

pytestmark = pytest.mark.req("HOST-1")


def options(**given: Any) -> Options:
    words: dict[str, Any] = {
        "port": "x",
        "as_json": False,
        "timeout": None,
        "language": None,
        "holds": None,
        "yes": False,
    }
    return Options(**words | given)


@pytest.fixture
def device(monkeypatch: pytest.MonkeyPatch) -> Device:
    made = Device()
    monkeypatch.setattr(console, "open_transport", lambda port: made)
    return made


def ends(given: Options, within: Callable[[Any], None]) -> int:
    """The exit code of a command."""
    with pytest.raises(typer.Exit) as error, connected(given) as pump:
        within(pump)
    return int(error.value.exit_code)


def raises(error: BaseException) -> Callable[[Any], None]:
    def raising(_: Any) -> None:
        raise error

    return raising


ENDS: list[tuple[BaseException, int, str]] = [
    (UsageError("x"), 2, "known"), (AmountError("x"), 2, "known"), (HostError("x"), 2, "known"),
    (InvalidRequest("bolus", protocol.HARD_LIMIT, "volume_mu", 2, 1, "mU"), 2, "known"),
    (Refused("bolus", protocol.BOLUS_ACTIVE, "", 0, 0, ""), 3, "known"),
    (PortError("x"), 4, "known"), (LinkTimeout("x", 1, 0.5, 0), 4, "known"), (OrderLost("x", ""), 4, "known"),
    (BadReply("x"), 4, "known"), (SchemaMismatch(1, 2), 5, "known"), (OrderUncertain("x", ""), 6, "unknown"),
    (EarlierOrderDone("x", "y"), 6, "unknown"), (OSError(errno.ENOSPC, "full"), 7, "known"),
    (OrderInterrupted("x", "", settled=True), 130, "known"), (OrderInterrupted("x", "", settled=False), 6, "unknown"),
    (KeyboardInterrupt(), 130, "known"),
]  # fmt: skip


@pytest.mark.parametrize(("error", "code", "outcome"), ENDS, ids=[f"{type(e).__name__}-{c}" for e, c, _ in ENDS])
def test_each_error_has_its_exit_code_and_one_line_or_one_object(
    device: Device, capsys: pytest.CaptureFixture[str], error: BaseException, code: int, outcome: str
) -> None:
    assert ends(options(), raises(error)) == code and device.closed
    told = capsys.readouterr()
    assert told.out == "" and told.err.startswith("error: ") and len(told.err.splitlines()) == 1
    assert ends(options(as_json=True), raises(error)) == code
    found = json.loads(capsys.readouterr().err)
    assert (found["exit_code"], found["outcome"], found["error"]) == (code, outcome, type(error).__name__)
    assert found["message"] in told.err
    if isinstance(error, Refused):
        assert (found["code"], found["field"], found["unit"]) == (error.code, error.field, error.unit)
        assert (found["value"], found["limit"]) == (error.value, error.limit)
    else:
        assert "code" not in found


def test_an_error_is_shown_as_it_is_however_long_and_however_like_markup(
    device: Device, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "[red]12 U[/] of 1234567890 " * 9
    ends(options(), raises(UsageError(text)))
    assert capsys.readouterr().err == f"error: {text}\n"


@pytest.mark.req("LINK-2")
def test_what_was_carried_out_is_told_when_a_person_or_the_output_ends_it(
    device: Device, capsys: pytest.CaptureFixture[str]
) -> None:
    def orders(pump: Any, error: BaseException) -> None:
        pump.set_basal(100)
        pump.stop()
        raise error

    for error in (KeyboardInterrupt(), OSError(errno.EPIPE, "gone")):
        ends(options(), raises(error))
        assert "carried out: nothing" in capsys.readouterr().err
        ends(options(), lambda pump, error=error: orders(pump, error))  # type: ignore[misc]
        assert "carried out: basal rate, stop" in capsys.readouterr().err
        device.pump.switch.resume()


def test_a_port_that_cannot_be_opened_has_carried_out_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    failures: list[tuple[BaseException, int, str]] = [
        (PortError("no"), 4, "error: no"),
        (KeyboardInterrupt(), 130, "carried out: nothing"),
    ]
    for error, code, told in failures:
        monkeypatch.setattr(console, "open_transport", lambda port, error=error: raises(error)(port))
        assert ends(options(), lambda pump: None) == code and told in capsys.readouterr().err


def test_without_a_port_those_of_the_machine_are_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for port in (None, ""):
        for ports, told in (
            (["/dev/a (x)", "/dev/b (y)"], "; found here: /dev/a (x), /dev/b (y)"),
            ([], "; no serial"),
        ):
            monkeypatch.setattr(console, "list_serial_ports", lambda ports=ports: ports)
            assert ends(options(port=port), lambda pump: None) == 2
            shown = capsys.readouterr().err
            assert "no port: give --port PORT or set RELEVE_PORT" in shown and told in shown


def test_how_long_is_waited_and_how_long_an_order_holds_is_as_given(device: Device) -> None:
    with connected(options(timeout="0,25", holds="600")) as pump:
        assert (pump.timeout_s, pump._order_holds_us) == (0.25, 600_000_000)
    with connected(options()) as pump:
        assert (pump.timeout_s, pump._order_holds_us) == (0.5, 10_000_000)
    assert device.closed
    assert ends(options(timeout="0"), lambda pump: None) == ends(options(holds="0.9"), lambda pump: None) == 2


def test_a_conversation_begins_at_any_number(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def draws(below: int) -> int:
        asked.append(below)
        return below - 1

    monkeypatch.setattr(reach.secrets, "randbelow", draws)
    with connected(options()) as pump:
        assert pump.link.next_sequence == 0xFFFF and asked[0] == 0x10000


def test_a_value_goes_to_stdout_as_json_or_as_it_is_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    show(options(), Streaming(5), "for [bold]people[/] 12")
    assert capsys.readouterr().out == "for people 12\n"
    show(options(as_json=True), Streaming(5), "for people")
    show(options(as_json=True), [Streaming(protocol.NEVER_US)], "for people")
    first, second = capsys.readouterr().out.splitlines()
    assert json.loads(first) == {"until_us": 5} and json.loads(second) == [{"until_us": None}]


@pytest.mark.parametrize("as_json", [False, True])
def test_an_output_that_is_closed_is_told(
    device: Device, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    given = options(as_json=as_json)
    monkeypatch.setattr(sys, "stdout", None)
    assert ends(given, lambda pump: show(given, Streaming(5), "x")) == 7
    assert "stdout is closed" in capsys.readouterr().err


class Full(io.StringIO):
    """Takes what is written and fails when it is to go out."""

    def flush(self) -> None:
        raise OSError(errno.ENOSPC, "full")


@pytest.mark.parametrize("as_json", [False, True])
def test_output_that_cannot_go_out_is_found_while_it_can_be_told(
    device: Device, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], as_json: bool
) -> None:
    monkeypatch.setattr(sys, "stdout", Full())
    given = options(as_json=as_json)
    assert ends(given, lambda pump: show(given, Streaming(5), "x")) == 7
    assert "cannot be written" in capsys.readouterr().err
    with pytest.raises(BrokenPipeError):
        telling.Screen().on_broken_pipe()


def test_what_is_left_of_a_broken_output_goes_nowhere(
    device: Device, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The interpreter flushes it at its end, and would fail again."""
    with (tmp_path / "out").open("w") as out:
        monkeypatch.setattr(sys, "stdout", out)
        ends(options(), raises(OSError(errno.ENOSPC, "full")))
        out.write("the rest")
        out.flush()
        assert os.path.samestat(os.fstat(out.fileno()), Path(os.devnull).stat())
    assert (tmp_path / "out").read_text() == ""


def test_no_figure_is_coloured_by_itself(
    device: Device, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    show(options(), Streaming(5), "12 [bold]34[/] 'x'")
    confirm(options(), "12 [bold]34[/] 'x'", yes=True)
    shown = "12 \x1b[1m34\x1b[0m 'x'\n"
    assert capsys.readouterr() == (shown, shown)
    ends(options(), raises(UsageError("12 'x'")))
    assert capsys.readouterr().err == "\x1b[1;31merror:\x1b[0m 12 'x'\n"


def test_stderr_that_is_broken_leaves_the_exit_code(device: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Full())
    assert ends(options(as_json=True), raises(PortError("x"))) == 4


def test_a_question_is_shown_on_stderr_and_asked_of_a_person(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[tuple[str, bool]] = []
    answer = True

    def asks(text: str, err: bool) -> bool:
        asked.append((text, err))
        return answer

    monkeypatch.setattr(typer, "confirm", asks)
    monkeypatch.setattr(console, "interactive", lambda: True)
    confirm(options(), "1 U -> [bold]2 U[/]", yes=False)
    assert asked == [("Do it?", True)]
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "1 U -> 2 U\n")
    confirm(options(as_json=True), "1 -> 2", yes=False)
    assert capsys.readouterr().err == "1 -> 2\n", "a person must see what is asked"
    answer = False
    with pytest.raises(typer.Exit) as error:
        confirm(options(), "1 -> 2", yes=False, declined="No 1.")
    assert error.value.exit_code == 1 and capsys.readouterr().err == "1 -> 2\nNo 1.\n"
    asked.clear()
    confirm(options(), "1 -> 2", yes=True)
    assert capsys.readouterr().err == "1 -> 2\n" and asked == []
    confirm(options(as_json=True), "1 -> 2", yes=True)
    assert capsys.readouterr().err == "", "with JSON it holds errors only"


def test_nobody_to_ask_and_nobody_who_said_yes_is_an_error(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("y\n"))
    assert not console.interactive()
    need_answer(yes=True)
    with pytest.raises(UsageError, match="give --yes"):
        need_answer(yes=False)
    with pytest.raises(UsageError, match="give --yes"):
        confirm(options(), "1 -> 2", yes=False)
    assert capsys.readouterr().err == ""
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True)
    assert console.interactive()
    need_answer(yes=False)
