"""Mutation testing of dose core and session: every surviving mutant is killed, or listed with the reason it is
equivalent.

    python -m tools.core.mutation.gate --full            all mutants (nightly)
    python -m tools.core.mutation.gate --changed BASE    mutants of the lines changed since BASE, or, if none, a sample
                                                         drawn from --seed; at most --seconds
    python -m tools.core.mutation.gate --again           survivors of the last run, while working on them
    options: --session (the session's C instead of the dose core's), --core FOLDER, --tests FILE …,
             --equivalents FILE, --workers N

build/core/mutation.json, or session-mutation.json, holds {killed, survived, equivalent, crashed, timeout}, the
survivors, and the time taken. c_ext/mutation/equivalents.toml, or session.toml, lists mutants that behave like the
original for every input, and why. An entry that no mutant needs any more fails a full run.
Exit status 1 if a mutant survived, or a full run finds an unused entry.
"""

import argparse
import json
import random
import re
import tempfile
import time
import tomllib
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from tools.bootstrap import install_packages
from tools.console import ROOT, Problem, main_guard, say
from tools.core.mutation.sites import Mutant, mutants
from tools.core.mutation.tiers import (
    CRASHED,
    EQUIVALENT,
    INVALID,
    KILLED,
    SURVIVED,
    TIMEOUT,
    Bench,
    Judge,
    Outcome,
    SessionJudge,
    fingerprint,
)
from tools.core.sources import CORE_DIR, OUT, SESSION_DIR, core_tests, must, session_tests, write_json

LISTS = ROOT / "c_ext" / "mutation"
EQUIVALENTS = LISTS / "equivalents.toml"
REASON_LENGTH_MIN = 40
SECONDS_DEFAULT = 120
# Share of the time for the first tiers. Mutants not reached in time are reported, never counted as killed.
TRACE_SHARE = 0.4


class Entry(NamedTuple):
    """A mutant that is equivalent although its object code differs; named by its line's text, not its number."""

    file: str
    code: str
    old: str
    to: str
    nth: int
    reason: str

    def covers(self, mutant: Mutant) -> bool:
        """Return True if this is the mutant's entry."""
        return self[:5] == (mutant.file, mutant.code, mutant.old, mutant.to, mutant.nth)


def read_equivalents(path: Path) -> list[Entry]:
    """Return the entries of the file. Raises Problem if an entry is incomplete or has no real reason."""
    entries = []
    for entry in tomllib.loads(path.read_text(encoding="utf-8")).get("equivalent", []):
        if set(entry) | {"nth"} != set(Entry._fields):
            raise Problem(f"{path.name}: an entry has {', '.join(Entry._fields)}, not {sorted(entry)}")
        if len(entry["reason"]) < REASON_LENGTH_MIN:
            raise Problem(f"{path.name}: the reason is too short: {entry['reason']!r}")
        entries.append(Entry(**{"nth": 1, **entry}))
    return entries


def changed_in(base: str, folder: Path, *paths: str) -> dict[str, set[int]]:
    """Return the lines of `paths` below `folder` that differ from commit `base`, by file as git names it."""
    lines: dict[str, set[int]] = {}
    name = ""
    for line in must(["git", "diff", "--unified=0", base, "--", *paths], cwd=folder).splitlines():
        if line.startswith("+++ "):
            name = line[6:]
        hunk = re.match(r"@@ -\S+ \+(\d+)(?:,(\d+))? @@", line)
        if hunk:
            first, count = int(hunk[1]), int(hunk[2] or 1)
            lines.setdefault(name, set()).update(range(first, first + count))
    return lines


def changed_lines(base: str, core_dir: Path) -> dict[str, set[int]]:
    """Return the lines of the code that differ from commit `base`, by file name."""
    return {Path(name).name: lines for name, lines in changed_in(base, core_dir, ".").items()}


def choose(everything: list[Mutant], base: str, core_dir: Path, seed: int) -> tuple[list[Mutant], str]:
    """Return the mutants of changed lines, or all in an order drawn from `seed`; and a description of the choice."""
    lines = changed_lines(base, core_dir)
    chosen = [each for each in everything if each.line in lines.get(each.file, ())]
    if chosen:
        return chosen, f"lines changed since {base}"
    shuffled = everything[:]
    random.Random(seed).shuffle(shuffled)
    return shuffled, f"nothing changed since {base}: a sample from seed {seed}"


class Run:
    """One run over `chosen` on `workers` processors, until done or out of time."""

    def __init__(self, bench: Judge, chosen: list[Mutant], tests: list[str], workers: int, seconds: float) -> None:
        self.bench = bench
        self.chosen = chosen
        self.tests = tests
        self.workers = workers
        self.begin = time.monotonic()
        self.seconds = seconds
        self.known: dict[str, Outcome | None] = {}

    def late(self, share: float = 1.0) -> bool:
        """Return True if `share` of the time is over."""
        return time.monotonic() - self.begin > share * self.seconds

    def go(self, listed: list[Entry]) -> list[Outcome]:
        """Return all outcomes, without mutants that were not reached in time. Equal object code is judged once."""
        outcomes: list[Outcome] = []
        undecided: dict[str, list[Mutant]] = {}
        with ThreadPoolExecutor(self.workers) as pool:
            for mutant, (key, outcome) in zip(self.chosen, pool.map(self.first_tiers, self.chosen), strict=True):
                if outcome:
                    outcomes.append(outcome._replace(mutant=mutant))
                elif key and any(entry.covers(mutant) for entry in listed):
                    outcomes.append(Outcome(mutant, EQUIVALENT, "listed"))
                elif key:
                    undecided.setdefault(key, []).append(mutant)
            say(f"{len(outcomes)} decided without the tests; they see {len(undecided)} more")
            for twins, last in zip(undecided.values(), pool.map(self.last_tier, undecided.values()), strict=True):
                outcomes += [last._replace(mutant=each) for each in twins] if last else []
        return outcomes

    def first_tiers(self, mutant: Mutant) -> tuple[str, Outcome | None]:
        """Return (object code's fingerprint, or '' if out of time; verdict of the first two tiers, if any)."""
        if self.late(TRACE_SHARE):
            return "", None
        objects = self.bench.compiled(mutant)
        if objects is None:
            return "", Outcome(mutant, INVALID, "compiler")
        key = fingerprint(objects)
        if key not in self.known:
            self.known[key] = self.bench.by_trace(mutant, objects)
        return key, self.known[key]

    def last_tier(self, twins: list[Mutant]) -> Outcome | None:
        """Return the tests' verdict on mutants with the same object code; None if there is no time left."""
        return None if self.late() else self.bench.by_tests(twins[0], self.tests)


def report(outcomes: list[Outcome], everything: int, chosen: int, what: str, seconds: float) -> dict[str, Any]:
    """Return the content of mutation.json."""
    verdicts = Counter(each.verdict for each in outcomes)
    unfinished = [str(each.mutant) for each in outcomes if each.verdict in (CRASHED, TIMEOUT)]
    return {
        **{name: verdicts[name] for name in (KILLED, SURVIVED, EQUIVALENT, CRASHED, TIMEOUT)},
        "invalid": verdicts[INVALID],
        "not_reached": chosen - len(outcomes),
        "mutants": everything,
        "what": what,
        "by_tier": dict(Counter(f"{each.tier}: {each.verdict}" for each in outcomes)),
        "seconds": round(seconds),
        "survivors": [str(each.mutant) for each in outcomes if each.verdict == SURVIVED],
        "crashes_and_timeouts": unfinished,
    }


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Mutation testing of the dose core, or of the session.")
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--full", action="store_true")
    which.add_argument("--changed", metavar="BASE")
    which.add_argument("--again", action="store_true", help="only what survived the last run")
    parser.add_argument("--session", action="store_true", help="the session's C, by tests/session")
    parser.add_argument("--core", type=Path)
    parser.add_argument("--equivalents", type=Path)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--seconds", type=float, default=SECONDS_DEFAULT)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("tests", nargs="*", help="test files instead of tests/core or tests/session")
    options = parser.parse_args()
    session = options.session
    core_dir = (options.core or (SESSION_DIR if session else CORE_DIR)).resolve()
    equivalents = options.equivalents or (LISTS / "session.toml" if session else EQUIVALENTS)
    out = options.out or OUT / ("session-mutation.json" if session else "mutation.json")
    # Wycheproof's vectors are about mbedTLS.
    tests = options.tests or (session_tests("wycheproof") if session else core_tests())
    install_packages("build")
    install_packages("core-target")  # some tests of the core run it on emulated processors
    everything = mutants(core_dir)
    chosen, what = everything, "all"
    if options.changed:
        chosen, what = choose(everything, options.changed, core_dir, options.seed)
    if options.again:
        survivors = json.loads(out.read_text(encoding="utf-8"))["survivors"]
        chosen, what = [each for each in everything if str(each) in survivors], "survivors of the last run"
    listed = read_equivalents(equivalents)
    say(f"mutation: {len(chosen)} of {len(everything)} mutants ({what})")
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        judge = SessionJudge(core_dir, folder) if session else Bench(core_dir, folder, options.seed)
        seconds = options.seconds if options.changed else float("inf")
        outcomes = Run(judge, chosen, tests, options.workers, seconds).go(listed)
    result = report(outcomes, len(everything), len(chosen), what, time.monotonic() - begin)
    write_json(out, result)
    counted = ", ".join(f"{result[name]} {name}" for name in (KILLED, SURVIVED, EQUIVALENT, CRASHED, TIMEOUT))
    say(f"mutation: {counted}, {result['not_reached']} not reached, in {result['seconds']} s")
    wrong = [f"survived: {each}" for each in result["survivors"]]
    if options.full:
        used = [each.mutant for each in outcomes if each.tier == "listed"]
        unused = [entry for entry in listed if not any(entry.covers(mutant) for mutant in used)]
        wrong += [f"{equivalents.name}: not needed, delete it: {entry[:5]}" for entry in unused]
    if wrong:
        raise Problem("mutation testing\n" + "\n".join(wrong))


if __name__ == "__main__":
    main_guard(main)
