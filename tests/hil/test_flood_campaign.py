"""A campaign of floods that was stopped goes on where it was; a stroke that a flood has moved is seen."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from hil.backends.device import device_program
from hil.protocols.floods.attacks import FORGED
from hil.protocols.floods.run import kept
from hil.protocols.floods.same import compare, silent

ROOT = Path(__file__).resolve().parents[2]
CANCELS = """
_right = Door._open
def _wrong(self, payload, out):
    reply = _right(self, payload, out)
    if reply[0] != OPEN | protocol.REPLY_BIT:
        self._pump._core.cancel_bolus(self._pump.now_us())
    return reply
Door._open = _wrong
"""

RESULTS = [{"kind": "status", "stroke_nl": 500, "passed": True}, {"kind": "hello", "stroke_nl": 125, "passed": False}]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    path = tmp_path / "floods.json"
    path.write_text(json.dumps({"image": "a", "seconds": 600, "results": RESULTS}))
    return path


@pytest.mark.req("LINK-4")
def test_what_has_passed_on_this_image_is_kept(out: Path) -> None:
    assert kept(out, "a", 600) == RESULTS[:1]


@pytest.mark.req("LINK-4")
@pytest.mark.parametrize(("image", "seconds"), [("b", 600), ("a", 5)])
def test_of_another_image_or_a_shorter_flood_nothing_is(out: Path, image: str, seconds: float) -> None:
    assert kept(out, image, seconds) == []


def test_at_first_there_is_nothing(tmp_path: Path) -> None:
    assert kept(tmp_path / "floods.json", "a", 600) == []


@pytest.mark.req("LINK-4", "DOSE-6")
def test_a_flood_that_moves_a_stroke_is_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A mistake made on purpose: an opening that is refused ends the bolus."""
    shutil.copytree(ROOT / "firmware", tmp_path / "firmware", ignore=shutil.ignore_patterns("__pycache__"))
    program = tmp_path / "micropython"
    shutil.copy(device_program(), program)  # it takes source files beside it in place of what is frozen
    with (tmp_path / "firmware" / "link" / "door.py").open("a", encoding="utf-8") as door:
        door.write(CANCELS)
    monkeypatch.setenv("RELEVE_MICROPYTHON", str(program))
    silent.cache_clear()
    found = compare(FORGED, "virtual", 10)
    silent.cache_clear()
    assert not found["passed"]
    assert found["strokes"] < found["strokes_silent"]
