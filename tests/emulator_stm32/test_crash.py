"""HardFaults of the real image: kept over the reset, told in the log; a full stack is one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hil.backends.emulated_stm32 import EmulatedStm32Board, image_file
from hil.bench import programmer_at
from host.records.history import Event
from tests.suite.mischief import DEEP, place_of
from tests.symbols import in_image

Open = Callable[..., EmulatedStm32Board]
S = 1_000_000
GUARD_BYTES = 256
# Of the Cortex-M4's fault status: MSTKERR, DACCVIOL.
STACKING, ACCESS = 1 << 4, 1 << 1


def crashes(board: EmulatedStm32Board) -> list[Event]:
    programmer = programmer_at(board, timeout_s=1, first_command_id=1 + board.now_us)
    programmer.hello()
    return [event for event in programmer.events() if event.event == "crashed"]


def in_console(board: EmulatedStm32Board, line: bytes) -> None:
    """Stop the pump by Ctrl-C and type a line that ends in a HardFault; then let it boot."""
    board.write_console(b"\x03")
    board.run_until_us(board.now_us + 2 * S)
    board.write_console(line)
    assert board.run_until_ns(board.now_ns + 5_000 * S, "reset") == "reset"
    assert len(board.machine.past.faults) == 1
    board.machine.past.faults.clear()  # on purpose
    board.boot()


@pytest.mark.req("LOG-1", "GUARD-3")
def test_a_hardfault_is_in_the_log_of_the_next_life_and_in_no_other(open_board: Open) -> None:
    board = open_board()
    assert crashes(board) == []
    in_console(board, b"import machine; machine.mem32[0x60000000]\r")
    (told,) = crashes(board)
    assert 0x08000000 <= told.a < 0x08100000 and 0x08000000 <= told.b < 0x08100000
    assert told.c & 0x1FF == 0, "not in an interrupt"
    board.power_cut()
    board.power_up()
    board.boot()
    assert len(crashes(board)) == 1


@pytest.mark.req("GUARD-3", "LOG-1")
def test_a_full_stack_is_a_hardfault_and_changes_nothing_below_it(open_board: Open) -> None:
    board = open_board()
    elf = image_file().with_suffix(".elf")
    memory = board.machine.memory
    memory.set_words(place_of("thread", "stack_limit", elf), [1 << 20])  # MicroPython does not see that it is full
    guard = board.machine.processor.mpu.region
    assert guard.start % GUARD_BYTES == 0 and len(guard) == GUARD_BYTES
    assert 0 <= guard.start - in_image(elf, "_sstack")[0] < GUARD_BYTES
    in_console(board, DEEP)
    (told,) = crashes(board)
    assert told.d & (STACKING | ACCESS)
    assert told.d & STACKING == 0 or (told.a, told.b, told.c) == (0, 0, 0)
