"""The virtual bench: a virtual board and a plant in logical time, with one exchange for every wake-up of the board.

Time jumps to the next event: the board's own deadline, the stroke sensor's edge, or a byte for its UART. The machine's
speed has no influence, so a run is exactly reproducible.

Implements: HIL-1 (virtual board)
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, TypedDict

from hil.backends import benchlink
from hil.backends.backed import Backed
from hil.backends.device import Device
from hil.keys import KEYS_AT

if TYPE_CHECKING:
    from hil.plant import Plant

UART_BAUD = 115200
_BITS_PER_BYTE = 10  # 8N1


def uart_time_us(count: int) -> int:
    """Return the time that `count` bytes take on the line, µs, rounded up."""
    return -(-count * _BITS_PER_BYTE * 1_000_000 // UART_BAUD)


class _Options(TypedDict):
    stroke_nl: int
    concentration_u_per_ml: int
    memory_fd: int
    trace_fd: int
    mechanism: str


class VirtualBoard:
    """A virtual board coupled to `plant`, in logical time.

    `now_us` is the bench's time. Between calls the board is always asleep, or `powered` is false. `stroke_starts_us` is
    the raw record of the motor pins. `memory` outlives a power cut; a caller who wants another size passes its own.
    `keys` are written into its own before (hil/keys.py). With `trace_fd` every write to the memory is traced. Raises
    DeviceMissing, DeviceLost.
    """

    start_tolerance_us = 0  # logical time

    def __init__(
        self,
        plant: Plant,
        *,
        stroke_nl: int = 500,
        concentration_u_per_ml: int = 400,
        memory: Backed | None = None,
        trace_fd: int = 0,
        start_us: int = 0,
        keys: bytes = b"",
    ) -> None:
        self.now_us: int = start_us
        self.stroke_starts_us: list[int] = []
        self.exchanges = 0
        self.stroke_uu = stroke_nl * concentration_u_per_ml
        self.plant = plant
        self.memory = memory or Backed()
        self._own_memory = memory is None
        if self._own_memory:
            self.memory.put(KEYS_AT, keys)
        # Called after each exchange with the request's number (modulo 2^16) and the time.
        self.watch: Callable[[int, int], None] | None = None
        # The detector's mechanism is a constant of a board on a desk. A virtual board takes it from its plant.
        parameters = getattr(plant, "parameters", None)
        self._options: _Options = {
            "stroke_nl": stroke_nl,
            "concentration_u_per_ml": concentration_u_per_ml,
            "memory_fd": self.memory.fd,
            "trace_fd": trace_fd,
            "mechanism": parameters.name if parameters is not None else "implant",
        }
        self.presence = False  # somebody holds the button
        self._said_bye = False
        self.last_words = ""  # the console output, once the board has exited
        self.power_up()

    def power_up(self) -> None:
        """Power the board up. It boots and goes to sleep, unless its power is set to fail in a write before that."""
        self._device = Device(**self._options)
        self.powered = True
        self._edge_us = benchlink.NEVER_US
        self._to_device: deque[tuple[int, bytes]] = deque()  # (arrival of the last byte, bytes)
        self._from_device: deque[tuple[int, bytes]] = deque()
        kind, _, self._sequence, _, _, version, _, _ = self._read_request()[0]
        if kind != benchlink.HELLO or version != benchlink.VERSION:
            raise self._device.lost(f"bench link: version {version} is not {benchlink.VERSION}")
        self._until_us = self.now_us
        self.run_until_us(self.now_us)

    def run_until_us(self, end_us: int, *, stop_at_uart: bool = False) -> None:
        """Let the board run up to `end_us`; with `stop_at_uart` at most to its first bytes on the UART.

        If its power fails in a write (`memory.cut_in_write()`), the run ends there, with `powered` false.
        """
        if not self.powered:
            self.now_us = end_us
            return
        read, write = os.read, os.write
        read_fd, write_fd = self._device.read_fd, self._device.write_fd
        pack, unpack, size = benchlink.REPLY.pack, benchlink.REQUEST.unpack_from, benchlink.REQUEST.size
        never_us, idle, stroke_flag = benchlink.NEVER_US, benchlink.IDLE, benchlink.STROKE
        pressure_counts, make_stroke = self.plant.pressure_counts, self.plant.stroke
        saw_stroke = self.stroke_starts_us.append
        until_us, edge_us, sequence, to_device = self._until_us, self._edge_us, self._sequence, self._to_device
        shown = benchlink.PRESENCE if self.presence else 0
        sense = True
        watch = self.watch
        exchanges = 0
        try:
            while True:
                now_us = until_us
                flags = 0
                if edge_us <= now_us:
                    now_us = edge_us
                    flags = benchlink.EDGE
                data = b""
                if to_device and to_device[0][0] <= now_us:
                    if to_device[0][0] < now_us:
                        flags = 0
                    now_us = to_device[0][0]
                    data = to_device.popleft()[1] if now_us <= end_us else b""
                if now_us > end_us:
                    break
                if flags:
                    edge_us = never_us
                counts = pressure_counts(now_us) if sense or data else 0
                write(write_fd, pack(idle, flags, sequence, len(data), counts, now_us, shown) + data)
                request = read(read_fd, 2048)
                exchanges += 1
                if len(request) < size:
                    self.now_us = now_us
                    if self._device.power_failed():
                        self.power_cut()
                        return
                    raise self._device.lost("bench link")
                kind, flags, sequence, uart_bytes, steps, until_us, duration_us, _ = unpack(request)
                self.now_us = now_us
                if flags & stroke_flag:
                    saw_stroke(now_us)
                    edge_us = make_stroke(now_us, steps, duration_us) or never_us
                sense = flags & 2
                if flags & benchlink.ABORT:
                    edge_us = never_us
                    self.plant.abort(now_us)
                if uart_bytes:
                    self._take_uart(now_us, request[size:], uart_bytes)
                    if stop_at_uart:
                        end_us = now_us
                if watch is not None:
                    watch(sequence, now_us)
                if kind != idle:
                    raise self._device.lost(f"bench link: message type {kind} while running")
        except BrokenPipeError:
            raise self._device.lost("bench link") from None
        finally:
            self._until_us, self._edge_us, self._sequence = until_us, edge_us, sequence
            self.exchanges += exchanges
        self.now_us = end_us

    @property
    def next_event_us(self) -> int:
        """Time of the next event if nothing is sent to the board; benchlink.NEVER_US if there is none."""
        next_us = min(self._until_us, self._edge_us)
        for queue in (self._to_device, self._from_device):
            if queue:
                next_us = min(next_us, queue[0][0])
        return next_us

    def write(self, data: bytes) -> None:
        """Send bytes to the board's UART. They arrive when the last of them would at 115200 baud."""
        start_us = max(self.now_us, self._to_device[-1][0] if self._to_device else 0)
        for at in range(0, len(data), 256):
            chunk = data[at : at + 256]
            start_us += uart_time_us(len(chunk))
            self._to_device.append((start_us, chunk))

    def write_at_once(self, data: bytes) -> None:
        """Send bytes that arrive now, after those under way."""
        self._to_device.append((max(self.now_us, self._to_device[-1][0] if self._to_device else 0), data))

    def on_the_line(self) -> bytes:
        """Return what the board has sent and nobody has read, arrived or not; it stays to be read."""
        return b"".join(data for _, data in self._from_device)

    def read(self, timeout_s: float) -> bytes:
        """Return the board's output. Lets the board run until there is some or `timeout_s` of its time is over."""
        deadline_us = self.now_us + round(timeout_s * 1_000_000)
        while not self._from_device and self.now_us < deadline_us:
            self.run_until_us(deadline_us, stop_at_uart=True)
        if not self._from_device:
            return b""
        arrival_us, data = self._from_device.popleft()
        if arrival_us > self.now_us:
            self.run_until_us(arrival_us)
        return data

    def take_received(self) -> bytes:
        """Return the bytes that have arrived from the board's UART by now, without letting time pass."""
        data = b""
        while self._from_device and self._from_device[0][0] <= self.now_us:
            data += self._from_device.popleft()[1]
        return data

    def close(self) -> None:
        """Tell the board to stop and wait for its exit."""
        if self._said_bye or not self.powered:
            self._give_back()
            return
        self._said_bye = True
        reply = benchlink.REPLY.pack(benchlink.IDLE, benchlink.STOP, self._sequence, 0, 0, self.now_us, 0)
        try:
            os.write(self._device.write_fd, reply)
            request, _ = self._read_request()
        except BrokenPipeError:
            raise self._device.lost("at the end") from None
        if request[0] != benchlink.BYE:
            raise self._device.lost("at the end: no goodbye")
        self._device.wait()
        self.last_words = self._device.last_words
        self._give_back()

    def kill(self) -> None:
        """Kill the board at once, for good."""
        self._said_bye = True
        if self.powered:
            self.power_cut()
        self._give_back()

    def power_cut(self) -> None:
        """Cut the board's power now. Everything that it has not stored is lost."""
        self._device.kill()
        self.powered = False
        self._to_device.clear()
        self._from_device.clear()

    def _give_back(self) -> None:
        if self._own_memory:
            self._own_memory = False
            self.memory.close()

    def _take_uart(self, now_us: int, data: bytes, count: int) -> None:
        while len(data) < count:
            more = os.read(self._device.read_fd, count - len(data))
            if not more:
                raise self._device.lost("bench link: in the middle of a message")
            data += more
        self._from_device.append((now_us + uart_time_us(count), data))

    def _read_request(self) -> tuple[tuple[int, ...], bytes]:
        data = b""
        while len(data) < benchlink.REQUEST.size:
            more = os.read(self._device.read_fd, benchlink.REQUEST.size - len(data))
            if not more:
                raise self._device.lost("bench link")
            data += more
        return benchlink.REQUEST.unpack(data), data
