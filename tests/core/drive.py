"""Drive a core as a good board would: due strokes start on time, are confirmed, end, and the next is permitted."""

from collections.abc import Sequence
from typing import Any

from hil.checks.owed import Command

STROKE, WITHHELD = 1, 2  # core_action_t


def run(core: Any, commands: Sequence[Command], end_us: int, stroke_mu: int) -> tuple[list[int], list[Command]]:
    """Strokes (start times, µs) and what the device accepted, of a run up to and including end_us.

    Commands at the same instant as a stroke come after it. Refused ones are left out; strokes that a cap
    took are put in.
    """
    strokes: list[int] = []
    accepted: list[Command] = []
    core.permit(core.state()[18] + 1)
    for command in commands:
        _strokes_until(core, command.at_us, strokes, accepted)
        if _apply(core, command, stroke_mu) == 0:
            accepted.append(command)
    _strokes_until(core, end_us, strokes, accepted)
    return strokes, accepted


def _apply(core: Any, command: Command, stroke_mu: int) -> int:
    at_us, name, values = command
    if name == "set_basal":
        return int(core.set_basal(at_us, values["rate_mu_per_h"]))
    if name == "bolus":
        return int(core.bolus(at_us, values["volume_mu"] // stroke_mu))
    return int(getattr(core, name)(at_us))


def _strokes_until(core: Any, until_us: int, strokes: list[int], accepted: list[Command]) -> None:
    while -1 < (due_us := core.next_us()) <= until_us:
        # Strokes that waited for nothing but a command have a due time in the past: they start now.
        now_us = max(due_us, accepted[-1].at_us if accepted else 0)
        action = core.service(now_us)
        if action == STROKE:
            strokes.append(now_us)
            core.confirmed()
            core.ended()
            core.permit(core.state()[18] + 1)
        elif action == WITHHELD:
            accepted.append(Command(now_us, "withheld", {}))
        else:
            raise AssertionError(f"the core said {due_us} us, but did {action} at {now_us} us")
