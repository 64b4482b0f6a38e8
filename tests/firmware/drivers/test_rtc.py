"""The battery-backed clock and the wall clock that is made of it."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import pytest

from firmware.drivers.clock import Clock
from firmware.drivers.rtc import Rv3028, calendar
from firmware.upkeep import wall_clock
from firmware.upkeep.wall_clock import WallClock
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
        self.written: list[tuple[int, bytes]] = []
        self.lengths: set[int] = set()  # of the reads

    def readfrom_mem_into(self, address: int, register: int, buffer: bytearray) -> None:
        if address != 0x52 or not self.present:
            raise OSError(5)
        if register == 0x1B and self.ticks_at_reads:
            now_s = int.from_bytes(self.registers[0x1B:0x1F], "little") + self.ticks_at_reads.pop(0)
            self.registers[0x1B:0x1F] = now_s.to_bytes(4, "little")
        self.lengths.add(len(buffer))
        buffer[:] = self.registers[register : register + len(buffer)]

    def writeto_mem(self, address: int, register: int, data: bytes) -> None:
        if address != 0x52 or not self.present:
            raise OSError(5)
        self.written.append((register, bytes(data)))
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


@pytest.mark.parametrize(("backup", "written"), [(0xF3, 0xFF), (0x15, 0x1D), (0xD9, 0xDD), (0x0C, None), (0x1D, None)])
def test_the_battery_is_switched_in_once_and_no_other_setting_of_the_chip_is_touched(
    backup: int, written: int | None
) -> None:
    """Application manual: BSM are bits 2 and 3 of the backup register; its others, and the status', are not ours."""
    chip = Chip()
    chip.registers[0x37], chip.registers[0x0E] = backup, 0xFF
    Rv3028(chip).set(NOW_S)
    assert [data[0] for register, data in chip.written if register == 0x37] == ([] if written is None else [written])
    assert chip.registers[0x0E] == 0xFE


def test_no_read_is_of_one_byte() -> None:
    """MicroPython's driver of the STM32L4 may miss the end of such a one (Rv3028)."""
    chip = Chip()
    Rv3028(chip).set(NOW_S)
    Rv3028(chip).read()
    assert chip.lengths == {2, 4}


def test_a_tick_between_two_reads_is_not_taken_for_the_time() -> None:
    chip = Chip()
    Rv3028(chip).set(NOW_S)
    chip.ticks_at_reads = [0, 1, 0, 0]
    assert Rv3028(chip).read() == NOW_S + 1
    chip.ticks_at_reads = [0, 1] * 2
    assert Rv3028(chip).read() == NOW_S + 3
    chip.ticks_at_reads = [0, 1] * 3
    assert Rv3028(chip).read() is None


def test_the_calendar_is_the_calendar() -> None:
    first, last = 946_684_800, 4_102_444_799  # the years 2000 to 2099
    rng = random.Random(1)
    days = [first + 86_400 * day for day in (*range(9 * 366), *range(36_525 - 366, 36_525))]
    for utc_s in [*days, last, *(rng.randint(first, last) for _ in range(2000))]:
        when = datetime.fromtimestamp(utc_s, UTC)
        fields = (when.second, when.minute, when.hour, when.isoweekday() % 7, when.day, when.month, when.year - 2000)
        assert calendar(utc_s) == bytes(bcd(value) for value in fields), when


def wall_at(rtc: RamRtc, now_us: int = 5_000_000) -> WallClock:
    return WallClock(Clock(lambda: now_us), rtc)


def test_how_long_the_power_was_gone_is_known_only_with_a_clock_that_went_on() -> None:
    rtc = RamRtc(NOW_S)
    likely_us, most_us = wall_at(rtc).gone_us(NOW_S - 100) or (0, 0)
    assert likely_us == 99_500_000 and likely_us + 2_000_000 < most_us < likely_us + 6_000_000
    assert (wall_at(rtc).gone_us(NOW_S + 3) or (1, 0))[0] == 0, "device time was ahead of it by as much in an hour"
    lost = wall_at(RamRtc(None))
    assert not lost.look() and lost.gone_us(NOW_S - 100) is None
    assert (lost.utc_s(7_000_000), lost.stamp_s(7_000_000)) == (0, 7)


@pytest.mark.req("THER-8")
@pytest.mark.parametrize(
    ("since_s", "why"),
    [
        (0, wall_clock.LOST_BEFORE),
        (NOW_S + 5, wall_clock.BEHIND),
        (NOW_S + 100 * 365 * 86400, wall_clock.BEHIND),
        (NOW_S - 86_401, wall_clock.AHEAD),
        (NOW_S - 25 * 3600, wall_clock.AHEAD),
        (1, wall_clock.AHEAD),
    ],
)
def test_a_time_that_contradicts_what_is_stored_is_lost_until_it_is_set(since_s: int, why: int) -> None:
    wall = wall_at(RamRtc(NOW_S))
    assert wall.gone_us(since_s) is None
    assert not wall.known and wall.why == why
    assert not wall.look(), "that the chip goes on does not make it right"
    wall.set(NOW_S)
    assert wall.known and wall.look()


@pytest.mark.req("THER-8")
@pytest.mark.parametrize("utc_s", [0, 946_684_800, 1_577_836_799, 4_102_444_800, 0xFFFFFFFF, 1 << 40])
def test_a_time_outside_of_the_years_that_can_be_set_is_no_time(utc_s: int) -> None:
    assert not wall_at(RamRtc(utc_s)).known
    rtc = RamRtc(NOW_S)
    wall = wall_at(rtc)
    rtc.now_s = utc_s
    assert not wall.look() and wall.why == wall_clock.DISAGREES


@pytest.mark.req("THER-8")
def test_a_read_that_fails_once_loses_nothing() -> None:
    rtc = FlakyRtc(NOW_S)
    now = [0]
    wall = WallClock(Clock(lambda: now[0]), rtc)
    for answer in (None, OSError(5), NOW_S + 999_999, 0):
        rtc.answers = [answer]
        assert wall.look() and not wall.silent and wall.utc_s(0) == NOW_S, answer


@pytest.mark.req("THER-8")
@pytest.mark.parametrize("answer", [None, OSError(5)])
def test_a_silent_clock_is_held_by_device_time_for_a_day_and_no_longer(answer: object) -> None:
    rtc = FlakyRtc(NOW_S)
    now = [0]
    wall = WallClock(Clock(lambda: now[0]), rtc)
    hour_us = 3_600_000_000
    for hour in range(1, 24):
        now[0] = hour * hour_us
        rtc.answers = [answer] * 9
        assert wall.look() and wall.silent
        assert wall.utc_s(now[0]) == NOW_S + 3600 * hour
    now[0] = 24 * hour_us
    rtc.answers = [answer] * 9
    assert not wall.look() and wall.why == wall_clock.SILENT
    rtc.answers = []
    rtc.now_s = NOW_S + 86_400
    assert not wall.look(), "until a person sets it"


class FlakyRtc(RamRtc):
    """Gives `answers` first, an exception by raising it."""

    def __init__(self, now_s: int | None) -> None:
        super().__init__(now_s)
        self.answers: list[object] = []

    def read(self) -> int | None:
        answer = self.answers.pop(0) if self.answers else self.now_s
        if isinstance(answer, Exception):
            raise answer
        assert answer is None or isinstance(answer, int)
        return answer
