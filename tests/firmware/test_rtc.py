"""The battery-backed clock and the wall clock that is made of it."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from firmware.drivers.clock import Clock
from firmware.drivers.rtc import Rv3028, calendar
from firmware.wall_clock import WallClock
from tests.firmware.ram import RamRtc

pytestmark = pytest.mark.req("THER-1")
NOW_S = 1_767_225_600


def bcd(value: int) -> int:
    return value // 10 << 4 | value % 10


class Chip:
    """An RV-3028 as its application manual has it: registers, of which the Unix time may tick between two reads."""

    def __init__(self) -> None:
        self.registers = bytearray(256)
        self.registers[0x0E] = 1  # the power-on flag
        self.ticks_at_reads: list[int] = []
        self.present = True

    def readfrom_mem_into(self, address: int, register: int, buffer: bytearray) -> None:
        if address != 0x52 or not self.present:
            raise OSError(5)
        if register == 0x1B and self.ticks_at_reads:
            now_s = int.from_bytes(self.registers[0x1B:0x1F], "little") + self.ticks_at_reads.pop(0)
            self.registers[0x1B:0x1F] = now_s.to_bytes(4, "little")
        buffer[:] = self.registers[register : register + len(buffer)]

    def writeto_mem(self, address: int, register: int, data: bytes) -> None:
        if address != 0x52 or not self.present:
            raise OSError(5)
        self.registers[register : register + len(data)] = data


def test_a_clock_that_was_never_set_or_does_not_answer_has_no_time() -> None:
    chip = Chip()
    assert Rv3028(chip).read() is None
    chip.present = False
    assert Rv3028(chip).read() is None
    with pytest.raises(OSError):
        Rv3028(chip).set(NOW_S)


def test_what_is_set_is_read_and_the_battery_is_switched_in() -> None:
    chip = Chip()
    Rv3028(chip).set(NOW_S)
    assert Rv3028(chip).read() == NOW_S
    assert chip.registers[0x0E] & 1 == 0 and chip.registers[0x37] & 0x0C == 0x0C
    assert bytes(chip.registers[:7]) == calendar(NOW_S)


def test_a_tick_between_two_reads_is_not_taken_for_the_time() -> None:
    chip = Chip()
    Rv3028(chip).set(NOW_S)
    chip.ticks_at_reads = [0, 1, 0, 0]
    assert Rv3028(chip).read() == NOW_S + 1
    chip.ticks_at_reads = [0, 1] * 3
    assert Rv3028(chip).read() is None


def test_the_calendar_is_the_calendar() -> None:
    first, last = 946_684_800, 4_102_444_799  # the years 2000 to 2099
    rng = random.Random(1)
    for utc_s in [first, last, 951_782_400, 951_868_800, *(rng.randint(first, last) for _ in range(2000))]:
        when = datetime.fromtimestamp(utc_s, UTC)
        fields = (when.second, when.minute, when.hour, when.isoweekday() % 7, when.day, when.month, when.year - 2000)
        assert calendar(utc_s) == bytes(bcd(value) for value in fields), when


def test_how_long_the_power_was_gone_is_known_only_with_a_clock_that_went_on() -> None:
    rtc = RamRtc(NOW_S)
    wall = WallClock(Clock(lambda: 5_000_000), rtc)
    assert wall.gone_us(NOW_S - 100) == (100_000_000, 100_000_000 + 100_000 + 2_000_000)
    assert wall.gone_us(NOW_S + 1) is None, "the clock has run back"
    assert wall.gone_us(0) is None
    rtc.now_s = None
    assert not wall.look()
    assert wall.gone_us(NOW_S - 100) is None
    assert (wall.utc_s(7_000_000), wall.stamp_s(7_000_000)) == (0, 7)
