"""NUCLEO_L476RG's release image: it doses, and nothing comes in by the console's pins (SEC-5).

The development image is asked the same, and must be found to be none.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from hil.backends.emulated_stm32 import EmulatedStm32Board
from hil.bench import programmer_at
from host.session.errors import SessionRefused
from tests.emulator_stm32.enrolling import enrolled
from tests.typed import heard_on_console

Open = Callable[..., EmulatedStm32Board]
BUILT = Path(__file__).resolve().parents[2] / "build"
pytestmark = pytest.mark.req("SEC-5")
SPACING_US = 2_000_000
LATE_US = 50  # DOSE-6


def started(open_board: Open, build: str) -> EmulatedStm32Board:
    image = BUILT / build / "firmware.bin"
    if not image.is_file():
        pytest.skip(f"{image} is missing: make firmware BOARD=NUCLEO_L476RG RELEASE=1 MICROPYTHON_DIR=…")
    return open_board(image=image)


def test_a_release_doses_and_nobody_comes_in_by_the_console(open_board: Open) -> None:
    board = started(open_board, "NUCLEO_L476RG-release")
    with pytest.raises(SessionRefused):
        programmer_at(board).hello()  # with the bench's key
    programmer = enrolled(board)
    assert not programmer.development
    bolus = programmer.bolus(1_000)
    assert heard_on_console(board) == b""
    board.run_until_us(bolus.at_us + 5 * SPACING_US)
    late_us = [start - bolus.at_us - n * SPACING_US for n, start in enumerate(board.stroke_starts_us)]
    assert len(late_us) == 5
    assert all(0 <= each <= LATE_US for each in late_us), late_us
    assert [each["reason"] for each in board.info()["resets"]] == ["power on"]
    assert bytes(board.console) == b""


def test_the_development_image_speaks(open_board: Open) -> None:
    board = started(open_board, "NUCLEO_L476RG")
    programmer = programmer_at(board)
    programmer.hello()
    assert programmer.development
    assert b"The pump is stopped" in heard_on_console(board)
