"""Which tests run which line: the tests once under coverage, each a context of its own; kept in build/mutation.

As a pytest plugin (-p tools.mutation.covering) this file measures each test by itself. Tests that start another process
(a board in MicroPython, a command line) are seen to run nothing there, and so are never asked.
"""

import json
import os
import subprocess
import sys
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
# Whole lives: minutes under measurement, and what they run others run too.
LEFT_OUT = ("tests/firmware/test_injection.py", "tests/firmware/test_restart_cuts.py")
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


def covering(tests: list[str]) -> Covering:
    """What `tests` cover, measured now or kept from before. Raises Problem if one fails: then nothing can be judged."""
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
    data.unlink(missing_ok=True)
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider", "-p", __name__]
    command += [*(f"--ignore={name}" for name in LEFT_OUT), *tests]
    done = subprocess.run(
        command, cwd=ROOT, env=os.environ | {_DATA: str(data)}, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise Problem(f"the tests fail without a mutant: {' '.join(command)}\n{done.stdout[-3000:]}")
    result = Covering(_read(data), json.loads(data.with_suffix(".seconds").read_text(encoding="utf-8")))
    write_json(kept, {"key": key, "lines": result.lines, "seconds": result.seconds})
    return result


def _read(data: Path) -> dict[str, dict[str, list[str]]]:
    measured = coverage.CoverageData(str(data))
    measured.read()
    lines = {}
    for name in sorted(measured.measured_files()):
        contexts = measured.contexts_by_lineno(name)
        of_file = {str(line): sorted(filter(None, tests)) for line, tests in contexts.items()}
        lines[str(Path(name).relative_to(ROOT))] = {line: tests for line, tests in of_file.items() if tests}
    return lines


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
        result = yield
        self.coverage.switch_context("")
        return result

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration

    def pytest_sessionfinish(self) -> None:
        self.coverage.stop()
        self.coverage.save()
        self.data.with_suffix(".seconds").write_text(json.dumps(self.seconds), encoding="utf-8")


def pytest_configure(config: pytest.Config) -> None:
    """Measure, if this is the run that was started for it."""
    if _DATA in os.environ:
        config.pluginmanager.register(_Plugin(os.environ[_DATA]))
