"""The emulated Pico, coupled to a plant: the very image that is flashed, on an RP2040 under Node (hil/emulator).

Time is emulated time, in nanoseconds, exact and repeatable. Emulator and bench take turns over two pipes: the bench
tells the emulator until when to run, and the emulator asks when only the plant knows the answer. docs/emulator.md lists
what the emulator does not model; its figures must be shown together with that list.

Implements: HIL-1 (emulated Pico), BOARD-3
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hil.backends.emulation import NS_PER_US, Emulation
from hil.backends.emulator_process import EmulatorProcess, board_pins
from hil.backends.virtual import UART_BAUD, uart_time_us
from hil.keys import KEYS_AT

if TYPE_CHECKING:
    from hil.plant import Plant

__all__ = ["UART_BAUD", "EmulatedBoard", "uart_time_us"]

_LINK = 0
_CONSOLE = 1
_READY_NS_MAX = 5_000_000_000


class EmulatedBoard(Emulation):
    """An emulated Pico coupled to `plant`; the interface of `VirtualBoard`, plus functions that only an emulator has.

    `image` is a UF2 file, `bootrom` a real boot ROM instead of our stub, `flash_timing` "typical" or "longest" of the
    flash's datasheet. Raises DeviceMissing, DeviceLost.
    """

    sram_bytes = 264 * 1024
    cut_ns_max = 1  # how late a power cut may be

    def __init__(
        self,
        plant: Plant,
        *,
        stroke_nl: int = 500,
        concentration_u_per_ml: int = 400,
        image: Path | None = None,
        bootrom: Path | None = None,
        flash_timing: str = "typical",
        keys: bytes = b"",
    ) -> None:
        super().__init__(plant, stroke_nl, concentration_u_per_ml, board_pins())
        self.exchanges = 0
        self.powered = True
        self._now_ns = 0
        self._process = EmulatorProcess(
            steps_per_stroke=self._steps_per_stroke, image=image, bootrom=bootrom, flash_timing=flash_timing
        )
        self._closed = False
        self._presence = False
        if keys:
            self.set_memory("fram", KEYS_AT, keys)
        self.boot()

    @property
    def now_us(self) -> int:
        """Time since power first came, µs."""
        return self._now_ns // NS_PER_US

    @property
    def now_ns(self) -> int:
        """Time since power first came, ns."""
        return self._now_ns

    def boot(self) -> int:
        """Let the board start up to its first sleep with its link open. Return the time of that (ns)."""
        self._run(self._now_ns + _READY_NS_MAX, ["ready"])
        return self._now_ns

    def run_until_us(self, end_us: int, *, stop_at_uart: bool = False) -> None:
        """Let the board run up to `end_us`; with `stop_at_uart` at most to its first bytes on the UART."""
        self._run(end_us * NS_PER_US, [f"uart{_LINK}"] if stop_at_uart else [])

    def run_until_ns(self, end_ns: int, *stop: str) -> str:
        """Let the board run up to `end_ns`, or to the first of `stop`: uart0, uart1, ready, reset. Return which."""
        return self._run(end_ns, list(stop))

    def write(self, data: bytes) -> None:
        """Send bytes on the programmer link, at its line rate."""
        self._process.order("send", line=_LINK, at=self._now_ns, data=data.hex())

    def write_console(self, data: bytes) -> None:
        """Send bytes on the console, at its line rate."""
        self._process.order("send", line=_CONSOLE, at=self._now_ns, data=data.hex())

    def power_cut(self, at_ns: int | None = None) -> None:
        """Cut the board's power at `at_ns` (default: now). A write in progress at that time stays half done."""
        if at_ns is not None:
            self._run(at_ns, [])
        self._now_ns = int(self._process.order("power_off")["now"])
        self.powered = False

    def power_up(self) -> None:
        """Power the board up again. It starts, but has not booted yet."""
        self._process.order("power_on")
        self.powered = True

    def info(self) -> dict[str, Any]:
        """Return the emulator's counters: resets, instructions, flash, UARTs, and flagged events."""
        return self._process.order("info")

    def memory(self, name: str, at: int, count: int) -> bytes:
        """Return `count` bytes of the board's "sram", "flash" or "fram"."""
        return bytes.fromhex(self._process.order("read", memory=name, at=at, count=count)["data"])

    def set_memory(self, name: str, at: int, data: bytes) -> None:
        """Overwrite bytes of "sram", "flash" or "fram", as a fault would."""
        self._process.order("write", memory=name, at=at, data=data.hex())

    def part(self, address: int, *, present: bool) -> None:
        """Make a device of the I2C bus stop answering, or answer again. Lasts through resets and power cuts."""
        self._process.order("part", address=address, present=present)

    @property
    def presence(self) -> bool:
        """Somebody holds the button, or a magnet to the device."""
        return self._presence

    @presence.setter
    def presence(self, shown: bool) -> None:
        self._presence = shown
        self._process.order("show", presence=shown)

    def hold_bus(self, clocks: int) -> None:
        """Have a device that was cut off in mid-byte hold the bus's data line low for `clocks` clocks."""
        self._process.order("hold_bus", clocks=clocks)

    def lowest_touched(self, from_at: int, to_at: int) -> int:
        """The lowest SRAM offset from `from_at` on that was ever written since power-up; `to_at` if none was."""
        return int(self._process.order("touched", **{"from": from_at, "to": to_at})["at"])

    def close(self) -> None:
        """End the emulation."""
        if not self._closed:
            self._closed = True
            self._process.close()

    def kill(self) -> None:
        """Kill the emulation at once."""
        self._closed = True
        self._process.kill()

    def _run(self, until_ns: int, stop: list[str]) -> str:
        answer = self._process.exchange({"do": "run", "until": until_ns, "stop": stop})
        while "ask" in answer:
            self.exchanges += 1
            reply = self._sense(answer) if answer["ask"] == "sense" else self._burst(answer)
            answer = self._process.exchange(reply)
        for line, at_ns, text in answer["pieces"]:
            if line == _LINK:
                self._from_device.append((int(at_ns) // NS_PER_US, bytes.fromhex(text)))
            else:
                self.console += bytes.fromhex(text)
        if answer["moving"]:
            self._stroke_started(answer["moving"])  # recorded now, because a run may end in the middle of a burst
        self._now_ns = int(answer["now"])
        return str(answer["done"])

    def _sense(self, question: dict[str, Any]) -> dict[str, int]:
        return {"counts": self._counts(question["pin"], int(question["now"]) // NS_PER_US)}

    def _burst(self, question: dict[str, Any]) -> dict[str, int]:
        """Tell the plant of a finished burst. Return when the stroke sensor will see it (ns, 0: never)."""
        edge_us = self._burst_is_over([round(each) for each in question["edges"]])
        return {"edge": edge_us * NS_PER_US if edge_us else 0}
