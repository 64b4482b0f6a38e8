"""The bench as a test or a protocol sees it, whatever board is on it.

`bench.run_for(hours=12)` computes on a virtual board and an emulated Pico, and would wait on a real one.

Implements: HIL-1
"""

from __future__ import annotations

from types import TracebackType
from typing import Any

from hil.backends.board import Board
from hil.backends.emulated import EmulatedBoard
from hil.backends.virtual import VirtualBoard
from hil.checks.owed import Command
from hil.errors import BenchError, LinkSilent
from hil.plant import Plant
from host.client import Programmer
from host.errors import LinkError

US_PER_S = 1_000_000
BOARDS: dict[str, type[VirtualBoard] | type[EmulatedBoard]] = {"virtual": VirtualBoard, "emulated": EmulatedBoard}


def open_board(kind: str, plant: Plant, **options: Any) -> VirtualBoard | EmulatedBoard:
    """A board of this kind with `plant`. Raises BenchError for a kind that does not exist."""
    if kind not in BOARDS:
        raise BenchError(f"no bench {kind!r}; there are {', '.join(BOARDS)}")
    return BOARDS[kind](plant, **options)


class RecordingProgrammer(Programmer):
    """A programmer that writes down every accepted order, with the device's own time of effect."""

    def __init__(self, transport: Board, commands: list[Command]) -> None:
        super().__init__(transport)
        self._commands = commands

    def call(self, name: str, **values: Any) -> dict[str, Any]:
        """As Programmer.call."""
        reply = super().call(name, **values)
        if "at_us" in reply:
            self._commands.append(Command(reply["at_us"], name, values))
        return reply


class Bench:
    """A pump on its plant with a programmer, in logical or emulated time; a context manager.

    `kind` is "virtual" or "emulated"; other options go to the board. `commands` are the accepted orders,
    `stroke_starts_us` what the motor pins showed. Raises BenchError and its kin.
    """

    def __init__(self, plant: Plant, *, kind: str = "virtual", **options: Any) -> None:
        self.plant = plant
        self.commands: list[Command] = []
        self.board: Any = open_board(kind, plant, **options)
        self.programmer = RecordingProgrammer(self.board, self.commands)
        self.stroke_starts_us: list[int] = self.board.stroke_starts_us
        self.start_tolerance_us: int = self.board.start_tolerance_us

    @property
    def now_us(self) -> int:
        """Time since the board's power-up, µs."""
        return int(self.board.now_us)

    def run_for(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0, us: int = 0
    ) -> None:
        """Let this much time pass."""
        total_s = ((days * 24 + hours) * 60 + minutes) * 60 + seconds
        self.run_until_us(self.now_us + round(total_s * US_PER_S) + us)

    def run_until_us(self, end_us: int) -> None:
        """Let time pass up to `end_us`; ValueError if that is over."""
        if end_us < self.now_us:
            raise ValueError(f"{end_us} µs is over: it is {self.now_us} µs")
        self.board.run_until_us(end_us)

    def check_link(self) -> None:
        """Say hello to the pump. Raises LinkSilent: without an answer no verdict about dosing is possible."""
        try:
            self.programmer.hello()
        except LinkError as error:
            raise LinkSilent(f"the pump does not answer on the programmer link: {error}") from error

    def __enter__(self) -> Bench:
        try:
            self.check_link()
        except BaseException:
            self.board.kill()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None:
            self.board.close()
        else:
            self.board.kill()


def open_bench(plant: Plant) -> Bench:
    """The default bench: a VIRTUAL board, 500 nl strokes of U-400."""
    return Bench(plant)


def open_emulated_bench(plant: Plant) -> Bench:
    """The emulated Pico with the image that is flashed."""
    return Bench(plant, kind="emulated")


# Functions of the module, so that worker processes can be told which.
BENCHES = {"virtual": open_bench, "emulated": open_emulated_bench}
