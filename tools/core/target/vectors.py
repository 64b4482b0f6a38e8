"""The vectors to play: the committed files, and any number of additional ones from the same generator.

A volume sequence is made from its number and the seed alone, so it can be repeated separately and the volume can be
split over processes. Volume sequences are short and mostly have a motor of few steps, because the burst plan costs a
hundred times as much as everything else.
"""

import importlib
import random
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tools.console import ROOT, Problem

VECTORS = ROOT / "tests" / "vectors"
VOLUME_CALLS = 12
FEW_STEPS = (3, 400, 20_000, 20_000)
FULL_MOTOR_EVERY = 50
# The place of the motor's four numbers in a line `new …`.
MOTOR = slice(4, 8)


def files() -> list[Path]:
    """Return the committed vector files."""
    found = sorted(VECTORS.glob("*.txt"))
    if not found:
        raise Problem(f"no vector files in {VECTORS}")
    return found


def committed() -> Iterator[tuple[str, list[str]]]:
    """Yield (name, lines) of each sequence of the committed files: from one `new` to the next."""
    for path in files():
        lines: list[str] = []
        count = 0
        for line in path.read_text(encoding="utf-8").splitlines():
            words = line.split()
            if words and words[0] == "new" and lines:
                yield f"{path.name} #{count}", lines
                count, lines = count + 1, []
            if words and words[0] != "#":
                lines.append(line)
        if lines:
            yield f"{path.name} #{count}", lines


def volume(seed: int, numbers: range) -> Iterator[tuple[str, list[str]]]:
    """Yield (name, lines) of the sequences `numbers` of `seed`, each judged by the exact model as it is made."""
    # Imported late: the generator needs the environment of the whole test suite, the rest of this module does not.
    generate: Any = importlib.import_module("tests.vectors.generate")

    before = generate.CALLS, generate.MOTORS
    generate.CALLS = VOLUME_CALLS
    try:
        for number in numbers:
            generate.MOTORS = before[1] if number % FULL_MOTOR_EVERY == 0 else (FEW_STEPS,)
            yield f"seed {seed} #{number}", generate.Writer(number, random.Random(f"{seed}:{number}")).write()
    finally:
        generate.CALLS, generate.MOTORS = before


def few_motors(sequences: Iterable[tuple[str, list[str]]]) -> Iterator[tuple[str, list[str]]]:
    """Yield the same sequences with each motor's burst planned only once: later ones get a motor of few steps."""
    seen: set[tuple[str, ...]] = set()
    for name, lines in sequences:
        kept = list(lines)
        for index, line in enumerate(lines):
            words = line.split()
            if words[:1] == ["new"]:
                motor = tuple(words[MOTOR])
                if motor in seen:
                    words[MOTOR] = [str(each) for each in FEW_STEPS]
                    kept[index] = " ".join(words)
                seen.add(motor)
        yield name, kept
