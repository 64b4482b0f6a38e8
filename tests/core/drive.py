"""Drive a core as a good board would: due strokes start on time, are confirmed, end, and the next is permitted."""

from collections.abc import Sequence
from typing import Any

from hil.oracle.commands import Command

STROKE, WITHHELD = 1, 2  # core_action_t
TEMP_RATE, TEMP_PERCENT = 1, 2  # basal_temp_t
EVENTS_MAX = 100_000  # strokes and wakes in a run: a core gone wild must not run for ever
IDLE_MAX_US = 3_600_000_000  # the longest promise, GUARD-3


class _Board:
    """A core, the strokes it has made, and what it has accepted."""

    def __init__(self, core: Any, stroke_mu: int) -> None:
        self.core = core
        self.stroke_mu = stroke_mu
        self.strokes: list[int] = []
        self.accepted: list[Command] = []
        self.now_us = 0
        self.events = 0

    def permit_next(self) -> None:
        self.core.permit(len(self.strokes) + 1)

    def wake(self, at_us: int) -> None:
        self.now_us = at_us
        self.core.settle(at_us)

    def apply(self, command: Command) -> int:
        at_us, name, values = command
        if name == "set_basal":
            return int(self.core.set_basal(at_us, values["rate_mu_per_h"]))
        if name == "plan_basal":
            return int(self.core.plan_basal(at_us, values["boundary_us"], values["rate_mu_per_h"]))
        if name == "temp_basal":
            mode = TEMP_RATE if values["mode"] == "rate" else TEMP_PERCENT
            return int(self.core.temp_basal(at_us, mode, values["value"], values["duration_us"]))
        if name == "bolus":
            strokes = (int(values.get(what, 0)) // self.stroke_mu for what in ("volume_mu", "square_mu"))
            return int(self.core.bolus(at_us, *strokes, values.get("duration_us", 0)))
        return int(getattr(self.core, name)(at_us))

    def run(self, until_us: int) -> None:
        while self.now_us < until_us or -1 < self.core.next_us() <= until_us:
            self.events += 1
            assert self.events < EVENTS_MAX, f"the core never comes to an end at {self.now_us} us"
            back_us = min(self.now_us + IDLE_MAX_US, until_us)
            self.core.promise(self.now_us, back_us)
            due_us = self.core.next_us()
            if due_us < 0 or due_us > back_us:
                self.wake(back_us)
                continue
            action = self.core.service(due_us)
            if action == STROKE:
                self.strokes.append(due_us)
                self.core.confirmed()
                self.core.ended()
            elif action == WITHHELD:
                self.accepted.append(Command(due_us, "withheld", {}))
            else:
                raise AssertionError(f"the core said {due_us} us, but did {action} then")
            self.wake(due_us)
            if action == STROKE:
                self.permit_next()


def run(core: Any, commands: Sequence[Command], end_us: int, stroke_mu: int) -> tuple[list[int], list[Command]]:
    """Strokes (start times, µs) and what the device accepted, of a new core's run up to and including end_us.

    Commands at the same instant as a stroke come after it. A refused one is only a wake; strokes that a cap took are
    put in.
    """
    board = _Board(core, stroke_mu)
    board.permit_next()
    for command in commands:
        board.run(command.at_us)
        refused = board.apply(command) != 0
        board.accepted.append(Command(command.at_us, "wake") if refused else command)
    board.run(end_us)
    return board.strokes, board.accepted
