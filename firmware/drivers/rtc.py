"""The battery-backed clock: the interface of every such part, and the driver of the RV-3028-C7 on I²C.

A `clock` has `read()`, which returns UTC in seconds since 1970, or None if the time was lost (its battery failed, or it
was never set), and `set(utc_s)`. If the part does not answer, read() returns None and set() raises OSError.

Implements: THER-1
"""

import struct

_SECONDS = 0x00  # seconds, minutes, hours, weekday, date, month, year in BCD
_STATUS = 0x0E
_POWER_ON_FLAG = 1  # set by the chip when its supply, battery included, has failed; cleared when the time is set
_UNIX_TIME = 0x1B  # a 32-bit counter, separate from the calendar
_BACKUP = 0x37  # EEPROM backup register, mirrored in RAM
_LEVEL_SWITCHING = 0x0C  # BSM = 11: runs on the battery when its voltage is above the supply's
_BACKUP_MASK = 0x0C
_DAY_S = 86400


class Rv3028:
    """RV-3028-C7: 45 nA on its battery, ±1 ppm at 25 °C.

    `i2c` is a machine.I2C or anything with its `readfrom_mem_into` and `writeto_mem`. The chip does not freeze its Unix
    time during a read (application manual, "UNIX Time registers"), so it is read until two readings agree.

    One register is read along with its neighbour: if an interrupt comes right after the address of a read of one byte,
    MicroPython's driver of the STM32L4 sets the automatic stop too late, and the transfer ends in a time-out.
    """

    def __init__(self, i2c, bus_address=0x52):
        self._i2c = i2c
        self._bus_address = bus_address
        self._word = bytearray(4)
        self._again = bytearray(4)
        self._pair = bytearray(2)

    def read(self):
        """UTC, s, or None if the time was lost."""
        try:
            self._i2c.readfrom_mem_into(self._bus_address, _STATUS, self._pair)
            if self._pair[0] & _POWER_ON_FLAG:
                return None
            for _ in range(3):
                self._i2c.readfrom_mem_into(self._bus_address, _UNIX_TIME, self._word)
                self._i2c.readfrom_mem_into(self._bus_address, _UNIX_TIME, self._again)
                if self._word == self._again:
                    return struct.unpack("<I", self._word)[0]
        except OSError:
            pass
        return None

    def set(self, utc_s):
        """Set both the counter and the calendar to `utc_s`; the time is known from then on. Raises OSError."""
        address = self._bus_address
        self._i2c.readfrom_mem_into(address, _BACKUP - 1, self._pair)
        if self._pair[1] & _BACKUP_MASK != _LEVEL_SWITCHING:
            # As delivered the chip never switches to its battery. The RAM mirror holds until the chip loses all power;
            # then the time is lost anyway, and setting it writes the mirror again.
            self._i2c.writeto_mem(address, _BACKUP, bytes([self._pair[1] | _LEVEL_SWITCHING]))
        self._i2c.writeto_mem(address, _UNIX_TIME, struct.pack("<I", utc_s))
        self._i2c.writeto_mem(address, _SECONDS, calendar(utc_s))
        self._i2c.readfrom_mem_into(address, _STATUS, self._pair)
        self._i2c.writeto_mem(address, _STATUS, bytes([self._pair[0] & ~_POWER_ON_FLAG]))


def _bcd(value):
    return value // 10 << 4 | value % 10


def calendar(utc_s):
    """The seven calendar registers for `utc_s`: 2000 to 2099, every fourth year a leap year."""
    days = utc_s // _DAY_S - 10957  # since 2000-01-01, a Saturday
    second = utc_s % _DAY_S
    weekday = (days + 6) % 7
    year = days // 1461 * 4
    days %= 1461
    while days >= (366 if year % 4 == 0 else 365):
        days -= 366 if year % 4 == 0 else 365
        year += 1
    month = 1
    while True:
        length = 31 - (month in (4, 6, 9, 11))
        if month == 2:
            length = 29 if year % 4 == 0 else 28
        if days < length:
            break
        days -= length
        month += 1
    fields = (second % 60, second // 60 % 60, second // 3600, weekday, days + 1, month, year)
    return bytes([_bcd(value) for value in fields])
