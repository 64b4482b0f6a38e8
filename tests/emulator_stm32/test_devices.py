"""Devices of the emulated chip against ST's reference manual RM0351: reset values, times, flags."""

from __future__ import annotations

import pytest

from hil.emulator_stm32.bus_lines import BusLines
from hil.emulator_stm32.chip import Chip
from hil.emulator_stm32.cut import CCR, CMAR, CNDTR, CPAR, CSELR, TIM6
from hil.emulator_stm32.device import CYCLES_A_SECOND, CYCLES_A_TICK, cycles_of, ns_of
from hil.emulator_stm32.i2c import BUSY, I2C1, NACKF, RXNE, STOPF, TC, TCR, TXIS, I2c
from hil.emulator_stm32.parts import FRAM_BYTES, Fram, Rtc
from hil.emulator_stm32.rcc import CFGR, CR, CSR, IWDG, PWR, RCC
from hil.emulator_stm32.system import SYST_CTRL, SYST_LOAD, SYST_VAL, System
from hil.emulator_stm32.usart import BYTE_CYCLES, IDLE, ORE, TXE, Usart
from hil.emulator_stm32.usart import RXNE as RX
from hil.emulator_stm32.usart import TC as SENT

pytestmark = pytest.mark.req("HIL-1", "BOARD-1")

CR1, CR2, TIMINGR, ISR, ICR, RXDR, TXDR = (I2C1 + each for each in (0, 4, 0x10, 0x18, 0x1C, 0x24, 0x28))
START, STOP, RELOAD, AUTOEND, READ = 1 << 13, 1 << 14, 1 << 24, 1 << 25, 1 << 10
US = CYCLES_A_SECOND // 1_000_000


@pytest.fixture
def chip() -> Chip:
    return Chip(lambda address, length: bytes(length), since_reset=True)


@pytest.fixture
def fram() -> Fram:
    return Fram()


@pytest.fixture
def bus(chip: Chip, fram: Fram) -> Chip:
    I2c(chip, [fram, Rtc(lambda: 0.0, 1_767_225_600)], set())
    chip.write(TIMINGR, 0x00702991)  # 400 kHz from 80 MHz, as MicroPython's port has it
    chip.write(CR1, 1)
    return chip


def until(chip: Chip, flags: int, limit_us: int = 200) -> int:
    """Let time pass until one of the flags is up; how long it took, cycles."""
    begin = chip.now
    while not chip.read(ISR) & flags:
        assert chip.now - begin < limit_us * US, hex(chip.read(ISR))
    return chip.now - begin


def address(chip: Chip, what: int) -> None:
    chip.write(CR2, what | START)
    while chip.read(CR2) & START:
        pass


def test_the_time_base_is_122_times_the_crystal_times_20() -> None:
    assert CYCLES_A_SECOND == 122 * 32768 * 20
    assert CYCLES_A_TICK == CYCLES_A_SECOND // 32768
    assert all(ns_of(cycles_of(ns)) in (ns, ns + 12) or ns_of(cycles_of(ns)) - ns < 13 for ns in (0, 1, 999, 10**12))


def test_reset_values_and_ready_bits(chip: Chip) -> None:
    assert chip.read(CR) & 0xF == 3, "MSI on and ready"
    assert chip.read(CFGR) == 0 and chip.clocks.division == 20, "it is the system's clock, 4 MHz"
    chip.write(CR, chip.read(CR) | 1 << 24)
    assert chip.read(CR) >> 25 & 1, "PLLRDY"
    chip.write(CFGR, 3)
    assert chip.read(CFGR) & 0xC == 0xC and chip.clocks.division == 1
    chip.write(CR, chip.read(CR) & ~(1 << 24))
    assert not chip.read(CR) >> 25 & 1


def test_the_backup_domain_is_protected_and_the_crystal_needs_its_bit(chip: Chip) -> None:
    chip.write(RCC + 0x90, 1)
    assert not chip.read(RCC + 0x90) and chip.wrong
    chip.write(PWR, chip.read(PWR) | 1 << 8)
    chip.write(RCC + 0x90, 1)
    assert chip.read(RCC + 0x90) == 3
    chip.clocks.crystal = False
    chip.write(RCC + 0x90, 0)
    chip.write(RCC + 0x90, 1)
    assert chip.read(RCC + 0x90) == 1


def test_causes_of_reset_stay_until_they_are_removed(chip: Chip) -> None:
    chip.registers[CSR] = 1 << 29 | 1 << 26
    assert chip.read(CSR) >> 29 & 1
    chip.write(CSR, chip.read(CSR) | 1)
    assert chip.read(CSR) & 3 == 3, "LSI on and ready"
    assert chip.read(CSR) >> 29 & 1
    chip.write(CSR, 1 << 23)
    assert chip.read(CSR) & 0xFF000000 == 0


def test_the_watchdog_bites_after_its_counts_and_not_while_it_is_fed(chip: Chip) -> None:
    bites: list[int] = []
    chip.watchdog.on_reset = lambda: bites.append(chip.now)
    for key, value in ((0, 0xCCCC), (0, 0x5555), (4, 4), (8, 3999), (0, 0xAAAA)):
        chip.write(IWDG + key, value)
    fed = chip.now
    for _ in range(5):
        chip.advance(7 * CYCLES_A_SECOND)
        chip.write(IWDG, 0xAAAA)
        fed = chip.now
    assert bites == []
    chip.advance(9 * CYCLES_A_SECOND)
    assert bites == [fed + 8 * CYCLES_A_SECOND], "4000 counts of 32 kHz / 64"


@pytest.mark.parametrize(
    ("missing", "carried"),
    [("", True), ("UDE", False), ("request", False), ("channel", False), ("DMA2's clock", False)],
)
def test_tim6_counts_once_and_its_overflow_moves_one_word_to_a_port(missing: str, carried: bool) -> None:
    chip = Chip(lambda address, length: (1 << 4).to_bytes(length, "little"), since_reset=True)
    chip.write(RCC + 0x58, 1 << 4)
    chip.write(RCC + 0x48, 0 if missing == "DMA2's clock" else 1 << 1)
    chip.write(CSELR, 0 if missing == "request" else 3 << 12)
    for where, value in ((CNDTR, 1), (CMAR, 0x08000000), (CPAR, 0x48000418)):
        chip.write(where, value)
    chip.write(CCR, 1 << 4 | 2 << 8 | 2 << 10 | (missing != "channel"))
    chip.write(TIM6 + 0x00, 1 << 3 | 1 << 2)
    chip.write(TIM6 + 0x28, 40959)
    chip.write(TIM6 + 0x2C, 99)
    chip.write(TIM6 + 0x0C, 0 if missing == "UDE" else 1 << 8)
    chip.write(TIM6 + 0x14, 1)
    assert not chip.pins[20], "an update by UG asks for nothing while URS is set"
    chip.write(TIM6 + 0x00, 1 << 3 | 1 << 2 | 1)
    chip.advance(100 * 40960 - 1)
    assert not chip.pins[20] and chip.get(TIM6) & 1
    chip.advance(1)
    assert chip.pins[20] == carried and not chip.get(TIM6) & 1, "PB4"
    chip.pins[20] = False
    chip.advance(200 * 40960)
    assert not chip.pins[20] and chip.wrong == []


def test_systick_counts_down_and_tells_its_end_once(chip: Chip) -> None:
    system = System(chip)
    chip.write(CFGR, 3)
    for where, value in ((SYST_LOAD, 79_999), (SYST_VAL, 0), (SYST_CTRL, 7)):
        chip.write(where, value)
    first = chip.read(SYST_VAL)
    chip.advance(1000)
    assert 1000 <= first - chip.read(SYST_VAL) <= 1020
    chip.advance(80_000)
    assert 15 in system.pending
    assert chip.read(SYST_CTRL) >> 16 & 1
    assert not chip.read(SYST_CTRL) >> 16 & 1


def test_a_byte_takes_nine_clocks_and_a_write_ends_with_a_stop(bus: Chip, fram: Fram) -> None:
    address(bus, 0x50 << 1 | 4 << 16 | AUTOEND)
    took = []
    for byte in (0x12, 0x34, 0xAB, 0xCD):
        until(bus, TXIS)
        bus.write(TXDR, byte)
        took.append(until(bus, TXIS | STOPF))
    assert bus.read(ISR) & STOPF and not bus.read(ISR) & BUSY
    assert all(each == pytest.approx(9 * CYCLES_A_SECOND / 400_000, rel=0.03) for each in took[:3]), took
    assert fram.bytes[0x1234:0x1236] == b"\xab\xcd" and fram.writes == 2


def test_reload_stretches_the_clock_until_more_bytes_are_asked_for(bus: Chip, fram: Fram) -> None:
    address(bus, 0x50 << 1 | 1 << 16 | RELOAD)
    for byte in (0, 5):
        until(bus, TXIS)
        bus.write(TXDR, byte)
        until(bus, TCR)
        bus.advance(1000 * US)
        assert bus.read(ISR) & TCR, "for as long as it takes"
        bus.write(CR2, RELOAD | 1 << 16)
    until(bus, TXIS)
    bus.write(TXDR, 77)
    until(bus, TCR)
    assert fram.bytes[5] == 77


def test_a_read_after_a_repeated_start(bus: Chip, fram: Fram) -> None:
    fram.bytes[FRAM_BYTES - 1], fram.bytes[0] = 7, 8
    address(bus, 0x50 << 1 | 2 << 16)
    for byte in (0x7F, 0xFF):
        until(bus, TXIS)
        bus.write(TXDR, byte)
    until(bus, TC)
    address(bus, 0x50 << 1 | 2 << 16 | AUTOEND | READ)
    until(bus, RXNE)
    assert bus.read(RXDR) == 7
    until(bus, RXNE)
    assert bus.read(RXDR) == 8, "the address counter wraps round"
    until(bus, STOPF)


def test_an_address_that_nobody_has_is_refused_and_the_bus_let_go(bus: Chip) -> None:
    address(bus, 0x33 << 1 | 1 << 16)
    until(bus, STOPF)
    assert bus.read(ISR) & NACKF
    bus.write(ICR, NACKF | STOPF)
    assert not bus.read(ISR) & (NACKF | STOPF | BUSY)


def test_a_read_of_one_byte_without_autoend_ends_without_a_stop(bus: Chip) -> None:
    """What an interrupt between the address and AUTOEND does to MicroPython's port."""
    address(bus, 0x52 << 1 | 1 << 16 | READ)
    bus.advance(40 * US)
    bus.write(CR2, bus.read(CR2) | AUTOEND)
    bus.advance(1000 * US)
    assert bus.read(ISR) & (TC | RXNE | STOPF) == TC | RXNE


def test_a_held_bus_starts_nothing_and_nine_clocks_free_it(bus: Chip) -> None:
    lines = BusLines(bus, 24, 25, 9)
    i2c = next(each for each in bus.devices if isinstance(each, I2c))
    i2c.free = lambda: not lines.clocks_left
    bus.write(CR2, 0x50 << 1 | START)
    bus.advance(1000 * US)
    assert bus.read(CR2) & START
    port = 0x48000400
    assert not bus.read(port + 0x10) >> 9 & 1, "SDA is low"
    for _ in range(9):
        bus.write(port, 1 << 16)  # SCL (PB8) an output, low
        bus.write(port, 0)
    assert bus.read(port + 0x10) >> 9 & 1
    assert lines.clocks == 9


def test_the_clock_part_keeps_utc_and_takes_a_new_one() -> None:
    passed = [0.0]
    clock = Rtc(lambda: passed[0], 1_767_225_600)  # 2026-01-01 00:00, a Thursday
    clock.start(True)
    assert clock.registers[:7] == bytes([0, 0, 0, 4, 1, 1, 0x26])
    passed[0] = 3661.5
    clock.start(True)
    assert clock.registers[:3] == bytes([1, 1, 1])
    clock.start(False)
    for byte in (0, 0x59, 0x59, 0x23, 2, 0x28, 0x02, 0x28):
        clock.write(byte)
    clock.stop()
    passed[0] += 1
    clock.start(True)
    assert clock.registers[:7] == bytes([0, 0, 0, 2, 0x29, 2, 0x28]), "2028 is a leap year"


def test_a_uart_sends_by_its_registers_and_loses_what_is_not_fetched(chip: Chip) -> None:
    uart = Usart(chip, 1, lambda address, byte: None, 10)
    base = uart.base
    chip.registers[RCC + 0x60] = 1 << 14
    chip.write(base, 0xD)
    begin = chip.now
    chip.write(base + 0x28, 65)
    assert chip.read(base + 0x1C) & TXE, "the first byte is on the line at once"
    chip.write(base + 0x28, 66)
    assert not chip.read(base + 0x1C) & TXE
    chip.advance(begin + 2 * BYTE_CYCLES + 60 - chip.now)
    assert uart.sent == b"AB" and chip.read(base + 0x1C) & SENT
    uart.feed(b"xy")
    chip.advance(2 * BYTE_CYCLES)
    assert chip.read(base + 0x1C) & (RX | ORE) == RX | ORE
    assert chip.read(base + 0x24) == ord("x") and uart.lost == 1
    chip.advance(BYTE_CYCLES)
    assert chip.read(base + 0x1C) & IDLE
