"""A virtual pump to play with in this process, for what makes pages of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hil.backends.virtual import VirtualBoard
from hil.keys import Provisioned
from hil.plant import load_mechanism
from hil.play.server import PumpServer
from hil.play.world import PlayPlant
from host.session import keys


@contextmanager
def own_pump(pace: float) -> Iterator[PumpServer]:
    """A pump that serves in the background at `pace`; its programmer's key is left in this process's data folder."""
    made = Provisioned()
    board = VirtualBoard(PlayPlant(load_mechanism(), 1), keys=made.cells)
    try:
        keys.save(made.bench)
        with PumpServer(board, pace=pace).in_background() as server:
            yield server
    finally:
        board.close()
