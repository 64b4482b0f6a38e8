"""A campaign of floods that was stopped goes on where it was."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hil.protocols.floods.run import kept

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
