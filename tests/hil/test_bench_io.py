"""The bench I/O board's driver against the board's own service, on CPython."""

from __future__ import annotations

import importlib
import struct
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from firmware.link.link import Counters, Link
from hil.errors import BenchError, LinkSilent
from hil.instruments import bench_io_messages as message
from hil.instruments.bench_io import NS_PER_COUNT, BenchIo, EdgesLost, Turn, extend
from tests.firmware.open_door import OpenDoor

BOARD = Path(__file__).resolve().parents[2] / "boards" / "BENCH_IO"
START = 0xFFFFFFFE


class FakeInput:
    def __init__(self, size: int) -> None:
        self.size = size
        self.counts: list[int] = []

    def seen(self) -> int:
        return len(self.counts)

    def level(self) -> int:
        return len(self.counts) % 2


class FakeCapture:
    """The ring as capture.py keeps it: words run down, and only the last `size` of them are there."""

    count_hz = 5_000_000

    def __init__(self) -> None:
        self.inputs = [FakeInput(size) for size in (64, 16, 16, 16)]
        self.overflows = 0
        self.us = 0

    def now_us(self) -> int:
        return self.us

    def mark(self) -> None:
        pass

    def copy(self, place: int, first: int, target: bytearray, at: int, count: int) -> tuple[int, int, int]:
        source = self.inputs[place]
        first = max(first, source.seen() - source.size)
        counts = source.counts[first : first + count]
        for number, each in enumerate(counts):
            struct.pack_into("<I", target, at + 4 * number, (START - each) % (1 << 32))
        return first, len(counts), (counts[-1] if counts else 0) + 1


class FakePlayer:
    def __init__(self) -> None:
        self.turns: Any = None
        self.restarts = 0

    def set_turns(self, turns: Any, again: bool) -> None:
        if any(steps > 1023 for steps, _, _ in turns):
            raise ValueError("too many")
        self.turns = (turns, again)

    def restart(self) -> None:
        self.restarts += 1


class FakeDac:
    def __init__(self) -> None:
        self.shown: list[int] = []
        self.broken = False

    def show(self, counts: int) -> None:
        if self.broken:
            raise OSError(5)
        self.shown.append(counts)


class Pin:
    level = 0

    def value(self, level: int) -> None:
        self.level = level


class Wire:
    """A transport whose other end is the board: what is written is answered at once, unless the line is cut."""

    def __init__(self) -> None:
        self.to_board = bytearray()
        self.to_host = bytearray()
        self.link: Any = None
        self.cut = False

    def write(self, data: bytes) -> None:
        if not self.cut:
            self.to_board += data
            while self.link.poll():
                pass

    def read(self, timeout_s: float) -> bytes:
        data = bytes(self.to_host)
        self.to_host.clear()
        return data


class BoardEnd:
    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    def read_into(self, buffer: bytearray) -> int:
        data = self.wire.to_board[: len(buffer)]
        del self.wire.to_board[: len(data)]
        buffer[: len(data)] = data
        return len(data)

    def write(self, buffer: bytearray, count: int) -> None:
        self.wire.to_host += bytes(buffer[:count])


@pytest.fixture
def board(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """The board's service with fakes for its hardware, and the driver at the other end of a wire."""
    monkeypatch.syspath_prepend(str(BOARD))
    monkeypatch.syspath_prepend(str(Path(message.__file__).parent))
    import sys

    # What only MicroPython has, as far as these modules ask for it.
    monkeypatch.setitem(sys.modules, "micropython", SimpleNamespace(const=lambda value: value))
    for name in ("service", "agenda", "pressure", "bench_io_messages"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    service, agenda = importlib.import_module("service"), importlib.import_module("agenda")
    made = SimpleNamespace(capture=FakeCapture(), player=FakePlayer(), dac=FakeDac(), power=Pin(), light=Pin())
    made.agenda = agenda.Agenda(made.capture.now_us)
    outputs = service.Outputs(made.dac, made.power, made.light, made.player, made.capture.now_us)
    counters = Counters()
    made.service = service.Service(made.capture, made.player, made.agenda, outputs, counters)
    made.wire = Wire()
    made.wire.link = Link(BoardEnd(made.wire), OpenDoor(made.service.handle), counters)
    made.io = BenchIo(made.wire)
    for name in ("service", "agenda", "bench_io_messages"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    return made


@pytest.mark.req("BOARD-4")
def test_edges_come_with_their_times_whatever_the_number_of_frames(board: SimpleNamespace) -> None:
    counts = [0, *range(5_000, 5_000 + 60 * 3_125, 3_125)]
    board.capture.inputs[0].counts += counts
    edges = board.io.take_edges("STEP")
    assert [rising for _, rising in edges] == [True, False] * 30
    assert [at - edges[0][0] for at, _ in edges] == [(each - 5_000) * NS_PER_COUNT for each in counts[1:]]
    assert board.io.take_edges("STEP") == []
    board.capture.inputs[0].counts.append(1_000_000)
    assert len(board.io.take_edges("STEP")) == 1


@pytest.mark.req("BOARD-4")
def test_edges_that_the_ring_has_lost_are_an_error_and_not_silence(board: SimpleNamespace) -> None:
    board.capture.inputs[0].counts += range(100)
    with pytest.raises(EdgesLost, match="36 edges of STEP"):
        board.io.take_edges("STEP")


@pytest.mark.req("BOARD-4")
@pytest.mark.parametrize("count", [0, 1, 0xFFFFFFFE, 0xFFFFFFFF, 1 << 32, (1 << 32) + 7, 5 * (1 << 32) - 1, 1 << 50])
@pytest.mark.parametrize("later", [0, 1, 5_000, (1 << 32) - 1])
def test_a_count_is_extended_to_64_bits_by_a_moment_after_it(count: int, later: int) -> None:
    assert extend((START - count) % (1 << 32), count + later) == count


@pytest.mark.req("BOARD-4")
def test_a_pressure_profile_is_shown_when_its_time_comes(board: SimpleNamespace) -> None:
    board.io.set_pressure(512)
    room = board.io.send_pressures([(second * 1_000_000, 100 * second) for second in range(1, 31)])
    assert (room, board.dac.shown) == (64 - 30, [512])
    board.capture.us = 10_000_000
    assert board.agenda.run() == 1_000_000
    assert board.dac.shown == [512, *range(100, 1_001, 100)]
    assert board.io.status().pressure_counts == board.dac.shown[-1]


@pytest.mark.req("BOARD-4")
def test_what_cannot_be_done_is_refused_with_its_reason(board: SimpleNamespace) -> None:
    with pytest.raises(BenchError, match="value out of range"):
        board.io.set_pressure(4096)
    with pytest.raises(BenchError, match="value out of range"):
        board.io.set_sensor([Turn(1024)])
    with pytest.raises(BenchError, match="no room left"):
        board.io.send_pressures([(at, 1) for at in range(1_000_000, 1_000_065)])
    with pytest.raises(BenchError, match="unknown message"):
        board.io._call(99)
    with pytest.raises(BenchError, match="wrong length"):
        board.io._call(message.POWER, b"\x00")


@pytest.mark.req("BOARD-4")
def test_power_is_switched_and_the_sensor_s_list_begins_anew(board: SimpleNamespace) -> None:
    board.io.set_sensor([Turn(96, 2_400), Turn(0, 500, pulse=True)], again=True)
    assert board.player.turns == ([(96, 2_400, 1), (0, 500, 1)], True)
    board.io.switch_power(True)
    assert (board.power.level, board.light.level, board.player.restarts) == (1, 1, 1)
    assert board.io.status().powered
    board.io.switch_power(False, 5_000_000)
    assert board.power.level == 1
    board.capture.us = 5_000_000
    board.agenda.run()
    assert board.power.level == 0


@pytest.mark.req("BOARD-4")
def test_a_dac_that_does_not_answer_and_frames_that_are_damaged_are_counted(board: SimpleNamespace) -> None:
    board.dac.broken = True
    board.io.set_pressure(1)
    board.wire.write(b"noise\x00")
    status = board.io.status()
    assert (status.bus_errors, status.frames_dropped) == (1, 1)
    board.io.clear()
    assert (board.io.status().bus_errors, board.io.status().frames_dropped) == (0, 0)


@pytest.mark.req("BOARD-4")
def test_a_board_that_is_silent_or_of_another_version_is_named(board: SimpleNamespace) -> None:
    board.wire.cut = True
    with pytest.raises(LinkSilent, match="does not answer"):
        board.io.status()
    board.wire.cut = False
    board.service._plain[message.HELLO] = lambda: struct.pack(message.HELLO_REPLY, 9, 5_000_000, 1, 1, 1, 1)
    with pytest.raises(BenchError, match="speaks version 9"):
        BenchIo(board.wire)


@pytest.mark.req("BOARD-4")
def test_quit_is_answered(board: SimpleNamespace) -> None:
    board.io.quit()
    assert board.service.quitting
