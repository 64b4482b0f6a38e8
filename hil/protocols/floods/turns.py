"""The pump of a flood, and the longest turn of its supervisor.

The fine quantum uses the same image, restarted from the development console with another stroke volume in its board.
Its idle() also measures each turn of the supervisor, from the return of one idle() to the next call, with the chip's
own microsecond counter.
"""

from __future__ import annotations

import struct

from hil.backends.emulated import EmulatedBoard
from hil.bench import Bench
from hil.errors import BenchError
from hil.plant import Plant, load_mechanism
from hil.protocols.edges import loads

_MECHANISM = load_mechanism()
# MicroPython. `mark` is found in the chip's memory by its first two words. The other two are the worst turn and its
# complement.
_FINE = """
import board, sys
from array import array
from time import ticks_diff, ticks_us
mark = array("I", [0, 0, 0, 0xFFFFFFFF])
mark[0] = {first} ^ 0xFFFFFFFF
mark[1] = {second} ^ 0xFFFFFFFF
class Fine(board.Board):
    stroke_nl = {stroke_nl}
    MOTOR = (96 * stroke_nl // 500,) + board.Board.MOTOR[1:]
    def __init__(self):
        super().__init__()
        sleep = self.idle
        woke = None
        def idle(core, until_us):
            nonlocal woke
            if woke is not None:
                us = ticks_diff(ticks_us(), woke)
                if us > mark[2]:
                    mark[2] = us
                    mark[3] = us ^ 0xFFFFFFFF
            happened = sleep(core, until_us)
            woke = ticks_us()
            return happened
        self.idle = idle
board.Board = Fine
sys.modules.pop("firmware.main", None)
import firmware.main
"""
_MARK = (0x6E727574, 0x73756D78)
_SRAM_BYTES = 264 * 1024


def open_pump(stroke_nl: int, bench_name: str = "emulated") -> Bench:
    """Return an emulated board with strokes of this volume; fine ones on a Pico only. Raises BenchError."""
    table = _MECHANISM
    if stroke_nl != 500:
        steps = int(table["steps_per_stroke"]) * stroke_nl // 500
        table = table.with_value("stroke_volume_nl", stroke_nl).with_value("steps_per_stroke", steps)
    bench = Bench(Plant(table, 1), kind=bench_name, stroke_nl=stroke_nl)
    if stroke_nl != 500:
        restart(bench.board, stroke_nl)
    return bench


def restart(board: EmulatedBoard, stroke_nl: int) -> None:
    """Restart the image's pump with this quantum and an empty memory, measuring its turns. Raises BenchError."""
    script = _FINE.format(stroke_nl=stroke_nl, first=_MARK[0] ^ 0xFFFFFFFF, second=_MARK[1] ^ 0xFFFFFFFF)
    loads.restart(board, script, 2_000_000, "the fine pump")


class Turns:
    """The longest turn of a pump that restart() has started."""

    def __init__(self, board: EmulatedBoard) -> None:
        self._board = board
        sram = board.memory("sram", 0, _SRAM_BYTES)
        self._at = -1
        sought = struct.pack("<II", *_MARK)
        while True:
            self._at = sram.find(sought, self._at + 1)
            if self._at < 0:
                raise BenchError("the pump does not measure its turns")
            worst_us, check = struct.unpack_from("<II", sram, self._at + 8)
            if worst_us and worst_us ^ check == 0xFFFFFFFF:
                break

    def forget(self) -> None:
        """Reset the longest turn to zero."""
        self._board.set_memory("sram", self._at + 8, struct.pack("<II", 0, 0xFFFFFFFF))

    @property
    def worst_us(self) -> int:
        """The longest turn since forget()."""
        return int(struct.unpack("<I", self._board.memory("sram", self._at + 8, 4))[0])
