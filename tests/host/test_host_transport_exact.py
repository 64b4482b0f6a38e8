"""The serial port as the transport opens, reads and writes it; and a pseudo-terminal that another program has."""

from __future__ import annotations

import errno
import os
import pty
import tty
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
import serial
from serial.tools import list_ports

from host.api import transport
from host.api.transport import SerialTransport
from host.errors import PortError

pytestmark = pytest.mark.req("HOST-1", "LINK-1")


class Port:
    """A port that notes what is asked of it; `coming` has come, and reads are never waited for."""

    def __init__(self) -> None:
        self.opened: dict[str, Any] = {}
        self.coming = b""
        self.asked: list[int] = []
        self.timeout: float | None = None
        self.written = b""

    @property
    def in_waiting(self) -> int:
        return len(self.coming)

    def read(self, size: int) -> bytes:
        self.asked.append(size)
        data, self.coming = self.coming[:size], self.coming[size:]
        return data

    def reset_input_buffer(self) -> None:
        self.coming = b""

    def write(self, data: bytes) -> None:
        self.written += data


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Port:
    made = Port()

    def opens(name: str, **how: Any) -> Port:
        made.opened = {"name": name, **how}
        return made

    monkeypatch.setattr(serial, "serial_for_url", opens)
    return made


@pytest.mark.req("HOST-5")
def test_a_port_is_opened_for_this_program_alone_and_a_write_ends(port: Port) -> None:
    port.coming = b"old"
    opened = SerialTransport("x")
    assert port.opened == {"name": "x", "baudrate": 115_200, "write_timeout": 5, "exclusive": True}
    assert transport.BAUD == 115_200 and port.coming == b"", "what came before answers no request"
    opened.write(b"abc")
    assert port.written == b"abc"


def test_a_read_waits_for_one_byte_and_takes_those_that_came_with_it(port: Port) -> None:
    opened = SerialTransport("x")
    for coming, asked in ((b"", [1]), (b"a", [1, 0]), (b"abcde", [1, 4])):
        port.coming = coming
        port.asked.clear()
        assert opened.read(0.25) == coming
        assert port.asked == asked and port.timeout == 0.25


@pytest.fixture
def terminal() -> Iterator[tuple[int, str]]:
    master, slave = pty.openpty()
    tty.setraw(slave)
    yield master, os.ttyname(slave)
    os.close(slave)
    os.close(master)


@pytest.mark.req("HOST-5")
def test_a_second_program_is_told_that_the_port_is_in_use(terminal: tuple[int, str]) -> None:
    master, name = terminal
    os.write(master, b"old")
    first = SerialTransport(name)
    os.write(master, b"new")
    assert first.read(5) == b"new"
    with pytest.raises(PortError, match=f"port {name} is in use by another program"):
        SerialTransport(name)
    first.close()
    SerialTransport(name).close()


def test_why_a_port_cannot_be_opened_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    for cause, told in (
        (ValueError("invalid URL"), "cannot open port x: invalid URL"),
        (serial.SerialException(errno.ENOENT, "no such file"), "cannot open port x: .*no such file"),
        (serial.SerialException("could not open"), "cannot open port x: could not open"),
        (serial.SerialException(errno.EAGAIN, "locked"), "port x is in use by another program"),
        (OSError(errno.EBUSY, "busy"), "port x is in use by another program"),
    ):

        def fails(*_: object, cause: Exception = cause, **__: object) -> None:
            raise cause

        monkeypatch.setattr(serial, "serial_for_url", fails)
        with pytest.raises(PortError, match=told):
            SerialTransport("x")


def test_ports_are_listed_with_what_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    ports = [SimpleNamespace(device="/dev/x", description="a board")]
    monkeypatch.setattr(list_ports, "comports", lambda: ports)
    assert transport.list_serial_ports() == ["/dev/x (a board)"]


def test_what_a_port_fails_with_is_a_port_error(port: Port) -> None:
    opened = SerialTransport("x")

    def fails(_: object) -> bytes:
        raise serial.SerialTimeoutException("gone")

    port.read = port.write = fails  # type: ignore[method-assign, assignment]
    with pytest.raises(PortError, match="port x broke while receiving: gone"):
        opened.read(1)
    with pytest.raises(PortError, match="port x broke while sending: gone"):
        opened.write(b"x")
