"""The parts on the board's I2C bus: FRAM and clock. Both outlive resets; the clock has a battery."""

from __future__ import annotations

import calendar
import time
from collections.abc import Callable

FRAM_BYTES = 32 * 1024
_RTC_REGISTERS = 256
_TIME_REGISTERS = 7  # seconds, minutes, hours, weekday, date, month, year
_STATUS = 0x0E
_POWER_ON_FLAG = 1
_UNIX_TIME = 0x1B


class Fram:
    """MB85RC256V: 32 KiB, two address bytes, no write time; the address counter wraps around."""

    address = 0x50

    def __init__(self) -> None:
        self.bytes = bytearray(FRAM_BYTES)
        self.writes = 0
        self._at = 0
        self._address_bytes = 0

    def start(self, read: bool) -> None:
        """The part has been addressed."""
        self._address_bytes = 2 if read else 0

    def write(self, byte: int) -> bool:
        """Take a byte of the address, then of the data."""
        if self._address_bytes < 2:
            self._at = (self._at << 8 | byte) % FRAM_BYTES
            self._address_bytes += 1
        else:
            self.bytes[self._at] = byte
            self.writes += 1
            self._at = (self._at + 1) % FRAM_BYTES
        return True

    def read(self) -> int:
        """Give the next byte."""
        byte = self.bytes[self._at]
        self._at = (self._at + 1) % FRAM_BYTES
        return byte

    def stop(self) -> None:
        """The transfer is over."""


def _bcd(value: int) -> int:
    return value // 10 << 4 | value % 10


class Rtc:
    """RV-3028-C7: time of day and Unix time; its other registers are plain memory. `now_s()` is the bench's time."""

    address = 0x52

    def __init__(self, now_s: Callable[[], float], epoch_s: float) -> None:
        self._now_s, self.epoch_s = now_s, epoch_s
        self.registers = bytearray(_RTC_REGISTERS)
        self.registers[_STATUS] = _POWER_ON_FLAG
        self._at = 0
        self._pointed = False
        self._touched = False

    def start(self, read: bool) -> None:
        """A transfer starts with one snapshot of the clock: the chip blocks its counters meanwhile."""
        self._pointed, self._touched = read, False
        now_s = int(self.epoch_s + self._now_s())
        now = time.gmtime(now_s)
        fields = (
            now.tm_sec,
            now.tm_min,
            now.tm_hour,
            (now.tm_wday + 1) % 7,
            now.tm_mday,
            now.tm_mon,
            now.tm_year % 100,
        )
        self.registers[:_TIME_REGISTERS] = bytes(_bcd(each) for each in fields)
        self.registers[_UNIX_TIME : _UNIX_TIME + 4] = now_s.to_bytes(4, "little")

    def write(self, byte: int) -> bool:
        """Take the register's number, then its contents."""
        if not self._pointed:
            self._at, self._pointed = byte, True
            return True
        self.registers[self._at] = byte
        self._touched = self._touched or self._at < _TIME_REGISTERS
        self._at = (self._at + 1) % _RTC_REGISTERS
        return True

    def read(self) -> int:
        """Give the next register."""
        byte = self.registers[self._at]
        self._at = (self._at + 1) % _RTC_REGISTERS
        return byte

    def stop(self) -> None:
        """A calendar that has been written is the new time."""
        if self._touched:
            second, minute, hour, _, day, month, year = ((each >> 4) * 10 + (each & 15) for each in self.registers[:7])
            self.epoch_s = calendar.timegm((2000 + year, month, day, hour, minute, second)) - self._now_s()
            self._touched = False
