"""The lines of the I2C bus while the processor drives them by hand, and a part that holds the data line low.

A part that was cut off in mid-byte waits for the rest of its clocks (UM10204, 3.1.16, bus clear).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hil.emulator_stm32.device import Device
from hil.emulator_stm32.pins import GPIOA, OUTPUT

if TYPE_CHECKING:
    from hil.emulator_stm32.chip import Chip


class BusLines(Device):
    """Both lines are pulled up. `hold(clocks)`: the data line stays low until so many clocks have come."""

    def __init__(self, chip: Chip, scl: int, sda: int, clocks_left: int = 0) -> None:
        self._chip, self._scl, self._sda = chip, scl, sda
        self.bases = tuple({GPIOA + 0x400 * (pin // 16) for pin in (scl, sda)})
        self.clocks_left = clocks_left
        self.clocks = 0
        self.stops = 0
        self._was = (True, True)
        chip.exti.inputs[scl] = True
        chip.exti.inputs[sda] = not clocks_left
        chip.plug(self)

    def hold(self, clocks: int) -> None:
        """A part is cut off now."""
        self.clocks_left = clocks
        self._chip.exti.inputs[self._sda] = not clocks

    def _driven_low(self, pin: int) -> bool:
        exti = self._chip.exti
        return exti.mode(pin) == OUTPUT and not exti.levels[pin]

    def _look(self) -> None:
        """What the processor has done to the lines since the last look."""
        scl, sda = not self._driven_low(self._scl), not self._driven_low(self._sda)
        scl_was, sda_was = self._was
        self._was = scl, sda
        if scl and not scl_was:
            self.clocks += 1
            self.clocks_left = max(0, self.clocks_left - 1)
            self._chip.exti.inputs[self._sda] = not self.clocks_left
        elif scl and sda and not sda_was and not self.clocks_left:
            self.stops += 1

    def read(self, address: int) -> int | None:
        """As Device.read."""
        self._look()
        return None

    def next(self) -> int | None:
        """Nothing comes by itself; asked after every write to the port."""
        self._look()
        return None
