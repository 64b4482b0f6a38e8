"""Transports: the byte stream that the client needs, and its implementation over a serial port.

The client keeps no time of its own; a transport's `read` does. So the same client runs on a serial port in real time
and on a virtual bench in logical time.
"""

from __future__ import annotations

import errno
from typing import Protocol

import serial
from serial.tools import list_ports

from host.errors import PortError

BAUD = 115200
_WRITE_TIMEOUT_S = 5
_IN_USE = (errno.EAGAIN, errno.EBUSY)  # another program has locked it


class Transport(Protocol):
    """A byte stream to a pump."""

    def write(self, data: bytes) -> None:
        """Send all of `data`. Raises PortError."""

    def read(self, timeout_s: float) -> bytes:
        """Return what has arrived, at least one byte; b"" if none comes within `timeout_s`. Raises PortError."""


class SerialTransport:
    """A serial port, or whatever else pyserial opens: `/dev/ttyACM0`, `COM3`, `socket://host:port`, `rfc2217://…`.

    115200 8N1. Bytes that arrived before it was opened are discarded: they answer no request of this client. A device
    is opened for this program alone.

    Implements: HOST-5
    """

    def __init__(self, port: str) -> None:
        self._name = port
        try:
            self._port = serial.serial_for_url(port, baudrate=BAUD, write_timeout=_WRITE_TIMEOUT_S, exclusive=True)
            self._port.reset_input_buffer()
        except (serial.SerialException, OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno in _IN_USE:
                raise PortError(
                    f"port {port} is in use by another program: two would take each other's replies"
                ) from error
            raise PortError(f"cannot open port {port}: {error}") from error

    def write(self, data: bytes) -> None:
        """Send all of `data`; raises PortError, also if the port does not take it within 5 s."""
        try:
            self._port.write(data)
        except (serial.SerialException, OSError) as error:
            raise PortError(f"port {self._name} broke while sending: {error}") from error

    def read(self, timeout_s: float) -> bytes:
        """Wait up to `timeout_s` for a byte and return it with any that came with it; raises PortError."""
        try:
            self._port.timeout = timeout_s
            data = bytes(self._port.read(1))
            return data + bytes(self._port.read(self._port.in_waiting)) if data else b""
        except (serial.SerialException, OSError) as error:
            raise PortError(f"port {self._name} broke while receiving: {error}") from error

    def close(self) -> None:
        """Close the port; a second time does nothing."""
        self._port.close()


def list_serial_ports() -> list[str]:
    """Return the serial ports of this machine as "device (description)"."""
    return [f"{port.device} ({port.description})" for port in list_ports.comports()]
