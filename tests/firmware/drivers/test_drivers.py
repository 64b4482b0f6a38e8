"""The smallest drivers at their edges: pressure, a board's memory, bytes counted, a tone's length."""

from __future__ import annotations

import pytest

from firmware.drivers.annunciator import Annunciator
from firmware.drivers.nvm import Counting, Nvm
from firmware.drivers.pressure_sensor import PressureSensor
from firmware.errors import MemoryAbsent, MemoryRange
from tests.firmware.ram import RamNvm


@pytest.mark.req("OCC-2")
def test_pressure_is_the_slope_from_zero_and_both_ends_of_the_range_are_a_fault() -> None:
    read = [0]
    sensor = PressureSensor(lambda: read[0], 512, 39_063, 4095)
    for counts, pa in ((512, 0), (513, 39), (511, -40), (3512, 117_189), (1512, 39_063)):
        read[0] = counts
        assert sensor.read_pa() == pa
    for counts, good in ((0, False), (1, True), (2, True), (4094, True), (4095, False), (4096, False)):
        read[0] = counts
        assert sensor.in_range() is good, counts


@pytest.mark.req("STORE-1", "STORE-3")
def test_a_boards_memory_is_bounded_and_one_that_does_not_answer_is_absent() -> None:
    cells, silent = bytearray(range(16)), False

    def read_into(address: int, buffer: bytearray) -> None:
        if silent:
            raise OSError(5)
        buffer[:] = cells[address : address + len(buffer)]

    def write(address: int, data: bytes) -> None:
        if silent:
            raise OSError(5)
        cells[address : address + len(data)] = data

    nvm, buffer = Nvm(16, read_into, write), bytearray(4)
    assert nvm.size_bytes == 16
    nvm.write(12, b"abcd")
    nvm.read_into(12, buffer)
    assert bytes(buffer) == b"abcd"
    nvm.write(0, b"xy")
    nvm.read_into(0, buffer)
    assert bytes(buffer) == b"xy\x02\x03"
    before = bytes(cells)
    for address in (13, -1, 16, 1000):
        with pytest.raises(MemoryRange):
            nvm.write(address, b"1234")
        with pytest.raises(MemoryRange):
            nvm.read_into(address, buffer)
    assert bytes(cells) == before
    silent = True
    for call in (lambda: nvm.write(0, b"1"), lambda: nvm.read_into(0, buffer)):
        with pytest.raises(MemoryAbsent) as error:
            call()
        assert error.value.args == MemoryAbsent(0).args


@pytest.mark.req("STORE-4")
def test_every_byte_given_to_the_memory_counts_also_what_it_does_not_take() -> None:
    inner = RamNvm()
    nvm = Counting(inner)
    assert (nvm.written_bytes, nvm.size_bytes) == (0, inner.size_bytes)
    nvm.write(0, b"12345")
    nvm.write(5, b"123")
    inner.failing = True
    with pytest.raises(MemoryAbsent):
        nvm.write(0, b"12")
    assert nvm.written_bytes == 10


@pytest.mark.req("ALARM-3")
def test_a_tone_lasts_a_millisecond_to_ten_seconds() -> None:
    heard: list[int] = []
    sounder = Annunciator(heard.append)
    for good in (1, 10_000):
        sounder.sound(good)
    for bad in (0, -1, 10_001):
        with pytest.raises(ValueError, match="1 to 10000 ms"):
            sounder.sound(bad)
    assert heard == [1, 10_000] and sounder.tones == 2
