"""The emulated STM32, coupled to a plant: the very image that is flashed, on an emulated chip (hil/emulator_stm32).

Time is emulated time, exact and repeatable; it counts from the instant at which the pump's own clock read 0 in its
first life, some tenths of a second after the power came. docs/emulator-stm32.md lists what is not modelled; figures
must be shown together with that list.

Implements: HIL-1 (emulated STM32), BOARD-1
"""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hil.backends.emulation import NS_PER_US, Emulation
from hil.emulator_stm32.device import NS_PER_S, cycles_of, ns_of
from hil.emulator_stm32.machine import Machine, Wiring
from hil.emulator_stm32.memory import FLASH_AT, SRAM1_AT, SRAM2_AT, SRAM_BYTES
from hil.errors import DeviceLost, DeviceMissing
from hil.keys import KEYS_AT

if TYPE_CHECKING:
    from hil.plant import Plant

ROOT = Path(__file__).resolve().parents[2]
BOARD = "NUCLEO_L476RG"
EPOCH_S = 1_767_225_600  # the board's clock at power-up, 2026-01-01 00:00 UTC: the same in every run
_READY = 5 * NS_PER_S
_LAST_WORDS_BYTES = 2_000


def image_file(board: str = BOARD) -> Path:
    """The board's image; RELEVE_STM32_IMAGE names another one of BOARD. Raises DeviceMissing, saying how to make it."""
    named = os.environ.get("RELEVE_STM32_IMAGE") if board == BOARD else None
    path = Path(named or ROOT / "build" / board / "firmware.bin")
    if not path.is_file():
        raise DeviceMissing(
            f"{path} is missing. Run 'make firmware BOARD={board} MICROPYTHON_DIR=/path/to/micropython'; without "
            "MICROPYTHON_DIR it says how to get that checkout."
        )
    return path


def facts_of(board: str) -> dict[str, Any]:
    """The board's table."""
    return tomllib.loads((ROOT / "boards" / board / "board.toml").read_text(encoding="utf-8"))


def wiring_of(board: str, steps_per_stroke: int) -> Wiring:
    """The board's pins and UARTs, from its one table."""
    table = facts_of(board)
    pins = {name: 16 * (ord(text[1]) - ord("A")) + int(text.split()[0][2:]) for name, text in table["pins"].items()}
    return Wiring(pins, table["uarts"]["LINK"], table["uarts"]["CONSOLE"], steps_per_stroke)


class EmulatedStm32Board(Emulation):
    """An emulated STM32 board coupled to `plant`, as `EmulatedBoard` is. Raises DeviceMissing, DeviceLost."""

    sram_bytes = SRAM_BYTES["STM32L476"][0]
    cut_ns_max = 2_000  # how late a power cut may be: code runs on to its next branch

    def __init__(
        self,
        plant: Plant,
        *,
        stroke_nl: int = 500,
        concentration_u_per_ml: int = 400,
        image: Path | None = None,
        board: str = BOARD,
        keys: bytes = b"",
    ) -> None:
        wiring = wiring_of(board, int(plant.parameters["steps_per_stroke"]))
        super().__init__(plant, stroke_nl, concentration_u_per_ml, wiring.pins)
        chip = facts_of(board).get("chip", "STM32L476")
        self.machine = Machine((image or image_file(board)).read_bytes(), wiring, self, epoch_s=EPOCH_S, chip=chip)
        if keys:
            self.set_memory("fram", KEYS_AT, keys)
        self.boot()

    # Time

    @property
    def powered(self) -> bool:
        """Has it power?"""
        return self.machine.powered

    @property
    def now_ns(self) -> int:
        """The bench's time, ns."""
        return self._ns(self.machine.now)

    @property
    def now_us(self) -> int:
        """The bench's time, µs."""
        return self.now_ns // NS_PER_US

    def _ns(self, cycles: int) -> int:
        return ns_of(cycles - self.machine.zero)

    def _cycles(self, ns: int) -> int:
        return cycles_of(ns) + self.machine.zero

    def boot(self) -> int:
        """Let the board start up to its first sleep with its link open. Return the time of that (ns).

        Raises DeviceLost, with what the console said last, if it does not come up.
        """
        if self._run(self.machine.now + cycles_of(_READY), "ready") != "ready":
            words = self.console[-_LAST_WORDS_BYTES:].decode(errors="replace").replace("\r", "").strip()
            raise DeviceLost(f"the image does not come up in {_READY // NS_PER_S} s" + (f"\n{words}" if words else ""))
        return self.now_ns

    def run_until_us(self, end_us: int, *, stop_at_uart: bool = False) -> None:
        """Let the board run up to `end_us`; with `stop_at_uart` at most to its first bytes on the UART."""
        self._run(self._cycles(end_us * NS_PER_US), *(["uart0"] if stop_at_uart else []))

    def run_until_ns(self, end_ns: int, *stop: str) -> str:
        """Let the board run up to `end_ns`, or to the first of `stop`: uart0, uart1, ready, reset. Return which."""
        return self._run(self._cycles(end_ns), *stop)

    def _run(self, until: int, *stop: str) -> str:
        why = self.machine.run(until, *stop)
        self._collect()
        if self.machine.motor.edges:
            self._stroke_started(self._ns(self.machine.motor.edges[0]))  # a run may end in the middle of a burst
        return why

    def _collect(self) -> None:
        link, console = self.machine.lines
        while link.pieces:
            at, data = link.pieces.popleft()
            self._from_device.append((self._ns(at) // NS_PER_US, data))
        while console.pieces:
            self.console += console.pieces.popleft()[1]

    # The lines

    def write(self, data: bytes) -> None:
        """Send bytes on the programmer link, at its line rate. Without power they are lost."""
        self._feed(0, data)

    def write_console(self, data: bytes) -> None:
        """Send bytes on the console, at its line rate."""
        self._feed(1, data)

    def _feed(self, line: int, data: bytes) -> None:
        if self.machine.powered:
            self.machine.lines[line].usart.feed(data)

    # What only an emulator has

    def power_cut(self, at_ns: int | None = None) -> None:
        """Cut the board's power at `at_ns` (default: now). A write in progress at that time stays half done."""
        if at_ns is not None:
            self.run_until_ns(at_ns)
        self.machine.power_off()
        self._collect()

    def power_up(self) -> None:
        """Power the board up again. It starts, but has not booted yet."""
        self.machine.power_on()

    def info(self) -> dict[str, Any]:
        """Return the emulator's counters: resets, cycles awake, sleep, motor, tones, flagged events."""
        machine, past = self.machine, self.machine.past
        bus = machine.bus_lines
        assert bus
        now = (machine.processor, machine.chip, machine.motor) if machine.powered else None
        processor, chip, motor = now or (None, None, None)
        return {
            "resets": [{"nanos": self._ns(at), "reason": reason} for at, reason in machine.resets],
            "ready": [self._ns(at) if at else 0 for at in machine.ready],
            "now": self.now_ns,
            "cycles": past.cycles + (processor.pulse.now if processor else 0),
            "sleep": ns_of(past.sleep + (processor.sleep_cycles if processor else 0)),
            "stopped": ns_of(past.stopped + (processor.stop_cycles if processor else 0)),
            "interrupts": past.interrupts + (processor.interrupts if processor else 0),
            "stops": past.stops + (chip.stops if chip else 0),
            "steps": past.steps + (motor.steps if motor else 0),
            "idle_steps": past.idle_steps + (motor.idle_steps if motor else 0),
            "tones": [[self._ns(on), self._ns(off) if off else 0] for on, off in machine.tones],
            "faults": past.faults + (processor.faults if processor else []),
            "violations": past.wrong + (chip.wrong if chip else []),
            "registers": machine.processor.registers(),
            "fram_writes": machine.fram.writes,
            "bus_clocks": bus.clocks,
            "bus_stops": bus.stops,
            "bus_held": bus.clocks_left,
        }

    def memory(self, name: str, at: int, count: int) -> bytes:
        """Return `count` bytes of the board's "fram", or of "flash", "sram" (SRAM1), "sram2" from their beginning."""
        return bytes(self._memory(name, at, count))

    def set_memory(self, name: str, at: int, data: bytes) -> None:
        """Overwrite bytes of "fram", "flash", "sram" or "sram2", as a fault would."""
        self._memory(name, at, len(data))[:] = data

    def _memory(self, name: str, at: int, count: int) -> memoryview:
        if name == "fram":
            return memoryview(self.machine.fram.bytes)[at : at + count]
        return self.machine.memory.view({"flash": FLASH_AT, "sram": SRAM1_AT, "sram2": SRAM2_AT}[name] + at, count)

    def part(self, address: int, *, present: bool) -> None:
        """Make a device of the I2C bus stop answering, or answer again. Lasts through resets and power cuts."""
        (self.machine.absent.discard if present else self.machine.absent.add)(address)

    @property
    def presence(self) -> bool:
        """Somebody holds the button, or a magnet to the device."""
        return self.machine.presence

    @presence.setter
    def presence(self, shown: bool) -> None:
        self.machine.show(shown)

    def hold_bus(self, clocks: int) -> None:
        """Have a device that was cut off in mid-byte hold the bus's data line low for `clocks` clocks."""
        assert self.machine.bus_lines
        self.machine.bus_lines.hold(clocks)

    def close(self) -> None:
        """End the emulation."""

    def kill(self) -> None:
        """End the emulation."""

    # What the machine asks

    def sense(self, pin: int, now: int) -> int:
        """The counts that a conversion at this pin finds."""
        return self._counts(pin, self._ns(now) // NS_PER_US)

    def burst(self, edges: list[int]) -> int:
        """Tell the plant of a finished burst. Return when the stroke sensor will see it (cycles, 0: never)."""
        edge_us = self._burst_is_over([self._ns(each) for each in edges])
        return self._cycles(edge_us * NS_PER_US) if edge_us else 0
