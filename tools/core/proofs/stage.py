"""Shared by the proof stages: a goal, its verdict, and running a prover on several goals in parallel."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, TypeVar

from tools.console import Problem

Task = TypeVar("Task")
PROOFS_DIR = Path(__file__).resolve().parents[3] / "c_ext" / "proofs"


class Goal(NamedTuple):
    """A statement, whether it was proved (a false one: refuted, as it must be), and otherwise the prover's message."""

    name: str
    proved: bool
    said: str = ""


def at_once(work: Callable[[Task], list[Goal]], tasks: Iterable[Task]) -> list[Goal]:
    """Run `work` on every task, on all cores."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return [goal for goals in pool.map(work, tasks) for goal in goals]


def prover(command: Sequence[str | Path], cwd: Path, timeout_s: float, **variables: str) -> str:
    """Return a prover's output, including standard error, whatever its status. A time-out is noted at the end."""
    words = [os.fspath(word) for word in command]
    try:
        # A session of its own: a prover starts child processes, and all of them must end with it.
        started = subprocess.Popen(
            words,
            cwd=cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **variables},
            start_new_session=True,
        )
    except FileNotFoundError:
        raise Problem(f"{words[0]} is not installed") from None
    late = ""
    try:
        said, _ = started.communicate(timeout=timeout_s)
    except subprocess.TimeoutExpired:
        late = f"\nno verdict within {timeout_s:.0f} s"
        os.killpg(started.pid, signal.SIGKILL)
        said, _ = started.communicate()
    return said.decode(errors="replace") + late
