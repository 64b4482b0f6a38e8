"""The start of every stroke of a day, which the rolling caps look back on: four bytes a stroke, in blocks of eight.

A block holds eight starts, its number and a CRC. It is written once, when its eighth stroke has started, over a block
that the day's cap has not needed for at least eight strokes. The starts after the last full block lie in the state
record, which has the number of strokes. That record makes a new block valid, so a block may be cut at any byte.

The starts of a damaged block are replaced by the first start known after it. That is later than the true ones, so the
caps err on the safe side until a day has passed.

Nobody knows for certain how long the power was gone. So after a restart the starts are held back: they are moved later
by as much as device time has moved, and the caps see the same strokes as at the last record (docs/adr/0011). A block
that is written anew for this goes first to the place after the open block's, which nobody needs: whichever of the two
writes the power cuts, the other place has the block.

Implements: STORE-1, STORE-3, GUARD-1, THER-8
"""

import struct
from binascii import crc32

from firmware.compat import const, roomy

STROKES = const(8)  # in a block
OPEN_BYTES = const(32)  # of the starts after the last full block
BLOCK_BYTES = const(40)  # number, starts, CRC
TICK_SHIFT = const(20)  # GUARD_TICK_SHIFT
_DAY_TICKS = const(82399)  # GUARD_DAY_TICKS
_NONE = bytes(OPEN_BYTES)


def blocks_for(strokes):
    """Blocks for a ring of `strokes` starts, so that neither the one being written nor the open one is needed."""
    return -(-strokes // STROKES) + 2


class History:
    """The blocks at `address` of `nvm`, `blocks` of them, for the ring `ticks` of the dose core."""

    def __init__(self, nvm, address, blocks, ticks):
        self._nvm = nvm
        self._address = address
        self._blocks = blocks
        self._ticks = ticks
        self._written = 0  # blocks since the first stroke
        self._valid = 0  # of these, by the last record
        self._only_spare = -1  # a block that is whole only in the spare place
        self._block = bytearray(BLOCK_BYTES)
        self._view = memoryview(self._block)
        self._open = bytearray(OPEN_BYTES)  # the open part of the first `_held` strokes
        self._held = -1  # not known
        roomy(self)

    def save(self, strokes, open_part):
        """`strokes` have started: write the block that has become full, and put the starts after it in `open_part`."""
        full = strokes // STROKES
        if self._only_spare >= 0:
            self._write(self._only_spare, self._only_spare)
            self._only_spare = -1
        while self._written < full:
            if self._written < self._valid:
                self._write(self._written, self._valid + 1)
            self._write(self._written, self._written)
            self._written += 1
        if strokes == self._held:
            pass
        elif strokes % STROKES == 0:
            self._open[:] = _NONE
        elif strokes == self._held + 1:
            # One more in the same block, the usual case.
            ticks = self._ticks
            struct.pack_into("<I", self._open, 4 * (strokes % STROKES - 1), ticks[(strokes - 1) % len(ticks)])
        else:
            self._reopen(full * STROKES, strokes)
        self._held = strokes
        open_part[:] = self._open

    def _reopen(self, first, strokes):
        ticks = self._ticks
        for place in range(STROKES):
            stroke = first + place
            struct.pack_into("<I", self._open, 4 * place, ticks[stroke % len(ticks)] if stroke < strokes else 0)

    def restore(self, strokes, open_part, saved_us):
        """Fill the ring as it was after `strokes` strokes; return how many damaged starts were replaced."""
        ticks = self._ticks
        length = len(ticks)
        self._held = -1
        self._written = self._valid = strokes // STROKES
        self._only_spare = -1
        earliest = max(0, strokes - length)
        damaged = 0
        later = saved_us >> TICK_SHIFT
        for place in range(strokes % STROKES - 1, -1, -1):
            later = struct.unpack_from("<I", open_part, 4 * place)[0]
            ticks[(self._written * STROKES + place) % length] = later
        for number in range(self._written - 1, earliest // STROKES - 1, -1):
            whole = self._read(number, number)
            if not whole and self._read(number, self._valid + 1):
                whole = True
                self._only_spare = number
            for place in range(STROKES - 1, -1, -1):
                stroke = number * STROKES + place
                if stroke < earliest:
                    break
                if whole:
                    later = struct.unpack_from("<I", self._block, 4 + 4 * place)[0]
                else:
                    damaged += 1
                ticks[stroke % length] = later
        return damaged

    def hold_back(self, strokes, from_us, to_us):
        """Device time has moved from `from_us` to `to_us` with `strokes` strokes started: no start of the day before
        `from_us` gets older by that. The next save() rewrites the blocks; if it is cut, they are held back once more.
        """
        ticks = self._ticks
        length = len(ticks)
        now_tick = to_us >> TICK_SHIFT
        by = now_tick - (from_us >> TICK_SHIFT)
        if by <= 0:
            return
        self._held = -1
        first = strokes
        while first > max(0, strokes - length) and ticks[(first - 1) % length] + by + _DAY_TICKS >= now_tick:
            first -= 1
        latest = 0
        for stroke in range(first, strokes):
            # Starts that were held back before a save that was cut may be later than the ones after them.
            latest = max(latest, min(ticks[stroke % length] + by, now_tick))
            ticks[stroke % length] = latest
        self._written = min(self._written, first // STROKES)

    def _at(self, place):
        return self._address + place % self._blocks * BLOCK_BYTES

    def _write(self, number, place):
        ticks = self._ticks
        block = self._block
        struct.pack_into("<I", block, 0, number + 1)
        for each in range(STROKES):
            struct.pack_into("<I", block, 4 + 4 * each, ticks[(number * STROKES + each) % len(ticks)])
        struct.pack_into("<I", block, BLOCK_BYTES - 4, crc32(self._view[: BLOCK_BYTES - 4]))
        self._nvm.write(self._at(place), block)

    def _read(self, number, place):
        self._nvm.read_into(self._at(place), self._block)
        crc = struct.unpack_from("<I", self._block, BLOCK_BYTES - 4)[0]
        return crc == crc32(self._view[: BLOCK_BYTES - 4]) and struct.unpack_from("<I", self._block, 0)[0] == number + 1
