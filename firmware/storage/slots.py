"""A record in two equal copies, so that power may be lost at any byte and one copy may be damaged.

A copy is sequence (4 bytes) | payload | CRC-32 (4). write() gives the record the next number and writes one copy, then
the other.

- While one copy is being written the other is whole: it holds this record or the one before.
- What the record permits may happen only once write() has returned. Then both copies hold it, so whatever happens to
  one of them, the newest record is still there. An older record is never taken for the newest (docs/adr/0007).
- CRC-32 finds every error burst up to 32 bits and every 3 wrong bits in up to 11 KB. It starts from the record's
  address, so that a copy in the wrong place is not believed.

Implements: STORE-1, STORE-2, STORE-3
"""

import struct
from binascii import crc32

from firmware.compat import const

OVERHEAD_BYTES = const(8)

NOTHING = const(0)  # neither copy is whole
ONE = const(1)  # one is whole and the other is not, or is older: power was lost in write(), or a copy is damaged
BOTH = const(2)  # both are whole and the same


class TwoSlots:
    """A record of `payload_bytes` at `address` of `nvm`; takes `2 * (payload_bytes + OVERHEAD_BYTES)` bytes there.

    `payload` is the record's buffer: read() fills it, write() stores it. `sequence` is the record's number. A record of
    keys lies in a `buffer` of the session's, of `payload_bytes + OVERHEAD_BYTES`, and is never copied from there.
    After read(), `finished` is false if write() has certainly not returned: both copies are whole and one is older.
    """

    def __init__(self, nvm, address, payload_bytes, buffer=None):
        self.sequence = 0
        self.finished = True
        self._nvm = nvm
        self._address = address
        self._size = payload_bytes + OVERHEAD_BYTES
        self._slot = bytearray(self._size) if buffer is None else buffer
        self._view = memoryview(self._slot)
        self.payload = self._view[4 : 4 + payload_bytes]
        self._checked = self._view[: self._size - 4]  # by the CRC that follows
        self.first = 0  # the copy to write first: the one that is not known to be whole and newest

    def read(self):
        """Read the newest whole copy; return NOTHING (payload undefined), ONE or BOTH."""
        first = self._read_copy(0)
        second = self._read_copy(1)
        if first is None and second is None:
            self.sequence = 0
            return NOTHING
        self.finished = first is None or second is None or first == second
        newest = 0 if second is None or (first is not None and first > second) else 1
        self.first = 1 - newest
        self.sequence = self._read_copy(newest) if newest == 0 else second  # the second is in the buffer
        return BOTH if first == second else ONE

    def write(self):
        """Store the payload as the next record. Raises what the memory raises; the previous record then survives."""
        self.sequence += 1
        slot, size = self._slot, self._size
        address, first = self._address, self.first
        struct.pack_into("<I", slot, 0, self.sequence)
        struct.pack_into("<I", slot, size - 4, crc32(self._checked, address))
        write = self._nvm.write
        write(address + first * size, slot)
        # If this fails, the copy just written is the whole one.
        self.first = 1 - first
        write(address + (1 - first) * size, slot)
        self.first = first

    def move(self, address):
        """Move the record to another address, whose present content is unknown."""
        self._address = address
        self.first = 0

    def any_blank(self):
        """Is a copy blank as in a new part, with all bits alike? Then write() was never finished here."""
        for copy in (0, 1):
            self._nvm.read_into(self._address + copy * self._size, self._slot)
            if self._slot.count(b"\x00") == self._size or self._slot.count(b"\xff") == self._size:
                return True
        return False

    def _read_copy(self, copy):
        self._nvm.read_into(self._address + copy * self._size, self._slot)
        if struct.unpack_from("<I", self._slot, self._size - 4)[0] != crc32(self._checked, self._address):
            return None
        return struct.unpack_from("<I", self._slot, 0)[0]
