"""Shared by the gates on the dose core: its files, how it is compiled, and how a gate reports.

Every gate takes the folder of the core as an argument, so that a test can pass a core broken on purpose.
"""

import json
import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tools.console import BUILD, ROOT, Problem

CORE_DIR = ROOT / "c_ext" / "core"
SESSION_DIR = ROOT / "c_ext" / "session"
FUZZ_DIR = ROOT / "c_ext" / "fuzz"
OUT = BUILD / "core"
# The core includes <stdint.h>, <stdbool.h>, <stddef.h> and nothing else.
FREESTANDING = ("-std=c11", "-ffreestanding")
CLANG = "clang-19"
# The fuzz target: plays bytes as calls and judges every call.
PLAYER = (
    "play.c",
    "play_acts.c",
    "play_board.c",
    "play_parts.c",
    "books.c",
    "shadow.c",
    "shadow_strokes.c",
    "shadow_requests.c",
    "target.c",
)
# Tests that build and run other cores than the one under test: broken ones, or under sanitizers of their own.
OTHER_CORES = ("test_seeded_bugs.py", "test_sanitizers.py")


def c_files(core_dir: Path = CORE_DIR) -> list[Path]:
    """Return the translation units of a core. Raises Problem if there are none."""
    found = sorted(core_dir.glob("*.c"))
    if not found:
        raise Problem(f"no C files in {core_dir}")
    return found


def core_tests(root: Path = ROOT) -> list[str]:
    """Return the test files that run the core as it is, for pytest's command line."""
    files = sorted((root / "tests" / "core").glob("test_*.py"))
    return [str(path.relative_to(root)) for path in files if path.name not in OTHER_CORES]


# Tests of the session that run it under sanitizers of their own, in a MicroPython or on an emulated processor.
_OTHER_SESSIONS = ("sanitizers", "micropython", "micropython_vectors", "target")
# Those that kill a mutant soonest.
_QUICK = ("frames", "framing", "slots", "quota", "random", "handshake", "wiping", "primitives", "fuzzed", "second")


def session_tests(*without: str) -> list[str]:
    """Return the test files that run the session as it is, but for those named, the quick ones first."""
    files = (ROOT / "tests" / "session").glob("test_*.py")
    names = {path.stem.removeprefix("test_") for path in files}.difference(_OTHER_SESSIONS, without)
    others = sorted(names.difference(_QUICK))
    return [f"tests/session/test_{name}.py" for name in (*filter(names.__contains__, _QUICK), *others)]


def run(
    command: Sequence[str | Path],
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
    timeout_s: float | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run `command` and return its output, whatever its status. `env` is added to the environment.

    Raises Problem if the program does not exist, subprocess.TimeoutExpired after timeout_s.
    """
    words = [os.fspath(word) for word in command]
    try:
        return subprocess.run(
            words,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            capture_output=True,
            text=True,
            errors="replace",
            stdin=subprocess.DEVNULL,
            timeout=timeout_s,
            check=False,
        )
    except FileNotFoundError:
        raise Problem(f"{words[0]} is not installed") from None


def must(command: Sequence[str | Path], cwd: Path = ROOT, env: Mapping[str, str] | None = None) -> str:
    """Return the standard output of `command`. Raises Problem with its output if it fails."""
    done = run(command, cwd, env)
    if done.returncode != 0:
        words = shlex.join(os.fspath(word) for word in command)
        raise Problem(f"`{words}` failed with status {done.returncode}\n{done.stdout[-2000:]}{done.stderr[-4000:]}")
    return done.stdout


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a gate's figures; tools/core/summary.py collects them into build/core/summary.json."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
