"""STM32L4: a stuck I2C bus is set free, c_ext/stm32/bus.c on an emulated Cortex-M4, a device holding the line."""

import pytest

from hil.emulator_stm32.pins import GPIOA
from hil.emulator_stm32.rcc import RCC
from tests.board.stm32_machine import PINS, Machine

SCL, SDA = PINS["I2C_SCL"], PINS["I2C_SDA"]
PORT = GPIOA + 0x400 * (SCL // 16)
APB1ENR1, I2C1EN, I2C1_CR1 = RCC + 0x58, 1 << 21, 0x40005400
OUTPUT, ALTERNATE = 1, 2


class Holder:
    """A device on the lines of the port: low if the port drives one (its level is always low) or the device does."""

    bases = (PORT, I2C1_CR1)

    def __init__(self, chip, clocks):
        self.chip, self.left, self.clocks, self.off = chip, clocks, 0, 0
        self.scl_was = True

    def mode(self, pin):
        return self.chip.get(PORT) >> 2 * (pin % 16) & 3

    def high(self, pin):
        return self.mode(pin) != OUTPUT and not (pin == SDA and self.left)

    def look(self):
        if self.high(SCL) and not self.scl_was:
            self.clocks += 1
            self.left = max(0, self.left - 1)
        self.scl_was = self.high(SCL)

    def read(self, address):
        self.look()
        self.chip.exti.inputs.update({pin: self.high(pin) for pin in (SCL, SDA)})

    def write(self, address, value):
        self.look()
        self.off += address == I2C1_CR1 and not value & 1
        return False

    def step(self):
        """Nothing happens by itself."""

    def next(self):
        """Nor will."""

    def lines(self):
        """Nor is there an interrupt."""
        return set()


@pytest.mark.req("STORE-2")
@pytest.mark.parametrize(("clocks", "freed"), [(0, 0), (1, 1), (9, 1), (1000, 0)])
@pytest.mark.parametrize("begun", [False, True])
def test_a_device_that_holds_the_bus_is_clocked_free(image, clocks, freed, begun):
    machine = Machine(image)
    chip = machine.chip
    holder = Holder(chip, clocks)
    chip.plug(holder)
    read = chip.read

    def looked(address):
        holder.read(address)  # before the model answers for its pins
        return read(address)

    chip.read = looked
    if begun:
        chip.registers[APB1ENR1] = I2C1EN
        chip.registers[I2C1_CR1] = 1
        chip.registers[PORT] = ALTERNATE << 2 * (SCL % 16) | ALTERNATE << 2 * (SDA % 16)
    assert machine.call("shim_free_bus") == freed
    assert holder.clocks == (min(clocks, 9) + 1 if clocks else 0)
    assert holder.high(SCL)
    if begun:
        assert [holder.mode(SCL), holder.mode(SDA)] == [ALTERNATE, ALTERNATE]
        assert chip.get(I2C1_CR1) == 1
        assert holder.off == (1 if clocks else 0)
        if clocks:
            assert chip.get(PORT + 4) >> SCL % 16 & 3 == 3, "open drain"
