"""The oracle on random therapy scripts: `python -m hil.oracle --seed 7`, or thousands of seeds.

With `--spoil` bad runs are made from each run, in every way that hil/oracle/spoil.py knows, and each must be found.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from dataclasses import dataclass
from pathlib import Path

from hil.errors import DeviceLost
from hil.oracle.judge import judge
from hil.oracle.spoil import spoiled
from hil.results.files import write_json
from hil.scripts.generate import generate
from hil.scripts.play import play
from hil.scripts.pool import run as run_all
from hil.scripts.storms import storms
from hil.usage import count

SHOWN = 3  # disagreements of one script: most others follow from the first


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of one seed."""

    seed: int
    strokes: int
    disagreements: tuple[str, ...]
    error: str = ""  # the board ended by itself
    bad_runs: int = 0  # made from it
    missed: tuple[str, ...] = ()  # of those: not found


def verdict(seed: int, spoil: bool = False, stormy: bool = False) -> Verdict:
    """Generate the script of `seed`, play and judge it; `spoil`: and bad runs made from it; `stormy`: one of volleys.

    Raises BenchError, except when the board ends by itself: that is `Verdict.error`.
    """
    try:
        run = play(storms(seed) if stormy else generate(seed))
    except DeviceLost as error:
        return Verdict(seed, 0, (), str(error))
    found = tuple(str(each) for each in judge(run))
    bad = list(spoiled(run, random.Random(seed))) if spoil else []
    missed = tuple(name for name, each in bad if all(str(what) in found for what in judge(each)))
    return Verdict(seed, len(run.strokes_us), found, "", len(bad), missed)


def main() -> int:
    """Command line; the exit status is 1 if there is a disagreement."""
    parser = argparse.ArgumentParser(prog="python -m hil.oracle", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="seed of the first script")
    parser.add_argument("--scripts", type=count, default=1, help="number of scripts, one for each seed from there on")
    parser.add_argument("--workers", type=count, default=os.cpu_count() or 1, help="number of processes")
    parser.add_argument("--spoil", action="store_true", help="also judge bad runs made from each, in every way")
    parser.add_argument("--storms", action="store_true", help="scripts of volleys (hil/scripts/storms.py)")
    parser.add_argument("--out", type=Path, help="results as JSON")
    options = parser.parse_args()
    if options.out:
        options.out.unlink(missing_ok=True)
    started_s = time.perf_counter()
    seeds = range(options.seed, options.seed + options.scripts)
    verdicts = run_all(verdict, [(seed, options.spoil, options.storms) for seed in seeds], options.workers)
    bad = [each for each in verdicts if each.disagreements or each.error or each.missed]
    for each in bad:
        print(_command(each, options.storms) + (f": {each.error}" if each.error else ""))
        for disagreement in each.disagreements[:SHOWN]:
            print(f"  {disagreement}")
        for name in each.missed:
            print(f"  a bad run that is not found: {name}")
    strokes = sum(each.strokes for each in verdicts)
    spoilt = f", {sum(each.bad_runs for each in verdicts)} bad runs" if options.spoil else ""
    lasted_s = time.perf_counter() - started_s
    print(f"{len(verdicts)} scripts, {strokes} strokes{spoilt}, {len(bad)} disagree, {lasted_s:.0f} s")
    if options.out:
        _write(options.out, verdicts, options.storms)
    return 1 if bad else 0


def _command(each: Verdict, stormy: bool) -> str:
    return f"python -m hil.oracle --seed {each.seed}" + (" --storms" if stormy else "")


def _word(each: Verdict) -> str:
    if each.error:
        return "error"
    return "disagrees" if each.disagreements else "blind" if each.missed else "agrees"


def _write(path: Path, verdicts: list[Verdict], stormy: bool) -> None:
    results = [
        {
            "seed": each.seed,
            "verdict": _word(each),
            "strokes": each.strokes,
            "bad_runs": each.bad_runs,
            "missed": list(each.missed),
            "disagreements": list(each.disagreements) + ([each.error] if each.error else []),
            "command": _command(each, stormy),
        }
        for each in verdicts
    ]
    write_json(path, {"scripts": len(verdicts), "results": results})
