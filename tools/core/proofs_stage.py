"""What the proof stages share: a goal, its verdict, and running a prover on several goals at once."""

import os
import subprocess
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple, TypeVar

from tools.console import Problem

Task = TypeVar("Task")
PROOFS_DIR = Path(__file__).resolve().parents[2] / "c_ext" / "proofs"


class Goal(NamedTuple):
    """A statement, whether it was proved (a false one: refuted, as it must be), and if not what was said."""

    name: str
    proved: bool
    said: str = ""


def at_once(work: Callable[[Task], list[Goal]], tasks: Iterable[Task]) -> list[Goal]:
    """`work` on every task, on all cores."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return [goal for goals in pool.map(work, tasks) for goal in goals]


def prover(command: Sequence[str | Path], cwd: Path, timeout_s: float) -> str:
    """What a prover says, standard error too, whatever its status; a time-out is said at the end."""
    words = [os.fspath(word) for word in command]
    try:
        done = subprocess.run(
            words,
            cwd=cwd,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            timeout=timeout_s,
            check=False,
        )
    except FileNotFoundError:
        raise Problem(f"{words[0]} is not installed") from None
    except subprocess.TimeoutExpired as late:
        return (late.stdout or b"").decode(errors="replace") + f"\nno verdict within {timeout_s:.0f} s"
    return done.stdout.decode(errors="replace")
