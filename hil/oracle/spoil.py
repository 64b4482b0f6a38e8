"""Makes bad runs from a good one, each with one thing in it that the specification does not allow.

An oracle that does not find one of them is blind there.

Implements: HIL-5
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from hil.oracle import spoil_acts as acts
from hil.oracle import spoil_shown as shown
from hil.scripts.script import Run

Spoiler = Callable[[Run, random.Random], Run | None]
SPOILERS: tuple[Spoiler, ...] = (
    acts.moved, acts.dropped, acts.doubled, acts.other_code, acts.refused, acts.accepted, acts.answer_figure,
    acts.refusal_limit, shown.look_figure, shown.delivery_figure, shown.delivery_reason, shown.alarm_missing,
    shown.alarm_invented, shown.log_dropped, shown.log_doubled, shown.log_figure, shown.log_reason,
)  # fmt: skip


def spoiled(run: Run, draw: random.Random) -> Iterator[tuple[str, Run]]:
    """Yield the name and the bad run of each kind that this run has the means for."""
    for spoiler in SPOILERS:
        bad = spoiler(run, draw)
        if bad is not None:
            yield spoiler.__name__, bad
