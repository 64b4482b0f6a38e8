"""TIM6 and the DMA channel that it sets off at its overflow: one word to a register (RM0351: TIM6, DMA)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.emulator_stm32.device import Device
from hil.emulator_stm32.rcc import RCC

if TYPE_CHECKING:
    from hil.emulator_stm32.chip import Chip

TIM6, DMA2 = 0x40001000, 0x40020400
CR1, DIER, SR, EGR, PSC, ARR = 0x00, 0x0C, 0x10, 0x14, 0x28, 0x2C
CHANNEL = DMA2 + 8 + 20 * 3  # channel 4
CCR, CNDTR, CPAR, CMAR, CSELR = CHANNEL, CHANNEL + 4, CHANNEL + 8, CHANNEL + 12, DMA2 + 0xA8
_CEN, _URS, _OPM, _UDE = 1, 1 << 2, 1 << 3, 1 << 8
_FROM_MEMORY_WORDS = 1 << 4 | 2 << 8 | 2 << 10


class Cut(Device):
    """TIM6 counts once, up to its end, and then asks for DMA2's channel 4."""

    bases = (TIM6, DMA2)

    def __init__(self, chip: Chip) -> None:
        self._chip = chip
        self._ends: int | None = None
        self._divider = 1  # taken over from PSC at an update

    def write(self, address: int, value: int) -> bool:
        """As Device.write."""
        chip = self._chip
        if address >= DMA2:
            return False
        if not chip.get(RCC + 0x58) >> 4 & 1:
            chip.wrong.append("TIM6 written without its clock")
        old = chip.get(address)
        chip.registers[address] = value
        if address == TIM6 + EGR and value & 1:
            self._divider = chip.get(TIM6 + PSC) + 1
            if not chip.get(TIM6 + CR1) & _URS:
                self._update()
            if self._ends is not None:
                self._start()
        elif address == TIM6 + CR1:
            if value & _CEN and not old & _CEN:
                self._start()
            elif not value & _CEN:
                self._ends = None
        return True

    def _start(self) -> None:
        self._ends = self._chip.now + (self._chip.get(TIM6 + ARR) + 1) * self._divider

    def next(self) -> int | None:
        """As Device.next."""
        return None if self._chip.stopped else self._ends

    def step(self) -> None:
        """As Device.step."""
        if self._ends is None or self._chip.now < self._ends:
            return
        self._ends = None
        if self._chip.get(TIM6 + CR1) & _OPM:
            self._chip.registers[TIM6 + CR1] &= ~_CEN
        else:
            self._start()
        self._update()

    def _update(self) -> None:
        chip = self._chip
        chip.registers[TIM6 + SR] = 1
        asked = chip.get(TIM6 + DIER) & _UDE and chip.get(CSELR) >> 12 & 15 == 3 and chip.get(RCC + 0x48) >> 1 & 1
        if asked and chip.get(CCR) & 1 and chip.get(CNDTR):
            if chip.get(CCR) & 0xFD0 != _FROM_MEMORY_WORDS:
                chip.wrong.append("DMA2's channel 4 does not carry a word from memory")
            chip.registers[CNDTR] = chip.get(CNDTR) - 1
            chip.exti.write(chip.get(CPAR), int.from_bytes(chip.memory(chip.get(CMAR), 4), "little"))
