"""The stored starts of strokes, byte by byte: blocks, what replaces a damaged one, and starts that are held back."""

from __future__ import annotations

import struct
from binascii import crc32

import pytest

from firmware.storage import stroke_starts
from firmware.storage.stroke_starts import History
from tests.firmware.ram import RamNvm

pytestmark = pytest.mark.req("STORE-1")
TICK_US = 1 << 20
DAY_TICKS = 82_399


class Starts:
    """A ring of `length` starts at 64 in a memory full of something else."""

    def __init__(self, length: int = 16) -> None:
        self.length = length
        self.ticks = memoryview(bytearray(4 * length)).cast("I")
        self.nvm = RamNvm(1024, image=b"\xee" * 1024)
        self.history = History(self.nvm, 64, stroke_starts.blocks_for(length), self.ticks)
        self.open_part = bytearray(32)
        self.strokes = 0

    def start(self, *ticks: int) -> None:
        for tick in ticks:
            self.ticks[self.strokes % self.length] = tick
            self.strokes += 1
            self.history.save(self.strokes, self.open_part)

    def again(self, saved_us: int = 0) -> tuple[int, list[int]]:
        ticks = memoryview(bytearray(4 * self.length)).cast("I")
        restored = History(self.nvm, 64, stroke_starts.blocks_for(self.length), ticks)
        return restored.restore(self.strokes, self.open_part, saved_us), list(ticks)


def test_a_ring_has_room_for_what_the_caps_need_the_block_in_writing_and_the_open_one() -> None:
    assert [stroke_starts.blocks_for(strokes) for strokes in (1, 8, 9, 16, 2500)] == [3, 3, 4, 4, 315]


def test_a_block_is_its_number_eight_starts_and_a_crc_and_is_written_once() -> None:
    starts = Starts()
    starts.start(*range(101, 108))
    assert starts.nvm.writes == [] and starts.open_part == struct.pack("<8I", *range(101, 108), 0)
    starts.start(108)
    block = struct.pack("<9I", 1, *range(101, 109))
    assert starts.nvm.writes == [(64, block + struct.pack("<I", crc32(block)))] and starts.open_part == bytes(32)
    starts.start(*range(109, 117), 117)
    assert [at for at, _ in starts.nvm.writes] == [64, 104] and starts.nvm.writes[1][1][:8] == b"\x02\0\0\0\x6d\0\0\0"
    starts.start(*range(118, 150))
    assert [at for at, _ in starts.nvm.writes] == [64, 104, 144, 184, 64, 104], "four blocks, round and round"
    assert starts.again() == (0, list(starts.ticks))


def test_strokes_that_were_not_saved_one_by_one_are_all_there_with_the_next_save() -> None:
    for at_once in (2, 3, 8, 9, 12):
        starts = Starts()
        starts.start(*range(101, 118))
        for number in range(at_once):
            starts.ticks[1 + number] = 118 + number
        starts.strokes += at_once
        starts.history.save(starts.strokes, starts.open_part)
        assert starts.again() == (0, list(starts.ticks)), at_once
        last = range(101, 101 + starts.strokes)[16 + (1 + at_once) // 8 * 8 :]
        assert list(struct.unpack("<8I", starts.open_part)) == [*last, *[0] * (8 - len(last))]


@pytest.mark.req("STORE-3", "GUARD-1")
def test_what_is_damaged_is_replaced_by_the_next_start_known_or_by_the_time_of_the_record() -> None:
    starts = Starts()
    starts.start(*range(101, 117))
    starts.nvm.flip(64 + 40 + 7)
    damaged, ticks = starts.again(saved_us=500 * TICK_US + TICK_US - 1)
    assert (damaged, ticks) == (8, [*range(101, 109), *[500] * 8])
    starts.start(117)  # takes the first one's place in the ring
    damaged, ticks = starts.again(saved_us=500 * TICK_US)
    assert (damaged, ticks) == (8, [117, *range(102, 109), *[117] * 8])
    starts.nvm.flip(64 + 7)
    damaged, ticks = starts.again()
    assert (damaged, ticks) == (15, [117] * 16), "of the first block seven starts are needed still"


@pytest.mark.req("STORE-3")
def test_a_block_of_another_number_is_not_this_one() -> None:
    starts = Starts()
    starts.start(*range(101, 117))
    starts.nvm.cells[64:104] = starts.nvm.cells[104:144]
    assert starts.again()[0] == 8


@pytest.mark.req("THER-8", "GUARD-1")
@pytest.mark.parametrize(("ago", "held"), [(DAY_TICKS, True), (DAY_TICKS + 1, False)])
def test_a_start_of_a_day_ago_is_held_back_and_one_before_that_is_not(ago: int, held: bool) -> None:
    starts = Starts()
    starts.start(200_000 - ago, 199_990)
    starts.history.hold_back(2, 200_000 * TICK_US, 200_050 * TICK_US)
    assert list(starts.ticks[:2]) == [200_000 - ago + 50 * held, 200_040]


@pytest.mark.req("THER-8", "GUARD-1")
def test_no_start_is_held_back_beyond_now_nor_before_the_one_ahead_of_it() -> None:
    starts = Starts()
    starts.start(100, 170, 150, 180)
    starts.history.hold_back(4, 160 * TICK_US, 200 * TICK_US)
    assert list(starts.ticks) == [140, 200, 200, 200] + [0] * 12
    for to_us in (200 * TICK_US, 201 * TICK_US - 1, 100 * TICK_US):
        starts.history.hold_back(4, 200 * TICK_US, to_us)
        assert list(starts.ticks[:4]) == [140, 200, 200, 200], "not even a tick, or back"
    starts.history.hold_back(4, 200 * TICK_US + TICK_US - 1, 201 * TICK_US)
    assert list(starts.ticks[:4]) == [141, 201, 201, 201], "a microsecond may be a tick"


@pytest.mark.req("THER-8", "GUARD-1")
def test_blocks_whose_starts_were_held_back_are_written_anew_and_no_others() -> None:
    starts = Starts(32)
    starts.start(*range(1, 9), *range(100_001, 100_015))
    before = len(starts.nvm.writes)
    starts.history.hold_back(22, 100_020 * TICK_US, 100_030 * TICK_US)
    starts.history.save(22, starts.open_part)
    assert [at for at, _ in starts.nvm.writes[before:]] == [104]
    assert starts.again() == (0, list(starts.ticks))
    assert list(starts.ticks[:10]) == [*range(1, 9), 100_011, 100_012]
