"""The ring of the starts of strokes: all that the caps need come back, whatever is damaged or cut."""

from __future__ import annotations

import random
import struct
from contextlib import suppress

import pytest

from firmware.storage import event_log, stroke_starts
from firmware.storage.stroke_starts import History
from tests.firmware.ram import PowerCut, RamNvm


class Ring:
    """A ring of starts and its blocks: stroke n starts in tick 1000 + n."""

    def __init__(self, strokes: int, length: int = 20) -> None:
        self.nvm = RamNvm(1024)
        self.open_part = bytearray(stroke_starts.OPEN_BYTES)
        self.ticks = memoryview(bytearray(4 * length)).cast("I")
        self.length = length
        saved = History(self.nvm, 0, stroke_starts.blocks_for(length), self.ticks)
        for number in range(1, strokes + 1):
            self.ticks[(number - 1) % length] = 1000 + number
            saved.save(number, self.open_part)
        self.strokes = strokes

    def restored(self) -> tuple[int, list[int]]:
        ticks = memoryview(bytearray(4 * self.length)).cast("I")
        back = History(self.nvm, 0, stroke_starts.blocks_for(self.length), ticks)
        damaged = back.restore(self.strokes, self.open_part, (1000 + self.strokes) << stroke_starts.TICK_SHIFT)
        return damaged, list(ticks)


@pytest.mark.req("STORE-1", "GUARD-1")
@pytest.mark.parametrize("strokes", range(70))
def test_the_starts_of_all_strokes_the_caps_need_come_back(strokes: int) -> None:
    ring = Ring(strokes)
    assert ring.restored() == (0, list(ring.ticks))


@pytest.mark.req("STORE-3", "GUARD-1")
def test_starts_that_are_damaged_are_replaced_by_later_ones() -> None:
    ring = Ring(28)  # blocks 0 … 2 are full; the ring holds strokes 9 … 28
    ring.nvm.flip(stroke_starts.BLOCK_BYTES * 1 + 9)
    damaged, ticks = ring.restored()
    assert damaged == 8
    known = {number: ticks[(number - 1) % 20] - 1000 for number in range(9, 29)}
    assert known == {number: (17 if number < 17 else number) for number in range(9, 29)}


@pytest.mark.req("STORE-1", "GUARD-1", "THER-8")
@pytest.mark.parametrize(("strokes", "length"), [(0, 20), (7, 20), (20, 20), (33, 20)])
def test_starts_of_the_last_day_get_no_older_by_a_time_without_power(strokes: int, length: int) -> None:
    """Each as much later as device time has moved, none later than now; what the day had left behind stays; and all of
    it is there again after the next save and another start.
    """
    day_ticks, shift = 82_399, stroke_starts.TICK_SHIFT
    for gone in (-5, 0, 1, 40_000, 90_000):
        ring = Ring(strokes, length)
        spread = [1_000_000 + 20_000 * (stroke - strokes) for stroke in range(1, strokes + 1)]
        for number, tick in enumerate(spread):
            ring.ticks[number % length] = tick
        saver = History(ring.nvm, 0, stroke_starts.blocks_for(length), ring.ticks)
        saver.save(strokes, ring.open_part)
        from_tick = 1_001_000
        now_tick = from_tick + gone
        saver.hold_back(strokes, (from_tick << shift) + 17, now_tick << shift)
        held = [ring.ticks[number % length] for number in range(max(0, strokes - length), strokes)]
        kept = spread[max(0, strokes - length) :]
        by = max(gone, 0)
        assert held == [tick + by if tick + day_ticks >= from_tick else tick for tick in kept]
        saver.save(strokes, ring.open_part)
        damaged, again = ring.restored()
        assert (damaged, again) == (0, list(ring.ticks))


@pytest.mark.req("STORE-1", "GUARD-1")
def test_the_open_part_is_that_of_a_history_that_knows_nothing_before() -> None:
    """Saves after one stroke, none or several, writes that fail, starts held back, a restart: always the ring's own."""
    draw = random.Random(12)
    for _ in range(30):
        ring = Ring(0)
        saver = History(ring.nvm, 0, stroke_starts.blocks_for(20), ring.ticks)
        strokes, tick = 0, 100_000
        for _ in range(200):
            for _ in range(draw.choice((0, 1, 1, 1, 1, 2, 9))):
                tick += draw.randrange(3_000)
                ring.ticks[strokes % 20] = tick
                strokes += 1
            what = draw.random()
            if what < 0.1:
                ring.nvm.cut_write = len(ring.nvm.writes) + 1
                with suppress(PowerCut):
                    saver.save(strokes, ring.open_part)
                ring.nvm.cut_write = 0
            elif what < 0.2:
                saver.hold_back(strokes, tick << stroke_starts.TICK_SHIFT, (tick + 50) << stroke_starts.TICK_SHIFT)
                tick += 50
            elif what < 0.3:
                saver.save(strokes, ring.open_part)
                saver = History(ring.nvm, 0, stroke_starts.blocks_for(20), ring.ticks)
                saver.restore(strokes, ring.open_part, tick << stroke_starts.TICK_SHIFT)
            saver.save(strokes, ring.open_part)
            starts = [ring.ticks[number % 20] for number in range(strokes - strokes % 8, strokes)]
            assert list(struct.unpack("<8I", ring.open_part)) == starts + [0] * (8 - len(starts))


@pytest.mark.req("STORE-2")
@pytest.mark.parametrize("cut_bytes", range(stroke_starts.BLOCK_BYTES))
def test_a_block_cut_at_any_byte_is_not_missed(cut_bytes: int) -> None:
    ring = Ring(23)
    before = bytes(ring.open_part)
    ring.ticks[23 % 20] = 1024
    saver = History(ring.nvm, 0, stroke_starts.blocks_for(20), ring.ticks)
    saver.restore(23, before, 0)
    ring.ticks[23 % 20] = 1024
    ring.nvm.cut_write, ring.nvm.cut_bytes = len(ring.nvm.writes) + 1, cut_bytes
    with pytest.raises(PowerCut):
        saver.save(24, bytearray(32))
    ring.open_part[:] = before  # the record of stroke 23 is the newest
    damaged, ticks = ring.restored()
    assert damaged == 0
    assert sorted(ticks) == list(range(1004, 1024))


@pytest.mark.req("STORE-1", "STORE-2", "GUARD-1", "THER-8")
@pytest.mark.parametrize("counted", [0, 1])
@pytest.mark.parametrize("strokes", [7, 8, 9, 15, 16, 23, 24, 31, 37, 40])
def test_power_lost_twice_while_starts_are_held_back_damages_none(strokes: int, counted: int) -> None:
    """Blocks that are written anew are cut at every write, and so is the recovery from that. `counted`: the restart
    counts a stroke, which may fill a block. The record of `strokes` stays the newest all the time.
    """
    shift = stroke_starts.TICK_SHIFT

    def restarted(ring: Ring, gone: int, cut: tuple[int, int]) -> int:
        """Restart `gone` ticks later, with the power cut in a write after so many bytes; returns the damaged starts."""
        saver = History(ring.nvm, 0, stroke_starts.blocks_for(20), ring.ticks)
        damaged = saver.restore(strokes, ring.open_part, now << shift)
        if counted:
            ring.ticks[strokes % 20] = now
        saver.hold_back(strokes + counted, now << shift, now + gone << shift)
        ring.nvm.cut_write, ring.nvm.cut_bytes = len(ring.nvm.writes) + cut[0], cut[1]
        with suppress(PowerCut):
            saver.save(strokes + counted, bytearray(ring.open_part))
        ring.nvm.cut_write = 0
        return damaged

    now = 1000 + strokes
    cuts = [(write, size) for write in range(1, 8) for size in (0, 1, 20, 39)]
    for first in cuts:
        for second in cuts:
            ring = Ring(strokes)
            true = dict(zip(range(strokes), range(1001, now + 1), strict=True))
            assert restarted(ring, 30, first) == 0
            assert restarted(ring, 70, second) == 0, first
            damaged, ticks = ring.restored()
            assert damaged == 0, (first, second)
            for stroke in range(max(0, strokes - 20), strokes):
                assert true[stroke] <= ticks[stroke % 20] <= now + 70, (first, second)


def test_a_block_is_what_the_layout_says() -> None:
    assert stroke_starts.BLOCK_BYTES == 4 + 4 * stroke_starts.STROKES + 4
    assert struct.calcsize("<IIBBBBIIII") + 4 == event_log.EVENT_BYTES
