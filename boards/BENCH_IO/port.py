"""The board's end of the line to the host: UART0 in the project's own image, USB in a stock one.

Both have `read_into(buffer)`, which never waits, `write(buffer, count)`, and `wait(timeout_ms)`, which sleeps until
bytes arrive or the time is over. The project's image has no USB: its interrupts would wake an idle board every
millisecond.
"""

import os
import select
import sys

import machine
import micropython

BAUD = micropython.const(115200)


class UartPort:
    """UART0, 115200 8N1."""

    def __init__(self, tx, rx):
        self._uart = machine.UART(0, BAUD, tx=tx, rx=rx, rxbuf=1024, txbuf=1024)
        self._poll = select.poll()
        self._poll.register(self._uart, select.POLLIN)

    def read_into(self, buffer):
        """Read the bytes that have arrived, at most a full buffer; returns their number."""
        return self._uart.readinto(buffer) or 0

    def write(self, buffer, count):
        """Send the first `count` bytes."""
        self._uart.write(memoryview(buffer)[:count])

    def wait(self, timeout_ms):
        """Sleep until there is something to read, at most `timeout_ms`."""
        self._poll.poll(timeout_ms)

    def close(self):
        """Does nothing: there is nothing to give back."""


class UsbPort:
    """The USB line that is otherwise the console's; a byte 3 is data on it, not Ctrl-C."""

    def __init__(self):
        micropython.kbd_intr(-1)
        self._poll = select.poll()
        self._poll.register(sys.stdin, select.POLLIN)

    def read_into(self, buffer):
        """Read the bytes that have arrived, at most a full buffer; returns their number."""
        count = 0
        while count < len(buffer) and self._poll.poll(0):
            buffer[count] = sys.stdin.buffer.read(1)[0]
            count += 1
        return count

    def write(self, buffer, count):
        """Send the first `count` bytes."""
        sys.stdout.buffer.write(memoryview(buffer)[:count])

    def wait(self, timeout_ms):
        """Sleep until there is something to read, at most `timeout_ms`."""
        self._poll.poll(timeout_ms)

    def close(self):
        """Give the line back to the console."""
        micropython.kbd_intr(3)


def open_port(tx, rx):
    """The line of this image."""
    return UartPort(tx, rx) if os.uname().machine.startswith("Releve") else UsbPort()
