"""RP2040 boards: one folder is a board, with the family's pins where the hardware has them, and its own currents."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.gates import one_folder
from tools import facts, micropython
from tools.console import Problem

ROOT = Path(__file__).resolve().parents[2]
TABLES = {path.parent.name: tomllib.loads(path.read_text("utf-8")) for path in (ROOT / "boards").glob("*/board.toml")}
BOARDS = sorted(name for name, table in TABLES.items() if table["port"] == "rp2" and "dosecore" in table["c_modules"])
PROOF = "WEACT_RP2040"
# RP2040 datasheet, table 2 (GPIO functions): the pins of TX; RX is the next.
UART0_TX, UART1_TX = {0, 12, 16, 28}, {4, 8, 20, 24}
ADC_FIRST, ADC_LAST = 26, 29


def pins_of(board: str) -> dict[str, int]:
    pins: dict[str, int] = TABLES[board]["pins"]
    return pins


@pytest.mark.req("BOARD-2")
def test_the_proof_is_one_folder_of_under_a_hundred_lines_named_nowhere_else() -> None:
    one_folder.judge(PROOF, Path(__file__).name)


@pytest.mark.req("BOARD-1", "BOARD-2")
@pytest.mark.parametrize("board", BOARDS)
def test_a_board_has_the_family_s_pins_and_sources(board: str) -> None:
    assert set(pins_of(board)) == set(pins_of("RPI_PICO"))
    job = micropython.board_job(board)
    assert {each.name for each in job.inputs} >= {board, "RP2040", "main.py", "firmware", "rp2", "micropython"}
    assert not (job.folder / "board.py").exists(), "what the boards share is in boards/RP2040"


@pytest.mark.req("BOARD-2")
@pytest.mark.parametrize("board", BOARDS)
def test_each_pin_is_one_that_the_hardware_has_for_it(board: str) -> None:
    pins = pins_of(board)
    assert pins["LINK_TX"] in UART0_TX and pins["LINK_RX"] == pins["LINK_TX"] + 1
    assert pins["CONSOLE_TX"] in UART1_TX and pins["CONSOLE_RX"] == pins["CONSOLE_TX"] + 1
    assert pins["I2C_SDA"] % 2 == 0 and pins["I2C_SCL"] == pins["I2C_SDA"] + 1
    assert (pins["DIR"], pins["MOTOR_ENABLE"]) == (pins["STEP"] + 1, pins["STEP"] + 2)
    assert all(ADC_FIRST <= pins[name] <= ADC_LAST for name in ("PRESSURE", "BATTERY"))


@pytest.mark.req("BOARD-2")
@pytest.mark.parametrize("board", BOARDS)
def test_a_board_has_a_budget_and_says_its_name(board: str) -> None:
    budget = tomllib.loads((ROOT / "boards" / board / "budget.toml").read_text(encoding="utf-8"))
    assert set(budget["budget"]) == set(budget["available"]) == {"flash_bytes", "ram_bytes", "heap_bytes"}
    made: dict[str, Any] = {}
    exec(facts.module(board, TABLES[board]), made)
    assert made["NAME"] == board
    assert made["CURRENTS"] == facts.currents(ROOT / TABLES[board]["current"])


@pytest.mark.req("PWR-1")
def test_a_figure_that_a_file_of_currents_lacks_is_named(tmp_path: Path) -> None:
    path = tmp_path / "current.toml"
    text = (ROOT / "boards" / PROOF / "current.toml").read_text(encoding="utf-8")
    path.write_text("\n".join(line for line in text.splitlines() if not line.startswith("motor")), encoding="utf-8")
    with pytest.raises(Problem, match=r"current\.toml has no motor"):
        facts.currents(path)


def test_only_a_file_that_changes_is_written(tmp_path: Path) -> None:
    facts.write(tmp_path, PROOF, TABLES[PROOF])
    before = (tmp_path / facts.MODULE).stat().st_mtime_ns
    facts.write(tmp_path, PROOF, TABLES[PROOF])
    assert (tmp_path / facts.MODULE).stat().st_mtime_ns == before
    facts.write(tmp_path / "none", "BENCH_IO", TABLES["BENCH_IO"])
    assert not (tmp_path / "none").exists(), "the bench's board is no pump"
