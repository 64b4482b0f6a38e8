"""Transports: the byte stream that the client needs, and its implementation over a serial port.

The client keeps no time of its own; a transport's `read` does, and its `now_us`, if it has one. So the same client runs
on a serial port in real time and on a virtual bench in logical time.
"""

from __future__ import annotations

import errno
import re
import select
import socket
import time
from typing import Any, Protocol

from host.errors import PortError
from host.text import Text

BAUD = 115200
_WRITE_TIMEOUT_S = 5
_CONNECT_TIMEOUT_S = 10
_CHUNK_BYTES = 4096
_TCP = re.compile(r"socket://(?:\[([0-9A-Fa-f:.]+)\]|([^/:?#\[\]]+)):([0-9]{1,5})/?")  # with more to it, pyserial's
_IN_USE = (errno.EAGAIN, errno.EBUSY)  # another program has locked it
_TURNED_AWAY = b"port in use"  # what a virtual pump says by TCP to a second program before it closes


class Transport(Protocol):
    """A byte stream to a pump."""

    def write(self, data: bytes) -> None:
        """Send all of `data`. Raises PortError."""

    def read(self, timeout_s: float) -> bytes:
        """Return what has arrived, at least one byte; b"" if none comes within `timeout_s`. Raises PortError."""


class _Tcp:
    """A TCP connection with as much of a pyserial port as is used here, whose own sleeps 0.3 s when it is closed."""

    def __init__(self, host: str, port: int) -> None:
        self.timeout = 0.0
        self.in_waiting = 0  # read() brings all that has come
        self._first = b""
        if not 0 < port <= 0xFFFF:
            raise ValueError(f"there is no TCP port {port}")
        self._socket: socket.socket | None = socket.create_connection((host, port), _CONNECT_TIMEOUT_S)
        self._socket.settimeout(_WRITE_TIMEOUT_S)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _open(self) -> socket.socket:
        if self._socket is None:
            raise OSError(errno.EBADF, "it is closed")
        return self._socket

    def write(self, data: bytes) -> None:
        self._open().sendall(data)

    def read(self, least: int) -> bytes:
        if not least or not select.select([self._open()], [], [], self.timeout)[0]:
            return b""
        data = self._open().recv(_CHUNK_BYTES)
        self._first = self._first or data
        if data:
            return data
        if self._first.startswith(_TURNED_AWAY):
            raise OSError(errno.EBUSY, "another program speaks on it")
        raise OSError(errno.ECONNRESET, "the other end has closed it")

    def reset_input_buffer(self) -> None:
        while select.select([self._open()], [], [], 0)[0] and (data := self._open().recv(_CHUNK_BYTES)):
            self._first = self._first or data

    def close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


def _opened(port: str) -> Any:
    if found := _TCP.fullmatch(port):
        return _Tcp(found[1] or found[2], int(found[3]))
    import serial  # a fifth of what a command over TCP takes to start

    return serial.serial_for_url(port, baudrate=BAUD, write_timeout=_WRITE_TIMEOUT_S, exclusive=True)


class SerialTransport:
    """A serial port, or whatever else pyserial opens: `/dev/ttyACM0`, `COM3`, `socket://host:port`, `rfc2217://…`.

    115200 8N1. Bytes that arrived before it was opened are discarded: they answer no request of this client. A device
    is opened for this program alone; at a TCP port the other end lets one program in, as a virtual pump does, or more.
    It can be used in a `with` statement, which closes it.

    Implements: HOST-5
    """

    def __init__(self, port: str) -> None:
        self._name = port
        try:
            self._port = _opened(port)
            self._port.reset_input_buffer()
        except Exception as error:  # pyserial's drivers raise what they like, termios.error among others
            raise _in_use(port, error) or PortError(Text("cannot open port {}: {}", port, error)) from error

    def __enter__(self) -> SerialTransport:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def now_us(self) -> int:
        """Time of this machine's monotonic clock, in µs."""
        return time.monotonic_ns() // 1000

    def write(self, data: bytes) -> None:
        """Send all of `data`; raises PortError, also if the port does not take it within 5 s."""
        try:
            self._port.write(data)
        except Exception as error:  # as above
            raise PortError(Text("port {} broke while sending: {}", self._name, error)) from error

    def read(self, timeout_s: float) -> bytes:
        """Wait up to `timeout_s` for a byte and return it with any that came with it; raises PortError."""
        try:
            self._port.timeout = timeout_s
            data = bytes(self._port.read(1))
            return data + bytes(self._port.read(self._port.in_waiting)) if data else b""
        except Exception as error:  # as above
            broke = Text("port {} broke while receiving: {}", self._name, error)
            raise _in_use(self._name, error) or PortError(broke) from error

    def close(self) -> None:
        """Close the port; a second time does nothing."""
        self._port.close()


def _in_use(port: str, error: Exception) -> PortError | None:
    """Return the error of a port on which another program speaks; None if `error` is another one."""
    if not isinstance(error, OSError) or error.errno not in _IN_USE:
        return None
    return PortError(Text("port {} is in use by another program: two would take each other's replies", port))


def list_serial_ports() -> list[str]:
    """Return the serial ports of this machine as "device (description)"."""
    return [f"{device} ({description})" for device, description in serial_ports()]


def serial_ports() -> list[tuple[str, str]]:
    """Return the serial ports of this machine as (device, description), by name."""
    from serial.tools import list_ports  # only these two need it

    return sorted((port.device, port.description or "n/a") for port in list_ports.comports())
