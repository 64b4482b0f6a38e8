"""An analogue-to-digital converter of the STM32L4, after RM0351: supply, calibration, one conversion at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hil.emulator_stm32.device import CYCLES_A_SECOND, Device
from hil.emulator_stm32.rcc import RCC

if TYPE_CHECKING:
    from hil.emulator_stm32.chip import Chip

ADC1, ADC2 = 0x50040000, 0x50040100
_ISR, _CR, _SMPR1, _SMPR2, _SQR1, _DR = 0x00, 0x08, 0x14, 0x18, 0x30, 0x40
ADEN, ADDIS, ADSTART, ADSTP, ADVREGEN, DEEPPWD, ADCAL = (1 << bit for bit in (0, 1, 2, 4, 28, 29, 31))
ADRDY, EOC = 1, 4
US = CYCLES_A_SECOND / 1_000_000
_CONVERSION_CYCLES = 260  # 247.5 to sample, 12.5 to convert
# Erratum "wrong ADC result if conversion done late after calibration or previous conversion": after 1 ms; by how much
# is an assumption.
_LATE, _LATE_COUNTS = 1000 * US, 100


class Adc(Device):
    """The converter at `base` of `chip`. `sense(channel)` is what a conversion finds, `converted` when each began
    (cycles). `shortest`: a channel whose sample time (SMPR) is less is flagged.
    """

    def __init__(self, chip: Chip, base: int = ADC2, *, shortest: int = 4) -> None:
        self._chip, self._base, self._shortest = chip, base, shortest
        self.bases = (base,)
        self.registers = {_CR: DEEPPWD, _ISR: 0, _SMPR1: 0, _SMPR2: 0, _SQR1: 0, _DR: 0}
        self.sense: Callable[[int], int] = lambda channel: 512
        self.converted: list[int] = []
        self.channels: list[int] = []
        self._calibrated = False
        self._last = -CYCLES_A_SECOND  # end of the latest conversion or calibration
        self._supply_since: int | None = None
        self._due: tuple[int, str] | None = None
        chip.plug(self)

    def _wrong(self, what: str) -> None:
        self._chip.wrong.append(f"ADC{1 + (self._base - ADC1) // 0x100}: {what}")

    def read(self, address: int) -> int | None:
        """As Device.read."""
        offset = address - self._base
        if offset == _DR:
            self.registers[_ISR] &= ~EOC
        return self.registers.get(offset)

    def write(self, address: int, value: int) -> bool:
        """As Device.write."""
        offset = address - self._base
        if offset not in self.registers:
            return False
        if not self._chip.get(RCC + 0x4C) & 1 << 13 or self._chip.get(RCC + 0x88) >> 28 & 3 != 3:
            self._wrong("used without its clock")
        if offset == _ISR:
            self.registers[_ISR] &= ~value
        elif offset == _CR:
            self._control(value)
        elif self.registers[_CR] & ADSTART:
            self._wrong("set up while it converts")
        else:
            self.registers[offset] = value
        return True

    def _control(self, value: int) -> None:
        now, old = self._chip.now, self.registers[_CR]
        settled = self._supply_since is not None and now - self._supply_since >= 20 * US
        if value & ADVREGEN and not old & ADVREGEN:
            self._supply_since = now
        if not value & ADVREGEN:
            self._supply_since = None
            if old & ADEN:
                self._wrong("its supply was switched off while it was on")
        if value & ADCAL or (value & ADEN and not old & ADEN):
            if not settled:
                self._wrong("used before its supply had settled")
            if value & ADEN and not self._calibrated:
                self._wrong("not calibrated")
        kept = old & (ADEN | ADSTART)
        self.registers[_CR] = (value & ~(ADDIS | ADCAL | ADSTP)) | kept
        if value & ADCAL:
            self.registers[_CR] |= ADCAL
            self._due = (now + round(2 * US), "calibrated")
        elif value & ADDIS:
            self.registers[_CR] &= ~(ADEN | ADSTART)
        elif value & ADSTP:
            self.registers[_CR] &= ~ADSTART
            self._due = None
        elif value & ADSTART:
            if not self.registers[_ISR] & ADRDY:
                self._wrong("started before it was ready")
            self.converted.append(now)
            self._due = (now + _CONVERSION_CYCLES, "converted")
        elif value & ADEN and not old & ADEN:
            self._due = (now + round(US), "ready")

    def next(self) -> int | None:
        """As Device.next."""
        return self._due[0] if self._due else None

    def step(self) -> None:
        """As Device.step."""
        if self._due is None or self._chip.now < self._due[0]:
            return
        what, self._due = self._due[1], None
        late, self._last = self._chip.now - self._last > _LATE, self._chip.now if what != "ready" else self._last
        if what == "calibrated":
            self._calibrated = True
            self.registers[_CR] &= ~ADCAL
        elif what == "ready":
            self.registers[_ISR] |= ADRDY
        else:
            channel = self.registers[_SQR1] >> 6 & 31
            time = self.registers[_SMPR1 if channel < 10 else _SMPR2] >> 3 * (channel % 10) & 7
            if time < self._shortest:
                self._wrong(f"channel {channel} sampled for too short a time")
            self.channels.append(channel)
            counts = self.sense(channel)
            self.registers[_DR] = (counts + _LATE_COUNTS) % 4096 if late else counts
            self.registers[_CR] &= ~ADSTART
            self.registers[_ISR] |= EOC
