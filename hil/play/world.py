"""A pump's world while somebody plays with it: its plant, clock, memory and power, and time passing for all of them."""

from __future__ import annotations

from typing import Any

from hil.errors import BenchError
from hil.plant import Fault, FaultyPlant
from hil.play.acts import ACTS, Act

US_PER_S = 1_000_000
_S_PER_H = 3600
_LONGEST_CUT_S = 7 * 86_400
_FARTHEST_H = 200_000.0


class NotPossible(BenchError):
    """The act is unknown, its figure is out of range, or this bench has not got what it needs. Nothing was done."""


class PlayPlant(FaultyPlant):
    """As FaultyPlant; the stroke sensor can be unplugged."""

    __slots__ = ("sensor_pulled",)

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.sensor_pulled = False

    def stroke(self, start_us: int, steps: int, duration_us: int) -> int:
        """As Plant.stroke."""
        edge_us = super().stroke(start_us, steps, duration_us)
        return 0 if self.sensor_pulled else edge_us


class World:
    """The world of `board`. Time passes by `run_until_us()`."""

    def __init__(self, board: Any) -> None:
        self._board = board
        self._power_back_us: int | None = None
        self._present_until_us = 0
        self._full_nl = getattr(board.plant, "reservoir_nl", 0.0)

    @property
    def next_event_us(self) -> int:
        """When something next happens if nobody does anything, bench time, µs."""
        next_us: int = self._board.next_event_us if self._power_back_us is None else self._power_back_us
        return next_us

    def run_until_us(self, end_us: int) -> None:
        """Let time pass up to `end_us`. A time that has passed is no error."""
        board, back_us = self._board, self._power_back_us
        if back_us is not None and back_us <= end_us:
            board.run_until_us(max(board.now_us, back_us))
            board.power_up()
            self._power_back_us = None
        if board.now_us < self._present_until_us <= end_us:
            board.run_until_us(self._present_until_us)
            board.presence = False
        board.run_until_us(max(board.now_us, end_us))

    def do(self, name: str, figure: float | None = None) -> str:
        """Do one of ACTS now. Return what to expect. Raises NotPossible."""
        act = ACTS.get(name)
        if act is None:
            raise NotPossible(f"no fault {name!r}; there are {', '.join(ACTS)}")
        if figure is not None and not act.unit:
            raise NotPossible(f"{name} takes no figure, {figure:g} was given")
        value = act.figure if figure is None else figure
        if act.fault:
            self._plant(act).begin(Fault(act.fault, self._board.now_us))
        else:
            getattr(self, "_" + name.replace("-", "_"))(act, value)
        return f"{act.does} Expect the alarm {act.alarm} {act.soon}." if act.alarm else act.does

    def _plant(self, act: Act) -> PlayPlant:
        plant = self._board.plant
        if not isinstance(plant, PlayPlant):
            raise NotPossible(f"{act.name}: the plant of this bench is not simulated; do it by hand")
        return plant

    def _memory(self, act: Act) -> Any:
        memory = getattr(self._board, "memory", None)
        if not hasattr(memory, "set_clock"):
            raise NotPossible(f"{act.name}: only the virtual bench can do that")
        return memory

    def _empty_reservoir(self, act: Act, _: float) -> None:
        self._plant(act).reservoir_nl = 0.0

    def _pull_stroke_sensor(self, act: Act, _: float) -> None:
        self._plant(act).sensor_pulled = True

    def _break_memory(self, act: Act, _: float) -> None:
        self._memory(act).fail_writes(True)

    def _lose_clock(self, act: Act, _: float) -> None:
        self._memory(act).lose_clock()

    def _jump_clock(self, act: Act, hours: float) -> None:
        memory = self._memory(act)
        if not -_FARTHEST_H <= hours <= _FARTHEST_H:
            raise NotPossible(f"jump-clock {hours:g} hours: at most {_FARTHEST_H:g} either way")
        offset_s, valid = memory.clock()
        if not valid:
            raise NotPossible("jump-clock: the clock has lost its time; set it first, by `pump set-time`")
        memory.set_clock(offset_s + round(hours * _S_PER_H))

    def _show_presence(self, act: Act, seconds: float) -> None:
        if not 0 < seconds <= _LONGEST_CUT_S:
            raise NotPossible(f"show-presence {seconds:g} seconds: more than 0, at most {_LONGEST_CUT_S}")
        if not hasattr(self._board, "presence"):
            raise NotPossible("show-presence: this bench cannot; press the button by hand")
        self._board.presence = True
        self._present_until_us = self._board.now_us + round(seconds * US_PER_S)

    def _cut_power(self, act: Act, seconds: float) -> None:
        if not 0 < seconds <= _LONGEST_CUT_S:
            raise NotPossible(f"cut-power {seconds:g} seconds: more than 0, at most {_LONGEST_CUT_S}")
        board = self._board
        if not hasattr(board, "power_cut"):
            raise NotPossible("cut-power: this bench cannot; do it by hand")
        if self._power_back_us is None:
            board.plant.abort(board.now_us)
            board.power_cut()
        self._power_back_us = board.now_us + round(seconds * US_PER_S)

    def _mend(self, act: Act, _: float) -> None:
        plant = self._plant(act)
        plant.clear(self._board.now_us)
        plant.sensor_pulled = False
        plant.reservoir_nl = self._full_nl
        if hasattr(getattr(self._board, "memory", None), "fail_writes"):
            self._board.memory.fail_writes(False)
