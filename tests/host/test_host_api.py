"""The Python API as its users meet it: errors that are all HostErrors, None for nothing, `with`, types, examples."""

from __future__ import annotations

import ast
import runpy
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from host import errors
from host.api.client import Programmer
from host.api.transport import SerialTransport
from host.errors import HostError, NoSuchName, PortError, WrongType
from host.records import Limits
from tests.host.device import Device

pytestmark = pytest.mark.req("HOST-3")
ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "docs" / "examples").glob("*.py"))


def programmer(device: Device | None = None) -> Programmer:
    return Programmer(device or Device(), first_command_id=1)


WRONG: list[Callable[[Programmer], Any]] = [
    lambda pump: pump.temp_basal("percnt", 50, 60), lambda pump: pump.temp_basal(None, 50, 60),  # type: ignore[arg-type]
    lambda pump: pump.bolus("2"), lambda pump: pump.bolus(2.4), lambda pump: pump.bolus(None),  # type: ignore[arg-type]
    lambda pump: pump.bolus(-1), lambda pump: pump.bolus(1 << 70), lambda pump: pump.set_basal(float("nan")),  # type: ignore[arg-type]
    lambda pump: pump.stage_pattern("A", [100]), lambda pump: pump.stage_pattern("E", [100] * 48),
    lambda pump: pump.stage_pattern("A", ["x"] * 48),  # type: ignore[list-item]
    lambda pump: pump.read_pattern(["A"]), lambda pump: pump.start_procedure("lunch"),  # type: ignore[arg-type]
    lambda pump: pump.set_limits(Limits("1", 2, 3, 4)), lambda pump: pump.set_time("now"),  # type: ignore[arg-type]
    lambda pump: pump.call("lunch"), lambda pump: pump.call("bolus"), lambda pump: pump.require("bolus", volume=3),
    lambda pump: pump.answer_procedure(0, "done"), lambda pump: pump.clear_fault(None),  # type: ignore[arg-type]
    lambda pump: pump.read_log(-1), lambda pump: pump.read_deliveries(0, 99), lambda pump: pump.telemetry(0.5, 60),  # type: ignore[arg-type]
]  # fmt: skip


@pytest.mark.parametrize("act", WRONG, ids=range(len(WRONG)))
def test_whatever_is_wrong_is_a_host_error_and_nothing_is_sent(act: Callable[[Programmer], Any]) -> None:
    device = Device()
    with pytest.raises(HostError) as error:
        act(programmer(device))
    assert str(error.value) and device.done == []


def test_the_checks_of_the_programmer_may_be_left_away_and_kinds_not() -> None:
    with pytest.raises(WrongType):
        Programmer(Device(), check=False).bolus(1 << 70)
    with pytest.raises(NoSuchName, match="there is no 'percnt', only rate, percent"):
        programmer().temp_basal("percnt", 50, 60)


def test_what_is_nothing_is_none() -> None:
    device = Device()
    pump = programmer(device)
    status = pump.status()
    assert (status.pattern, status.temp_until_us, status.recommended_until_us, status.next_due_us) == (None,) * 4
    assert (pump.read_reservoir().filled_utc_s, pump.read_reservoir().due_utc_s) == (None, None)
    assert pump.read_procedure().procedure_end is None
    assert [each.end_us for each in pump.deliveries()] == [None]
    assert pump.select_pattern("B").old_pattern is None and pump.select_pattern("C").old_pattern == "B"
    assert pump.status().pattern == "C"
    pump.temp_basal("percent", 50, 60)
    assert pump.status().temp_until_us == 3_600_000_000
    device.hand.wall.lose(1)
    device.live(1)
    assert pump.read_time().utc_s is None and pump.status().utc_s is None


def test_a_with_statement_closes_the_port() -> None:
    device = Device()
    with programmer(device) as pump:
        pump.set_basal(100)
    assert device.closed
    pump.close()
    with pytest.raises(ZeroDivisionError), programmer(device):
        raise ZeroDivisionError


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A pump on CPython behind a TCP port."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        device = Device()
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                while data := connection.recv(256):
                    connection.sendall(device.feed(data))
                    device.live(1)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield f"socket://127.0.0.1:{server.getsockname()[1]}"
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join(60)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_does_what_it_says(
    example: Path, port: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RELEVE_PORT", port)
    runpy.run_path(str(example), run_name="__main__")
    told = capsys.readouterr().out
    assert told
    promised = (ast.get_docstring(ast.parse(example.read_text(encoding="utf-8"))) or "").partition("Prints:")[2]
    for line in promised.split("\n"):
        assert line.strip() in told


def test_there_are_examples_and_the_package_is_typed() -> None:
    assert len(EXAMPLES) >= 3 and (ROOT / "host" / "py.typed").exists()
    assert '"py.typed"' in (ROOT / "pyproject.toml").read_text(encoding="utf-8")


def test_a_tcp_port_is_left_without_a_wait_and_one_that_is_none_is_told(port: str) -> None:
    transport = SerialTransport(port)
    assert transport.read(0.01) == b""
    transport.close()
    transport.close()
    with pytest.raises(PortError, match="it is closed"):
        transport.read(0.01)
    for wrong in (
        "socket://127.0.0.1:0",
        "socket://127.0.0.1:99999",
        "socket://[::1]:1",
        "socket://127.0.0.1",
        "",
        "x://",
    ):
        with pytest.raises(PortError, match="cannot open port"):
            SerialTransport(wrong)


def test_every_public_name_says_what_it_does() -> None:
    """With units where there are figures: names end in them, and the texts of the API name them."""
    for path in sorted((ROOT / "host" / "api").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_"):
                inner = path.name == "transport.py" and node.name in ("write", "read", "close", "reset_input_buffer")
                assert inner or ast.get_docstring(node), f"{path.name}: {node.name}"
    assert issubclass(errors.WrongType, HostError)
