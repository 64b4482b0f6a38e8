"""Which tests run which line: the tests once under coverage, each a context of its own; kept in build/mutation.

As a pytest plugin (-p tools.mutation.covering) this file measures each test by itself. Tests that start another process
(a board in MicroPython, a command line) are seen to run nothing there, and so are never asked.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any, NamedTuple

import coverage
import pytest

from tools.console import ROOT, Problem, digest, say
from tools.core.sources import write_json

OUT = ROOT / "build" / "mutation"
PACKAGES = ("firmware", "host", "hil")
# They run what PLACES names (__main__.py) in their own process, and quickly.
TESTS = ("tests/firmware", "tests/host", "tests/oracle")
# Whole lives, and sweeps over every line: minutes under measurement, and what they run others run too.
LEFT_OUT = tuple(
    f"tests/firmware/test_{name}.py"
    for name in ("injection", "restart_cuts", "between_orders", "between_events", "between_seeded", "one_instant")
)
_DATA = "RELEVE_COVERING"


class Covering(NamedTuple):
    """`lines[file][line]` are the tests that run the line, `seconds[test]` how long each takes."""

    lines: dict[str, dict[str, list[str]]]
    seconds: dict[str, float]

    def of(self, file: str, line: int) -> list[str]:
        """The tests for a line, the quickest first; those of the whole file for a line that runs on import."""
        of_file = self.lines.get(file, {})
        found = set(of_file.get(str(line), ()))
        if not found:
            found = {test for tests in of_file.values() for test in tests}
        return sorted(found, key=lambda test: (self.seconds.get(test, 0.0), test))


def covering(tests: list[str], workers: int = 1) -> Covering:
    """What `tests` cover, measured now by so many processes, or kept from before.

    Raises Problem if a test fails: then nothing can be judged.
    """
    folders = [ROOT / name for name in (*PACKAGES, *tests)]
    key = digest([path for path in folders if path.exists()])
    kept = OUT / "covering.json"
    if kept.is_file():
        content = json.loads(kept.read_text(encoding="utf-8"))
        if content["key"] == key:
            return Covering(content["lines"], content["seconds"])
    say("mutation: which test runs which line (once, a few minutes) …")
    OUT.mkdir(parents=True, exist_ok=True)
    data = OUT / "coverage.data"
    for each in OUT.glob("coverage.data*"):
        each.unlink()
    processes = ["-n", str(workers), "--dist", "worksteal"] if workers > 1 else ["-n", "0"]
    command = [sys.executable, "-m", "pytest", "-q", "-x", *processes, "-p", "no:cacheprovider", "-p", __name__]
    command += [*(f"--ignore={name}" for name in LEFT_OUT), *tests]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {_DATA: str(data)}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise Problem(f"the tests fail without a mutant: {' '.join(command)}\n{done.stdout[-3000:]}")
    result = Covering({}, {})
    for part in sorted(OUT.glob("coverage.data*.seconds")):
        _add(result, part)
    write_json(kept, {"key": key, "lines": result.lines, "seconds": result.seconds})
    return result


def _add(result: Covering, part: Path) -> None:
    """Take in what one process has measured."""
    result.seconds.update(json.loads(part.read_text(encoding="utf-8")))
    measured = coverage.CoverageData(str(part.with_suffix("")))
    measured.read()
    for name in sorted(measured.measured_files()):
        of_file = result.lines.setdefault(str(Path(name).relative_to(ROOT)), {})
        for line, tests in measured.contexts_by_lineno(name).items():
            found = {*of_file.get(str(line), ()), *filter(None, tests)}
            if found:
                of_file[str(line)] = sorted(found)


class _Plugin:
    def __init__(self, data: str) -> None:
        self.data = Path(data)
        self.seconds: dict[str, float] = {}
        sources = [str(ROOT / name) for name in PACKAGES]
        self.coverage = coverage.Coverage(data_file=data, source=sources, config_file=False)
        self.coverage.start()

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
        config.pluginmanager.register(_Plugin(os.environ[_DATA] + os.environ.get("PYTEST_XDIST_WORKER", "")))
