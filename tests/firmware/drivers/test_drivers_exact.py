"""The thin drivers, and what stands in for MicroPython's own on CPython."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from firmware.compat import IS_MICROPYTHON, const, roomy
from firmware.drivers.adc import Adc
from firmware.drivers.bus import Bus
from firmware.drivers.fram import Fram
from firmware.drivers.rtc import calendar
from firmware.drivers.stepper import Stepper
from firmware.drivers.stroke_sensor import StrokeSensor
from firmware.errors import MemoryAbsent, MemoryRange

pytestmark = pytest.mark.req("BOARD-1")


class Converter:
    def __init__(self, u16: int) -> None:
        self._u16 = u16

    def read_u16(self) -> int:
        return self._u16


@pytest.mark.parametrize("counts", [0, 1, 0x7FF, 0x800, 4_095])
def test_twelve_bits_of_sixteen(counts: int) -> None:
    assert Adc(Converter(counts << 4 | counts >> 8)).read_counts() == counts <= Adc.FULL_SCALE_COUNTS == 4095


def test_of_several_conversions_the_last_counts() -> None:
    class Late(Converter):
        def read_u16(self) -> int:
            self._u16 -= 1 << 4
            return self._u16

    assert Adc(Late(100 << 4)).read_counts() == 99
    assert Adc(Late(100 << 4), 2).read_counts() == 98


@pytest.mark.req("DOSE-5")
def test_a_motor_is_halted_by_its_board() -> None:
    halted: list[int] = []
    stepper = Stepper((96, 400, 1600, 20_000), lambda: halted.append(1))
    assert stepper.constants == (96, 400, 1600, 20_000) and halted == []
    stepper.stop()
    assert halted == [1]


def test_strokes_are_what_the_board_counts() -> None:
    assert StrokeSensor(lambda: 7).strokes() == 7


class Dead:
    def __init__(self) -> None:
        self.asked = 0

    def _fail(self, *_: object, **__: object) -> None:
        self.asked += 1
        raise OSError(5)

    readfrom_mem_into = writeto_mem = _fail


@pytest.mark.parametrize(("frees", "asked"), [(False, 1), (True, 2)])
def test_a_bus_that_cannot_be_freed_is_asked_once(frees: bool, asked: int) -> None:
    for call in ("readfrom_mem_into", "writeto_mem"):
        dead = Dead()
        with pytest.raises(OSError):
            getattr(Bus(dead, lambda: frees), call)(1, 2, bytearray(3))
        assert dead.asked == asked


def test_on_cpython_a_constant_is_its_value_and_room_is_made_by_itself() -> None:
    thing = Converter(1)
    assert not IS_MICROPYTHON and const(5) == 5 and roomy(thing) is thing


class Wires:
    """Notes every transfer, and fails the first `fails` of them."""

    def __init__(self, fails: int = 0) -> None:
        self.fails = fails
        self.transfers: list[tuple[str, int, int, bytes, int]] = []

    def _transfer(self, way: str, bus_address: int, address: int, data: bytes, addrsize: int) -> None:
        self.transfers.append((way, bus_address, address, bytes(data), addrsize))
        if len(self.transfers) <= self.fails:
            raise OSError(5)

    def readfrom_mem_into(self, bus_address: int, address: int, buffer: bytearray, *, addrsize: int) -> None:
        self._transfer("read", bus_address, address, bytes(len(buffer)), addrsize)

    def writeto_mem(self, bus_address: int, address: int, data: bytes, *, addrsize: int) -> None:
        self._transfer("write", bus_address, address, data, addrsize)


@pytest.mark.parametrize("fails", [0, 1])
@pytest.mark.parametrize(("given", "bits"), [({}, 8), ({"addrsize": 16}, 16), ({"addrsize": 8}, 8)])
def test_a_bus_hands_on_what_it_is_given_and_the_same_once_more(fails: int, given: dict[str, int], bits: int) -> None:
    """Eight bits of address, as machine.I2C has it, unless it is said."""
    wires = Wires(fails)
    Bus(wires, lambda: True).readfrom_mem_into(1, 2, bytearray(3), **given)
    assert wires.transfers == [("read", 1, 2, bytes(3), bits)] * (1 + fails)
    wires = Wires(fails)
    Bus(wires, lambda: True).writeto_mem(4, 5, b"six", **given)
    assert wires.transfers == [("write", 4, 5, b"six", bits)] * (1 + fails)


@pytest.mark.req("STORE-1")
def test_an_mb85rc256v_is_at_0x50_has_32_kib_and_addresses_of_two_bytes() -> None:
    wires = Wires()
    fram = Fram(wires)
    assert fram.size_bytes == 32_768
    fram.write(32_767, b"x")
    fram.read_into(0, bytearray(2))
    assert wires.transfers == [("write", 0x50, 32_767, b"x", 16), ("read", 0x50, 0, bytes(2), 16)]
    Fram(wires, 0x51, 65_536).write(60_000, b"yz")
    assert wires.transfers[-1] == ("write", 0x51, 60_000, b"yz", 16)


@pytest.mark.req("STORE-1", "STORE-3")
@pytest.mark.parametrize(("address", "length"), [(-1, 1), (32_768, 1), (32_767, 2), (0, 32_769)])
def test_nothing_wraps_round_at_the_end_of_the_memory(address: int, length: int) -> None:
    wires = Wires()
    for call, data in ((Fram(wires).write, bytes(length)), (Fram(wires).read_into, bytearray(length))):
        with pytest.raises(MemoryRange) as error:
            call(address, data)
        assert error.value.args == MemoryRange(address, length, 32_768).args
    assert wires.transfers == []


@pytest.mark.req("STORE-3")
def test_a_memory_without_an_answer_is_absent_by_its_address() -> None:
    with pytest.raises(MemoryAbsent) as error:
        Fram(Wires(1), 0x51).write(0, b"x")
    assert error.value.args == MemoryAbsent(0x51).args


@pytest.mark.req("STORE-1")
def test_a_long_transfer_goes_in_parts_each_to_its_own_place() -> None:
    wires = Wires()
    data = bytes(at % 251 for at in range(2049))
    Fram(wires).write(100, data)
    assert [(address, len(part)) for _, _, address, part, _ in wires.transfers] == [
        (100, 1024),
        (1124, 1024),
        (2148, 1),
    ]
    assert b"".join(part for _, _, _, part, _ in wires.transfers) == data
    assert {bits for *_, bits in wires.transfers} == {16}


@pytest.mark.req("THER-1")
@pytest.mark.parametrize("year", [2000, 2001, 2003, 2004, 2005, 2099])
def test_the_calendar_at_the_ends_of_every_month(year: int) -> None:
    """To the second; test_rtc.py goes through every day of a century."""
    firsts = [datetime(year, month, 1, tzinfo=UTC) for month in range(1, 13)]
    second = timedelta(seconds=1)
    whens = [first + by for first in firsts for by in (-second, 0 * second, second) if (first + by).year >= 2000]
    whens += [datetime(year, 2, 28, hour, 59, 59, tzinfo=UTC) for hour in (0, 9, 10, 19, 20, 23)]
    whens += [datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC), datetime(year, 10, 19, 12, 34, 56, tzinfo=UTC)]
    for when in whens:
        fields = (when.second, when.minute, when.hour, when.isoweekday() % 7, when.day, when.month, when.year - 2000)
        assert calendar(int(when.timestamp())).hex() == "".join(f"{each:02d}" for each in fields), when
