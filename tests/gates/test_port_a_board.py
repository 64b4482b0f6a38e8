"""`make howto`: docs/howto/port-a-board.md, followed to the letter in a copy of the sources.

Not part of `make test`: it builds two images from nothing, three minutes on a quiet machine.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.console import ROOT
from tools.reproducible import copy_sources

pytestmark = pytest.mark.nightly
HOWTO = ROOT / "docs" / "howto" / "port-a-board.md"
PART_1 = HOWTO.read_text(encoding="utf-8").split("## Part 2")[0]
BUILD_S = 900


def commands(board: str) -> list[str]:
    """The lines of part 1 that name the board, in order, from its blocks of commands."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", PART_1, re.M | re.S)
    return [line for block in blocks if board in block for line in block.splitlines() if "/dev/tty" not in line]


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A stranger's clone, set up like this one."""
    clone = tmp_path_factory.mktemp("stranger") / "releve"
    copy_sources(clone)
    (clone / ".venv").symlink_to(ROOT / ".venv")
    for command in (["git", "init", "-q"], ["git", "add", "-A"]):
        subprocess.run(command, cwd=clone, check=True)
    yield clone


def follow(copy: Path, lines: list[str]) -> None:
    for line in lines:
        env = dict(os.environ, PYTHONPATH=str(copy))
        done = subprocess.run(
            line, shell=True, cwd=copy, env=env, check=False, capture_output=True, text=True, timeout=BUILD_S
        )
        assert done.returncode == 0, f"{line}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"


@pytest.mark.req("BOARD-2")
@pytest.mark.timeout(2 * BUILD_S)
@pytest.mark.parametrize(("smallest", "mine"), [("WEACT_RP2040", "MY_RP2040"), ("RPI_PICO2", "MY_RP2350")])
def test_an_rp2040_or_rp2350_board_is_copied_checked_and_built(copy: Path, smallest: str, mine: str) -> None:
    lines = commands("MY_RP2040")
    assert [line.split()[0] for line in lines[:2]] == ["cp", "sed"] and any("make firmware" in line for line in lines)
    assert "copy `RPI_PICO2` instead" in PART_1
    follow(copy, [line.replace("WEACT_RP2040", smallest).replace("MY_RP2040", mine) for line in lines])
    built = json.loads((copy / "build" / mine / "firmware.json").read_text(encoding="utf-8"))
    assert built["board"] == mine
    assert mine.encode() in (copy / "build" / mine / "firmware.bin").read_bytes(), "it says its own name"
    changed = subprocess.run(["git", "status", "--short"], cwd=copy, capture_output=True, text=True, check=True).stdout
    others = [line for line in changed.splitlines() if line[3:] and f"boards/{mine}/" not in line and line[0] != "A"]
    assert others == [], "nothing else is touched"


@pytest.mark.req("BOARD-2")
@pytest.mark.timeout(2 * BUILD_S)
def test_an_stm32l4_board_is_copied_and_checked_and_built_where_its_sources_are(copy: Path) -> None:
    lines = commands("MY_L476")
    builds = [line for line in lines if line.startswith("make firmware")]
    assert len(builds) == 1
    follow(copy, [line for line in lines if line not in builds or os.environ.get("MICROPYTHON_DIR")])
