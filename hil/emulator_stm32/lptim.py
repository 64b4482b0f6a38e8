"""LPTIM1 on the 32,768 Hz crystal (RM0351, LPTIM): counts in every mode of the chip, compares, interrupts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from hil.emulator_stm32.device import ACCESS_CYCLES, CYCLES_A_TICK, Device

if TYPE_CHECKING:
    from hil.emulator_stm32.chip import Chip

LPTIM, IRQ_LPTIM = 0x40007C00, 65
_ISR, _ICR, _IER, _CR, _CMP, _ARR, _CNT = (LPTIM + each for each in (0x00, 0x04, 0x08, 0x10, 0x14, 0x18, 0x1C))
_CMPM, _CMPOK, _ARROK = 1, 8, 16
_MASK = 0xFFFF
# A new compare value reaches the counter within so many ticks; the counter starts as many after it was told to.
_TAKEN_TICKS = 3
_START_TICKS = 2


class Lptim(Device):
    """`since_reset`: it counts from its start on; otherwise it shows the crystal's ticks, for tests that compare."""

    bases = (LPTIM,)

    def __init__(self, chip: Chip, *, since_reset: bool) -> None:
        self._chip = chip
        self._since_reset = since_reset
        self.zero_tick: int | None = None if since_reset else 0
        self._read_wrong_at = -1
        self._new_tick: int | None = None
        self._match_tick: int | None = None

    def _count(self) -> int:
        if self.zero_tick is None or not self._chip.get(_CR) & 4:
            return 0
        return max(self._chip.tick - self.zero_tick, 0) & _MASK

    def read(self, address: int) -> int | None:
        """As Device.read."""
        if address != _CNT:
            return None
        if not self._chip.get(_CR) & 4:
            return 0
        # Right after its edge the counter may be read wrong, once (RM0351: two equal reads are needed).
        tick = self._chip.tick
        wrong = self._chip.now % CYCLES_A_TICK < ACCESS_CYCLES and tick != self._read_wrong_at
        if wrong:
            self._read_wrong_at = tick
        return self._count() ^ (0x5555 if wrong else 0)

    def write(self, address: int, value: int) -> bool:
        """As Device.write."""
        chip = self._chip
        if address == _ISR:
            return True
        if address == _ICR:
            chip.registers[_ISR] = chip.get(_ISR) & ~value
            if value & ~chip.get(_IER):
                chip.wrong.append("LPTIM flag cleared whose interrupt is disabled")
        elif address == _ARR:
            chip.registers[_ISR] = chip.get(_ISR) | _ARROK
        elif address == _CMP:
            if self._new_tick is not None:
                chip.wrong.append("LPTIM compare written while a value was under way")
            self._new_tick = chip.tick + _TAKEN_TICKS
            self._match_tick = None
        elif address == _CR and value & 4 and self.zero_tick is None:
            self.zero_tick = chip.tick + _START_TICKS
        return False

    def next(self) -> int | None:
        """As Device.next."""
        if not self._chip.get(_CR) & 4:
            return None
        if self._new_tick is not None:
            return self._new_tick * CYCLES_A_TICK
        if self._match_tick is None:
            ahead = (self._chip.get(_CMP) - self._count()) & _MASK or _MASK + 1
            self._match_tick = self._chip.tick + ahead
        return self._match_tick * CYCLES_A_TICK

    def step(self) -> None:
        """As Device.step."""
        chip, tick = self._chip, self._chip.tick
        if self._new_tick is not None:
            if tick >= self._new_tick:
                self._new_tick = self._match_tick = None
                chip.registers[_ISR] = chip.get(_ISR) | _CMPOK
        elif self._match_tick is not None and tick >= self._match_tick:
            self._match_tick = None
            chip.registers[_ISR] = chip.get(_ISR) | _CMPM

    def lines(self) -> Iterable[int]:
        """As Device.lines."""
        registers = self._chip.registers
        return (IRQ_LPTIM,) if registers.get(_ISR, 0) & registers.get(_IER, 0) & (_CMPM | _CMPOK) else ()
