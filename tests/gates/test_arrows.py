"""The house's arrows point down only: who may import whom, read from the source."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("firmware", "host", "hil", "c_ext", "tools", "boards")
# What each part may import of the others.
ALLOWED = {
    "firmware": (),
    # Alarms and procedures are data and texts that the programmer shows, and that pages are made from.
    "host": ("firmware.protocol", "firmware.alarms", "firmware.therapy"),
    # The occlusion campaign drives the firmware's detector, its device under test, without the firmware around it; the
    # life follows the procedures' table, which is data.
    "hil": ("host", "firmware.protocol", "firmware.occlusion", "firmware.protocol.procedures"),
    "c_ext": (),
    # The gates on the dose core build it, as the tests do; after flashing, the programmer asks the board who it is. The
    # build works out the schema hash of the link's table; pages are made from the tables of alarms and procedures.
    "tools": ("c_ext.host", "host", "firmware.protocol", "firmware.alarms", "firmware.therapy"),
}


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {f"{node.module}.{each.name}" for each in node.names}
    return names


def wrong_arrows(part: str, names: set[str]) -> list[str]:
    foreign = [name for name in names if name.split(".")[0] in PARTS and name.split(".")[0] != part]
    return sorted(name for name in foreign if not any((name + ".").startswith(ok + ".") for ok in ALLOWED[part]))


@pytest.mark.parametrize("part", ALLOWED)
def test_arrows_point_down(part: str) -> None:
    for path in sorted((ROOT / part).rglob("*.py")):
        assert wrong_arrows(part, imported(path)) == [], path


def test_the_gate_sees_a_wrong_arrow() -> None:
    assert wrong_arrows("host", {"firmware.pump.Pump", "firmware.protocol.decode"}) == ["firmware.pump.Pump"]
    assert wrong_arrows("firmware", {"hil.plant.Plant"}) == ["hil.plant.Plant"]


@pytest.mark.req("DOSE-7")
def test_the_core_includes_nothing_but_the_freestanding_headers_and_itself() -> None:
    own = {path.name for path in (ROOT / "c_ext" / "core").glob("*.h")}
    for path in sorted((ROOT / "c_ext" / "core").glob("*.[ch]")):
        for header in re.findall(r'#include [<"]([^>"]+)[>"]', path.read_text()):
            assert header in own | {"stdint.h", "stdbool.h", "stddef.h"}, f"{path.name} includes {header}"
