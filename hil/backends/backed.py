"""Non-volatile memory and battery-backed clock of a virtual board: the parts that outlive a power cut, held by the
bench.

boards/VIRTUAL/benchlink/backed.h is the board's side; a test compares the two. The bench counts the writes to each
cell, can cut the power in the middle of any write, flip bits, and make the clock lose its time.

Implements: STORE-4 (writes counted), HIL-3 (memory)
"""

from __future__ import annotations

import mmap
import os
import struct

import numpy as np
import numpy.typing as npt

MAGIC = 0x42565245
HEADER = struct.Struct("<IIQQIIqII")  # magic, size, writes, cut in write, after bytes, failing, clock offset, valid, -
HEADER_BYTES = 64
TRACE = struct.Struct("<QII")  # exchange, address, bytes
EXIT_POWER_CUT = 5

# 4 Mbit, an MB85RS4MT: 90 days of events; docs/memory.md has the arithmetic.
SIZE_BYTES = 524288
EPOCH_S = 1767225600  # the clock at the bench's time 0: 2026-01-01 00:00 UTC

_CUT_AT = 16
_FAILING_AT = 28
_CLOCK_AT = 32


class Backed:
    """A blank memory of `size_bytes`, and a clock, set unless `clock_s` is None. The board maps the file `fd`."""

    def __init__(self, size_bytes: int = SIZE_BYTES, clock_s: int | None = EPOCH_S) -> None:
        self.size_bytes = size_bytes
        self.fd = os.memfd_create("backed")
        total = HEADER_BYTES + 5 * size_bytes
        os.truncate(self.fd, total)
        self._map = mmap.mmap(self.fd, total)
        valid = clock_s is not None
        HEADER.pack_into(self._map, 0, MAGIC, size_bytes, 0, 0, 0, 0, clock_s or 0, valid, 0)
        self.cells: npt.NDArray[np.uint8] = np.frombuffer(self._map, np.uint8, size_bytes, HEADER_BYTES)
        self.writes_per_cell: npt.NDArray[np.uint32] = np.frombuffer(
            self._map, np.uint32, size_bytes, HEADER_BYTES + size_bytes
        )

    @property
    def writes(self) -> int:
        """Number of write calls so far."""
        return int(HEADER.unpack_from(self._map, 0)[2])

    def cut_in_write(self, number: int, after_bytes: int) -> None:
        """Have the power fail in write `number` of the memory's life, after `after_bytes` of its bytes; 0: in none."""
        struct.pack_into("<QI", self._map, _CUT_AT, number, after_bytes)

    def fail_writes(self, failing: bool) -> None:
        """Stop acknowledging writes from now on, or acknowledge them again."""
        struct.pack_into("<I", self._map, _FAILING_AT, failing)

    def lose_clock(self) -> None:
        """Have the clock's battery fail while the board is off."""
        self.set_clock(None)

    def set_clock(self, utc_at_zero_s: int | None) -> None:
        """Set the clock's UTC at the bench's time 0; None: it has lost its time."""
        struct.pack_into("<qI", self._map, _CLOCK_AT, utc_at_zero_s or 0, utc_at_zero_s is not None)

    def clock(self) -> tuple[int, bool]:
        """Return the clock's UTC at the bench's time 0, and whether it has kept its time."""
        offset_s, valid = struct.unpack_from("<qI", self._map, _CLOCK_AT)
        return offset_s, bool(valid)

    def flip(self, address: int, bit: int) -> None:
        """Flip one bit of a cell."""
        self.cells[address] ^= 1 << bit

    def put(self, address: int, data: bytes) -> None:
        """Set the cells from `address` on, without counting."""
        self.cells[address : address + len(data)] = np.frombuffer(data, np.uint8)

    def image(self) -> bytes:
        """Return all cells."""
        return self.cells.tobytes()

    def load(self, image: bytes | bytearray) -> None:
        """Set the cells to `image`. No power cut is pending afterwards."""
        self.cells[:] = np.frombuffer(image, np.uint8)
        self.cut_in_write(0, 0)
        self.fail_writes(False)

    def close(self) -> None:
        """Release the memory."""
        del self.cells, self.writes_per_cell
        self._map.close()
        os.close(self.fd)
