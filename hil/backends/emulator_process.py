"""The emulator as a process: Node running hil/emulator/main.js, connected by two pipes with lines of JSON."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tempfile
import tomllib
from pathlib import Path
from typing import Any

from hil.errors import BenchError, DeviceLost, DeviceMissing

ROOT = Path(__file__).resolve().parents[2]
EMULATOR = ROOT / "hil" / "emulator"
BOARD = ROOT / "boards" / "RPI_PICO" / "board.toml"
BOOTROM = ROOT / "build" / "emulator" / "bootrom.bin"
IMAGE = ROOT / "build" / "RPI_PICO" / "firmware.uf2"
BOOTROM_BYTES = 16384
VERSION = 1
# Wall time at the bench's zero, 2026-01-01 00:00 UTC: the same in every run.
EPOCH_MS = 1_767_225_600_000
_LAST_WORDS_BYTES = 2000


def board_pins(board: Path = BOARD) -> dict[str, int]:
    """Return the board's pins from its one table. Raises DeviceMissing if there is no such board."""
    if not board.is_file():
        raise DeviceMissing(f"{board} is missing: the emulated Pico takes its pins from there")
    pins = tomllib.loads(board.read_text(encoding="utf-8"))["pins"]
    return {name: int(gpio) for name, gpio in pins.items()}


def present(path: Path, make: str) -> Path:
    """Return the absolute path of a file. Raises DeviceMissing, naming the make target that builds it."""
    if not path.is_file():
        raise DeviceMissing(f"{path} is missing. Run '{make}'.")
    return path.resolve()


_chosen: list[Path] = []  # empty: our stub


def use_bootrom(path: Path) -> None:
    """Have every emulated Pico of this process start with the real boot ROM in the file `path`. Raises BenchError."""
    if not path.is_file():
        raise DeviceMissing(f"{path} is missing: a Pico's boot ROM, {BOOTROM_BYTES} bytes read from its address 0")
    size = path.stat().st_size
    if size != BOOTROM_BYTES:
        raise BenchError(f"{path} has {size} bytes: a Pico's boot ROM has {BOOTROM_BYTES}")
    _chosen[:] = [path.resolve()]


def bootrom_file(bootrom: Path | None = None) -> Path:
    """Return the boot ROM that was given, the one of use_bootrom(), or our stub. Raises DeviceMissing."""
    return bootrom or (_chosen[0] if _chosen else present(BOOTROM, "make emulator"))


class NodeProcess:
    """A running program of hil/emulator. `order` and `exchange` send a line and return the answer.

    Raises DeviceMissing, DeviceLost.
    """

    def __init__(self, program: str, config: dict[str, Any]) -> None:
        node = shutil.which("node")
        if node is None or not (EMULATOR / "node_modules").is_dir():
            raise DeviceMissing("the emulated Pico is not installed. Run 'make emulator'.")
        from_bench, write_fd = os.pipe()
        read_fd, to_bench = os.pipe()
        self._output = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        self._process = subprocess.Popen(
            [node, str(EMULATOR / program), json.dumps(config), str(from_bench), str(to_bench)],
            pass_fds=(from_bench, to_bench),
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
            process_group=0,  # Ctrl-C in a terminal is for the bench; the emulator ends with its pipes
        )
        os.close(from_bench)
        os.close(to_bench)
        self._to = os.fdopen(write_fd, "wb", buffering=0)
        self._from = os.fdopen(read_fd, "rb")
        hello = self._receive()
        if hello.get("version") != VERSION:
            raise self.lost(f"bench link: {hello} is not version {VERSION}")

    def exchange(self, message: dict[str, Any]) -> dict[str, Any]:
        """Send `message`, return the next answer."""
        try:
            self._to.write(json.dumps(message).encode() + b"\n")
        except BrokenPipeError:
            raise self.lost("bench link") from None
        answer = self._receive()
        if "error" in answer:
            raise self.lost(f"{answer['error']}\n{answer['where']}")
        return answer

    def order(self, name: str, **values: Any) -> dict[str, Any]:
        """Give an order that is answered at once."""
        return self.exchange({"do": name, **values})

    def lost(self, what: str) -> DeviceLost:
        """Return the error for an emulator that broke off, with its last output."""
        self._process.kill()
        self._process.wait()
        self._to.close()
        self._from.close()
        words = self.words()
        return DeviceLost(f"{what}: the emulated Pico ended" + (f"\n{words}" if words else ""))

    def words(self) -> str:
        """Return the end of the emulator's standard output and error."""
        self._output.seek(0, os.SEEK_END)
        self._output.seek(max(0, self._output.tell() - _LAST_WORDS_BYTES))
        return self._output.read().decode(errors="replace").strip()

    def close(self) -> None:
        """Ask the emulator to end and wait for its exit."""
        try:
            self._to.write(b'{"do": "quit"}\n')
            status = self._process.wait(timeout=10)
        except (BrokenPipeError, subprocess.TimeoutExpired):
            raise self.lost("at the end") from None
        if status != 0:
            raise self.lost(f"at the end, exit status {status}")
        self._to.close()
        self._from.close()
        self._output.close()

    def kill(self) -> None:
        """Kill the emulator at once."""
        self._process.kill()
        self._process.wait()
        self._to.close()
        self._from.close()
        self._output.close()

    def _receive(self) -> dict[str, Any]:
        line = self._from.readline()
        if not line:
            raise self.lost("bench link")
        answer: dict[str, Any] = json.loads(line)
        return answer


class EmulatorProcess(NodeProcess):
    """The emulated Pico alone."""

    def __init__(self, *, steps_per_stroke: int, image: Path | None, bootrom: Path | None, flash_timing: str) -> None:
        named = os.environ.get("RELEVE_PICO_IMAGE")
        config = {
            "image": str(present(image or Path(named or IMAGE), "make firmware BOARD=RPI_PICO")),
            "bootrom": str(bootrom_file(bootrom)),
            "pins": board_pins(),
            "stepsPerStroke": steps_per_stroke,
            "flashTiming": flash_timing,
            "epochMillis": EPOCH_MS,
        }
        super().__init__("main.js", config)
