"""STM32L4: from reset on. c_ext/board/start.c and c_ext/stm32/early.c on an emulated Cortex-M4.

Here a reset is a new chip with the old one's RAM, as silicon leaves it.
"""

import struct

import pytest
import unicorn

from hil.emulator_stm32.rcc import IWDG, RCC
from tests.board.stm32_machine import KEPT, PINS, STACK, STOP, Machine

AIRCR, RESET = 0xE000ED0C, 0x05FA0004
CFSR, VTOR, HARD_FAULT = 0xE000ED28, 0xE000ED08, 3
CSR = RCC + 0x94
SOFTWARE, WATCHDOG = 1 << 28, 1 << 29
POWER, BITTEN, PYTHON, FATAL, CRASH = range(5)  # start_cause_t
START, FEED = 0xCCCC, 0xAAAA


class Life:
    """One life of a chip: from reset on, with what the last one kept."""

    def __init__(self, image, last=None, flags=0):
        self.machine = Machine(image)
        self.chip = self.machine.chip
        self.chip.registers[CSR] = flags
        noise = bytes.fromhex("0123456789abcdef" * 3)
        self.machine.engine.mem_write(KEPT, bytes(last.machine.engine.mem_read(KEPT, 24)) if last else noise)
        self.keys = []
        write = self.chip.write

        def noted(address, value):
            if address == IWDG:
                self.keys.append(value)
            write(address, value)

        self.chip.write = noted
        self.machine.call("shim_start_begin")

    @property
    def ended(self):
        return self.machine.call("shim_ended")

    @property
    def tones(self):
        return sum(1 for _, pin, high in self.chip.drives if pin == PINS["ANNUNCIATOR"] and high)

    def ends(self, cause):
        """It gives up: the write that resets the chip ends the run."""
        engine = self.machine.engine
        engine.reg_write(unicorn.arm_const.UC_ARM_REG_R0, cause)
        engine.reg_write(unicorn.arm_const.UC_ARM_REG_SP, STACK - 16)
        engine.reg_write(unicorn.arm_const.UC_ARM_REG_LR, STOP | 1)
        engine.emu_start(self.machine.address("shim_anew") | 1, STOP, count=2000)
        assert self.chip.get(AIRCR) == RESET
        return self


@pytest.mark.req("GUARD-3", "ALARM-3")
def test_the_watchdog_runs_and_the_motor_is_off_before_anything_else(image):
    life = Life(image)
    assert life.keys[0] == START
    assert life.chip.pins[PINS["MOTOR_ENABLE"]], "active low"
    assert not life.chip.pins[PINS["STEP"]]
    assert life.ended == POWER
    assert life.tones == 0


@pytest.mark.req("GUARD-3", "ALARM-3")
@pytest.mark.parametrize(
    ("cause", "flags", "told"),
    [
        (PYTHON, SOFTWARE, PYTHON),
        (FATAL, SOFTWARE, FATAL),
        (None, SOFTWARE, CRASH),
        (None, WATCHDOG, BITTEN),
        (None, 0, POWER),
    ],
)
def test_a_start_that_came_to_nothing_makes_the_next_one_sound_and_tells_why(image, cause, flags, told):
    first = Life(image)
    if cause is not None:
        first.ends(cause)
    second = Life(image, first, flags)
    assert second.tones == 3
    assert second.ended == told
    third = Life(image, second, flags)
    assert third.tones == 3
    assert third.keys.count(FEED) > second.keys.count(FEED), "it waits longer, and feeds the watchdog meanwhile"


def crashed(life):
    """PC, LR, xPSR and fault status that the start knows of the life before."""
    return struct.unpack("<4I", life.machine.engine.mem_read(life.machine.call("start_crashed"), 16))


def falls(life, status, frame):
    """A HardFault with this frame on the stack: the handler resets the chip."""
    engine, chip = life.machine.engine, life.chip
    chip.registers[CFSR] = status
    handler = int.from_bytes(engine.mem_read(chip.get(VTOR) + 4 * HARD_FAULT, 4), "little")
    engine.mem_write(STACK - 64, struct.pack("<8I", *frame))
    engine.reg_write(unicorn.arm_const.UC_ARM_REG_SP, STACK - 64)
    engine.reg_write(unicorn.arm_const.UC_ARM_REG_LR, 0xFFFFFFF9)
    engine.emu_start(handler | 1, STOP, count=2000)
    assert chip.get(AIRCR) == RESET
    return life


@pytest.mark.req("GUARD-3", "LOG-1")
@pytest.mark.parametrize(
    ("status", "told"),
    [
        (0x00008200, (0x08001234, 0x08005679, 0x61000000, 0x00008200)),
        (0x00000010, (0, 0, 0, 0x10)),  # MSTKERR: there is no frame
        (0x00001000, (0, 0, 0, 0x1000)),  # STKERR
    ],
)
def test_a_hardfault_is_kept_over_the_reset_and_no_longer(image, status, told):
    first = Life(image)
    assert crashed(first) == (0, 0, 0, 0), "after a power cut there is noise"
    frame = (1, 2, 3, 4, 5, 0x08005679, 0x08001234, 0x61000000)
    second = Life(image, falls(first, status, frame), SOFTWARE)
    assert (second.ended, crashed(second)) == (CRASH, told)
    assert second.tones == 3
    third = Life(image, second, WATCHDOG)
    assert (third.ended, crashed(third)) == (BITTEN, (0, 0, 0, 0))


@pytest.mark.req("GUARD-3")
def test_a_life_that_has_lasted_a_minute_has_come_up(image):
    for lived_ms, tones in ((59_999, 3), (60_000, 0)):
        first = Life(image)
        first.machine.call("shim_lived", lived_ms)
        assert Life(image, first, WATCHDOG).tones == tones


@pytest.mark.req("GUARD-3", "DOSE-5")
def test_calls_before_the_hardware_is_set_up_let_no_interrupt_in(image):
    machine = Life(image).machine
    for name in ("interrupts_unmask", "interrupts_mask", "interrupts_unmask", "shim_now_us", "interrupts_forget"):
        machine.call(name)
    assert machine.call("interrupts_ready") == 0
    assert machine.call("interrupts_motor_stop") == 0
    assert not machine.chip.enabled


@pytest.mark.req("GUARD-3")
def test_a_console_that_takes_the_board_over_early_has_the_watchdog_fed(image):
    life = Life(image)
    life.machine.call("interrupts_watchdog_off")
    before = len(life.chip.feeds)
    life.machine.pass_time(20_000_000)
    assert len(life.chip.feeds) >= before + 9
