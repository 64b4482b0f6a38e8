"""The size gate of a board's image, and the comparison of two builds."""

import tomllib
from pathlib import Path

import pytest

from tools import board_size, reproducible
from tools.board_size import Sizes
from tools.console import Problem

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


def test_the_committed_budget_of_the_pico_fits_the_chip():
    facts = tomllib.loads((ROOT / "boards/RPI_PICO/budget.toml").read_text(encoding="utf-8"))
    assert set(facts["budget"]) == set(facts["available"]) == set(BUDGET)
    for name, value in facts["budget"].items():
        assert 0 < value <= facts["available"][name]


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
