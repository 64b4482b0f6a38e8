"""Boot time, stack and heap of the image, measured on the emulated Pico; docs/performance.md has the table."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from elftools.elf.elffile import ELFFile

from hil.bench import Bench

pytestmark = pytest.mark.emulated_only("a virtual board has another processor")

ELF = Path(__file__).resolve().parents[2] / "build" / "RPI_PICO" / "firmware.elf"
SRAM = 0x20000000
STACK_BYTES = 8192
STACK_SPARE_BYTES = 2048
BOOT_MS_MAX = 300
HEAP_FREE_BYTES_MIN = 150_000


def address_of(name: str) -> int:
    with ELF.open("rb") as file:
        symbols = ELFFile(file).get_section_by_name(".symtab").get_symbol_by_name(name)
    return int(symbols[0]["st_value"])


@pytest.mark.req("SELF-1")
def test_the_link_answers_soon_after_power_comes(bench: Bench, record_property: Callable[[str, object], None]) -> None:
    boot_ms = bench.board.info()["ready"][0] / 1e6
    record_property("boot_ms", boot_ms)
    assert boot_ms < BOOT_MS_MAX


@pytest.mark.req("DOSE-7")
def test_the_stack_keeps_a_quarter_to_spare(bench: Bench, record_property: Callable[[str, object], None]) -> None:
    programmer = bench.programmer
    programmer.set_basal(35_000)
    programmer.bolus(3_000)
    bench.run_for(seconds=40)
    for seed in range(10):
        bench.board.write(random.Random(seed).randbytes(2_000))
        bench.run_for(seconds=1)
    programmer.status()
    assert list(programmer.deliveries())
    programmer.stop()
    programmer.resume()
    bench.run_for(hours=1)
    top = address_of("__StackTop") - SRAM
    used = top - bench.board.lowest_touched(top - STACK_BYTES, top)
    record_property("stack_bytes", used)
    assert used <= STACK_BYTES - STACK_SPARE_BYTES


@pytest.mark.req("BOARD-3")
def test_most_of_the_heap_is_left(bench: Bench, record_property: Callable[[str, object], None]) -> None:
    bench.programmer.set_basal(35_000)
    bench.run_for(hours=1)
    board = bench.board
    board.write_console(b"\x03")
    bench.run_for(seconds=0.5)
    board.take_console()
    board.write_console(b"import gc; gc.collect(); print(gc.mem_free())\r\n")
    bench.run_for(seconds=0.5)
    free = int(board.take_console().split(b"\r\n")[1])
    record_property("heap_free_bytes", free)
    assert free >= HEAP_FREE_BYTES_MIN
