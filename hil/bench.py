"""The bench as a test or a protocol sees it, with any board on it.

`bench.run_for(hours=12)` computes on a virtual board and an emulated chip, and would wait on a real one.

Implements: HIL-1
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from types import TracebackType
from typing import Any

from hil.backends.bench_file import load_bench
from hil.backends.board import Board
from hil.backends.desk import DeskBoard
from hil.backends.desk_lines import EmulatedLines
from hil.backends.emulated import EmulatedBoard
from hil.backends.emulated_stm32 import EmulatedStm32Board
from hil.backends.virtual import VirtualBoard
from hil.errors import LinkSilent
from hil.keys import Provisioned, RepeatedKeys
from hil.oracle.commands import Command, Orders
from hil.plant import Plant
from host.api.client import MESSAGES, Programmer
from host.api.transport import Transport
from host.errors import LinkError
from host.session.keyring import Keyring

US_PER_S = 1_000_000
_COMMAND_IDS = 0x7FFFFFFF


def open_board(
    name: str, plant: Plant, *, keys: bytes = b"", **options: Any
) -> VirtualBoard | EmulatedBoard | EmulatedStm32Board | DeskBoard:
    """Open the board with `plant` on the bench of this name, or of the bench file at this path; `keys` are written into
    a simulated one's memory first. Raises BenchError.
    """
    bench = load_bench(name)
    if bench.kind == "virtual":
        return VirtualBoard(plant, keys=keys, **options)
    if bench.kind == "emulated":
        return EmulatedBoard(plant, keys=keys, **options)
    if bench.kind == "emulated-stm32":
        return EmulatedStm32Board(plant, board=bench.board, keys=keys, **options)
    return DeskBoard(plant, bench=bench, keys=keys, **options)


def programmer_at(transport: Transport, **how: Any) -> Programmer:
    """Return a programmer with the bench's own key, to a simulated pump that was made with Provisioned().cells."""
    return Programmer(transport, keyring=RepeatedKeys(Provisioned()), **how)


class RecordingProgrammer(Programmer):
    """A programmer that records the meaning of every accepted order, with the device's own time of effect."""

    def __init__(self, transport: Board, commands: list[Command], keyring: Keyring | None = None) -> None:
        # Different ids in every life of a pump, and the same ones in every run.
        super().__init__(transport, first_command_id=1 + transport.now_us % _COMMAND_IDS, keyring=keyring)
        self._commands = commands
        self._orders = Orders()

    def call(self, name: str, **values: Any) -> dict[str, Any]:
        """As Programmer.call."""
        reply = super().call(name, **values)
        if MESSAGES[name].changes_delivery:
            self._commands.extend(self._orders.taken(reply["at_us"], name, values, reply))
        return reply


class Bench:
    """A pump on its plant with a programmer, in logical, emulated or real time; a context manager.

    `kind` is the name of a bench (hil/benches) or the path of a bench file; other options go to the board. `commands`
    are the accepted orders, `stroke_starts_us` the starts on the motor pins. Raises BenchError and its subclasses.
    """

    def __init__(self, plant: Plant, *, kind: str = "virtual", **options: Any) -> None:
        self.plant = plant
        self.commands: list[Command] = []
        made = Provisioned()
        self.board: Any = open_board(kind, plant, keys=made.cells, **options)
        keyring: Keyring = RepeatedKeys(made)
        if isinstance(self.board, DeskBoard) and not isinstance(self.board.lines, EmulatedLines):
            keyring = Keyring("bench")  # it has the key of this name, if somebody has enrolled the bench there
        self.programmer = RecordingProgrammer(self.board, self.commands, keyring)
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
        """Let time pass up to `end_us`. Raises ValueError if that time has passed."""
        if end_us < self.now_us:
            raise ValueError(f"{end_us} µs has passed: it is {self.now_us} µs")
        self.board.run_until_us(end_us)

    def check_link(self) -> None:
        """Say hello to the pump. Raises LinkSilent: without a reply no verdict about dosing is possible."""
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
    """Open the default bench: a VIRTUAL board, 500 nl strokes of U-400."""
    return Bench(plant)


def open_named(name: str, plant: Plant) -> Bench:
    """Open the bench of this name or of this bench file."""
    return Bench(plant, kind=name)


def opener(name: str) -> Callable[[Plant], Bench]:
    """Return a function that opens the bench of this name, any number of times and in worker processes too. Raises
    BenchError if there is no such bench.
    """
    load_bench(name)
    return partial(open_named, name)
