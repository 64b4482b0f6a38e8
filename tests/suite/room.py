"""How deep an emulated board's two stacks got since power came: the C stack, and MicroPython's call frames."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

from hil.backends.emulated import EmulatedBoard
from tests.symbols import in_image

ELF = Path(__file__).resolve().parents[2] / "build" / "RPI_PICO" / "firmware.elf"
SRAM = 0x20000000
STACK_BYTES = 8192
STACK_SPARE_BYTES = 2048


class Depth(NamedTuple):
    """Bytes."""

    stack: int
    frames: int
    frames_size: int

    @property
    def roomy(self) -> bool:
        """Is a quarter of each left?"""
        return self.stack <= STACK_BYTES - STACK_SPARE_BYTES and self.frames <= self.frames_size * 3 // 4


@cache
def symbol(name: str) -> tuple[int, int]:
    """Its place in SRAM and its size."""
    at, size = in_image(ELF, name)
    return at - SRAM, size


def depth(board: EmulatedBoard) -> Depth:
    """What was used at the deepest. Noise fills the C stack when power comes, start-up clears the frames."""
    top, _ = symbol("__StackTop")
    frames, size = symbol("releve_frames")
    used = top - board.lowest_touched(top - STACK_BYTES, top)
    return Depth(used, len(board.memory("sram", frames, size).rstrip(b"\0")), size)
