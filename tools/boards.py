"""Builds the image of every board twice, in two places, and sets what came out in README's table of boards.

    python3 -m tools.boards [BOARD …]     default: every board; an STM32L4 only if MICROPYTHON_DIR is set

docs/boards.json has the figures, each with the commit it was built from; README shows them. A board that is not built
keeps its figures. What a board is for and where its image has run is written by hand.
Errors: Problem, if two builds differ or README lacks a board.
"""

import argparse
import json
import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

from tools import board_size
from tools.console import ROOT, Problem, main_guard, say
from tools.micropython import board_job
from tools.reproducible import build_twice, digest_of

README = ROOT / "README.md"
FIGURES = ROOT / "docs" / "boards.json"
_HASH_DIGITS = 12
_NONE = "·"


def boards() -> list[str]:
    """The boards that have an image of their own, by name."""
    names = sorted(path.parent.name for path in (ROOT / "boards").glob("*/board.toml"))
    return [name for name in names if board_job(name).facts["port"] != "unix"]


def family(board: str) -> str:
    """The family that its heap in use is measured for (boards/heap.toml): RP2040, or STM32L4."""
    return "RP2040" if board_job(board).facts["port"] == "rp2" else "STM32L4"


def available(board: str) -> dict[str, Any]:
    """What the board has, its heap as last measured, by its budget.toml; nothing if it has none."""
    path = board_size.budget_file(board)
    if not path.is_file():
        return {}
    said = tomllib.loads(path.read_text(encoding="utf-8"))
    heap_bytes = said["budget"].get("heap_bytes", said["available"]["heap_bytes"])
    return {**said["available"], "heap_bytes": heap_bytes, **board_job(board).facts.get("available", {})}


def figures(board: str, image: Path, commit: str) -> dict[str, Any]:
    """What is said of a board's image, built from `commit`."""
    room = available(board)
    stm32 = board_job(board).facts["port"] == "stm32"
    heap_bytes = room["heap_bytes"] if stm32 else board_size.measure(image.with_suffix(".elf")).heap_bytes
    return {
        "image": digest_of(image),
        "commit": commit,
        "builds_alike": 2,
        "flash_bytes": image.stat().st_size,
        "flash_bytes_available": room.get("flash_bytes"),
        "heap_bytes": heap_bytes,
    }


def cells(board: str, known: dict[str, Any] | None) -> list[str]:
    """The cells of a board in README: image, flash, heap; of one that was not built, the heap it has."""
    known = known or available(board)
    if not known:
        return [_NONE] * 3
    image = str(known.get("image", ""))[:_HASH_DIGITS]
    heap = tomllib.loads((ROOT / "boards" / "heap.toml").read_text(encoding="utf-8"))["in_use_bytes"][family(board)]
    pump = "firmware" in board_job(board).facts["inputs"]
    return [
        f"`{image}`" if image else _NONE,
        _of(known["flash_bytes"], known["flash_bytes_available"]) if image else _NONE,
        _of(heap, known["heap_bytes"]) if pump else f"{known['heap_bytes'] // 1024} KiB",
    ]


def _of(taken: int, available: int | None) -> str:
    if available is None:
        return f"{-(-taken // 1024)} KiB"
    return f"{-(-taken // 1024)} of {available // 1024} KiB"


def with_cells(text: str, found: dict[str, dict[str, Any]]) -> str:
    """Return README's text with the figures in its table. Raises Problem if it lacks a board."""
    for board in boards():
        row = re.search(rf"(?m)^\| \[{board}\]\(.*\|$", text)
        if row is None:
            if board not in found:
                continue  # a board of one's own
            raise Problem(f"{README.name} has no row for {board} in its table of boards")
        parts = row.group().split(" | ")
        parts[2:5] = cells(board, found.get(board))
        text = text.replace(row.group(), " | ".join(parts))
    return text


def read() -> dict[str, dict[str, Any]]:
    """The figures of docs/boards.json."""
    found: dict[str, dict[str, Any]] = json.loads(FIGURES.read_text(encoding="utf-8")) if FIGURES.is_file() else {}
    return found


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12", "--exclude=*"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.strip()


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Build every board's image twice and tell README.")
    parser.add_argument("boards", nargs="*", metavar="BOARD")
    found, commit = read(), _commit()  # before what is written makes the tree another
    checkout = os.environ.pop("MICROPYTHON_DIR", None)
    for board in parser.parse_args().boards or boards():
        os.environ.pop("MICROPYTHON_DIR", None)  # the others are built from Debian's packages, as README says
        if board_job(board).facts["port"] == "stm32":
            if not checkout:
                say(f"{board}: not built, its image needs a checkout of MicroPython, MICROPYTHON_DIR=…")
                continue
            os.environ["MICROPYTHON_DIR"] = checkout
        found[board] = figures(board, build_twice(board), commit)
        print(f"{board}: two builds, one image, {found[board]['flash_bytes']} bytes, SHA-256 {found[board]['image']}")
        FIGURES.write_text(json.dumps(dict(sorted(found.items())), indent=1) + "\n", encoding="utf-8")
        README.write_text(with_cells(README.read_text(encoding="utf-8"), found), encoding="utf-8")


if __name__ == "__main__":
    main_guard(main)
