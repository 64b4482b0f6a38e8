"""Ferroelectric memory on I²C: MB85RC256V, 32 KiB, 10^12 writes and more to a cell, no erase and no waiting.

Datasheet: two address bytes, then data in one bus transaction; a write is done when its stop condition is.
"""

from firmware.compat import const
from firmware.errors import MemoryAbsent, MemoryRange

_ADDRESS_BITS = 16
# A transfer must end within the bus's time-out, 50 ms with MicroPython: 2,222 bytes.
_TRANSFER_BYTES = const(1024)


class Fram:
    """The non-volatile memory as `size_bytes` bytes.

    `i2c` is a machine.I2C or anything with its `readfrom_mem_into` and `writeto_mem`. A call takes as long as the bus
    transfer: 23 µs a byte at 400 kHz.
    """

    def __init__(self, i2c, bus_address=0x50, size_bytes=32768):
        self.size_bytes = size_bytes
        self._read = i2c.readfrom_mem_into
        self._write = i2c.writeto_mem
        self._bus_address = bus_address

    def read_into(self, address, buffer):
        """Fill `buffer` from `address` on. Raises MemoryRange, with nothing read; MemoryAbsent without an answer."""
        self._transfer(self._read, address, buffer)

    def write(self, address, data):
        """Write `data` from `address` on. Raises MemoryRange, with nothing written, or MemoryAbsent, with any part."""
        self._transfer(self._write, address, data)

    def _transfer(self, transfer, address, data):
        length = len(data)
        # The chip's address counter wraps round: a write past the end would land at the beginning.
        if address < 0 or address + length > self.size_bytes:
            raise MemoryRange(address, length, self.size_bytes)
        try:
            if length <= _TRANSFER_BYTES:
                transfer(self._bus_address, address, data, addrsize=_ADDRESS_BITS)
                return
            view = memoryview(data)
            for at in range(0, length, _TRANSFER_BYTES):
                part = view[at : at + _TRANSFER_BYTES]
                transfer(self._bus_address, address + at, part, addrsize=_ADDRESS_BITS)
        except OSError:
            raise MemoryAbsent(self._bus_address)
