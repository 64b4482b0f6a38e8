"""Access to a desk: the lines of its two boards, and its time.

`SerialLines` are real ports, and time is the machine's. `EmulatedLines` are two emulated Picos wired to each other
(hil/emulator/desk.js). Their time passes only while somebody reads a line or lets it pass, so that a run repeats bit
for bit.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any, Protocol

from hil.backends.emulator_process import EPOCH_MS, IMAGE, ROOT, NodeProcess, board_pins, bootrom_file, present
from hil.errors import BenchError
from host.api.transport import SerialTransport, Transport
from host.errors import PortError

BENCH_IO_IMAGE = ROOT / "build" / "BENCH_IO" / "firmware.uf2"
BENCH_IO_BOARD = ROOT / "boards" / "BENCH_IO" / "board.toml"
NS_PER_US = 1000
NS_PER_S = 1_000_000_000
_LINK = 0


class Lines(Protocol):
    """A desk, as its backend needs it."""

    @property
    def pump(self) -> Transport:
        """The pump's programmer link."""

    @property
    def bench_io(self) -> Transport:
        """The bench I/O board's line."""

    @property
    def now_us(self) -> int:
        """Time of some clock; only differences count."""

    def wait_us(self, duration_us: int) -> None:
        """Let `duration_us` pass."""

    def flagged(self) -> list[str]:
        """Return bugs that only an emulator of the chips can see. Empty on a real desk."""

    def close(self) -> None:
        """Close the lines."""

    def kill(self) -> None:
        """Close the lines at once."""


class SerialLines:
    """Two serial ports. Raises BenchError if one cannot be opened."""

    def __init__(self, pump: str, bench_io: str) -> None:
        try:
            self.bench_io: SerialTransport = SerialTransport(bench_io)
            self.pump: SerialTransport = SerialTransport(pump)
        except PortError as error:
            raise BenchError(str(error)) from error

    @property
    def now_us(self) -> int:
        """The machine's monotonic clock."""
        return time.monotonic_ns() // NS_PER_US

    def wait_us(self, duration_us: int) -> None:
        """Sleep."""
        time.sleep(duration_us / 1_000_000)

    def flagged(self) -> list[str]:
        """Return nothing: real silicon does not report such bugs."""
        return []

    def close(self) -> None:
        """Close both ports."""
        self.pump.close()
        self.bench_io.close()

    kill = close


class _EmulatedLine:
    """One board's UART as a transport. Reading lets emulated time pass."""

    def __init__(self, lines: EmulatedLines, who: str) -> None:
        self._lines = lines
        self._who = who
        self.received = bytearray()

    def write(self, data: bytes) -> None:
        """Send bytes on the line, at its rate."""
        self._lines.order("send", who=self._who, line=_LINK, data=data.hex())

    def read(self, timeout_s: float) -> bytes:
        """Return the bytes received. Lets time pass until there are some or `timeout_s` is over."""
        if not self.received and timeout_s > 0:
            self._lines.run_until_ns(self._lines.now_ns + round(timeout_s * NS_PER_S), stop=self._who)
        data = bytes(self.received)
        self.received.clear()
        return data


class EmulatedLines:
    """Two emulated Picos in one process. Raises DeviceMissing, DeviceLost."""

    def __init__(self, *, pump_image: Path | None = None, bench_io_image: Path | None = None) -> None:
        image = pump_image or Path(os.environ.get("RELEVE_PICO_IMAGE", IMAGE))
        config: dict[str, Any] = {
            "bootrom": str(bootrom_file()),
            "epochMillis": EPOCH_MS,
            "pump": {"image": str(present(image, "make firmware BOARD=RPI_PICO")), "pins": board_pins()},
            "io": {
                "image": str(present(bench_io_image or BENCH_IO_IMAGE, "make firmware BOARD=BENCH_IO")),
                "pins": board_pins(BENCH_IO_BOARD),
            },
        }
        for each in ("pump", "io"):
            config[each]["stepsPerStroke"] = 0  # the emulator's own motor has nothing to say on a desk
        self._process = NodeProcess("desk.js", config)
        self._lines = {"pump": _EmulatedLine(self, "pump"), "io": _EmulatedLine(self, "io")}
        self.pump = self._lines["pump"]
        self.bench_io = self._lines["io"]
        self.now_ns = 0
        self._closed = False

    @property
    def now_us(self) -> int:
        """Emulated time."""
        return self.now_ns // NS_PER_US

    def wait_us(self, duration_us: int) -> None:
        """Let emulated time pass."""
        self.run_until_ns(self.now_ns + duration_us * NS_PER_US)

    def run_until_ns(self, until_ns: int, *, stop: str = "") -> None:
        """Let time pass up to `until_ns`, or to the first bytes on the line of `stop`: "pump" or "io"."""
        answer = self.order("run", until=until_ns, stop={stop: True} if stop else {})
        self.now_ns = round(answer["now"])
        for who, line, _, text in answer["pieces"]:
            if line == _LINK:
                self._lines[who].received += bytes.fromhex(text)

    def order(self, name: str, **values: Any) -> dict[str, Any]:
        """Give the emulator an order."""
        return self._process.order(name, **values)

    def step_edges_ns(self, first: int = 0) -> list[int]:
        """Return the true edges of the pump's STEP from number `first` on, rising first."""
        return [round(each) for each in self.order("truth", **{"from": first})["edges"]]

    def flagged(self) -> list[str]:
        """Return events that would be bugs on silicon, in either chip."""
        info = self.order("info")
        chips = [info[who] for who in ("pump", "io") if info[who]]
        return [text for chip in chips for text in (*chip["faults"], *chip["violations"])]

    def close(self) -> None:
        """End the emulation."""
        if not self._closed:
            self._closed = True
            self._process.close()

    def kill(self) -> None:
        """Kill the emulation at once."""
        self._closed = True
        self._process.kill()
