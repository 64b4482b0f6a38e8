"""Finds the tests that run each line: runs them once under coverage, each in a context of its own.

The result is kept in build/mutation. As a pytest plugin (-p tools.mutation.covering) this file measures each test by
itself. Code that a test runs in another process (a board in MicroPython, a command line) is not measured, so such a
test is never chosen for it.
"""

import ast
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import coverage
import hypothesis
import pytest

from tools.console import ROOT, Problem, digest, say

OUT = ROOT / "build" / "mutation"
PACKAGES = ("firmware", "host", "hil")
# The tests that run what PLACES names (__main__.py) in their own process, and quickly.
_NUMBERS = "tests/gates/test_numbers_agree.py"  # codes that another language says too
_TESTS = {"firmware": ("tests/firmware", "tests/host", _NUMBERS), "host": ("tests/host",), "hil": ("tests/oracle",)}
# Whole lives, and sweeps over every line: they take minutes under coverage, and other tests run the same lines.
LEFT_OUT = (
    *(
        f"tests/firmware/between/test_{name}.py"
        for name in ("injection", "between_orders", "between_events", "between_seeded", "one_instant")
    ),
    "tests/firmware/storage/test_restart_cuts.py",
)
_DATA, _FILES, _END = "RELEVE_COVERING", "RELEVE_COVERING_FILES", "RELEVE_COVERING_END"
BEGIN_SECONDS = 0.01  # added to each test's time: its setup
NAMED_AFTER = 20  # factor for a test whose file is named after the file it tests
_OVER = "the time to measure is over"


@dataclass
class Covering:
    """`lines[file][line]` are the tests that run the line, "" for an import; `seconds[test]` how long each takes."""

    lines: dict[str, dict[str, list[str]]]
    seconds: dict[str, float]
    _runs: Counter[str] = field(
        default_factory=Counter, init=False, compare=False, repr=False
    )  # how many lines, by test
    _runs_of: dict[str, Counter[str]] = field(
        default_factory=dict, init=False, compare=False, repr=False
    )  # of each file

    def cost(self, file: str, test: str) -> tuple[float, str]:
        """(seconds of this test, divided by the share of its lines that lie in this file; its name), a key to sort by.

        Many tests pass through a line; those that spend most of their lines in its file are most likely to check it.
        """
        if not self._runs:
            for each, of_file in self.lines.items():
                self._runs_of[each] = Counter(name for tests in of_file.values() for name in tests)
                self._runs.update(self._runs_of[each])
        share = (self._runs_of.get(file, Counter())[test] or 1) / (self._runs[test] or 1)
        if Path(file).stem.rstrip("s") in Path(test.partition("::")[0]).stem:
            share *= NAMED_AFTER
        return (self.seconds.get(test, 0.0) + BEGIN_SECONDS) / share, test

    def of(self, file: str, lines: Iterable[int]) -> list[str]:
        """The tests that run the statement on these lines, the cheapest first (cost()).

        For a statement that runs on import: all tests that run its file; if no test does, all tests.
        """
        of_file = self.lines.get(file, {})
        found = {test for line in lines for test in of_file.get(str(line), ())}
        if "" in found:
            found = {test for tests in of_file.values() for test in tests}
            found = set(self.seconds) if found == {""} else found
        return sorted(found - {""}, key=lambda test: self.cost(file, test))

    def turns(self, tests: list[str], seconds: float) -> list[str]:
        """`tests` reordered: those of the first `seconds` stay in front, then comes one of each test file in turn.

        Slow tests see more, but those of one file are much alike; so each file has its turn before one has its second.
        """
        quick = 0
        while quick < len(tests) and seconds > 0:
            seconds -= self.seconds.get(tests[quick], 0.0)
            quick += 1
        turn: Counter[str] = Counter()
        rest: list[tuple[int, str]] = []
        for test in tests[quick:]:
            file = test.partition("::")[0]
            rest.append((turn[file], test))
            turn[file] += 1
        return tests[:quick] + [test for _, test in sorted(rest, key=lambda each: each[0])]


# A test that needs more than ten examples to reach a line is not about that line.
hypothesis.settings.register_profile("covering", deadline=None, database=None, derandomize=True, max_examples=10)


def tests_of(file: str) -> tuple[str, ...]:
    """The folders and files with the tests that judge a mutant of this file."""
    return _TESTS[file.partition("/")[0]]


def covering(
    tests: list[str], workers: int = 1, files: Iterable[str] = (), seconds: float = float("inf")
) -> tuple[Covering, bool]:
    """(coverage of `files`, or of all code if none are named, by `tests`; whether `seconds` sufficed for all of it).

    Coverage kept from before is used for a test file that has not changed, nor the code it runs, nor a helper of the
    tests; the others are measured now, in `workers` processes. Raises Problem if a test fails: then nothing can be
    judged.
    """
    wanted = _test_files(tests)
    kept = _Kept(sorted(files))
    stale = [name for name in wanted if not kept.fresh(name)]
    over = bool(stale) and kept.measure(stale, workers, seconds)
    return kept.covering(wanted), not over


def _test_files(tests: list[str]) -> list[str]:
    """The test files among `tests`, which are files and folders, without LEFT_OUT."""
    found: set[Path] = set()
    for path in (ROOT / name for name in tests):
        found |= set(path.rglob("test_*.py")) if path.is_dir() else {path}
    return sorted({str(each.relative_to(ROOT)) for each in found} - set(LEFT_OUT))


def _on_import(path: Path) -> list[int]:
    """The lines that run when the module is imported."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    inside: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            inside |= set(range(node.body[0].lineno, (node.end_lineno or 0) + 1))
    return sorted({node.lineno for node in ast.walk(tree) if isinstance(node, ast.stmt)} - inside)


class _Kept:
    """build/mutation/covering.json. It has for each test file the digests of the files that it depends on, the seconds
    of each of its tests, and {file: {line: indices of the tests that run it}}.
    """

    def __init__(self, files: list[str]) -> None:
        self._files = files
        self._path = OUT / "covering.json"
        content = json.loads(self._path.read_text(encoding="utf-8")) if self._path.is_file() else {}
        self._by_test: dict[str, dict[str, Any]] = content
        self._digests: dict[str, str] = {}
        helpers = [each for each in sorted((ROOT / "tests").rglob("*.py")) if not each.name.startswith("test_")]
        # If only some files are measured, a change of any other cannot be noticed by its digest: all count as helpers.
        helpers += [each for name in PACKAGES if files for each in sorted((ROOT / name).rglob("*.py"))]
        self._facts = digest([], *(each.read_text(encoding="utf-8") for each in helpers), *files)

    def _digest(self, name: str) -> str:
        if name not in self._digests:
            path = ROOT / name
            content = path.read_text(encoding="utf-8") if path.is_file() else ""
            self._digests[name] = digest([], content, self._facts)
        return self._digests[name]

    def fresh(self, test: str) -> bool:
        """Is the coverage that is kept of this test file still valid?"""
        needs: dict[str, str] = self._by_test.get(test, {}).get("needs", {})
        return bool(needs) and all(self._digest(name) == was for name, was in needs.items())

    def measure(self, tests: list[str], workers: int, seconds: float) -> bool:
        """Run these test files. Returns whether the time was over before their end; then nothing is kept on disk."""
        say(f"mutation: which test runs which line: {len(tests)} test files (a second to a minute each) …")
        OUT.mkdir(parents=True, exist_ok=True)
        data = OUT / "coverage.data"
        for each in OUT.glob("coverage.data*"):
            each.unlink()
        processes = ["-n", str(workers), "--dist", "worksteal"] if workers > 1 else ["-n", "0"]
        command = [sys.executable, "-m", "pytest", "-q", "-x", *processes, "-p", "no:cacheprovider", "-p", __name__]
        command += ["--hypothesis-profile=covering", *tests]
        given = {_DATA: str(data), _FILES: os.pathsep.join(self._files), _END: str(time.time() + seconds)}
        done = subprocess.run(command, cwd=ROOT, env=os.environ | given, capture_output=True, text=True, check=False)
        over = done.returncode == pytest.ExitCode.INTERRUPTED and _OVER in done.stdout
        if done.returncode != 0 and not over:
            raise Problem(f"the tests fail without a mutant: {' '.join(command)}\n{done.stdout[-3000:]}")
        for name in tests:
            self._by_test[name] = {"needs": {name: self._digest(name)}, "lines": {}, "seconds": {}}
        for part in sorted(OUT.glob("coverage.data*.seconds")):
            self._add(part)
        if not over:
            self._path.write_text(json.dumps(self._by_test, separators=(",", ":")), encoding="utf-8")
        return over

    def _add(self, part: Path) -> None:
        """Add the coverage that one process has measured."""
        for test, seconds in json.loads(part.read_text(encoding="utf-8")).items():
            self._by_test[test.partition("::")[0]]["seconds"][test] = seconds
        measured = coverage.CoverageData(str(part.with_suffix("")))
        measured.read()
        places: dict[str, tuple[dict[str, Any], int]] = {}
        for of_test in self._by_test.values():
            places |= {test: (of_test, place) for place, test in enumerate(of_test["seconds"])}
        for path in sorted(measured.measured_files()):
            name = str(Path(path).relative_to(ROOT))
            for line, tests in measured.contexts_by_lineno(path).items():
                for test in filter(None, tests):
                    of_test, place = places[test]
                    of_test["needs"][name] = self._digest(name)
                    of_test["lines"].setdefault(name, {}).setdefault(str(line), []).append(place)

    def covering(self, tests: list[str]) -> Covering:
        """The coverage of all `tests`; lines that run on import have the test ""."""
        result = Covering({}, {})
        for test in tests:
            of_test = self._by_test.get(test, {"lines": {}, "seconds": {}})
            result.seconds.update(of_test["seconds"])
            names = list(of_test["seconds"])
            for name, lines in of_test["lines"].items():
                of_file = result.lines.setdefault(name, {})
                for line, places in lines.items():
                    of_file.setdefault(line, []).extend(names[place] for place in places)
        paths = [ROOT / name for name in self._files] or [
            each for name in PACKAGES for each in sorted((ROOT / name).rglob("*.py"))
        ]
        for path in paths:
            of_file = result.lines.setdefault(str(path.relative_to(ROOT)), {})
            for number in _on_import(path):
                of_file.setdefault(str(number), []).append("")
        return result


class _Plugin:
    def __init__(self, data: str, files: str, end: float) -> None:
        self.data = Path(data)
        self.end = end
        self.session: pytest.Session | None = None
        self.seconds: dict[str, float] = {}
        include = [str(ROOT / name) for name in files.split(os.pathsep) if name] or None
        source = None if include else [str(ROOT / name) for name in PACKAGES]
        self.coverage = coverage.Coverage(data_file=data, config_file=False, source=source, include=include)
        self.coverage.start()

    def pytest_runtest_logfinish(self) -> None:
        if time.time() > self.end and self.session is not None:
            self.session.shouldstop = _OVER

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        self.session = session

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, Any, Any]:
        self.coverage.switch_context(item.nodeid)
        begin = time.process_time()
        result = yield
        self.seconds[item.nodeid] = time.process_time() - begin
        self.coverage.switch_context("")
        return result

    def pytest_sessionfinish(self) -> None:
        self.coverage.stop()
        self.coverage.save()
        self.data.with_name(self.data.name + ".seconds").write_text(json.dumps(self.seconds), encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    """Register the plugin, if measure() has started this run."""
    if _DATA in os.environ and not config.getoption(
        "numprocesses", None
    ):  # not in the process that only distributes the tests
        data = os.environ[_DATA] + os.environ.get("PYTEST_XDIST_WORKER", "")
        config.pluginmanager.register(_Plugin(data, os.environ[_FILES], float(os.environ[_END])))
