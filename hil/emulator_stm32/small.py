"""Devices of which the image needs little: random numbers, the chip's own calendar clock (RM0351, RNG, RTC)."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from hil.emulator_stm32.device import Device

if TYPE_CHECKING:
    from hil.emulator_stm32.chip import Chip

RNG, RTC = 0x50060800, 0x40002800
_INIT, _INITF, _RSF, _WRITABLE = 1 << 7, 1 << 6, 1 << 5, 7


class Rng(Device):
    """Numbers from a seed: ready at once, the same in every run."""

    bases = (RNG,)

    def __init__(self, chip: Chip, seed: int) -> None:
        self._random = random.Random(seed)
        chip.plug(self)

    def read(self, address: int) -> int | None:
        """As Device.read."""
        if address == RNG + 4:
            return 1
        return self._random.getrandbits(32) if address == RNG + 8 else None


class CalendarClock(Device):
    """The chip's own clock can be set up; it does not count. The board has a clock of its own (parts.py)."""

    bases = (RTC,)

    def __init__(self, chip: Chip) -> None:
        self._chip = chip
        chip.plug(self)

    def read(self, address: int) -> int | None:
        """As Device.read."""
        if address != RTC + 0x0C:
            return None
        value = self._chip.get(address)
        return value | _RSF | _WRITABLE | (_INITF if value & _INIT else 0)
