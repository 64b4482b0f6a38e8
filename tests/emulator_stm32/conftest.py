"""A board that runs the NUCLEO_L476RG image; without an image its tests are skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hil.backends.emulated_stm32 import EmulatedStm32Board, image_file
from hil.errors import DeviceMissing
from hil.plant import Plant, load_mechanism


@pytest.fixture(scope="session")
def _image() -> None:
    try:
        image_file()
    except DeviceMissing as missing:
        pytest.skip(str(missing))


@pytest.fixture
def open_board(_image: None) -> Iterator[Callable[..., EmulatedStm32Board]]:
    """open_board() -> a board that has booted; at the end nothing may have been flagged."""
    opened: list[EmulatedStm32Board] = []

    def make(**options: Any) -> EmulatedStm32Board:
        board = EmulatedStm32Board(Plant(load_mechanism(), 1), **options)
        opened.append(board)
        return board

    yield make
    for each in opened:
        assert each.flagged() == []
