"""What the linked RPI_PICO2 image asks of its chip, function by function; the image as a whole has not been run."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.board.rp2350_machine import FLASH, SIO_OE, SIO_OUT, Chip

ELF = Path(__file__).resolve().parents[2] / "build" / "RPI_PICO2" / "firmware.elf"
pytestmark = pytest.mark.skipif(not ELF.is_file(), reason="no image: make firmware BOARD=RPI_PICO2")

# RP2350 datasheet: bases, then offsets of each block's list of registers.
TICKS, WATCHDOG, DMA, PIO1 = 0x40108000, 0x400D8000, 0x50000000, 0x50300000
TICK_TIMER0, TICK_WATCHDOG = TICKS + 0x18, TICKS + 0x30
LOAD, SCRATCH0 = WATCHDOG + 4, WATCHDOG + 0xC
WATCHDOG_ENABLE, WATCHDOG_TRIGGER = 1 << 30, 1 << 31
ISER0, ICER0, ISPR0 = 0xE000E100, 0xE000E180, 0xE000E200
TIMER_AND_SENSOR = 1 << 1 | 1 << 17  # TIMER0's alarm 1, PIO1's first
CTRL, COUNT, AL1_CTRL, AL1_COUNT_TRIG, ABORT = 0xC, 0x8, 0x10, 0x1C, DMA + 0x464
EN, BUSY = 1, 1 << 26
FLEVEL, CLKDIV, SHIFTCTRL, ADDR, INSTR = PIO1 + 0xC, PIO1 + 0xC8, PIO1 + 0xD0, PIO1 + 0xD4, PIO1 + 0xD8
INSTR_MEM = PIO1 + 0x48
FJOIN_RX = 1 << 31
ENABLE, STEP, SOUND = 1 << 18, 1 << 16, 1 << 20
SCR, SEVONPEND, TIMER_INTE, TIMER_ALARM0 = 0xE000ED10, 1 << 4, 0x400B0040, 0x400B0010


@pytest.fixture
def chip() -> Chip:
    return Chip(ELF)


@pytest.mark.req("GUARD-3")
def test_the_watchdog_runs_for_eight_seconds_on_its_own_tick(chip: Chip) -> None:
    chip.call("watch")
    assert chip.registers[TICK_WATCHDOG + 4] == chip.registers[TICK_TIMER0 + 4] == 11, "MHz of the ring oscillator"
    assert chip.registers[TICK_WATCHDOG] & chip.registers[TICK_TIMER0] & 1, "both tick"
    assert chip.at(LOAD)[-1] == 8_000_000, "it counts once a microsecond"
    assert chip.registers[WATCHDOG] & WATCHDOG_ENABLE
    assert chip.log.index((TICK_WATCHDOG, chip.registers[TICK_WATCHDOG])) < chip.log.index((LOAD, 8_000_000))


@pytest.mark.req("GUARD-3")
def test_the_motor_is_off_before_its_pins_are_driven_and_the_start_is_counted(chip: Chip) -> None:
    chip.call("start_begin")
    assert chip.registers[SIO_OUT] & (ENABLE | STEP) == ENABLE, "ENABLE is active low"
    assert chip.registers[SIO_OE] & (ENABLE | STEP) == ENABLE | STEP
    outputs = [place for place, value in chip.log if place in (SIO_OUT + 8, SIO_OE + 8) and value & ENABLE]
    assert outputs == [SIO_OUT + 8, SIO_OE + 8]
    assert chip.registers[SCRATCH0] == 1 << 8


@pytest.mark.req("ALARM-3")
def test_after_a_failed_start_it_sounds_three_tones_feeds_the_watchdog_and_wakes_by_the_alarm(chip: Chip) -> None:
    chip.registers[SCRATCH0] = 1 << 8 | 4
    chip.call("watch")
    chip.log.clear()
    chip.call("start_begin")
    sounds = [place for place, value in chip.log if place in (SIO_OUT + 8, SIO_OUT + 16) and value & SOUND]
    assert sounds[-6:] == [SIO_OUT + 8, SIO_OUT + 16] * 3
    assert chip.at(LOAD) == [8_000_000] * 2, "each second and at the end"
    assert chip.registers[SCR] & SEVONPEND and chip.registers[TIMER_INTE] & 1
    assert len(chip.at(TIMER_ALARM0)) == 7
    assert chip.registers[SCRATCH0] == 2 << 8 and chip.call("start_ended") == 4


@pytest.mark.req("ALARM-3")
def test_a_crash_is_kept_and_resets(chip: Chip) -> None:
    chip.registers[SCRATCH0] = 1 << 8
    assert chip.word(FLASH + 12) == chip.elf.addresses["HardFault_Handler"] | 1, "the vector"
    chip.call("HardFault_Handler", loops=True, frame=(0, 0, 0, 0, 0, 0x10001234, 0x10005678, 0x21000000))
    assert chip.registers[SCRATCH0] == 1 << 8 | 4
    assert [chip.registers[SCRATCH0 + 4 * word] for word in (1, 2, 3)] == [0x10005678, 0x10001234, 0x21000000]
    assert chip.registers[WATCHDOG] & WATCHDOG_TRIGGER


@pytest.mark.req("DOSE-6")
def test_the_supervisor_masks_the_stroke_s_two_interrupts(chip: Chip) -> None:
    chip.call("interrupts_mask")
    assert chip.log == [(ICER0, TIMER_AND_SENSOR)]
    chip.call("interrupts_setup")
    assert chip.at(LOAD)[-1] == 8_000_000
    chip.log.clear()
    chip.call("interrupts_unmask")
    assert chip.log == [(ISPR0, 1 << 1), (ISER0, TIMER_AND_SENSOR)], "made to look at once, then let in"


@pytest.mark.req("DOSE-6")
def test_a_stroke_is_planned_started_and_aborted_with_the_steps_counted(chip: Chip) -> None:
    steps, periods, settle_us = 3, 0x20070000, 500
    chip.engine.mem_write(periods, b"".join(each.to_bytes(2, "little") for each in (2500, 2000, 1800)))
    chip.call("stroke_setup")
    assert chip.registers[CLKDIV] == 150 << 16, "1 MHz of 150"
    offset = next(place for place in range(32) if chip.registers.get(INSTR_MEM + 4 * place) == 0x80A0)
    loaded = [chip.registers[INSTR_MEM + 4 * (offset + each)] for each in range(5)]
    assert loaded == [0x80A0, 0x6043, 0x603D, 0x0043 + offset, 0xA002]
    control = chip.registers[DMA + AL1_CTRL]
    assert control & EN and control >> 13 & 15 == 0, "chained to none: to itself"
    assert control >> 17 & 63 == 8, "at the pace of PIO1's first machine"
    chip.call("stroke_plan", steps, periods)
    chip.call("stroke_start", 500_000)
    assert chip.registers[DMA + AL1_COUNT_TRIG] == 2 * steps + 2
    words = chip.registers[DMA]
    row = [(chip.word(words + 4 * each) >> 3, chip.word(words + 4 * each) & 7) for each in range(2 * steps + 2)]
    assert row[0] == (500_000 - settle_us - 5, 2)
    assert [levels for _, levels in row] == [2, 3, 2, 3, 2, 3, 2, 6], "forward; STEP three times; off at the end"
    assert [wait for wait, _ in row[1:]] == [settle_us - 5, 0, 2490, 0, 1990, 0, 1790]
    # In the middle: two words with the DMA, three in the FIFO, one in the program.
    chip.registers |= {DMA + COUNT: 2, FLEVEL: 3, ADDR: offset + 3, SHIFTCTRL: 0}
    chip.log.clear()
    assert chip.call("stroke_abort") == 1
    assert chip.at(ABORT) == [1] and chip.at(SHIFTCTRL) == [FJOIN_RX, 0]
    assert chip.at(INSTR) == [0xE004, offset], "pins to rest, then back to the first instruction"
    assert [value & 1 for value in chip.at(PIO1)] == [0, 1]


@pytest.mark.req("BOARD-1")
def test_no_channel_of_the_link_is_aborted_while_one_could_start_another(chip: Chip) -> None:
    chip.call("link_setup")
    chip.log.clear()
    chip.call("link_setup")  # as after a soft reset: all three have been running
    aborts = [place for place, (address, _) in enumerate(chip.log) if address == ABORT]
    assert len(aborts) == 3
    off = {address: value & EN for address, value in chip.log[: aborts[0]] if (address - DMA) % 0x40 == AL1_CTRL}
    assert list(off.values()) == [0, 0, 0], "RP2350-E5"
