"""Functions shared by the tools: progress messages, clear errors, running programs with a log, locks, stamps.

Errors: Problem is an error that a person can act on. `main_guard` prints it and exits 1, never with a traceback.
"""

import contextlib
import fcntl
import hashlib
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build"
LOGS = BUILD / "logs"
LOG_LINES_SHOWN = 25


class Problem(Exception):
    """Something is missing or has failed. The text says what, and what to do about it."""


def say(text: str) -> None:
    """Print one line of progress on standard error, so that standard output stays free for the program's results."""
    print(f"[setup] {text}", file=sys.stderr, flush=True)


def cache_folder() -> Path:
    """Return the folder for results that are kept between builds."""
    base = os.environ.get("XDG_CACHE_HOME") or Path(os.environ.get("HOME") or Path.home()) / ".cache"
    return Path(base) / "releve"


def require_plain_paths() -> None:
    """Raise Problem if a folder that is built in has a blank in its path: MicroPython's makefiles fail there."""
    folders = ((ROOT, "move the checkout"), (cache_folder(), "XDG_CACHE_HOME=… moves it"))
    for folder, moves in folders:
        if re.search(r"\s", str(folder)):
            raise Problem(f"{str(folder)!r}: the path has a blank, and MicroPython cannot be built there; {moves}")


def main_guard(main: Callable[[], None]) -> None:
    """Run `main`. A Problem or an operating-system error ends with a message and exit status 1, Ctrl-C with 130."""
    try:
        main()
    except Problem as problem:
        print(f"\n[setup] error: {problem}", file=sys.stderr)
        raise SystemExit(1) from None
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        print(f"\n[setup] error: {error.strerror or error}{where}", file=sys.stderr)
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        print("\n[setup] interrupted", file=sys.stderr)
        raise SystemExit(130) from None


def run_logged(
    name: str,
    command: Sequence[str | Path],
    cwd: Path = ROOT,
    env: Mapping[str, str] | None = None,
    hint: str = "",
) -> str:
    """Run `command` with its output in build/logs/NAME.log. Returns the output.

    Raises Problem with the last lines of the log, its path and `hint` if the command fails or does not exist.
    """
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{name}.log"
    words = [os.fspath(word) for word in command]
    with log.open("w", encoding="utf-8") as out:
        try:
            status = subprocess.run(
                words, cwd=cwd, env=env, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, check=False
            ).returncode
        except FileNotFoundError:
            raise Problem(f"{words[0]} is not installed. {hint}".rstrip()) from None
    output = log.read_text(encoding="utf-8", errors="replace")
    if status != 0:
        tail = "\n".join(f"    {line}" for line in output.splitlines()[-LOG_LINES_SHOWN:])
        raise Problem(f"{name}: `{words[0]}` failed with status {status}. {hint}\n{tail}\n  whole log: {log}")
    return output


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold an exclusive lock on `path`, so that two runs do not build or install the same thing at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another run that is doing the same")
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def digest(paths: Iterable[Path], *facts: str) -> str:
    """Return the SHA-256 over `facts` and the names and contents of files, and folders with all below, in `paths`."""
    total = hashlib.sha256()
    for fact in facts:
        total.update(fact.encode() + b"\0")
    for path in paths:
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for each in files:
            if each.is_file() and "__pycache__" not in each.parts:
                content = hashlib.sha256(each.read_bytes()).digest()
                total.update(os.fsencode(each) + b"\0" + content)
    return total.hexdigest()


def is_fresh(path: Path, key: str) -> bool:
    """Return True if the stamp at `path` was written for `key`."""
    return path.is_file() and path.read_text(encoding="utf-8") == key


def write_if_changed(path: Path, text: str) -> None:
    """Write the file, and its folder if need be. One that is right is left untouched, so that make sees no change."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def stamp(path: Path, key: str) -> None:
    """Record in `path` that its subject was made from `key`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(key, encoding="utf-8")


@contextlib.contextmanager
def timed(what: str) -> Iterator[None]:
    """Print what is being done and, at the end, how long it took."""
    say(f"{what} …")
    start = time.monotonic()
    yield
    say(f"    done in {time.monotonic() - start:.0f} s")


if sys.version_info < (3, 11):  # noqa: UP036  says so clearly, before anything newer is used
    print(
        f"[setup] error: Python 3.11 or newer is needed, not {sys.version.split()[0]} ({sys.executable})",
        file=sys.stderr,
    )
    raise SystemExit(1)
