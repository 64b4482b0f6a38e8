"""Runs one seed through one kind of twin runs and shrinks each finding to the fewest steps that still show it.

Implements: HIL-5
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from hil.errors import DeviceLost
from hil.scripts.generate import generate
from hil.scripts.play import US_PER_S, play
from hil.scripts.script import Script, Step, to_json
from hil.twins import TWINS
from hil.twins.pair import Difference, Pair

_SHRINKS = 150  # most pairs of runs for shrinking one finding


@dataclass(slots=True)
class Trial:
    """Results of one seed: `pairs` judged, `found` differences, each with the pair that shows it."""

    twin: str
    seed: int
    pairs: int = 0
    found: list[tuple[Pair, Difference]] = field(default_factory=list)
    error: str = ""  # the board ended by itself

    @property
    def command(self) -> str:
        """The command that reproduces it."""
        return f"python -m hil.twins --seed {self.seed} --twin {self.twin}"


def trial(twin: str, seed: int, **wish: Any) -> Trial:
    """Write the script of `seed`, play it with and without, and judge. `wish` overrides the kind's own.

    Raises BenchError, except when a board ended.
    """
    result = Trial(twin, seed)
    kind = TWINS[twin]
    try:
        script = generate(seed, replace(kind.WISHES[seed % len(kind.WISHES)], **wish))
        first = play(script)
        for pair in kind.pairs(script, first, random.Random(f"{twin} {seed}")):
            without = first if pair.without == script else play(pair.without)
            result.pairs += 1
            # If the differences follow from one another, the first is enough.
            most = None if kind.INDEPENDENT else 1
            result.found += [(pair, each) for each in islice(kind.judge(pair, without, play(pair.with_it)), most)]
    except DeviceLost as error:
        result.error = str(error)
    return result


def differs(twin: str, pair: Pair, where: str) -> Difference | None:
    """Return the difference at `where` that this pair shows, or None. A board that ends by itself gives "lost"."""
    try:
        found: list[Difference] = list(TWINS[twin].judge(pair, play(pair.without), play(pair.with_it)))
        return next((each for each in found if each.where == where), None)
    except DeviceLost as error:
        return Difference("lost", str(error)) if where == "lost" else None


def smaller(twin: str, pair: Pair, where: str) -> Pair:
    """Return the shortest pair with the fewest steps found that still differs at `where`."""
    left = _SHRINKS

    def shows(candidate: Pair) -> bool:
        nonlocal left
        left -= 1
        try:
            return left >= 0 and differs(twin, candidate, where) is not None
        except (KeyError, ValueError):
            return False  # another step needed a removed step

    def script_of(steps: Sequence[Step], end_us: int) -> Script:
        return replace(pair.common, steps=tuple(steps), end_us=end_us)

    for end_us in (pair.from_us + 10 * US_PER_S, pair.from_us + 1800 * US_PER_S, pair.from_us + 4 * 3600 * US_PER_S):
        shorter = replace(pair, common=script_of([s for s in pair.common.steps if s.at_us < end_us - US_PER_S], end_us))
        if end_us < pair.common.end_us and all(s.at_us < end_us for s in pair.only_with) and shows(shorter):
            pair = shorter
            break
    size = max(1, len(pair.common.steps) // 2)
    while left > 0:
        at, gone = 0, False
        while at < len(pair.common.steps):
            steps = pair.common.steps[:at] + pair.common.steps[at + size :]
            candidate = replace(pair, common=script_of(steps, pair.common.end_us))
            if shows(candidate):
                pair, gone = candidate, True
            else:
                at += size
        if size == 1 and not gone:
            break
        size = max(1, size // 2)
    for only in range(len(pair.only_with) - 1, -1, -1):
        fewer = pair.only_with[:only] + pair.only_with[only + 1 :]
        same = pair.only_without
        if len(same) == len(pair.only_with):
            same = same[:only] + same[only + 1 :]
        candidate = replace(pair, only_with=fewer, only_without=same)
        if fewer and shows(candidate):
            pair = candidate
    return pair


def told(twin: str, pair: Pair, difference: Difference) -> str:
    """Return a finding as text for a person: the difference and the steps."""
    only = "\n".join(f"  only with:    {_line(step)}" for step in pair.only_with)
    only += "".join(f"\n  only without: {_line(step)}" for step in pair.only_without)
    return f"{twin}: {difference.text}\n{only}\n{to_json(pair.common)}"


def _line(step: Step) -> str:
    return f"{step.at_us} µs {step.what} {dict(step.values) or ''}"
