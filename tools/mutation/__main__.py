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
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from typing import Any

from tools.console import ROOT, Problem, main_guard, say
from tools.core.mutation.gate import Entry, changed_in, read_equivalents
from tools.core.mutation.sites import Mutant
from tools.core.mutation.tiers import EQUIVALENT, SURVIVED
from tools.core.sources import write_json
from tools.mutation.covering import OUT, Covering, covering, tests_of
from tools.mutation.landed import landed
from tools.mutation.results import NOT_COVERED, RED, Results, report, table
from tools.mutation.sites import mutants, statements
from tools.mutation.worker import CANNOT

EQUIVALENTS = Path(__file__).with_name("equivalents.toml")
# Code with rules. The looks of a page or of a table on the screen are for people to judge.
PLACES = (
    "firmware",
    "host/api",
    "host/cli.py",
    "host/console.py",
    "host/cuts.py",
    "host/day.py",
    "host/errors.py",
    "host/records",
    "host/texts/alarms.py",
    "host/units.py",
    "hil/oracle",
)
# Processor time for a mutant's tests: a multiple of the time without it, plus a fixed amount for the start.
SLOWER_MAX = 3
BEGIN_SECONDS = 4.0
# A line that a thousand tests run is judged first by the tests that have killed its neighbours, then by the quickest,
# then by some of every test file that runs it, up to this many seconds. A few run first, because most mutants die of
# these.
TESTS_SECONDS_MAX = 20.0
QUICK_SECONDS = 5.0
FIRST_TESTS = 8
FIRST_SECONDS = 1.0
SAVE_EVERY_SECONDS = 20.0


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


class Worker:
    """A process that has collected the tests, and one that imports anew, for mutants that it cannot judge."""

    def __init__(self, tests: list[str]) -> None:
        self._quick = self._start(tests)
        self._thorough: subprocess.Popen[str] | None = None

    @staticmethod
    def _start(tests: list[str]) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "tools.mutation.worker", *tests]
        return subprocess.Popen(
            command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )

    def ask(self, request: dict[str, Any], text: str) -> tuple[str, str]:
        """Return (verdict, the test that killed it). `text` is the unchanged file. Raises Problem if that dies too."""
        verdict, witness = self._ask(self._quick, request)
        if verdict == CANNOT:
            if self._thorough is None:
                self._thorough = self._start([])
                as_it_is, _ = self._ask(self._thorough, {**request, "source": text})
                if as_it_is != SURVIVED:
                    raise Problem(
                        f"the tests fail without a mutant too ({as_it_is}): {request['file']}: {request['tests']}"
                    )
            verdict, witness = self._ask(self._thorough, request)
        return verdict, witness

    @staticmethod
    def _ask(process: subprocess.Popen[str], request: dict[str, Any]) -> tuple[str, str]:
        assert process.stdin and process.stdout
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
        if not answer:
            raise Problem(f"a worker has died at {request['file']}")
        verdict, witness = json.loads(answer)
        return verdict, witness

    def close(self) -> None:
        """End the processes."""
        for each in (self._quick, self._thorough):
            if each is not None:
                each.kill()
                each.wait()


class Judges:
    """A pool of workers, used from as many threads."""

    def __init__(
        self, workers: int, known: Covering, listed: list[Entry], end: float, tests_seconds: float = TESTS_SECONDS_MAX
    ) -> None:
        self._kills: Counter[tuple[str, str]] = Counter()  # kills of a file's mutants, by test
        self._known = known
        self._listed = listed
        self._end = end
        self._tests_seconds = tests_seconds
        self._texts: dict[str, str] = {}
        self._spans: dict[str, dict[int, range]] = {}
        tests = sorted(
            {test.partition("::")[0] for of_file in known.lines.values() for each in of_file.values() for test in each}
        )
        self._workers = [Worker(tests) for _ in range(workers)] if tests else []
        self._idle: Queue[Worker] = Queue()
        for each in self._workers:
            self._idle.put(each)

    def verdict(self, mutant: Mutant) -> tuple[str, str]:
        """Return the name of a counter, empty if out of time, and the test that killed the mutant."""
        if any(entry.covers(mutant) for entry in self._listed):
            return EQUIVALENT, ""
        first, rest = self._tests(mutant)
        if not first:
            return NOT_COVERED, ""
        if time.monotonic() > self._end:
            return "", ""
        verdict, witness = self._judged(mutant, first)
        return self._judged(mutant, rest) if verdict == SURVIVED and rest else (verdict, witness)

    def _judged(self, mutant: Mutant, tests: list[str]) -> tuple[str, str]:
        text = self._text(mutant.file)
        seconds = BEGIN_SECONDS + SLOWER_MAX * sum(self._known.seconds.get(test, 0.0) for test in tests)
        request = {"file": mutant.file, "source": mutant.apply(text), "tests": tests, "seconds": seconds}
        worker = self._idle.get()
        try:
            verdict, witness = worker.ask(request, text)
        finally:
            self._idle.put(worker)
        if witness:
            self._kills[mutant.file, witness] += 1
        return verdict, witness

    def _text(self, file: str) -> str:
        if file not in self._texts:
            self._texts[file] = (ROOT / file).read_text(encoding="utf-8")
        return self._texts[file]

    def _tests(self, mutant: Mutant) -> tuple[list[str], list[str]]:
        """Return the tests that judge first, and the others."""
        spans = self._spans.setdefault(mutant.file, statements(self._text(mutant.file)))
        quick = self._known.of(mutant.file, spans.get(mutant.line, (mutant.line,)))
        turns = self._known.turns(quick, QUICK_SECONDS)
        ordered = sorted(turns, key=lambda test: -self._kills[mutant.file, test])
        first: list[str] = []
        rest: list[str] = []
        total = 0.0
        for test in ordered:
            seconds = self._known.seconds.get(test, 0.0)
            if not first or (not rest and len(first) < FIRST_TESTS and total + seconds <= FIRST_SECONDS):
                first.append(test)
            elif total + seconds <= self._tests_seconds:
                rest.append(test)
            else:
                continue
            total += seconds
        return first, rest

    def close(self) -> None:
        """Close the workers."""
        for each in self._workers:
            each.close()


def judged(
    chosen: list[Mutant],
    known: Covering,
    listed: list[Entry],
    workers: int,
    seconds: float,
    tests_seconds: float = TESTS_SECONDS_MAX,
    *,
    whole: bool = True,
    results: Results | None = None,
) -> dict[str, Any]:
    """Return the content of mutation.json. Not `whole`: there was no time for all tests, so a survivor proves nothing.

    Verdicts known to `results` are not judged again; new ones are added to it.
    """
    begin = saved = time.monotonic()
    judges = Judges(workers, known, listed, begin + seconds, tests_seconds)
    verdicts: list[tuple[Mutant, str]] = []

    def verdict(mutant: Mutant) -> tuple[str, str]:
        kept = results.known(mutant) if results else ""
        return (kept, "") if kept else judges.verdict(mutant)

    try:
        with ThreadPoolExecutor(workers) as pool:
            for mutant, (found, witness) in zip(chosen, pool.map(verdict, chosen), strict=True):
                if results and found not in ("", EQUIVALENT) and not results.known(mutant):
                    results.add(mutant, found, witness)
                    if time.monotonic() > saved + SAVE_EVERY_SECONDS:
                        results.save()
                        saved = time.monotonic()
                verdicts.append((mutant, "" if found in RED and not whole else found))
                if verdicts[-1][1] in RED:
                    say(f"{found}: {mutant}")
                if len(verdicts) % 200 == 0:
                    say(f"{len(verdicts)} of {len(chosen)} after {time.monotonic() - begin:.0f} s")
    finally:
        judges.close()
        if results:
            results.save()
    return report(verdicts, time.monotonic() - begin)


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
