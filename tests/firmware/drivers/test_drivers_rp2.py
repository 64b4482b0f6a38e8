"""Drivers of hardware boards: memory on I²C, inputs of the ADC."""

import pytest

from firmware.drivers.adc import Adc
from firmware.drivers.fram import Fram
from firmware.errors import MemoryAbsent, MemoryRange


class Bus:
    """An I²C bus with a memory on it that wraps round, as the chip does."""

    def __init__(self, size_bytes=32768, present=True):
        self.bytes = bytearray(size_bytes)
        self.present = present

    def _at(self, bus_address, addrsize):
        if bus_address != 0x50 or not self.present:
            raise OSError(5)
        assert addrsize == 16

    def readfrom_mem_into(self, bus_address, address, buffer, *, addrsize):
        self._at(bus_address, addrsize)
        for place in range(len(buffer)):
            buffer[place] = self.bytes[(address + place) % len(self.bytes)]

    def writeto_mem(self, bus_address, address, data, *, addrsize):
        self._at(bus_address, addrsize)
        for place, byte in enumerate(data):
            self.bytes[(address + place) % len(self.bytes)] = byte


def test_what_is_written_is_read():
    fram = Fram(Bus())
    assert fram.size_bytes == 32768
    fram.write(32765, b"abc")
    buffer = bytearray(3)
    fram.read_into(32765, buffer)
    assert buffer == b"abc"


@pytest.mark.parametrize(("address", "length"), [(32766, 3), (32768, 1), (-1, 1), (0, 32769)])
def test_nothing_is_written_or_read_past_the_end(address, length):
    bus = Bus()
    fram = Fram(bus)
    with pytest.raises(MemoryRange, match="32768"):
        fram.write(address, b"x" * length)
    with pytest.raises(MemoryRange):
        fram.read_into(address, bytearray(length))
    assert not any(bus.bytes)


def test_a_memory_that_does_not_answer_has_an_error_of_its_own():
    fram = Fram(Bus(present=False))
    with pytest.raises(MemoryAbsent, match="0x50"):
        fram.write(0, b"x")
    with pytest.raises(MemoryAbsent):
        fram.read_into(0, bytearray(1))


@pytest.mark.parametrize("counts", [0, 1, 512, 2048, 4095])
def test_the_converter_s_twelve_bits_come_back_out_of_sixteen(counts):
    class Input:
        def read_u16(self):
            return counts << 4 | counts >> 8

    assert Adc(Input()).read_counts() == counts
