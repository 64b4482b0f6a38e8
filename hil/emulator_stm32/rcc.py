"""Clocks and their ready bits, causes of reset, power control, the independent watchdog (RM0351: RCC, PWR, IWDG)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hil.emulator_stm32.device import CYCLES_A_SECOND, Device

if TYPE_CHECKING:
    from hil.emulator_stm32.chip import Chip

RCC, PWR, IWDG = 0x40021000, 0x40007000, 0x40003000
CR, CFGR, BDCR, CSR, CRRCR = RCC, RCC + 0x08, RCC + 0x90, RCC + 0x94, RCC + 0x98
PIN_RESET, POWER_RESET, SOFTWARE_RESET, WATCHDOG_RESET = 1 << 26, 1 << 27, 1 << 28, 1 << 29
_READY = ((0, 1), (8, 10), (24, 25), (26, 27), (28, 29))  # of RCC_CR: MSI, HSI16, PLL, PLLSAI1, PLLSAI2
_RMVF = 1 << 23
# Cycles of the processor's clock at full speed to one of the clock that SWS says: MSI at 4 MHz, HSI16, none, PLL.
_DIVISIONS = (20, 5, 1, 1)
_LSI_HZ = 32000


class Clocks(Device):
    """Ready bits follow enable bits at once; `crystal` says whether the 32,768 Hz crystal is there."""

    bases = (RCC, PWR)

    def __init__(self, chip: Chip) -> None:
        self._chip = chip
        self.crystal = True
        self.woke: int | None = None  # when stop mode ended last
        self.on_speed: Callable[[], None] | None = None

    @property
    def division(self) -> int:
        """Chip cycles to one of the processor."""
        return _DIVISIONS[self._chip.get(CFGR) >> 2 & 3]

    def read(self, address: int) -> int | None:
        """As Device.read."""
        return 1 << 8 if address == PWR + 0x14 else None  # SR2: the regulators have settled

    def write(self, address: int, value: int) -> bool:
        """As Device.write."""
        registers = self._chip.registers
        if address == CR:
            for enable, ready in _READY:
                value = value & ~(1 << ready) | (value >> enable & 1) << ready
            registers[CR] = value
        elif address == CFGR:
            registers[CFGR] = value & ~0xC | (value & 3) << 2
            if self.on_speed:
                self.on_speed()
        elif address == BDCR:
            value = value & ~2 | (value & 1 and self.crystal) << 1
            if registers.get(PWR, 0) & 1 << 8:
                registers[BDCR] = value
            elif value != registers.get(BDCR, 0):
                self._chip.wrong.append("BDCR written while protected")
        elif address == CSR:
            kept = 0 if value & _RMVF else registers.get(CSR, 0) & 0xFF000000
            registers[CSR] = kept | value & 0xF01 | (value & 1) << 1
        elif address == CRRCR:
            registers[CRRCR] = value & 1 | (value & 1) << 1
        else:
            return False
        return True

    def stop(self) -> None:
        """Stop mode ends, with the MSI: the other fast clocks are off."""
        self.woke = self._chip.now
        registers = self._chip.registers
        registers[CR] = registers[CR] & ~(3 << 24)
        registers[CFGR] = registers[CFGR] & ~0xF
        if self.on_speed:
            self.on_speed()


class Watchdog(Device):
    """`on_reset()` is called when it has not been fed in time; without, it only counts. Its oscillator is at 32 kHz."""

    bases = (IWDG,)

    def __init__(self, chip: Chip) -> None:
        self._chip = chip
        self.feeds: list[int] = []
        self.on_reset: Callable[[], None] | None = None
        self._since: int | None = None

    def write(self, address: int, value: int) -> bool:
        """As Device.write."""
        if address == IWDG:
            if value == 0xAAAA:
                self.feeds.append(self._chip.now)
            if value == 0xCCCC or (value == 0xAAAA and self._since is not None):
                self._since = self._chip.now
        return False

    def read(self, address: int) -> int | None:
        """As Device.read."""
        return 0 if address == IWDG + 0x0C else None  # SR: new values are taken at once

    def next(self) -> int | None:
        """As Device.next."""
        if self._since is None or self.on_reset is None:
            return None
        divider = 4 << min(self._chip.get(IWDG + 4), 6)
        counts = self._chip.registers.get(IWDG + 8, 0xFFF) + 1
        return self._since + counts * divider * CYCLES_A_SECOND // _LSI_HZ

    def step(self) -> None:
        """As Device.step."""
        due = self.next()
        if due is not None and self._chip.now >= due and self.on_reset:
            self._since = None
            self.on_reset()
