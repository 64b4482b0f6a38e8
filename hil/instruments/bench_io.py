"""Driver of the bench I/O board: edges with their times, the stroke sensor, the pressure, the pump's power.

It uses a `host.api.transport.Transport`: a serial port, `socket://…`, or an emulated pair. All times are those of the
board, in nanoseconds or microseconds since its start (boards/BENCH_IO/README.md).

Implements: BOARD-4, HIL-4
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from hil.errors import BenchError, LinkSilent
from hil.instruments import bench_io_messages as message
from host.api.link import HostLink
from host.api.transport import Transport

NS_PER_COUNT = 200
# The pin is sampled every 0.2 µs, first at 0.16 µs after the start. An edge lies between two samples; this is the
# middle.
_FIRST_NS = 60
_START_WORD = 0xFFFFFFFE
_WRAP = 1 << 32
_RECORDS_PER_FRAME = 24
TIMEOUT_S = 1.0
ATTEMPTS = 3


class EdgesLost(BenchError):
    """The board saw more edges than it could keep. The run is worthless."""


@dataclass(frozen=True)
class Turn:
    """One action of the stroke sensor: after `steps` steps and `delay_us`, a pulse or none."""

    steps: int
    delay_us: int = 0
    pulse: bool = True


@dataclass(frozen=True)
class Status:
    """The board's state. The last four fields count since `clear()`."""

    now_us: int
    edges: tuple[int, int, int, int]
    levels: int
    powered: bool
    switched_us: int
    pressure_counts: int
    overflows: int
    frames_dropped: int
    bus_errors: int
    late_us: int

    def level(self, name: str) -> bool:
        """Return the level of an input, by its name in `bench_io_messages.INPUTS`."""
        return bool(self.levels >> message.INPUTS.index(name) & 1)


def extend(word: int, moment: int) -> int:
    """Return the 64-bit count of an edge from its word (which runs down) and a moment at most 2^32 counts after it."""
    count = (_START_WORD - word) % _WRAP
    return moment - (moment - count) % _WRAP


class BenchIo:
    """A bench I/O board at the end of `transport`. Raises LinkSilent without a reply, BenchError on a refusal."""

    def __init__(self, transport: Transport) -> None:
        self._link = HostLink(transport)
        self._taken = [0] * len(message.INPUTS)
        version, self.count_hz, *self.ring_edges = struct.unpack(message.HELLO_REPLY, self._call(message.HELLO))
        if version != message.VERSION:
            raise BenchError(f"the bench I/O board speaks version {version}, this bench version {message.VERSION}")
        if self.count_hz * NS_PER_COUNT != 1_000_000_000:
            raise BenchError(f"the bench I/O board counts {self.count_hz} Hz, not {1_000_000_000 // NS_PER_COUNT}")

    def status(self) -> Status:
        """Return the board's state now."""
        now_us, *edges_and_more = struct.unpack(message.STATUS_REPLY, self._call(message.STATUS))
        inputs = len(message.INPUTS)
        first, second, third, fourth = edges_and_more[:inputs]
        levels, powered, *rest = edges_and_more[inputs:]
        return Status(now_us, (first, second, third, fourth), levels, bool(powered), *rest)

    def take_edges(self, name: str) -> list[tuple[int, bool]]:
        """Return the edges of an input since the last call: (time in ns, rising). Raises EdgesLost if some are gone."""
        place = message.INPUTS.index(name)
        found: list[tuple[int, bool]] = []
        while True:
            wanted = self._taken[place]
            reply = self._call(message.EDGES, struct.pack(message.EDGES_REQUEST, place, wanted))
            first, seen, moment = struct.unpack_from(message.EDGES_REPLY, reply)
            words = [word for (word,) in struct.iter_unpack("<I", reply[struct.calcsize(message.EDGES_REPLY) :])]
            if first != wanted:
                raise EdgesLost(f"{first - wanted} edges of {name} were overwritten before the bench asked for them")
            # The board's clock and the edge count started some µs apart. The moment is made a little later, so that it
            # surely comes after the edges.
            for number, word in enumerate(words, first):
                count = extend(word, moment + self.count_hz // 1000)
                if number == 0 and count <= 1:
                    continue  # not an edge: the start, on a low pin
                found.append((count * NS_PER_COUNT + _FIRST_NS, number % 2 == 1))
            self._taken[place] = first + len(words)
            if self._taken[place] >= seen:
                return found

    def set_sensor(self, turns: Sequence[Turn], *, again: bool = False) -> None:
        """Have the stroke sensor play these turns from the next step on.

        With `again` the list starts over at its end; otherwise its last turn repeats.
        """
        records = b"".join(struct.pack(message.TURN, each.steps, each.delay_us, each.pulse) for each in turns)
        self._call(message.SENSOR, struct.pack(message.SENSOR_REQUEST, again) + records)

    def set_pressure(self, counts: int) -> None:
        """Output this many DAC counts now. Drops the entries still to come."""
        self.send_pressures([(0, counts)], anew=True)

    def send_pressures(self, entries: Sequence[tuple[int, int]], *, anew: bool = False) -> int:
        """Output each of `(at_us, counts)` at its time. `anew` drops the pending entries. Returns the free places."""
        room = 0
        for at in range(0, len(entries), _RECORDS_PER_FRAME):
            records = b"".join(struct.pack(message.ENTRY, *each) for each in entries[at : at + _RECORDS_PER_FRAME])
            head = struct.pack(message.PRESSURE_REQUEST, anew and at == 0)
            (room,) = struct.unpack(message.PRESSURE_REPLY, self._call(message.PRESSURE, head + records))
        return int(room)

    def switch_power(self, on: bool, at_us: int = 0) -> None:
        """Switch the pump's power at `at_us`, or now. The edges of POWER show the true time."""
        self._call(message.POWER, struct.pack(message.POWER_REQUEST, at_us, on))

    def clear(self) -> None:
        """Reset the error counters."""
        self._call(message.CLEAR)

    def quit(self) -> None:
        """End the board's program. A stock image is then at its prompt."""
        self._call(message.QUIT)

    def _call(self, message_id: int, payload: bytes = b"") -> bytes:
        reply = self._link.request(message_id, payload, TIMEOUT_S, ATTEMPTS)
        if reply is None:
            raise LinkSilent(f"the bench I/O board does not answer (message {message_id})")
        if reply[0] == message.REFUSAL:
            raise BenchError(f"the bench I/O board refuses message {message_id}: {message.REASONS[reply[1][1]]}")
        return reply[1]
