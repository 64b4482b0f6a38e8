"""The emulator's own tests (hil/emulator/test), by Node's test runner."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

EMULATOR = Path(__file__).resolve().parents[2] / "hil" / "emulator"
FILES = sorted((EMULATOR / "test").glob("*.test.js"))


@pytest.mark.req("BOARD-3", "HIL-1")
@pytest.mark.parametrize("file", FILES, ids=lambda path: path.name.removesuffix(".test.js"))
def test_node(file: Path) -> None:
    done = subprocess.run(
        ["node", "--test", str(file)], cwd=EMULATOR, capture_output=True, text=True, timeout=900, check=False
    )
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def test_there_are_tests() -> None:
    assert FILES


@pytest.mark.req("BOARD-3")
def test_the_lock_file_names_no_address() -> None:
    text = (EMULATOR / "package-lock.json").read_text(encoding="utf-8")
    assert "http" not in text
    assert '"integrity": "sha512-' in text
