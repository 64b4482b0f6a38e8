"""I2C1 of the STM32L4 as controller, after RM0351 (I2C, controller mode): start, bytes, reload, stop; polled."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from hil.emulator_stm32.device import Device

if TYPE_CHECKING:
    from hil.emulator_stm32.chip import Chip

I2C1 = 0x40005400
_CR1, _CR2, _TIMINGR, _ISR, _ICR, _RXDR, _TXDR = (I2C1 + each for each in (0x00, 0x04, 0x10, 0x18, 0x1C, 0x24, 0x28))
_RD_WRN, _START, _STOP, _RELOAD, _AUTOEND = 1 << 10, 1 << 13, 1 << 14, 1 << 24, 1 << 25
TXE, TXIS, RXNE, NACKF, STOPF, TC, TCR, BUSY = (1 << bit for bit in (0, 1, 2, 4, 5, 6, 7, 15))
# Each clock is longer than SCLL and SCLH say: the edges pass filters and synchronisers (RM0351, tSYNC1, tSYNC2).
_SYNC_CYCLES = 12
_BITS = 9


class Part(Protocol):
    """What hangs on the bus."""

    address: int

    def start(self, read: bool) -> None:
        """The part has been addressed."""

    def write(self, byte: int) -> bool:
        """Take a byte; False: not acknowledged."""

    def read(self) -> int:
        """Give a byte."""

    def stop(self) -> None:
        """The transfer is over."""


class I2c(Device):
    """`parts` by address; one that is in `absent` does not answer. While the bus is not `free()` nothing happens."""

    bases = (I2C1,)

    def __init__(self, chip: Chip, parts: list[Part], absent: set[int]) -> None:
        self._chip = chip
        self._parts = {part.address: part for part in parts}
        self._absent = absent
        self._isr = TXE
        self._part: Part | None = None
        self._left = 0
        self._reading = False
        self._byte = 0
        self._due: tuple[int, str] | None = None
        self.free: Callable[[], bool] = lambda: True
        chip.plug(self)

    def _bit_cycles(self) -> int:
        timing = self._chip.get(_TIMINGR)
        return ((timing & 255) + (timing >> 8 & 255) + 2) * ((timing >> 28) + 1) + _SYNC_CYCLES

    def _after(self, bits: int, what: str) -> None:
        self._due = (self._chip.now + bits * self._bit_cycles(), what)

    def read(self, address: int) -> int | None:
        """As Device.read."""
        if address == _ISR:
            return self._isr
        if address == _RXDR:
            self._isr &= ~RXNE
            if self._left and self._reading and self._due is None and self._part:
                self._after(_BITS, "byte")
            self._chip.touch()
            return self._byte
        return None

    def write(self, address: int, value: int) -> bool:
        """As Device.write."""
        registers = self._chip.registers
        if address == _CR1:
            if not value & 1:
                self._isr, self._due = TXE, None
                registers[_CR2] = registers.get(_CR2, 0) & ~(_START | _STOP)
            return False
        if address == _ICR:
            self._isr &= ~(value & (NACKF | STOPF))
        elif address == _TXDR:
            self._byte = value & 255
            self._isr &= ~(TXE | TXIS)
            if self._part and self._left and not self._reading:
                self._after(_BITS, "byte")
        elif address == _CR2:
            registers[_CR2] = value
            if value & _START:
                self._isr &= ~(TC | TCR)
                self._isr |= BUSY
                if self.free():
                    self._after(_BITS + 1, "addressed")
            elif value & _STOP:
                self._after(1, "stopped")
            elif self._isr & TCR and value >> 16 & 255:
                self._isr &= ~TCR
                self._go_on()
        else:
            return False
        return True

    def _go_on(self) -> None:
        """The next bytes, NBYTES of them."""
        self._left = self._chip.get(_CR2) >> 16 & 255
        if not self._left:
            self._end_of_bytes()
        elif self._reading:
            if not self._isr & RXNE:
                self._after(_BITS, "byte")
        else:
            self._isr |= TXE | TXIS

    def _end_of_bytes(self) -> None:
        control = self._chip.get(_CR2)
        if control & _RELOAD:
            self._isr |= TCR
        elif control & _AUTOEND:
            self._after(1, "stopped")
        else:
            self._isr |= TC

    def next(self) -> int | None:
        """As Device.next."""
        return self._due[0] if self._due else None

    def waits_for(self, address: int) -> int | None:
        """When what a loop on this register waits for comes, if it is known."""
        return self.next() if address in (_ISR, _CR2) else None

    def step(self) -> None:
        """As Device.step."""
        if self._due is None or self._chip.now < self._due[0]:
            return
        what, self._due = self._due[1], None
        if what == "addressed":
            self._addressed()
        elif what == "stopped":
            self._stopped()
        elif self._reading:
            assert self._part
            self._byte = self._part.read()
            self._isr |= RXNE
            self._left -= 1
            if not self._left:
                self._end_of_bytes()
        else:
            assert self._part
            self._left -= 1
            self._isr |= TXE
            if not self._part.write(self._byte):
                self._refused()
            elif self._left:
                self._isr |= TXIS
            else:
                self._end_of_bytes()

    def _addressed(self) -> None:
        registers = self._chip.registers
        registers[_CR2] &= ~_START
        address = registers[_CR2] >> 1 & 0x7F
        self._part = None if address in self._absent else self._parts.get(address)
        self._reading = bool(registers[_CR2] & _RD_WRN)
        if self._part is None:
            self._refused()
        else:
            self._part.start(self._reading)
            self._go_on()

    def _refused(self) -> None:
        self._isr |= NACKF
        self._after(1, "stopped")

    def _stopped(self) -> None:
        if self._part:
            self._part.stop()
        self._part = None
        self._isr = self._isr & ~(BUSY | TXIS) | STOPF
        self._chip.registers[_CR2] = self._chip.get(_CR2) & ~_STOP
