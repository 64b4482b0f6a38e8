"""How deep the C stack of an STM32L4 gets since power came, and the stack of Python's call frames."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hil.backends.emulated_stm32 import BOARD, EmulatedStm32Board, image_file
from hil.bench import programmer_at
from hil.emulator_stm32.memory import SRAM2_AT
from tests.symbols import in_image

FRAM = 0x50
S = 1_000_000


def stack_of(board: EmulatedStm32Board) -> bytes:
    """The whole C stack, its end first."""
    elf = image_file(BOARD).with_suffix(".elf")
    (end, _), (top, _) = in_image(elf, "_sstack"), in_image(elf, "_estack")
    return board.memory("sram2", end - SRAM2_AT, top - end)


def frames_of(board: EmulatedStm32Board) -> bytes:
    """The whole stack of call frames, its begin first."""
    at, size = in_image(image_file(BOARD).with_suffix(".elf"), "releve_frames")
    return board.memory("sram2", at - SRAM2_AT, size)


@pytest.mark.req("BOARD-2")
def test_a_quarter_of_the_stack_is_left_and_frames_for_more_calls(
    open_board: Callable[..., EmulatedStm32Board],
) -> None:
    """Noise fills the C stack when power comes: what differs from that has been used. Start-up clears the frames."""
    board = open_board()
    board.power_cut()
    board.power_up()
    noise = stack_of(board)
    board.boot()
    programmer = programmer_at(board, timeout_s=1, first_command_id=1 + board.now_us)
    programmer.hello()
    programmer.set_basal(35_000)
    board.run_until_us(board.now_us + 45 * S)
    programmer.bolus(600)
    board.run_until_us(board.now_us + 3 * S)
    programmer.stop()
    programmer.self_test()
    board.part(FRAM, present=False)
    board.run_until_us(board.now_us + 10 * S)
    board.part(FRAM, present=True)
    board.run_until_us(board.now_us + 5 * S)
    left = next(place for place, (was, now) in enumerate(zip(noise, stack_of(board), strict=True)) if was != now)
    assert len(noise) // 4 <= left < len(noise) * 3 // 4, f"{len(noise) - left} of {len(noise)} bytes used"
    frames = frames_of(board)
    used = len(frames.rstrip(b"\0"))
    assert 2_000 < used <= len(frames) - 512, f"{used} of {len(frames)} bytes of frames used"
