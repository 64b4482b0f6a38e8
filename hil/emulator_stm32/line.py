"""A serial line between the board and the bench: what a UART sends, gathered into pieces.

A piece ends with a zero byte (the end of a frame on the programmer link), with a pause, or when it is long.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING

from hil.emulator_stm32.device import Device
from hil.emulator_stm32.usart import BYTE_CYCLES, Usart

if TYPE_CHECKING:
    from hil.emulator_stm32.chip import Chip

_PAUSE = 2 * BYTE_CYCLES
_PIECE_BYTES_MAX = 256


class Line(Device):
    """`pieces` of (time of the last byte's end, bytes); `on_piece()` is called with each that is complete."""

    def __init__(self, chip: Chip, usart: Usart, on_piece: Callable[[], None]) -> None:
        self._chip, self.usart, self._on_piece = chip, usart, on_piece
        self.pieces: deque[tuple[int, bytes]] = deque()
        self._open = bytearray()
        self._last = 0
        usart.on_sent = self._take
        chip.plug(self)

    def _take(self, byte: int) -> None:
        self.usart.sent.clear()
        self._open.append(byte)
        self._chip.touch()
        self._last = self._chip.now
        if byte == 0 or len(self._open) >= _PIECE_BYTES_MAX:
            self.close()

    def close(self) -> None:
        """End the open piece."""
        if self._open:
            self.pieces.append((self._last, bytes(self._open)))
            self._open.clear()
            self._on_piece()

    def next(self) -> int | None:
        """As Device.next."""
        return self._last + _PAUSE if self._open else None

    def step(self) -> None:
        """As Device.step."""
        if self._open and self._chip.now >= self._last + _PAUSE:
            self.close()
