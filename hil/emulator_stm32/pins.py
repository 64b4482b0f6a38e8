"""Ports A to H and the EXTI lines that their pins drive (RM0351, GPIO and EXTI)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from hil.emulator_stm32.device import Device

if TYPE_CHECKING:
    from hil.emulator_stm32.chip import Chip

GPIOA, EXTI, SYSCFG_EXTICR = 0x48000000, 0x40010400, 0x40010008
PORTS = 8
OUTPUT, ANALOGUE = 1, 3
_MODER, _OTYPER, _IDR, _ODR, _BSRR, _BRR = 0x00, 0x04, 0x10, 0x14, 0x18, 0x28
_IMR1, _RTSR1, _FTSR1, _SWIER1, _PR1 = 0x00, 0x08, 0x0C, 0x10, 0x14
_LINES = tuple(6 + line if line < 5 else 23 if line < 10 else 40 for line in range(16))


class Pins(Device):
    """A pin is 16 · port + number. `levels` is what an output drives or somebody outside; `pulled` pins are high when
    nobody does. `watch(pin, level)` sees every write to an output.
    """

    bases = (*(GPIOA + 0x400 * port for port in range(PORTS)), EXTI)

    def __init__(self, chip: Chip) -> None:
        self._chip = chip
        self.levels = dict.fromkeys(range(16 * PORTS), False)
        self.inputs = dict.fromkeys(range(16 * PORTS), False)
        self.drives: list[tuple[int, int, bool]] = []  # (when, pin, level)
        self.watch: Callable[[int, bool], None] | None = None

    def mode(self, pin: int) -> int:
        """0 input, 1 output, 2 alternate function, 3 analogue."""
        return self._chip.get(GPIOA + 0x400 * (pin // 16) + _MODER) >> 2 * (pin % 16) & 3

    def read(self, address: int) -> int | None:
        """As Device.read."""
        if address >= GPIOA:
            port, offset = (address - GPIOA) >> 10, address & 0x3FF
            if offset == _IDR:
                return sum(1 << n for n in range(16) if self._level(16 * port + n))
            if offset == _ODR:
                return sum(1 << n for n in range(16) if self.levels[16 * port + n])
        return None

    def _level(self, pin: int) -> bool:
        mode = self.mode(pin)
        return self.levels[pin] if mode == OUTPUT else mode != ANALOGUE and self.inputs[pin]

    def write(self, address: int, value: int) -> bool:
        """As Device.write."""
        if address >= GPIOA:
            port, offset = (address - GPIOA) >> 10, address & 0x3FF
            if offset == _BSRR:
                self._set(port, value & 0xFFFF, value >> 16)
            elif offset == _BRR:
                self._set(port, 0, value)
            elif offset == _ODR:
                self._set(port, value, ~value & 0xFFFF)
            return False
        if address == EXTI + _PR1:
            self._chip.registers[address] = self._chip.get(address) & ~value
            return True
        return False

    def _set(self, port: int, high: int, low: int) -> None:
        for n in range(16):
            if (high | low) >> n & 1:
                pin, level = 16 * port + n, bool(high >> n & 1)
                self.levels[pin] = level
                self.drives.append((self._chip.now, pin, level))
                if self.watch:
                    self.watch(pin, level)

    def drive(self, pin: int, high: bool) -> None:
        """Somebody outside drives a pin."""
        if self.inputs[pin] == high:
            return
        self.inputs[pin] = high
        chip, line = self._chip, pin % 16
        source = chip.get(SYSCFG_EXTICR + 4 * (line // 4)) >> 4 * (line % 4) & 15
        wanted = chip.get(EXTI + (_RTSR1 if high else _FTSR1)) >> line & 1
        if source == pin // 16 and wanted:
            chip.registers[EXTI + _PR1] = chip.get(EXTI + _PR1) | 1 << line
            chip.touch()

    def lines(self) -> Iterable[int]:
        """As Device.lines."""
        registers = self._chip.registers
        flags = registers.get(EXTI + _PR1, 0) & registers.get(EXTI, 0)
        return [_LINES[line] for line in range(16) if flags >> line & 1] if flags else ()
