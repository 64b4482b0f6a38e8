"""A board with its STM32 across resets: what outlives a chip (flash, FRAM, clock, SRAM over a reset), and time.

All times here are cycles since power first came (device.py); every chip continues them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from hil.emulator_stm32.adc import ADC1, ADC2, Adc
from hil.emulator_stm32.bus_lines import BusLines
from hil.emulator_stm32.chip import Chip
from hil.emulator_stm32.device import CYCLES_A_SECOND, CYCLES_A_TICK
from hil.emulator_stm32.i2c import I2C1, I2c
from hil.emulator_stm32.line import Line
from hil.emulator_stm32.memory import Memory
from hil.emulator_stm32.motor import Motor
from hil.emulator_stm32.parts import Fram, Rtc
from hil.emulator_stm32.processor import Processor
from hil.emulator_stm32.rcc import CSR, PIN_RESET, POWER_RESET, SOFTWARE_RESET, WATCHDOG_RESET
from hil.emulator_stm32.small import CalendarClock, Rng
from hil.emulator_stm32.usart import Usart

# Channels of ADC1 and ADC2 by pin (datasheet of the STM32L475 and L476, table of pins).
_CHANNELS = {
    **{5 + n: n for n in range(8)},
    15: 16,
    16: 17,
    **{1 + n: 32 + n for n in range(4)},
    13: 36,
    14: 37,
}
_REASONS = {POWER_RESET: "power on", WATCHDOG_RESET: "watchdog", SOFTWARE_RESET: "software"}


class Outside(Protocol):
    """What only the bench knows."""

    def sense(self, pin: int, now: int) -> int:
        """The counts that a conversion at this pin finds now."""

    def burst(self, edges: list[int]) -> int:
        """A burst is over: when the stroke sensor sees it, or 0."""


@dataclass(frozen=True)
class Wiring:
    """The board's pins by name (16 · port + number), its UARTs, and the steps of a stroke."""

    pins: dict[str, int]
    link_uart: int
    console_uart: int
    steps_per_stroke: int


@dataclass
class Past:
    """Totals of the chips that are gone."""

    cycles: int = 0
    interrupts: int = 0
    stops: int = 0
    sleep: int = 0
    stopped: int = 0
    steps: int = 0
    idle_steps: int = 0
    faults: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


class Machine:
    """A board that runs `image` from its reset vector on. `run` lets time pass."""

    def __init__(
        self, image: bytes, wiring: Wiring, outside: Outside, *, epoch_s: float, chip: str = "STM32L476"
    ) -> None:
        self.wiring, self._outside = wiring, outside
        self.memory = Memory(image, chip=chip)
        self.fram = Fram()
        self.rtc = Rtc(lambda: self.now / CYCLES_A_SECOND, epoch_s)
        self.absent: set[int] = set()
        self.presence = False
        self.crystal = True  # the 32,768 Hz crystal oscillates; looked at when a chip starts
        self.resets: list[tuple[int, str]] = []
        self.ready: list[int] = []
        self.tones: list[list[int]] = []
        self.past = Past()
        self.bus_lines: BusLines | None = None
        self.powered = False
        self.stop_for: tuple[str, ...] = ()
        self.stopped = ""
        self._off_at = 0
        self._reset: int | None = None
        self.power_on()

    @property
    def now(self) -> int:
        """Cycles since power first came."""
        return self.chip.now if self.powered else self._off_at

    @property
    def zero(self) -> int:
        """When the pump's clock of the first life read 0; 0 before."""
        return self._zero_tick * CYCLES_A_TICK

    def power_on(self) -> None:
        """Power comes: SRAM is noise."""
        self.memory.forget()
        self._start(self._off_at, POWER_RESET)

    def _start(self, at: int, cause: int) -> None:
        wiring, memory = self.wiring, self.memory
        self._reset = None
        chip = self.chip = Chip(memory.bytes_at, since_reset=True)
        chip.now = at
        chip.registers[CSR] = cause | PIN_RESET
        chip.clocks.crystal = self.crystal
        self.processor = processor = Processor(chip, memory)
        self._zero_tick = getattr(self, "_zero_tick", 0)
        self.motor = Motor(chip, wiring.pins, wiring.steps_per_stroke, self._outside.burst)
        uarts = ((wiring.link_uart, "LINK"), (wiring.console_uart, "CONSOLE"))
        self.lines = [
            Line(chip, Usart(chip, number, memory.put, wiring.pins[f"{name}_RX"]), self._stopper(f"uart{index}"))
            for index, (number, name) in enumerate(uarts)
        ]
        for base, shortest in ((ADC1, 0), (ADC2, 4)):
            Adc(chip, base, shortest=shortest).sense = self._sense
        bus = I2c(chip, [self.fram, self.rtc], self.absent)
        Rng(chip, at)
        CalendarClock(chip)
        held = self.bus_lines.clocks_left if self.bus_lines else 0
        lines = self.bus_lines = BusLines(chip, wiring.pins["I2C_SCL"], wiring.pins["I2C_SDA"], held)
        bus.free = lambda: not lines.clocks_left
        for line in self.lines:
            processor.polled[line.usart.base + 0x1C] = line.usart.waits_for
        processor.polled |= dict.fromkeys((I2C1 + 0x04, I2C1 + 0x18), bus.waits_for)
        chip.watchdog.on_reset = lambda: self._ask_reset(WATCHDOG_RESET)
        processor.system.on_reset = lambda: self._ask_reset(SOFTWARE_RESET)
        processor.on_sleep = self._slept
        chip.exti.watch = self._pin
        self.show(self.presence)
        self.resets.append((at, _REASONS[cause]))
        self.ready.append(0)
        self.powered = True

    def show(self, presence: bool) -> None:
        """Somebody holds the button or a magnet to the device, or does not. Lasts through resets."""
        self.presence = presence
        if "PRESENCE" in self.wiring.pins:
            self.chip.exti.inputs[self.wiring.pins["PRESENCE"]] = presence

    def _stopper(self, reason: str) -> Callable[[], None]:
        return lambda: self._stop(reason)

    def _stop(self, reason: str) -> None:
        if reason in self.stop_for:
            self.stopped = self.stopped or reason
            self.processor.stopping = True

    def _ask_reset(self, cause: int) -> None:
        self._reset = cause
        self.processor.stopping = True

    def _slept(self) -> None:
        """The first sleep with the clock running and the link open: the pump is up."""
        tick = self.chip.lptim.zero_tick
        if tick is not None and self.lines[0].usart.listening and self.chip.get(0xE000E010) & 2 == 0:
            self._zero_tick = self._zero_tick or tick
            self.ready[-1] = self.now
            self.processor.on_sleep = None
            self._stop("ready")

    def _sense(self, channel: int) -> int:
        return self._outside.sense(_CHANNELS.get(channel, -1), self.chip.now)

    def _pin(self, pin: int, high: bool) -> None:
        self.chip.exti.drives.clear()
        if pin == self.wiring.pins["MOTOR_ENABLE"] and high:
            self.motor.finish()  # the driver is off: a burst that was cut short is over
        if pin == self.wiring.pins["ANNUNCIATOR"]:
            sounding = bool(self.tones) and not self.tones[-1][1]
            if high and not sounding:
                self.tones.append([self.now, 0])
            elif not high and sounding:
                self.tones[-1][1] = self.now

    def _retire(self) -> None:
        """Keep what the bench will ask for, before the chip goes."""
        past = self.past
        self.motor.finish()
        for line in self.lines:
            line.close()
        past.cycles += self.processor.pulse.now
        past.interrupts += self.processor.interrupts
        past.stops += self.chip.stops
        past.sleep += self.processor.sleep_cycles
        past.stopped += self.processor.stop_cycles
        past.steps += self.motor.steps
        past.idle_steps += self.motor.idle_steps
        past.faults += self.processor.faults
        past.wrong += self.chip.wrong

    def power_off(self) -> None:
        """The power goes, at this instant."""
        if self.powered:
            self._retire()
            self._off_at, self.powered = self.chip.now, False

    def run(self, until: int, *stop_for: str) -> str:
        """Run up to `until`, or to the first of `stop_for` (uart0, uart1, ready, reset). Returns why it ended."""
        self.stop_for, self.stopped = stop_for, ""
        if not self.powered:
            self._off_at = max(self._off_at, until)
            return "time"
        while self.now < until and not self.stopped:
            self.processor.stopping = False
            self.processor.run(until)
            if self._reset is not None:
                cause, before = self._reset, self.lines
                self._retire()
                self._start(self.chip.now, cause)
                for old, line in zip(before, self.lines, strict=True):
                    line.pieces.extend(old.pieces)
                    line.usart.feed(bytes(old.usart.coming))
                self._stop("reset")
        return self.stopped or "time"
