"""The house's arrows point down only: who may import whom, read from the source."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.docs import rooms

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("firmware", "host", "hil", "c_ext", "tools", "boards")
# What each part may import of the others.
ALLOWED = {
    "firmware": (),
    # What both ends share: messages, their fields and words, and the tables of alarms, procedures and refills.
    "host": ("firmware.protocol",),
    # The occlusion campaign drives the firmware's detector, its device under test, without the firmware around it.
    "hil": ("host", "firmware.protocol", "firmware.occlusion"),
    "c_ext": (),
    # The gates on the dose core build it, as the tests do; after flashing, the programmer asks the board who it is. The
    # build works out the schema hash of the link's table; pages are made from what both ends share.
    # The page of requirements is one more page of results, in the bench's look.
    # The nurse's pages show the screens of a pump to play with.
    # The figures of the pages: what the map of the memory makes, and a table as its command prints it.
    "tools": (
        "c_ext.host",
        "host",
        "firmware.protocol",
        "firmware.storage",
        "hil.play",
        "hil.protocols",
        "hil.report",
        "hil.results",
    ),
}


def wrong_arrows(part: str, names: set[str]) -> list[str]:
    foreign = [name for name in names if name.split(".")[0] in PARTS and name.split(".")[0] != part]
    return sorted(name for name in foreign if not any((name + ".").startswith(ok + ".") for ok in ALLOWED[part]))


@pytest.mark.parametrize("part", ALLOWED)
def test_arrows_point_down(part: str) -> None:
    for path in sorted((ROOT / part).rglob("*.py")):
        assert wrong_arrows(part, rooms.named(path)) == [], path


def test_the_gate_sees_a_wrong_arrow() -> None:
    assert wrong_arrows("host", {"firmware.pump.Pump", "firmware.protocol.decode"}) == ["firmware.pump.Pump"]
    assert wrong_arrows("firmware", {"hil.plant.Plant"}) == ["hil.plant.Plant"]


@pytest.mark.parametrize("part", rooms.PARTS)
def test_no_two_rooms_stand_on_each_other(part: str) -> None:
    assert rooms.circles(rooms.rooms(part)) == set()


def test_the_picture_of_the_rooms_is_as_the_sources_are() -> None:
    text = rooms.PAGE.read_text()
    assert rooms.page(text) == text, "run `python -m tools.docs.rooms`"
    with pytest.raises(ValueError, match="lacks the marks"):
        rooms.page("# Architecture\n")


def test_rooms_are_read_from_the_sources(tmp_path: Path) -> None:
    sources = {
        "house/top.py": '"""Top. More."""\nfrom house.hall import door\nimport house.units',
        "house/hall/__init__.py": '"""The hall\nof the house.\n\nMore."""',
        "house/hall/door.py": "from house.units import ONE",
        "house/units.py": "ONE = 1",
    }
    for name, text in sources.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    arrows = rooms.rooms("house", tmp_path)
    assert arrows == {
        "house/top.py": {"house/hall", "house/units.py"},
        "house/hall": {"house/units.py"},
        "house/units.py": set(),
    }
    assert rooms.drawn(arrows)["house/top.py"] == {"house/hall"}
    assert (rooms.holds("house/top.py", tmp_path), rooms.holds("house/hall", tmp_path)) == (
        "Top",
        "The hall of the house",
    )
    (tmp_path / "house/units.py").write_text("from house.hall.door import ONE")
    assert rooms.circles(rooms.rooms("house", tmp_path)) == {"house/hall", "house/units.py"}


@pytest.mark.req("DOSE-7")
def test_the_core_includes_nothing_but_the_freestanding_headers_and_itself() -> None:
    own = {path.name for path in (ROOT / "c_ext" / "core").glob("*.h")}
    for path in sorted((ROOT / "c_ext" / "core").glob("*.[ch]")):
        for header in re.findall(r'#include [<"]([^>"]+)[>"]', path.read_text()):
            assert header in own | {"stdint.h", "stdbool.h", "stddef.h"}, f"{path.name} includes {header}"
