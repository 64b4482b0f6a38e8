"""Judges mutants with the tests that run their lines, in worker processes, within a time."""

import json
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from queue import Queue
from typing import Any

from tools.console import ROOT, Problem, say
from tools.core.mutation.gate import Entry
from tools.core.mutation.sites import Mutant
from tools.core.mutation.tiers import EQUIVALENT, SURVIVED
from tools.mutation.covering import Covering
from tools.mutation.results import NOT_COVERED, RED, Results, report
from tools.mutation.sites import statements
from tools.mutation.worker import CANNOT

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
