"""From reset on: whatever befalls the boot ends in a pump that runs, or sounds and starts anew: never in silence."""

from __future__ import annotations

import os
import random
import zlib
from collections.abc import Callable, Iterator

import pytest

from hil.backends.emulated import EmulatedBoard
from hil.plant import Plant, load_mechanism
from host.client import Programmer
from tests.suite import mischief

pytestmark = pytest.mark.emulated_only("a virtual board has no reset, no watchdog and no console")

NS_PER_MS = 1_000_000
BOOT_MS = 900
FEW = 3  # instants of a boot, in every run of the suite; `make boot` takes every 10 ms
SETTLED_NS = 4_000_000_000


class Link:
    """The programmer's end of a board."""

    def __init__(self, board: EmulatedBoard) -> None:
        self.board = board

    def write(self, data: bytes) -> None:
        self.board.write(data)

    def read(self, timeout_s: float) -> bytes:
        return self.board.read(timeout_s)


def instants_ms(seed: int) -> list[int]:
    """Instants of a boot: a few of them, or all, every RELEVE_BOOT_STEP_MS."""
    step = os.environ.get("RELEVE_BOOT_STEP_MS")
    if step:
        return list(range(0, BOOT_MS, int(step)))
    picked = random.Random(seed)
    part = BOOT_MS // FEW
    return [part * n + picked.randrange(part) for n in range(FEW)]


@pytest.fixture
def board() -> Iterator[EmulatedBoard]:
    board = EmulatedBoard(Plant(load_mechanism(), 1))
    yield board
    board.close()


def start_over(board: EmulatedBoard) -> int:
    """Power off and on again; returns how many lives there were before this one."""
    board.power_cut()
    board.run_until_ns(board.now_ns + 1_000_000_000)
    board.take_console()
    board.power_up()
    return len(board.info()["resets"])


def runs(board: EmulatedBoard) -> bool:
    """Does it answer a programmer? Otherwise it has some seconds to try."""
    board.take_received()
    try:
        return Programmer(Link(board), timeout_s=0.5).hello().board == "RPI_PICO"
    except Exception:
        return False


def judged(board: EmulatedBoard, lives: int, from_ns: int) -> str:
    """What became of it: "runs", "console", or "sounded and runs". Fails if it is silent."""
    why = board.run_until_ns(board.now_ns + SETTLED_NS, "ready")
    info = board.info()
    if len(info["resets"]) == lives:
        if why == "ready" and runs(board):
            return "runs"
        said = board.take_console()
        assert b"The pump is stopped: motor and watchdog are off." in said, f"silent: {said!r}"
        assert [on for on, _ in info["tones"] if on >= from_ns], "a console that took the board over in silence"
        return "console"
    assert [on for on, _ in info["tones"] if on >= info["resets"][lives]["nanos"]], "it started anew in silence"
    if why != "ready":
        board.boot()
    assert runs(board), f"it did not come up again: {board.take_console()!r}"
    return "sounded and runs"


@pytest.mark.req("GUARD-3", "ALARM-3")
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("what", [mischief.ctrl_c, mischief.raised, mischief.no_memory, mischief.crash])
def test_whatever_happens_during_the_boot_the_pump_runs_or_sounds(
    board: EmulatedBoard, what: Callable[[EmulatedBoard], None]
) -> None:
    became = {}
    for at_ms in instants_ms(zlib.crc32(what.__name__.encode())):
        lives = start_over(board)
        at_ns = board.now_ns + at_ms * NS_PER_MS
        board.run_until_ns(at_ns)
        what(board)
        became[at_ms] = judged(board, lives, at_ns)
        assert board.info()["idle_steps"] == 0
        assert board.info()["steps"] == 0, "the motor moved"
    print(became)
    assert set(became.values()) - {"runs"}, "nothing that was done had any effect"
