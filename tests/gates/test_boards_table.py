"""README's table of boards has the figures that `make boards` has measured, for every board that was built."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tools import boards
from tools.console import Problem

KNOWN = {"image": "0123456789abcdef", "flash_bytes": 2049, "flash_bytes_available": 4096, "heap_bytes": 224_224}


@pytest.mark.req("BOARD-2")
def test_readme_shows_what_was_measured() -> None:
    found = boards.read()
    text = boards.README.read_text(encoding="utf-8")
    assert boards.with_cells(text, found) == text, "run `make boards`"
    assert all(f"| [{board}](boards/{board}/README.md) |" in text for board in found)
    assert all(known["builds_alike"] == 2 for known in found.values())


def test_a_row_is_filled_in_and_the_words_by_hand_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boards, "boards", lambda: ["RPI_PICO"])
    row = "| [RPI_PICO](boards/RPI_PICO/README.md) | RP2040 | · | · | · | the desk | Debian packages | nowhere |"
    filled = boards.with_cells(f"{row}\nend\n", {"RPI_PICO": KNOWN})
    assert filled.startswith("| [RPI_PICO](boards/RPI_PICO/README.md) | RP2040 | `0123456789ab` | 3 of 4 KiB | ")
    assert filled.endswith(" of 218 KiB | the desk | Debian packages | nowhere |\nend\n")
    assert boards.with_cells(filled, {"RPI_PICO": KNOWN}) == filled


def test_the_bench_s_own_board_has_no_pump_in_its_heap() -> None:
    assert boards.cells("BENCH_IO", KNOWN) == ["`0123456789ab`", "3 of 4 KiB", "218 KiB"]
    assert boards.cells("BENCH_IO", KNOWN | {"flash_bytes_available": None})[1] == "3 KiB"
    assert boards.cells("RPI_PICO", None)[:2] == ["·", "·"] and " of 2" in boards.cells("RPI_PICO", None)[2]


def test_a_board_that_readme_lacks_is_named() -> None:
    with pytest.raises(Problem, match="BENCH_IO"):
        boards.with_cells("# Nothing\n", {"BENCH_IO": KNOWN})
    assert boards.with_cells("# Nothing\n", {}) == "# Nothing\n", "one's own board may be left out"


@pytest.mark.parametrize("checkout", ["/a/checkout", None])
def test_a_checkout_is_for_the_boards_that_debian_has_no_sources_for(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, checkout: str | None
) -> None:
    """And a board is said to be of the commit at which the run began, although its figures change the tree."""
    built: dict[str, str | None] = {}
    (tmp_path / "README.md").write_text(boards.README.read_text())
    commits = iter(["0123456789ab", "0123456789ab-dirty"])

    def build_twice(board: str) -> Path:
        built[board] = os.environ.get("MICROPYTHON_DIR")
        return tmp_path / board

    monkeypatch.setattr(boards, "build_twice", build_twice)
    monkeypatch.setattr(boards, "figures", lambda _, __, commit: KNOWN | {"commit": commit})
    monkeypatch.setattr(boards, "_commit", lambda: next(commits))
    monkeypatch.setattr(boards, "FIGURES", tmp_path / "boards.json")
    monkeypatch.setattr(boards, "README", tmp_path / "README.md")
    (tmp_path / "boards.json").write_text("{}")
    monkeypatch.setattr("sys.argv", ["boards"])
    monkeypatch.setenv("MICROPYTHON_DIR", checkout) if checkout else monkeypatch.delenv("MICROPYTHON_DIR", False)
    boards.main()
    stm32 = {board for board in boards.boards() if boards.family(board) == "STM32L4"}
    assert {board for board in built if built[board]} == (stm32 if checkout else set())
    assert set(built) == set(boards.boards()) - (set() if checkout else stm32)
    assert {each["commit"] for each in boards.read().values()} == {"0123456789ab"}
