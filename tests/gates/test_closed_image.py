"""The gate on release images (SEC-5): the linked one passes, the development image and each single flaw do not."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.gates.test_board_image import needs_compiler
from tools import closed_image
from tools.boards import boards, family
from tools.console import Problem

ROOT = Path(__file__).resolve().parents[2]
pytestmark = [pytest.mark.req("SEC-5"), needs_compiler]
CLOSED = {
    "mp_import_stat": "int mp_import_stat(const char *path) { (void)path; return 0; }",
    "session_suite": "unsigned char session_suite(void) { return 1; }",
    "frozen": "const int frozen_module_main = 1, frozen_module_board = 2;",
}
FROZEN = {"main", "board"}
# Symbols that no such thing can do without, for each, and what the port of STM32 chips calls its own.
FLAWS = {
    "a prompt": ["pyexec_friendly_repl", "pyb_repl_uart"],
    "a console's input": ["mp_hal_stdin_rx_chr", "pyb_uart_repl_obj"],
    "a console's output": ["mp_uart_write_strn", "uart_tx_strn"],
    "USB": ["tud_task_ext", "USBD_Init"],
    "a file system": ["mp_vfs_mount", "storage_readblocks"],
    "a compiler": ["mp_compile"],
    "a loader of programs": ["mp_raw_code_load_file"],
    "a way into the boot loader": ["mp_machine_bootloader", "powerctrl_enter_bootloader"],
}
STM32 = [board for board in boards() if family(board) == "STM32L4"]


def linked(folder: Path, **other: str) -> Path:
    """An image with the few symbols that the gate looks at; `other` has more code, or other code for one of them."""
    (folder / "x.c").write_text("\n".join((CLOSED | other).values()))
    elf = folder / "firmware.elf"
    command = ["arm-none-eabi-gcc", "-mcpu=cortex-m0plus", "-mthumb", "-Os", "-nostdlib", "-Wl,-e,session_suite"]
    subprocess.run([*command, "-o", elf, folder / "x.c"], check=True)
    return elf


def image(build: str) -> Path:
    elf = ROOT / "build" / build / "firmware.elf"
    if build.partition("-")[0] in STM32 and not elf.is_file():
        pytest.skip(f"{elf} is missing: make firmware BOARD=… MICROPYTHON_DIR=…, and the same with RELEASE=1")
    assert elf.is_file(), f"{elf} is missing: make firmware BOARD=RPI_PICO, and the same with RELEASE=1"
    return elf


@pytest.mark.parametrize(("board", "port"), [("RPI_PICO", "rp2"), *((name, "stm32") for name in STM32)])
def test_the_release_image_is_closed(board: str, port: str) -> None:
    assert closed_image.check(image(f"{board}-release"), ROOT, port) > 90


@pytest.mark.parametrize(("board", "port"), [("RPI_PICO", "rp2"), (STM32[0], "stm32")])
def test_the_development_image_is_not_in_any_way_but_usb_and_what_is_frozen(board: str, port: str) -> None:
    elf = image(board)
    found = {each.partition(":")[0] for each in closed_image.findings(elf, closed_image.frozen(ROOT, port))}
    assert found == set(FLAWS) - {"USB"} | {"a look-up of files", "a development image's hello"}
    with pytest.raises(Problem, match="is no release image"):
        closed_image.check(elf, ROOT, port)


def test_a_closed_image_passes(tmp_path: Path) -> None:
    assert closed_image.findings(linked(tmp_path), FROZEN) == []


@pytest.mark.parametrize(("what", "symbol"), [(what, symbol) for what, some in FLAWS.items() for symbol in some])
def test_each_way_in_is_found_by_itself(what: str, symbol: str, tmp_path: Path) -> None:
    elf = linked(tmp_path, more=f"void {symbol}(void) {{ }}")
    assert closed_image.findings(elf, FROZEN) == [f"{what}: {symbol}"]
    assert set(FLAWS) == set(closed_image.FORBIDDEN)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("{ (void)path; return 2; }", "mp_import_stat finds some"),
        ("{ return path[0]; }", "mp_import_stat does more than return"),
    ],
)
def test_a_look_up_of_files_is_found(body: str, text: str, tmp_path: Path) -> None:
    (found,) = closed_image.findings(
        linked(tmp_path, mp_import_stat=f"int mp_import_stat(const char *path) {body}"), FROZEN
    )
    assert text in found


def test_an_image_without_the_look_up_shows_nothing(tmp_path: Path) -> None:
    (found,) = closed_image.findings(linked(tmp_path, mp_import_stat=""), FROZEN)
    assert "mp_import_stat" in found


def test_the_hello_of_a_development_image_is_found(tmp_path: Path) -> None:
    suite = "unsigned char session_suite(void) { return 0x81; }"
    assert closed_image.findings(linked(tmp_path, session_suite=suite), FROZEN) == [
        "a development image's hello: session_suite returns 129"
    ]


def test_the_frozen_modules_are_exactly_those_of_the_checkout(tmp_path: Path) -> None:
    elf = linked(tmp_path)
    assert closed_image.findings(elf, {"main"}) == ["a frozen module that is not ours: board"]
    assert closed_image.findings(elf, {*FROZEN, "pins"}) == ["a frozen module is missing: pins"]
