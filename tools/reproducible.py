"""Checks that equal sources give equal images: builds a board's image here and from a copy in another folder, compares.

    python3 -m tools.reproducible BOARD

About two minutes.
Errors: Problem, with the first difference between the two images.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.console import ROOT, Problem, main_guard, run_logged, say
from tools.micropython import build_board


def copy_sources(into: Path) -> None:
    """Copy every file that git tracks or would add, as it is now."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (into / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, into / name)


def first_difference(one: bytes, other: bytes) -> int:
    """Return the index of the first byte that differs, or the shorter length."""
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))


def build_twice(board: str) -> Path:
    """Build the board's image here and in another place. Return the image, NAME.bin. Raises Problem if they differ."""
    here = build_board(board).with_suffix(".bin")
    one = here.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        elsewhere = Path(folder) / "another-place"
        copy_sources(elsewhere)
        say(f"building {board} once more, in {elsewhere}")
        env = dict(os.environ, PYTHONPATH=str(elsewhere))
        run_logged("reproducible", [sys.executable, "-m", "tools.micropython", board], cwd=elsewhere, env=env)
        there = elsewhere / "build" / board / "firmware.bin"
        other = there.read_bytes()
        if one != other:
            at = first_difference(one, other)
            kept = here.with_name("firmware-elsewhere.bin")
            shutil.copy2(there, kept)
            raise Problem(f"{board}: the images differ from byte {at:#x} on: {here} and {kept}")
    return here


def digest_of(image: Path) -> str:
    """Return the SHA-256 of an image, as its build has told it."""
    return str(json.loads(image.with_suffix(".json").read_text(encoding="utf-8"))["image"])


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Build a board's image twice, in two places, and compare.")
    parser.add_argument("board")
    board = parser.parse_args().board
    image = build_twice(board)
    print(f"{board}: two builds, one image, {image.stat().st_size} bytes, SHA-256 {digest_of(image)}")


if __name__ == "__main__":
    main_guard(main)
