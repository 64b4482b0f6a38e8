"""One process that lets tests judge mutants, each in a fork of its own.

    python -m tools.mutation.worker [TEST FILE …]     reads a request a line, writes an answer a line (both JSON)

With test files it imports and collects them once. A fork then puts the mutant into the function that it changes
(swap.py) and runs the requested tests, in a few hundredths of a second. Where that is impossible it answers CANNOT.
Without test files each fork imports everything, with the mutated module from memory in place of the file's.
"""

import gc
import importlib.abc
import importlib.machinery
import importlib.util
import json
import math
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Sequence
from io import TextIOBase
from pathlib import Path
from types import ModuleType
from typing import Any

import hypothesis
import pytest

import c_ext.host  # noqa: F401 - so that no fork has to
from tools.console import ROOT
from tools.core.mutation.tiers import CRASHED, INVALID, KILLED, SURVIVED, TIMEOUT
from tools.mutation.swap import CannotSwap, module_name, swap

CANNOT = "cannot"
_CANNOT_CODE = 77
_POLL_S = 0.005
# Limits of a mutant. An endless loop is found by processor time, whatever else the machine does.
_MEMORY_BYTES = 4 << 30
_WAITING_S = 900.0
_OPTIONS = ["-q", "-x", "-s", "-n", "0", "-p", "no:cacheprovider", "-p", "no:randomly"]
# pytest rewrites every module that looks like a test, so it would load firmware/upkeep/self_test.py before its mutant.
_OPTIONS += ["--hypothesis-profile=mutation", "-o", "python_files=test_*.py"]
Play = Callable[[dict[str, Any], int], int]


class Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Provides `source` in place of the content of `path`."""

    def __init__(self, path: Path, source: str) -> None:
        self._path = path
        self._code = compile(source, str(path), "exec")

    def find_spec(
        self, fullname: str, _: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """As importlib.abc.MetaPathFinder."""
        del target
        if fullname != module_name(self._path, ROOT):
            return None
        inside = [str(self._path.parent)] if self._path.name == "__init__.py" else None  # a package has modules in it
        return importlib.util.spec_from_file_location(
            fullname, self._path, loader=self, submodule_search_locations=inside
        )

    def exec_module(self, module: ModuleType) -> None:
        """As importlib.abc.Loader."""
        exec(self._code, module.__dict__)  # noqa: S102 - running it is the purpose of a mutant


class _Witness:
    """Writes the first failing test to `out`."""

    def __init__(self, out: int) -> None:
        self._out = out

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            os.write(self._out, report.nodeid.encode())


def _imported(request: dict[str, Any], out: int) -> int:
    """Run the tests with the mutant imported in place of its file."""
    sys.meta_path.insert(0, Mutated(ROOT / request["file"], request["source"]))
    return int(pytest.main([*_OPTIONS, *request["tests"]], plugins=[_Witness(out)]))


class _Server:
    """Replaces pytest's loop over the collected tests: answers each request with a fork that runs some of them."""

    def __init__(self, requests: TextIOBase, answers: TextIOBase) -> None:
        self._requests = requests
        self._answers = answers
        self._items: dict[str, list[pytest.Item]] = {}  # by test and by file
        self._session: pytest.Session | None = None

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._session = session
        for item in session.items:
            for name in {item.nodeid, item.nodeid.partition("::")[0]}:
                self._items.setdefault(name, []).append(item)
        gc.collect()
        gc.freeze()  # memory that a fork need not copy
        serve(self._requests, self._answers, self._play)
        return True

    def _play(self, request: dict[str, Any], out: int) -> int:
        session = self._session
        assert session is not None
        try:
            swap(ROOT / request["file"], ROOT, request["source"])
        except CannotSwap:
            return _CANNOT_CODE
        session.config.pluginmanager.register(_Witness(out))
        items = [item for test in request["tests"] for item in self._items.get(test, ())]
        if not items:
            return _CANNOT_CODE
        for item, following in zip(items, [*items[1:], None], strict=True):
            session.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if session.testsfailed:
                return 1
        return 0


def judge(request: dict[str, Any], play: Play = _imported) -> tuple[str, str]:
    """Let `tests` judge `source` in place of `file` within `seconds` of processor time. Return the verdict and the
    killing test.
    """
    try:
        compile(request["source"], request["file"], "exec")
    except SyntaxError:
        return INVALID, ""
    heard, out = os.pipe()
    child = os.fork()
    if child == 0:
        code = 1  # an exception out of pytest does not mean that the mutant survived
        try:
            _confine(request["seconds"])
            code = play(request, out)
        finally:
            os._exit(code)
    os.close(out)
    with os.fdopen(heard, "rb") as witness:
        verdict = _verdict(child)
        return verdict, witness.read().decode() if verdict == KILLED else ""


def _confine(seconds: float) -> None:
    os.setsid()
    resource.setrlimit(resource.RLIMIT_CPU, (math.ceil(seconds), math.ceil(seconds) + 5))
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY_BYTES, _MEMORY_BYTES))
    quiet = os.open(os.devnull, os.O_RDWR)
    for each in (0, 1, 2):
        os.dup2(quiet, each)


def _verdict(child: int) -> str:
    end = time.monotonic() + _WAITING_S
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            if os.WIFSIGNALED(status):
                return TIMEOUT if os.WTERMSIG(status) in (signal.SIGXCPU, signal.SIGKILL) else CRASHED
            return {0: SURVIVED, _CANNOT_CODE: CANNOT}.get(os.WEXITSTATUS(status), KILLED)
        time.sleep(_POLL_S)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return TIMEOUT


def serve(requests: TextIOBase, answers: TextIOBase, play: Play) -> None:
    """Answer requests until the input ends."""
    for line in requests:
        answers.write(json.dumps(judge(json.loads(line), play)) + "\n")
        answers.flush()


def main() -> None:
    """Command line."""
    # A failing test is reported, not shrunk. Three times the examples that covering.py has timed, without the cost of
    # measuring: within the allowed time, which is three times as much.
    hypothesis.settings.register_profile(
        "mutation",
        deadline=None,
        database=None,
        max_examples=30,
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
    )
    requests, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    if len(sys.argv) > 1:
        sys.exit(pytest.main([*_OPTIONS, *sys.argv[1:]], plugins=[_Server(requests, answers)]))
    serve(requests, answers, _imported)


if __name__ == "__main__":
    main()
