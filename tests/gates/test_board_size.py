"""The size gate of a board's image, and the comparison of two builds."""

import re
import shutil
import tomllib
from pathlib import Path

import pytest

from tests.heap import said_bytes
from tools import board_glue, board_size, reproducible
from tools.board_size import Sizes
from tools.console import Problem
from tools.micropython import board_job

ROOT = Path(__file__).resolve().parents[2]
BUDGET = {"flash_bytes": 300_000, "ram_bytes": 30_000, "heap_bytes": 200_000}


def test_what_fits_passes():
    assert board_size.worse(Sizes(300_000, 30_000, 200_000), BUDGET) == []


@pytest.mark.parametrize(
    ("sizes", "name"),
    [
        (Sizes(300_001, 30_000, 200_000), "flash_bytes"),
        (Sizes(300_000, 30_001, 200_000), "ram_bytes"),
        (Sizes(300_000, 30_000, 199_999), "heap_bytes"),
    ],
)
def test_each_figure_that_gets_worse_is_named(sizes, name):
    (said,) = board_size.worse(sizes, BUDGET)
    assert said.startswith(name)


RP2_BOARDS = [
    path.parent.name
    for path in sorted((ROOT / "boards").glob("*/budget.toml"))
    if (path.parent / "board.toml").is_file() and 'port = "rp2"' in (path.parent / "board.toml").read_text()
]
BUILT = [board for board in RP2_BOARDS if (ROOT / "build" / board / "firmware.elf").is_file()]


@pytest.mark.parametrize("board", RP2_BOARDS)
def test_the_committed_budget_of_a_board_fits_the_chip(board):
    facts = tomllib.loads((ROOT / "boards" / board / "budget.toml").read_text(encoding="utf-8"))
    assert set(facts["budget"]) == set(facts["available"]) == set(BUDGET)
    for name, value in facts["budget"].items():
        assert 0 < value <= facts["available"][name]


@pytest.mark.skipif(not BUILT, reason="no image: make firmware BOARD=RPI_PICO")
@pytest.mark.req("BOARD-2", "DOSE-7")
@pytest.mark.parametrize("board", BUILT)
def test_an_image_as_it_was_built_keeps_its_budget(board):
    facts = tomllib.loads((ROOT / "boards" / board / "budget.toml").read_text(encoding="utf-8"))
    elf = ROOT / "build" / board / "firmware.elf"
    assert board_size.worse(board_size.measure(elf), facts["budget"]) == []
    assert board_size.worse_interrupt(elf, board_job(board).facts["chip"]) == []


def test_raising_the_budget_keeps_what_is_written_around_it():
    text = "# why\n[budget]\nflash_bytes = 1  # image\nram_bytes = 2\nheap_bytes = 3\n\n[available]\nflash_bytes = 9\n"
    new = board_size.with_figures(text, Sizes(10, 20, 30))
    assert new == text.replace("= 1 ", "= 10 ").replace("= 2", "= 20").replace("= 3", "= 30")


def test_an_image_without_symbols_is_an_error(tmp_path, monkeypatch):
    (tmp_path / "arm-none-eabi-nm").write_text("#!/bin/sh\necho '20000000 B __bss_end__'\n")
    (tmp_path / "arm-none-eabi-nm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    with pytest.raises(Problem, match="__flash_binary_end"):
        board_size.measure(tmp_path / "x.elf")


def test_the_first_difference_of_two_images():
    assert reproducible.first_difference(b"abc", b"abd") == 2
    assert reproducible.first_difference(b"ab", b"abc") == 2


STM32_BOARDS = [
    path.parent.name for path in sorted((ROOT / "boards").glob("*/board.toml")) if 'port = "stm32"' in path.read_text()
]


@pytest.mark.skipif(not shutil.which("arm-none-eabi-gcc"), reason="no arm-none-eabi-gcc")
@pytest.mark.req("BOARD-2", "DOSE-7")
@pytest.mark.parametrize("board", STM32_BOARDS)
def test_our_own_c_on_an_stm32_keeps_its_budget(board):
    facts = tomllib.loads((ROOT / "boards/STM32L4/budget.toml").read_text(encoding="utf-8"))
    glue = board_glue.measure(board)
    assert board_size.worse(glue, facts["budget"]) == []
    for name, value in glue._asdict().items():
        assert 0 < value <= facts["available"][name]
        # Pages show the budget as what is taken (docs/performance.md).
        assert value >= facts["budget"][name] * 98 // 100, "python3 -m tools.board_size BOARD --raise-budget"


@pytest.mark.req("BOARD-3")
@pytest.mark.parametrize("place", [path.parent.name for path in sorted((ROOT / "boards").glob("*/budget.toml"))])
def test_every_board_leaves_a_tenth_of_its_heap(place):
    # The RP2350's firmware is the RP2040's, word for word; its heap in use has not been measured.
    family = "STM32L4" if place == "STM32L4" else "RP2040"
    facts = tomllib.loads((ROOT / "boards" / place / "budget.toml").read_text(encoding="utf-8"))
    assert said_bytes(family) <= 0.9 * facts["budget"].get("heap_bytes", facts["available"]["heap_bytes"])


GRAPH = """node: { title: "x.c:interrupt" label: "interrupt\\nx.c:1:1\\n40 bytes (static)" }
node: { title: "near" label: "near\\nx.h:1:1" shape : ellipse }
node: { title: "far" label: "far\\ny.c:1:1\\n100 bytes (static)\\n0 dynamic objects" }
edge: { sourcename: "x.c:interrupt" targetname: "near" label: "x.c:2:2" }
edge: { sourcename: "x.c:interrupt" targetname: "far" label: "x.c:3:3" }
"""
HANDLER = re.compile("interrupt$")


def test_the_worst_stack_is_that_of_the_deepest_way():
    own = 'node: { title: "near" label: "near\\ny.c:9:9\\n8 bytes (static)" }\n'
    assert board_glue.worst_stack([GRAPH, own], HANDLER) == 40 + 100 + board_glue.FRAME_BYTES
    deeper = own + 'edge: { sourcename: "near" targetname: "far" label: "" }\n'
    assert board_glue.worst_stack([GRAPH, deeper], HANDLER) == 40 + 8 + 100 + board_glue.FRAME_BYTES


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ('edge: { sourcename: "far" targetname: "x.c:interrupt" label: "" }', "calls itself"),
        ('node: { title: "any" label: "any\\nz.c:1:1\\n16 bytes (dynamic)" }', "does not know"),
    ],
)
def test_a_stack_without_bound_is_an_error(more, words):
    with pytest.raises(Problem, match=words):
        board_glue.worst_stack([GRAPH, more], HANDLER)
    with pytest.raises(Problem, match="no interrupt handler"):
        board_glue.worst_stack([GRAPH], re.compile("nothing"))
