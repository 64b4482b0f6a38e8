"""A copy of the core with annotations or bugs inserted, so that the core itself stays readable and unchanged.

An annotation file holds pieces of ACSL and where each belongs:

    @@ guard.c before bool guard_permit(guard_t *guard, uint32_t stroke) {
    /*@ requires …; */

The rest of the head line must be found exactly once in that file, as the beginning of a line without its indentation,
or in one function of the file: `@@ guard.c in guard_permit before …`. The piece goes before or after it. If the core
has changed, the error names the line, so a contract is never lost silently.
"""

import re
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from tools.console import Problem

HEAD = re.compile(r"^@@ (\S+)(?: in (\w+))? (before|after) (.+)$")


class Piece(NamedTuple):
    """Lines to insert before or after the one line of `file`, or of a function in it, that begins with `anchor`."""

    file: str
    function: str | None
    place: str
    anchor: str
    text: str


def pieces(path: Path) -> list[Piece]:
    """Return the pieces of one annotation file. Raises Problem if it begins with anything but a head or // comment."""
    found: list[Piece] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        head = HEAD.match(line)
        if head:
            found.append(Piece(head[1], head[2], head[3], head[4], ""))
        elif found:
            found[-1] = found[-1]._replace(text=f"{found[-1].text}{line}\n")
        elif line.strip() and not line.startswith("//"):
            raise Problem(
                f"{path.name} begins with {line!r}, not with '@@ FILE [in FUNCTION] before|after LINE' or a comment"
            )
    return found


def overlay(core: Path, target: Path, annotations: Iterable[Path]) -> Path:
    """Copy the core's C files to `target` with the annotations inserted. Raises Problem if an anchor line is gone."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for path in sorted([*core.glob("*.c"), *core.glob("*.h")]):
        shutil.copy(path, target)
    for path in annotations:
        for piece in pieces(path):
            _insert(target / piece.file, piece, path.name)
    return target


def _insert(path: Path, piece: Piece, source: str) -> None:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    within = range(len(lines)) if piece.function is None else _body(lines, piece.function)
    at = [i for i in within if lines[i].lstrip().startswith(piece.anchor)]
    if len(at) != 1:
        where = piece.file if piece.function is None else f"{piece.function}() of {piece.file}"
        raise Problem(f"{source}: {where} has {len(at)} lines that begin with {piece.anchor!r}, not one")
    lines.insert(at[0] + (piece.place == "after"), piece.text)
    path.write_text("".join(lines), encoding="utf-8")


def _body(lines: list[str], function: str) -> range:
    """Return the lines of a function's definition; empty if there is no such function."""
    begins = re.compile(rf"^(?!\s).*\b{function}\(")
    for start, line in enumerate(lines):
        if begins.match(line):
            opened = next((i for i in range(start, len(lines)) if lines[i].rstrip().endswith(("{", ";"))), start)
            if lines[opened].rstrip().endswith("{"):
                return range(start, next(i for i in range(opened, len(lines)) if lines[i].startswith("}")))
    return range(0)


def broken(core: Path, target: Path, file: str, edits: Iterable[tuple[str, str]]) -> Path:
    """Copy the core with a bug in it. Raises Problem unless each edit's old text occurs exactly once."""
    overlay(core, target, ())
    path = target / file
    text = path.read_text(encoding="utf-8")
    for old, new in edits:
        if text.count(old) != 1:
            raise Problem(f"the core has changed, this bug no longer applies: {file} has {text.count(old)} × {old!r}")
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    return target
