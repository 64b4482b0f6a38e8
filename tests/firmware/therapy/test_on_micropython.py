"""The therapy modules give the same answers on MicroPython as on CPython: one program, run on both."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.virtual_board import MICROPYTHON, on_micropython

ROOT = Path(__file__).resolve().parents[3]
PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.py"))


@pytest.mark.req("THER-4", "THER-5", "THER-6")
@on_micropython
@pytest.mark.parametrize("program", PROGRAMS, ids=[path.stem for path in PROGRAMS])
def test_both_pythons_agree(program: Path) -> None:
    text = f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n" + program.read_text(encoding="utf-8")
    printed = [
        subprocess.run([python, "-c", text], capture_output=True, text=True, check=True, cwd=ROOT).stdout
        for python in (str(MICROPYTHON), sys.executable)
    ]
    assert printed[0] == printed[1]
    assert printed[0].count("\n") > 5


@pytest.mark.req("BOARD-1")
@on_micropython
def test_micropython_compiles_every_module_of_the_firmware() -> None:
    program = "import sys\nfor each in sys.argv[1:]:\n    compile(open(each).read(), each, 'exec')\n"
    paths = [str(path) for path in sorted((ROOT / "firmware").rglob("*.py"))]
    done = subprocess.run([str(MICROPYTHON), "-c", program, *paths], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
