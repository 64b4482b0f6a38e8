"""Python's heap of an STM32L4: what the image has, and what the running pump takes of it."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from hil.bench import programmer_at
from tests.heap import heap_bytes, in_use_bytes, piece_bytes, said_bytes, table_bytes
from tests.symbols import in_image
from tools import boards

ROOT = Path(__file__).resolve().parents[2]
SRAM1, SRAM2 = 0x20000000, 0x10000000
DELIVERIES = 33  # as many as are listed, and one more (firmware/storage/deliveries.py)
AREAS = (("sram", SRAM1, "_heap_start", "_heap_end"), ("sram2", SRAM2, "_ebss", "_sstack"))


@cache
def places(name: str) -> list[tuple[str, int, int]]:
    """(memory, place in it, bytes) of MicroPython's tables of blocks, which lie at the begin of each area."""
    elf, found = ROOT / "build" / name / "firmware.elf", []
    for area, base, first, last in AREAS:
        (begin, _), (end, _) = in_image(elf, first), in_image(elf, last)
        found.append((area, begin - base, table_bytes(end - begin)))
    return found


def tables(board: Any, name: str) -> bytes:
    """Two bits for each 16 bytes of heap."""
    return b"".join([board.memory(*each) for each in places(name)])


@pytest.mark.req("BOARD-2")
@pytest.mark.parametrize("name", ["NUCLEO_L476RG", "NUCLEO_L4A6ZG"])
def test_a_tenth_of_the_heap_is_left_while_the_pump_runs(open_board: Callable[..., Any], name: str) -> None:
    board = open_board(board=name)
    there = heap_bytes(tables(board, name))
    said = boards.available(name)["heap_bytes"]
    assert said <= there <= said + 1024
    programmer = programmer_at(board)
    programmer.hello()
    programmer.set_basal(35_000)
    for _ in range(DELIVERIES):
        programmer.bolus(200)
        board.run_until_us(board.now_us + 3_000_000)
    seen, pieces = [], []
    for second in range(1800):
        if second == 900:
            programmer.bolus(2_000)
        board.run_until_us(board.now_us + 1_000_000)
        seen.append(in_use_bytes(tables(board, name)))
        pieces.append(max(piece_bytes(board.memory(*each)) for each in places(name)))
    assert max(seen) > min(seen) + 1_000, "the collector came"
    # The self-test takes a kilobyte, and a long reply or the core's answers some more.
    assert min(pieces) >= 2_048
    assert max(min(seen[:900]), min(seen[900:])) <= said_bytes("STM32L4") <= there * 9 // 10
    assert len(board.info()["resets"]) == 1 and len(board.bursts_ns) > 90 + DELIVERIES
