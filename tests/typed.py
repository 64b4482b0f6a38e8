"""What is typed at the console of an emulated board, and what that says to it."""

from __future__ import annotations

from hil.backends.emulated import EmulatedBoard
from hil.backends.emulated_stm32 import EmulatedStm32Board

# As mpremote and a person would: stop it, reset it, ask for the raw prompt, type a line; and all bytes there are.
_TYPED = (b"\r\x03\x03", b"\x04", b"\x01import machine\x04", b"\x02print(6 * 7)\r\n", bytes(range(256)), b"\x03")
_REST_US = 200_000


def heard_on_console(board: EmulatedBoard | EmulatedStm32Board) -> bytes:
    """What the console says to whoever types at it, and resets it."""
    before = len(board.console)
    for each in _TYPED:
        board.write_console(each)
        board.run_until_us(board.now_us + _REST_US)
    return bytes(board.console[before:])
