"""A scenario: what people ask of a pump, and what somebody who has the line does about it. Pure data, made from a seed.

A move is (name, numbers and names …). Every move makes sense wherever it stands, so that a scenario shrinks by leaving
moves out.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, replace

Move = tuple[str | int, ...]
PEOPLE = ("patient", "clinician", "card")
# What a person asks for; forbidden things too, which the pump must refuse.
CALLS = (
    ("bolus", 6), ("set_basal", 4), ("temp_basal", 2), ("stop", 2), ("suspend", 1), ("resume", 2), ("cancel_bolus", 1),
    ("status", 2), ("telemetry", 1), ("settle", 1), ("again", 2), ("enrol", 2), ("revoke", 2), ("rotate", 3),
    ("old_key", 2), ("read_programmers", 1),
)  # fmt: skip
# What is done to one frame on its way.
ON_THE_WAY = (
    "drop", "double", "swap", "late", "flip", "noise", "cut_short", "splice", "replay_before", "replay_after",
    "replay_instead", "reflect", "refuse", "downgrade", "invent", "forge", "flood", "cross", "interrupt", "power",
    "pose",
)  # fmt: skip
# What happens between calls.
BETWEEN = (("restart", 2), ("cut", 4), ("time", 3), ("presence", 3), ("inject", 4), ("whisper", 3), ("storm", 1))
_TIMES_S = (1, 5, 11, 61, 130, 601, 700, 90_000)


@dataclass(frozen=True)
class Scenario:
    """`floods`: at the end the adversary does not leave but floods the line, and somebody shows presence."""

    seed: int
    moves: tuple[Move, ...]
    floods: bool = False


def _one(draw: random.Random, weighted: tuple[tuple[str, int], ...]) -> str:
    return draw.choices([name for name, _ in weighted], [weight for _, weight in weighted])[0]


def made(seed: int) -> Scenario:
    """Return the scenario of a seed."""
    draw = random.Random(seed)
    moves: list[Move] = []
    for _ in range(draw.randint(4, 16)):
        kind = draw.random()
        if kind < 0.45:
            who = draw.choices((*PEOPLE, "latest"), (5, 5, 1, 2))[0]
            moves.append(("call", who, _one(draw, CALLS), draw.randrange(1000)))
        elif kind < 0.85:
            # To the pump or to the programmer, which frame from now on, and two numbers that the act takes as it likes.
            act = draw.choice(ON_THE_WAY)
            moves.append(("way", draw.randrange(2), draw.randrange(9), act, draw.randrange(4096), draw.randrange(64)))
        else:
            name = _one(draw, BETWEEN)
            number = draw.choice(_TIMES_S) if name == "time" else draw.randrange(1, 64)
            moves.append((name, number, draw.randrange(64)))
    return Scenario(seed, tuple(moves), draw.random() < 0.2)


def shrunk(scenario: Scenario, still_wrong: Callable[[Scenario], bool]) -> Scenario:
    """Return the scenario without the moves that it does not need to go wrong."""
    size = len(scenario.moves)
    while size:
        start = 0
        while start < len(scenario.moves):
            fewer = replace(scenario, moves=scenario.moves[:start] + scenario.moves[start + size :])
            if still_wrong(fewer):
                scenario = fewer
            else:
                start += size
        size //= 2
    without = replace(scenario, floods=False)
    return without if scenario.floods and still_wrong(without) else scenario
