"""README's table of boards has the figures that `make boards` has measured, for every board that was built."""

from __future__ import annotations

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
