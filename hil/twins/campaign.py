"""Twin runs of random therapy scripts: `python -m hil.twins --seed 7 --twin safer`, or thousands of seeds."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

from hil.results.files import write_json
from hil.scripts.pool import run
from hil.twins import TWINS
from hil.twins.trial import Trial, smaller, told, trial
from hil.usage import count


def main() -> int:
    """Return 0 if nothing was found, 1 otherwise."""
    parser = argparse.ArgumentParser(prog="python -m hil.twins", description=__doc__)
    parser.add_argument("--twin", choices=[*TWINS, "all"], default="all", help="which kind of twin runs")
    parser.add_argument("--seed", type=int, default=1, help="seed of the first script")
    parser.add_argument("--scripts", type=count, default=1, help="number of seeds for each kind")
    parser.add_argument("--workers", type=count, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--shrink", action="store_true", help="make the first of each kind of finding small")
    parser.add_argument("--out", type=Path, help="results as JSON")
    options = parser.parse_args()
    if options.out:
        options.out.unlink(missing_ok=True)
    kinds = list(TWINS) if options.twin == "all" else [options.twin]
    jobs = [(twin, seed) for seed in range(options.seed, options.seed + options.scripts) for twin in kinds]
    started_s = time.perf_counter()
    trials = run(trial, jobs, options.workers)
    seen: set[tuple[str, str]] = set()
    for each in trials:
        if each.error:
            print(f"{each.command}: {each.error}")
        for pair, difference in each.found:
            if (each.twin, difference.where) in seen:
                continue
            seen.add((each.twin, difference.where))
            print(f"{each.command}\n  {difference.where}: {difference.text}")
            if options.shrink:
                print(told(each.twin, smaller(each.twin, pair, difference.where), difference))
    bad = [each for each in trials if each.found or each.error]
    judged = sum(each.pairs for each in trials)
    print(f"{len(trials)} scripts, {judged} pairs, {len(bad)} differ, {time.perf_counter() - started_s:.0f} s")
    if options.out:
        _write(options.out, trials)
    return 1 if bad else 0


def _write(path: Path, trials: list[Trial]) -> None:
    results = [
        {
            "twin": each.twin,
            "seed": each.seed,
            "verdict": "error" if each.error else "differs" if each.found else "same",
            "pairs": each.pairs,
            "differences": [difference.text for _, difference in each.found] + ([each.error] if each.error else []),
            "command": each.command,
        }
        for each in trials
    ]
    write_json(path, {"scripts": len(trials), "results": results})
