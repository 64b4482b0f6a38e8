"""The I²C bus that sets itself free: what has failed is done once more, and only if the bus was stuck and is free."""

from __future__ import annotations

import pytest

from firmware.drivers.bus import Bus
from firmware.drivers.fram import Fram
from firmware.drivers.rtc import Rv3028
from firmware.errors import MemoryAbsent


class Wire:
    """A machine.I2C whose data line is held low until somebody has clocked it `clearings` times; then 0x50 answers."""

    def __init__(self, clearings: int = 0, devices: tuple[int, ...] = (0x50, 0x52)) -> None:
        self.held = clearings
        self.devices = devices
        self.cells = bytearray(65536)
        self.frees = 0
        self.transfers = 0

    def _begin(self, bus_address: int) -> None:
        self.transfers += 1
        if self.held or bus_address not in self.devices:
            raise OSError(5)

    def readfrom_mem_into(self, bus_address: int, address: int, buffer: bytearray, *, addrsize: int = 8) -> None:
        self._begin(bus_address)
        buffer[:] = self.cells[address : address + len(buffer)]

    def writeto_mem(self, bus_address: int, address: int, data: bytes, *, addrsize: int = 8) -> None:
        self._begin(bus_address)
        self.cells[address : address + len(data)] = data

    def free(self) -> bool:
        self.frees += 1
        was = self.held
        self.held = max(0, self.held - 1)
        return was == 1


@pytest.mark.req("STORE-1", "STORE-2")
def test_a_stuck_bus_is_freed_and_the_transfer_done() -> None:
    wire = Wire(1)
    fram = Fram(Bus(wire, wire.free))
    fram.write(7, b"held")
    got = bytearray(4)
    wire.held = 1
    fram.read_into(7, got)
    assert bytes(got) == b"held"
    assert wire.frees == 2


@pytest.mark.req("STORE-3")
@pytest.mark.parametrize("wire", [Wire(2), Wire(0, ())])
def test_a_part_that_is_away_or_a_bus_that_stays_stuck_is_an_error_after_one_try(wire: Wire) -> None:
    fram = Fram(Bus(wire, wire.free))
    with pytest.raises(MemoryAbsent):
        fram.read_into(0, bytearray(4))
    assert (wire.frees, wire.transfers) == (1, 1)


@pytest.mark.req("THER-1")
def test_the_clock_is_read_over_a_bus_that_was_stuck() -> None:
    wire = Wire(1)
    wire.cells[0x1B:0x1F] = (1_767_225_600).to_bytes(4, "little")
    assert Rv3028(Bus(wire, wire.free)).read() == 1_767_225_600


@pytest.mark.req("STORE-1")
@pytest.mark.parametrize("length", [1, 1024, 1025, 4096, 7000])
def test_no_transfer_outlasts_the_time_out_of_the_bus(length: int) -> None:
    longest = 0.050 * 400_000 / 9  # of MicroPython's 50 ms
    sizes: list[int] = []

    class Timed(Wire):
        """Notes how long each transfer is."""

        def readfrom_mem_into(self, bus_address: int, address: int, buffer: bytearray, *, addrsize: int = 8) -> None:
            sizes.append(len(buffer) + 4)
            super().readfrom_mem_into(bus_address, address, buffer, addrsize=addrsize)

        def writeto_mem(self, bus_address: int, address: int, data: bytes, *, addrsize: int = 8) -> None:
            sizes.append(len(data) + 3)
            super().writeto_mem(bus_address, address, data, addrsize=addrsize)

    fram = Fram(Timed())
    data = bytes(n * 7 + 1 & 0xFF for n in range(length))
    fram.write(100, data)
    got = bytearray(length)
    fram.read_into(100, got)
    assert got == data
    assert max(sizes) < longest
