"""Mutation testing of firmware, programmer and the bench's judges: every survivor is killed or listed with its reason.

    python -m tools.mutation --full                all mutants of PLACES (nightly)
    python -m tools.mutation --changed BASE        mutants of the lines changed since BASE; at most --seconds in all
                                                   BASE "landed": what main was before this commit (landed.py)
    python -m tools.mutation --again               survivors of the last run, while working on them
    options: FILE …, --workers N, --seed N, --fresh

build/mutation/mutation.json holds {killed, survived, equivalent, crashed, timeout, not_covered, not_reached} in total
and for each file, the survivors, and the time taken. A full run resumes where the last one was stopped (results.py);
--fresh starts over. tools/mutation/equivalents.toml lists mutants that no test should tell apart, and why.
Exit status 1 if a mutant survived or no test runs its line, or if a full run finds an unused entry.
"""

import argparse
import json
import random
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tools.console import ROOT, Problem, main_guard, say
from tools.core.mutation.gate import Entry, changed_in, read_equivalents
from tools.core.mutation.sites import Mutant
from tools.core.sources import write_json
from tools.mutation.covering import OUT, Covering, covering, tests_of
from tools.mutation.judges import TESTS_SECONDS_MAX, judged
from tools.mutation.landed import landed
from tools.mutation.results import Results, table
from tools.mutation.sites import mutants

EQUIVALENTS = Path(__file__).with_name("equivalents.toml")
# Code with rules. The looks of a page are for people to judge; what the programmer shows is what a person acts on.
PLACES = ("firmware", "host", "hil/oracle")


def files(places: list[str]) -> list[Path]:
    """Return the Python files of these places, in order."""
    found: list[Path] = []
    for place in places:
        path = ROOT / place
        found += sorted(path.rglob("*.py")) if path.is_dir() else [path] if path.is_file() else []
    return found


def present(names: Iterable[str]) -> list[str]:
    """Return those of the folders or files that exist."""
    return [name for name in names if (ROOT / name).exists()]


def judge_all(options: argparse.Namespace, chosen: list[Mutant], listed: list[Entry]) -> dict[str, Any]:
    """Judge the mutants within the options' time. Measuring the coverage may take half of that."""
    end = time.monotonic() + options.seconds
    tests = options.tests or present(sorted({each for name in chosen for each in tests_of(name.file)}))
    if not chosen:
        return judged([], Covering({}, {}), listed, options.workers, 0.0)
    if options.changed:
        which = sorted({each.file for each in chosen})
        known, whole = covering(tests, options.workers, which, options.seconds / 2)
    else:
        known, whole = covering(tests, options.workers)
    left = max(0.0, end - time.monotonic())
    all_tests = not options.tests and options.tests_seconds >= TESTS_SECONDS_MAX
    results = None if options.changed else Results(fresh=options.fresh, whole=all_tests)
    return judged(chosen, known, listed, options.workers, left, options.tests_seconds, whole=whole, results=results)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Mutation testing of the project's Python.")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--full", action="store_true")
    which.add_argument("--changed", metavar="BASE")
    which.add_argument("--again", action="store_true", help="only what survived the last run")
    parser.add_argument("--fresh", action="store_true", help="judge again what an earlier run has judged")
    parser.add_argument("--seconds", type=float, default=float("inf"))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=OUT / "mutation.json")
    parser.add_argument("--tests-seconds", type=float, default=TESTS_SECONDS_MAX, help="at most, for one mutant")
    parser.add_argument("--tests", nargs="*", help="test files instead of those of covering.py")
    parser.add_argument("places", nargs="*", default=list(PLACES))
    options = parser.parse_args()
    everything = [each for path in files(options.places) for each in mutants(path, str(path.relative_to(ROOT)))]
    chosen = everything
    if options.changed:
        base = landed() if options.changed == "landed" else options.changed
        say(f"mutation: lines changed since {base}")
        lines = changed_in(base, ROOT, "*.py")
        chosen = [each for each in everything if each.line in lines.get(each.file, ())]
        random.Random(options.seed).shuffle(chosen)  # a different part is not reached in time in each run
    if options.again:
        survivors = json.loads(options.out.read_text(encoding="utf-8"))["survivors"]
        chosen = [each for each in everything if str(each) in survivors]
    listed = read_equivalents(EQUIVALENTS)
    say(f"mutation: {len(chosen)} of {len(everything)} mutants")
    result = judge_all(options, chosen, listed)
    looked_at = {each.file for each in everything}
    unused = [
        entry
        for entry in listed
        if (entry.file in looked_at or options.places == list(PLACES))
        and not any(entry.covers(each) for each in everything)
    ]
    result["unused"] = [f"{entry.file}: {entry.code}: {entry.old} -> {entry.to}" for entry in unused]
    write_json(options.out, result)
    counts = ", ".join(f"{value} {name}" for name, value in result.items() if isinstance(value, int))
    print(table(result))
    say(f"mutation: {counts}")
    if result["not_reached"]:
        say(f"mutation: out of time: {result['not_reached']} of {len(chosen)} mutants not tried,")
        say("mutation: or not with all tests. To continue: make mutation MUTATION_SECONDS=… SEED=…")
    if result["survivors"] or (options.full and unused):
        raise Problem(f"{len(result['survivors'])} mutants survived, {len(unused)} entries are unused: {options.out}")


if __name__ == "__main__":
    main_guard(main)
