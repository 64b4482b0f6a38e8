"""Loads that keep the emulated Pico's processor busy while its edges are measured (DOSE-6), and how to start them.

The console of the development image interrupts the pump and starts it again with an idle function that works before it
sleeps: garbage collection, writes to the flash. Everything below Python is the code of the release image. The link is
flooded from outside.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

from hil.backends.emulated import EmulatedBoard
from hil.errors import BenchError
from hil.keys import KEYS_AT, Provisioned
from hil.sealing import sealed_frame
from host.api.link import HostLink

INTERRUPT = b"\x03"
RAW_REPL = b"\x01"
END = b"\x04"
FRAM_BYTES = 32768
LINE_BYTES_PER_S = 11_520
_STATUS_ID = 2

# MicroPython. The pump sleeps at most half a millisecond between two rounds of work.
_SCRIPT = """
import board, gc, sys, _rp2
GC, FLASH = {gc}, {flash}
flash = _rp2.Flash()
blocks = flash.ioctl(4, 0)
page = bytes(range(256)) * 16
block = 0
class Busy(board.Board):
    def __init__(self):
        super().__init__()
        sleep, now_us = self.idle, self.now_us
        def idle(core, until_us):
            global block
            if GC:
                gc.collect()
            if FLASH:
                block = (block + 1) % blocks
                flash.writeblocks(block, page)
            return sleep(core, min(until_us, now_us() + 500))
        self.idle = idle
board.Board = Busy
sys.modules.pop("firmware.main", None)
import firmware.main
"""


@dataclass(frozen=True)
class Load:
    """One load. `flash_timing` is typical, or the longest that the flash's datasheet allows."""

    name: str
    gc: bool = False
    flash: bool = False
    flood: bool = False
    flash_timing: str = "typical"


LOADS = (
    Load("idle"),
    Load("link flood", flood=True),
    Load("garbage collection", gc=True),
    Load("flash writes", flash=True),
    Load("flash writes, slowest flash", flash=True, flash_timing="longest"),
    Load("all at once", gc=True, flash=True, flood=True),
)


def start(board: EmulatedBoard, load: Load) -> None:
    """Restart the pump with this load, if the load needs a restart. Raises BenchError if the console fails to do so."""
    if load.gc or load.flash:
        restart(board, _SCRIPT.format(gc=load.gc, flash=load.flash), 1_000_000, "the load")


def restart(board: EmulatedBoard, script: str, wait_us: int, what: str) -> None:
    """Restart the pump with this script and nothing in its memory but its keys, and let `wait_us` pass. A BenchError
    names `what`.
    """
    board.write_console(INTERRUPT)
    board.run_until_us(board.now_us + 300_000)
    board.write_console(RAW_REPL)
    board.run_until_us(board.now_us + 100_000)
    if b"raw REPL" not in board.take_console():
        raise BenchError("the emulated Pico has no console: its image is not a development image")
    # The pump starts a second time without a reset, which never happens on a board. With its old memory its clock would
    # have to go back, so it gets an empty one.
    board.set_memory("fram", 0, bytes(FRAM_BYTES))
    board.set_memory("fram", KEYS_AT, Provisioned().cells)
    board.write_console(script.encode() + END)
    board.run_until_us(board.now_us + wait_us)
    said = board.take_console()
    if said != b"OK":
        raise BenchError(f"{what} does not start: {said.decode(errors='replace')}")


class Flood:
    """Keeps the line of the programmer link full with status requests in the session of `link`, and noise."""

    def __init__(self, link: HostLink, seed: int) -> None:
        self._link = link
        self._random = random.Random(seed)
        self._sequence = 0
        self.bytes = 0

    def feed(self, board: EmulatedBoard, seconds: float) -> None:
        """Send the bytes for the next `seconds` at line rate."""
        data = bytearray()
        while len(data) < LINE_BYTES_PER_S * seconds:
            self._sequence = (self._sequence + 1) & 0xFFFF
            data += sealed_frame(self._link.session, self._sequence, _STATUS_ID, b"")[0]
            if self._sequence % 4 == 0:
                data += self._random.randbytes(40)
        board.write(bytes(data))
        self.bytes += len(data)
