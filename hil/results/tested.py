"""What was tested: commit, image, core and MicroPython, and when, where and from what seed a run was made.

A page that is printed or passed on tells by this alone what its figures are of. Nothing here belongs to the figures:
two runs with one seed may differ in it.

Implements: HIL-6
"""

from __future__ import annotations

import datetime
import hashlib
import json
import platform
import re
import subprocess
import time
from pathlib import Path
from typing import Any

from hil.backends.device import ROOT, device_program
from hil.errors import DeviceMissing

VIRTUAL = "VIRTUAL"
_CORE = ROOT / "c_ext" / "core"
_MICROPYTHON = re.compile(rb"MicroPython v(\d+\.\d+\.\d+[^ \0]*) on (\d{4}-\d\d-\d\d)")


class Run:
    """A run that begins now, with the tree as it is now: what changes while it runs is not what was tested."""

    def __init__(self) -> None:
        self._started = datetime.datetime.now(datetime.UTC)
        self._clock_s = time.perf_counter()
        self._checkout = checkout()

    def facts(self, *, board: str, bench: str, seed: int | None, command: str, image: str = "") -> dict[str, Any]:
        """Return the block `run` of a file of results. `image` is the pump's own report of its image, if it has one;
        `command` makes the same run again.
        """
        return {
            "date": self._started.isoformat(timespec="seconds"),
            "duration_s": round(time.perf_counter() - self._clock_s, 3),
            "command": command,
            "bench": bench,
            "seed": seed,
            "host": platform.node(),
            "system": platform.platform(),
            "python": platform.python_version(),
            "tested": tested(board, image) | self._checkout,
        }


def tested(board: str, image: str = "") -> dict[str, Any]:
    """Return what runs on `board`. What cannot be told is an empty text: another board's image, a tree without git."""
    program, built = _built(board)
    return checkout() | {
        "board": board,
        "image": image or built,
        "image_from": "the pump's own report" if image else "the file that was built" if built else "",
        "core": core_digest(),
        "micropython": micropython_version(program) if program else "",
    }


def checkout(root: Path = ROOT) -> dict[str, Any]:
    """Return the commit of the tree, its date, and whether the tree differs from it (files that are new included)."""
    commit, date = (_git(root, "show", "-s", "--format=%H %cs", "HEAD") or " ").split(" ")
    return {
        "commit": commit,
        "commit_date": date,
        "changed": bool(commit) and bool(_git(root, "status", "--porcelain")),
    }


def _git(root: Path, *arguments: str) -> str:
    """Return what git answers; an empty text without git, or outside a repository of this tree's own."""
    if not (root / ".git").exists():
        return ""
    try:
        run = subprocess.run(
            ("git", "--no-optional-locks", *arguments), cwd=root, capture_output=True, text=True, check=True, timeout=60
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return run.stdout.strip()


def core_digest(folder: Path = _CORE) -> str:
    """Return the SHA-256 of the dose core's sources: of their names with their own hashes, in order."""
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.[ch]")):
        digest.update(f"{path.name} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return digest.hexdigest()


def micropython_version(program: Path) -> str:
    """Return the version that stands in the program itself, with its date; an empty text if none does."""
    found = _MICROPYTHON.search(program.read_bytes())
    return f"{found[1].decode()} of {found[2].decode()}" if found else ""


def _built(board: str) -> tuple[Path | None, str]:
    """Return the file that was built for `board`, and the SHA-256 of its image."""
    if board == VIRTUAL:
        try:
            program = device_program()
        except DeviceMissing:
            return None, ""
        return program, hashlib.sha256(program.read_bytes()).hexdigest()
    facts, program = (ROOT / "build" / board / name for name in ("firmware.json", "firmware.bin"))
    if not facts.is_file() or not program.is_file():
        return None, ""
    return program, str(json.loads(facts.read_text(encoding="utf-8"))["image"])
