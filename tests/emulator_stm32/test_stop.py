"""The release image on the emulated STM32: stop mode between strokes, which all the same start when they are due."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hil.backends.emulated_stm32 import EmulatedStm32Board
from hil.errors import DeviceLost
from tests.emulator_stm32.enrolling import enrolled

Open = Callable[..., EmulatedStm32Board]
IMAGE = Path(__file__).resolve().parents[2] / "build/NUCLEO_L476RG-release/firmware.bin"
S = 1_000_000
LATE_US = 50  # DOSE-6

pytestmark = pytest.mark.skipif(
    not IMAGE.is_file(),
    reason=f"no {IMAGE.name} of a release: make firmware BOARD=NUCLEO_L476RG RELEASE=1 MICROPYTHON_DIR=…",
)


@pytest.mark.req("PWR-1", "DOSE-6")
def test_a_release_stops_between_strokes_and_starts_them_when_they_are_due(open_board: Open) -> None:
    board = open_board(image=IMAGE)
    start_us = enrolled(board).set_basal(5_000).at_us
    board.run_until_us(start_us + 10 * S)
    before = board.info()
    board.run_until_us(start_us + 3600 * S)
    after = board.info()
    late_us = [start - start_us - 144 * S * (n + 1) for n, start in enumerate(board.stroke_starts_us)]
    assert len(late_us) in (24, 25)
    assert all(0 <= each <= LATE_US for each in late_us), late_us
    stops = after["stops"] - before["stops"]
    assert stops > 1_500, "it sleeps in stop mode"
    awake = 1 - (after["stopped"] - before["stopped"]) / (after["now"] - before["now"])
    assert awake < 0.01, "outside of stop mode"


@pytest.mark.req("LINK-2", "PWR-1")
def test_the_link_wakes_a_release_from_stop_mode(open_board: Open) -> None:
    """The frame that wakes it is lost; the programmer's repeat is answered."""
    board = open_board(image=IMAGE)
    programmer = enrolled(board)
    board.run_until_us(board.now_us + 30 * S)
    assert board.info()["stops"] > 5
    programmer.hello()
    assert programmer.status().state == "running"


@pytest.mark.req("SEC-5", "SELF-1")
def test_a_release_says_nothing_on_the_console(open_board: Open) -> None:
    board = open_board(image=IMAGE)
    board.write_console(b"\x03\x04\r\n" * 20)
    board.run_until_us(board.now_us + 3 * S)
    assert board.take_console() == b""
    assert len(board.info()["resets"]) == 1
    assert enrolled(board).status().state == "running"


@pytest.mark.req("HIL-8")
def test_an_image_that_does_not_come_up_is_told_with_its_last_words(tmp_path: Path, open_board: Open) -> None:
    nothing = tmp_path / "nothing.bin"
    nothing.write_bytes(IMAGE.read_bytes()[:0x200] + bytes(1000))
    with pytest.raises(DeviceLost, match="does not come up"):
        open_board(image=nothing)
