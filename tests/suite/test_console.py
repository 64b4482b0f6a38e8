"""MicroPython's own tool on the emulated Pico's console, as on a board's (development image)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from hil.backends.emulated import EmulatedBoard
from hil.bench import programmer_at
from hil.keys import Provisioned
from hil.plant import Plant, load_mechanism
from hil.play.server import PumpServer
from host.api.transport import SerialTransport

pytestmark = pytest.mark.emulated_only("a virtual board has no console")


@pytest.fixture
def server() -> Iterator[PumpServer]:
    board = EmulatedBoard(Plant(load_mechanism(), 1), keys=Provisioned().cells)
    with PumpServer(board).in_background() as server:
        yield server
    board.close()


@pytest.fixture
def mpremote(server: PumpServer) -> Callable[..., str]:
    def run(*words: str) -> str:
        command = [sys.executable, "-m", "mpremote", "connect", server.console_path, *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


@pytest.mark.req("BOARD-3")
def test_mpremote_talks_to_the_console_and_the_programmer_to_the_link(
    server: PumpServer, mpremote: Callable[..., str]
) -> None:
    port = SerialTransport(server.pty_path)
    try:
        assert programmer_at(port, timeout_s=10).hello().board == "RPI_PICO"
    finally:
        port.close()
    assert mpremote("exec", "import sys; print(sys.platform, sys.implementation.name)").split() == [
        "rp2",
        "micropython",
    ]
    assert mpremote("resume", "eval", "6 * 7").strip() == "42"
