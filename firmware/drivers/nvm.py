"""Non-volatile memory: the interface that every memory offers to the firmware, and a driver for a board's C functions.

An `nvm` has `size_bytes`, `read_into(address, buffer)` and `write(address, data)`. A call is bounded in time; when
write() returns, the bytes are in the cells, and power may go. It raises MemoryRange with nothing done, or MemoryAbsent:
the memory does not answer, and any part of the data may have been written. Drivers: firmware/drivers/fram.py;
docs/memory.md.

Implements: STORE-1
"""

from firmware.errors import MemoryAbsent, MemoryRange


class Counting:
    """The memory `nvm`, with a count of the bytes passed to it since the reset: `written_bytes`."""

    def __init__(self, nvm):
        self.size_bytes = nvm.size_bytes
        self.read_into = nvm.read_into
        self.written_bytes = 0
        self._write = nvm.write

    def write(self, address, data):
        """Write `data` from `address` on. A failed write counts too: it has cost as much energy."""
        self.written_bytes += len(data)
        self._write(address, data)


class Nvm:
    """A memory behind two functions of the board, which raise OSError if it does not answer."""

    def __init__(self, size_bytes, read_into, write):
        self.size_bytes = size_bytes
        self._read_into = read_into
        self._write = write

    def read_into(self, address, buffer):
        """Fill `buffer` from `address` on."""
        length = len(buffer)
        if address < 0 or address + length > self.size_bytes:
            raise MemoryRange(address, length, self.size_bytes)
        try:
            self._read_into(address, buffer)
        except OSError:
            raise MemoryAbsent(0)

    def write(self, address, data):
        """Write `data` from `address` on."""
        length = len(data)
        if address < 0 or address + length > self.size_bytes:  # as in read_into()
            raise MemoryRange(address, length, self.size_bytes)
        try:
            self._write(address, data)
        except OSError:
            raise MemoryAbsent(0)
