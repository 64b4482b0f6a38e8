"""Which tests run which line: the tests once under coverage, each a context of its own; kept in build/mutation.

As a pytest plugin (-p tools.mutation.covering) this file measures each test by itself. Tests that start another process
(a board in MicroPython, a command line) are seen to run nothing there, and so are never asked.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any, NamedTuple

import coverage
import hypothesis
import pytest

from tools.console import ROOT, Problem, digest, say
from tools.core.sources import write_json

OUT = ROOT / "build" / "mutation"
PACKAGES = ("firmware", "host", "hil")
# The tests that run what PLACES names (__main__.py) in their own process, and quickly.
_TESTS = {"firmware": ("tests/firmware", "tests/host"), "host": ("tests/host",), "hil": ("tests/oracle",)}
# Whole lives, and sweeps over every line: minutes under measurement, and what they run others run too.
LEFT_OUT = tuple(
    f"tests/firmware/test_{name}.py"
    for name in ("injection", "restart_cuts", "between_orders", "between_events", "between_seeded", "one_instant")
)
_DATA, _FILES, _END = "RELEVE_COVERING", "RELEVE_COVERING_FILES", "RELEVE_COVERING_END"
_OVER = "the time to measure is over"


class Covering(NamedTuple):
    """`lines[file][line]` are the tests that run the line, "" for an import; `seconds[test]` how long each takes."""

    lines: dict[str, dict[str, list[str]]]
    seconds: dict[str, float]

    def of(self, file: str, lines: Iterable[int]) -> list[str]:
        """The tests for a statement, the quickest first.

        For one that runs on import only those of the file; if all of the file does, every test.
        """
        of_file = self.lines.get(file, {})
        found = {test for line in lines for test in of_file.get(str(line), ())}
        if found == {""}:
            found = {test for tests in of_file.values() for test in tests}
            found = set(self.seconds) if found == {""} else found
        return sorted(found - {""}, key=lambda test: (self.seconds.get(test, 0.0), test))


# A line that ten examples do not reach is not what the test is for.
hypothesis.settings.register_profile("covering", deadline=None, database=None, derandomize=True, max_examples=10)


def tests_of(file: str) -> tuple[str, ...]:
    """Where the tests are that judge a mutant of this file."""
    return _TESTS[file.partition("/")[0]]


def covering(
    tests: list[str], workers: int = 1, files: Iterable[str] = (), seconds: float = float("inf")
) -> tuple[Covering, bool]:
    """What `tests` cover of `files` (none: of everything), and is that all of it? Or was the time over before?

    Measured now by so many processes, or kept from before. Raises Problem if a test fails: then nothing can be judged.
    """
    folders = [ROOT / name for name in (*PACKAGES, *tests)]
    key = digest([path for path in folders if path.exists()], *sorted(files))
    kept = OUT / "covering.json"
    if kept.is_file():
        content = json.loads(kept.read_text(encoding="utf-8"))
        if content["key"] == key:
            return Covering(content["lines"], content["seconds"]), True
    say("mutation: which test runs which line (once, a few minutes) …")
    OUT.mkdir(parents=True, exist_ok=True)
    data = OUT / "coverage.data"
    for each in OUT.glob("coverage.data*"):
        each.unlink()
    processes = ["-n", str(workers), "--dist", "worksteal"] if workers > 1 else ["-n", "0"]
    command = [sys.executable, "-m", "pytest", "-q", "-x", *processes, "-p", "no:cacheprovider", "-p", __name__]
    command += ["--hypothesis-profile=covering"]
    command += [*(f"--ignore={name}" for name in LEFT_OUT), *tests]
    given = {_DATA: str(data), _FILES: os.pathsep.join(files), _END: str(time.time() + seconds)}
    done = subprocess.run(command, cwd=ROOT, env=os.environ | given, capture_output=True, text=True, check=False)
    over = done.returncode == pytest.ExitCode.INTERRUPTED and _OVER in done.stdout
    if done.returncode != 0 and not over:
        raise Problem(f"the tests fail without a mutant: {' '.join(command)}\n{done.stdout[-3000:]}")
    result = Covering({}, {})
    for part in sorted(OUT.glob("coverage.data*.seconds")):
        _add(result, part)
    if not over:
        write_json(kept, {"key": key, "lines": result.lines, "seconds": result.seconds})
    return result, not over


def _add(result: Covering, part: Path) -> None:
    """Take in what one process has measured."""
    result.seconds.update(json.loads(part.read_text(encoding="utf-8")))
    measured = coverage.CoverageData(str(part.with_suffix("")))
    measured.read()
    for name in sorted(measured.measured_files()):
        of_file = result.lines.setdefault(str(Path(name).relative_to(ROOT)), {})
        for line, tests in measured.contexts_by_lineno(name).items():
            of_file[str(line)] = sorted({*of_file.get(str(line), ()), *tests})


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
    """Measure, if this is the run that was started for it."""
    if _DATA in os.environ and not config.getoption("numprocesses", None):  # not in what only hands out the tests
        data = os.environ[_DATA] + os.environ.get("PYTEST_XDIST_WORKER", "")
        config.pluginmanager.register(_Plugin(data, os.environ[_FILES], float(os.environ[_END])))
