"""RP2040 and RP2350 boards: one folder is a board, with the family's pins where the hardware has them."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.gates import one_folder
from tools import facts, interrupt_stack, micropython
from tools.console import Problem
from tools.ports import in_ram, rp2

ROOT = Path(__file__).resolve().parents[2]
TABLES = {path.parent.name: tomllib.loads(path.read_text("utf-8")) for path in (ROOT / "boards").glob("*/board.toml")}
BOARDS = sorted(name for name, table in TABLES.items() if table["port"] == "rp2" and "dosecore" in table["c_modules"])
PROOF = "WEACT_RP2040"
PICO_2 = "RPI_PICO2"
# RP2040 datasheet, table 2, and RP2350 datasheet, table 3 (GPIO functions): the pins of TX; RX is the next.
UART0_TX, UART1_TX = {0, 12, 16, 28}, {4, 8, 20, 24}
ADC_FIRST, ADC_LAST = 26, 29


def pins_of(board: str) -> dict[str, int]:
    pins: dict[str, int] = TABLES[board]["pins"]
    return pins


@pytest.mark.req("BOARD-2")
def test_the_proofs_are_one_folder_each_of_under_a_hundred_lines_named_nowhere_else() -> None:
    one_folder.judge(PROOF, Path(__file__).name, "tests/gates/test_port_a_board.py")
    # Its image is built for the tests, and looked into.
    one_folder.judge(PICO_2, Path(__file__).name, "tests/gates/test_port_a_board.py", "tests/board/", "Makefile")


@pytest.mark.req("BOARD-1", "BOARD-2")
@pytest.mark.parametrize("board", BOARDS)
def test_a_board_has_the_family_s_pins_and_sources(board: str) -> None:
    assert set(pins_of(board)) == set(pins_of("RPI_PICO"))
    job = micropython.board_job(board)
    assert {each.name for each in job.inputs} >= {board, "RP2", "main.py", "firmware", "rp2", "micropython"}
    assert not (job.folder / "board.py").exists(), "what the boards share is in boards/RP2"


@pytest.mark.req("BOARD-2")
@pytest.mark.parametrize("board", BOARDS)
def test_each_pin_is_one_that_the_hardware_has_for_it(board: str) -> None:
    pins = pins_of(board)
    assert pins["LINK_TX"] in UART0_TX and pins["LINK_RX"] == pins["LINK_TX"] + 1
    assert pins["CONSOLE_TX"] in UART1_TX and pins["CONSOLE_RX"] == pins["CONSOLE_TX"] + 1
    assert pins["I2C_SDA"] % 2 == 0 and pins["I2C_SCL"] == pins["I2C_SDA"] + 1
    assert (pins["DIR"], pins["MOTOR_ENABLE"]) == (pins["STEP"] + 1, pins["STEP"] + 2)
    assert all(ADC_FIRST <= pins[name] <= ADC_LAST for name in ("PRESSURE", "BATTERY"))


@pytest.mark.req("BOARD-1", "BOARD-2")
@pytest.mark.parametrize("board", BOARDS)
def test_a_board_names_its_chip_and_a_built_image_is_for_that_chip(board: str) -> None:
    chip = rp2.chip_of(board, TABLES[board])
    with pytest.raises(Problem, match=rf"{board}/board\.toml: chip is 'RP1', not one of RP2040, RP2350"):
        rp2.chip_of(board, {**TABLES[board], "chip": "RP1"})
    program = ROOT / "build" / board / "firmware.uf2"
    if program.is_file():
        assert int.from_bytes(program.read_bytes()[28:32], "little") == chip.uf2_family  # the first block's


@pytest.mark.req("BOARD-1")
def test_an_image_that_an_rp2350_would_not_start_is_refused() -> None:
    rp2.check_marked(bytes(4088) + rp2.IMAGE_DEFINITION, "X")
    for binary in (bytes(4092) + rp2.IMAGE_DEFINITION, bytes(8192)):
        with pytest.raises(Problem, match="X: no image definition"):
            rp2.check_marked(binary, "X")


def coprocessors(elf: Path, roots: tuple[str, ...]) -> list[str]:
    """The functions that `roots` run, directly or not, and that use floating point, GPIO or another coprocessor."""
    command = ["arm-none-eabi-objdump", "-d", "--no-show-raw-insn", str(elf)]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    bodies = {body.partition(" ")[0]: body for body in re.split(r"^(?=[0-9a-f]{8} <)", listed, flags=re.MULTILINE)}
    known, seen, waiting = in_ram.functions(elf), set[int](), in_ram.roots_of(elf, roots)
    while waiting:
        address = waiting.pop()
        if address in known and address not in seen:
            seen.add(address)
            waiting += known[address].calls
    return [
        known[each].name
        for each in sorted(seen)
        if re.search(r"\t(v[a-z]|mcr|mrc|mrrc|cdp|ldc|stc)", bodies[f"{each:08x}"])
    ]


@pytest.mark.req("ALARM-3")
@pytest.mark.parametrize("board", [name for name in BOARDS if TABLES[name]["chip"] == "RP2350"])
def test_what_runs_before_the_sdk_has_switched_them_on_needs_no_coprocessor(board: str) -> None:
    elf = ROOT / "build" / board / "firmware.elf"
    if not elf.is_file():
        pytest.skip(f"no image: make firmware BOARD={board}")
    assert coprocessors(elf, ("early.c:watch", "start_begin")) == []
    assert coprocessors(elf, interrupt_stack.HANDLERS) == [], "nor does an interrupt"
    assert coprocessors(elf, ("mp_format_float",)) != [], "it finds what does"


@pytest.mark.req("BOARD-1")
@pytest.mark.parametrize("board", [name for name in BOARDS if TABLES[name]["chip"] == "RP2350"])
def test_the_image_s_definitions_form_the_loop_that_the_boot_rom_follows(board: str) -> None:
    path = ROOT / "build" / board / "firmware.bin"
    if not path.is_file():
        pytest.skip(f"no image: make firmware BOARD={board}")
    binary = path.read_bytes()
    first = place = binary.index(rp2.IMAGE_DEFINITION)
    blocks = []
    while place not in blocks:
        blocks.append(place)
        assert binary[place : place + 4] == rp2.IMAGE_DEFINITION[:4]
        end = binary.index(bytes.fromhex("7935 12ab"), place)  # after the link to the next, relative to this one
        place += int.from_bytes(binary[end - 4 : end], "little", signed=True)
    assert place == first and len(blocks) == 2, "at the image's begin and end"


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
