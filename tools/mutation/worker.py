"""One process that lets tests judge mutants, each in a fork of its own: what is slow to import is imported once.

    python -m tools.mutation.worker        reads a request a line, answers a verdict a line (both JSON)

No file is changed: the fork imports the mutated module from memory in place of the file's.
"""

import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

import hypothesis  # noqa: F401 - so that no fork has to
import pytest

import c_ext.host  # noqa: F401 - the same
from tools.console import ROOT
from tools.core.mutation_tiers import CRASHED, INVALID, KILLED, SURVIVED, TIMEOUT

_POLL_S = 0.02


class Mutated(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives `source` in place of what stands in `path`."""

    def __init__(self, path: Path, source: str) -> None:
        self._path = path
        self._code = compile(source, str(path), "exec")

    def find_spec(
        self, fullname: str, _: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """As importlib.abc.MetaPathFinder."""
        del target
        parts = self._path.relative_to(ROOT).with_suffix("").parts
        name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
        return importlib.util.spec_from_file_location(fullname, self._path, loader=self) if fullname == name else None

    def exec_module(self, module: ModuleType) -> None:
        """As importlib.abc.Loader."""
        exec(self._code, module.__dict__)  # noqa: S102 - that is what a mutant is for


def _play(finder: Mutated, tests: list[str]) -> int:
    os.setsid()
    quiet = os.open(os.devnull, os.O_RDWR)
    for each in (0, 1, 2):
        os.dup2(quiet, each)
    sys.meta_path.insert(0, finder)
    return int(pytest.main(["-q", "-x", "-n", "0", "-p", "no:cacheprovider", "-p", "no:randomly", *tests]))


def judge(request: dict[str, Any]) -> str:
    """The verdict on `source` in place of `file`, by `tests`, within `seconds`."""
    try:
        finder = Mutated(ROOT / request["file"], request["source"])
    except SyntaxError:
        return INVALID
    child = os.fork()
    if child == 0:
        code = 1  # what raises out of pytest is not a mutant that lives
        try:
            code = _play(finder, request["tests"])
        finally:
            os._exit(code)
    end = time.monotonic() + request["seconds"]
    while time.monotonic() < end:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            if os.WIFSIGNALED(status):
                return CRASHED
            return SURVIVED if os.WEXITSTATUS(status) == 0 else KILLED
        time.sleep(_POLL_S)
    os.killpg(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return TIMEOUT


def main() -> None:
    """Answer until there is nothing more to read."""
    for line in sys.stdin:
        print(json.dumps(judge(json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
