"""BOARD-2: a board is one folder of under a hundred lines, and nothing else knows it."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINES_MAX = 100


def judge(board: str, test: str, *besides: str) -> None:
    """Fail unless that holds of `board`. Pages may name it, and `test`, whose tests call this, and `besides`."""
    folder = ROOT / "boards" / board
    assert sum(len(path.read_text(encoding="utf-8").splitlines()) for path in folder.iterdir()) < LINES_MAX
    named = subprocess.run(["git", "grep", "-l", board], cwd=ROOT, capture_output=True, text=True, check=True)
    told = (f"boards/{board}", "docs/", "README.md", "CHANGELOG.md", f"tests/gates/{test}", *besides)
    assert [name for name in named.stdout.splitlines() if not name.startswith(told)] == []
