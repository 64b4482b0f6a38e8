"""A board that runs its image, NUCLEO_L476RG's if not told otherwise; without an image its tests are skipped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from hil.backends.emulated_stm32 import BOARD, EmulatedStm32Board, image_file
from hil.errors import DeviceMissing
from hil.keys import Provisioned
from hil.plant import Plant, load_mechanism


@pytest.fixture
def open_board() -> Iterator[Callable[..., EmulatedStm32Board]]:
    """open_board(board=…) -> a board that has booted; at the end nothing may have been flagged."""
    opened: list[EmulatedStm32Board] = []

    def make(**options: Any) -> EmulatedStm32Board:
        try:
            image_file(options.get("board", BOARD))
        except DeviceMissing as missing:
            pytest.skip(str(missing))
        board = EmulatedStm32Board(Plant(load_mechanism(), 1), keys=Provisioned().cells, **options)
        opened.append(board)
        return board

    yield make
    for each in opened:
        assert each.flagged() == []
