"""docs/requirements.md is complete, made from its source, and its states come from results."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from tools.docs.requirements import Requirement, _tests, judged, marked, named, page, requirements
from tools.docs.trace import main, results, state, trace

ROOT = Path(__file__).resolve().parents[2]
KNOWN = requirements()
JUNIT = "<testsuites><testsuite>{}</testsuite></testsuites>"


def case(test: str, inside: str = "", parameters: str = "") -> str:
    module, name = test.split("::")
    return f'<testcase classname="{module}" name="{name}{parameters}">{inside}</testcase>'


def test_the_page_is_what_its_source_makes() -> None:
    made = "python -m tools.docs.requirements docs/requirements.md"
    assert (ROOT / "docs" / "requirements.md").read_text(encoding="utf-8") == page(), made


def test_every_id_that_anything_names_is_a_requirement() -> None:
    assert {name: path for name, path in named().items() if name not in KNOWN} == {}
    assert set(marked()) | set(judged()) <= set(KNOWN)


def test_every_requirement_has_a_test_or_says_that_it_is_to_come() -> None:
    shown = set(marked()) | set(judged())
    assert {name for name, each in KNOWN.items() if not each.to_come} == shown


def test_an_unknown_id_is_found(tmp_path: Path) -> None:
    for folder in ("boards", "c_ext", "docs", "firmware", "hil", "host", "tests", "tools"):
        (tmp_path / folder).mkdir()
    unknown = "-".join(("DOSE", "99"))
    (tmp_path / "firmware" / "new.py").write_text(f'"""Implements: {unknown}"""', encoding="utf-8")
    assert named(tmp_path) == {unknown: "firmware/new.py"}


def test_markers_are_read_from_modules_classes_and_functions() -> None:
    import ast

    source = (
        'pytestmark = [pytest.mark.req("A"), pytest.mark.virtual_only("x")]\n'
        '@pytest.mark.req("B", "C")\n@pytest.mark.parametrize("n", [1])\ndef test_one(n): ...\n'
        '@pytest.mark.req("D")\nclass TestMore:\n    def test_two(self): ...\n'
        "def helper(): ...\n"
    )
    found: dict[str, set[str]] = {}
    for name, ids in _tests(ast.parse(source)):
        found.setdefault(name, set()).update(ids)
    assert found == {"test_one": {"A", "B", "C"}, "test_two": {"A", "D"}}


@pytest.mark.parametrize(
    ("count", "to_come", "word"),
    [
        ({"passed": 2}, "", "passed"),
        ({"passed": 2, "skipped": 1}, "", "passed in part"),
        ({"passed": 2, "not run": 1}, "", "passed in part"),
        ({"passed": 2, "failed": 1}, "", "failed"),
        ({"not run": 3}, "", "not run"),
        ({"skipped": 3}, "", "not run"),
        ({}, "later", "to come"),
        ({"failed": 1}, "later", "failed"),
    ],
)
def test_a_state_is_never_better_than_its_results(count: dict[str, int], to_come: str, word: str) -> None:
    assert state(Requirement("X-1", "", "", "", to_come), Counter(count)) == word


def test_states_come_from_the_files_of_results(tmp_path: Path) -> None:
    tests = sorted(marked()["STORE-3"])
    first = tests[0]
    lines = [case(test) for test in tests[1:]] + [case(first, parameters="[1]"), case(first, "<failure/>", "[2]")]
    measured = '<properties><property name="req" value="HIL-7"/></properties>'
    (tmp_path / "bench").mkdir()
    (tmp_path / "tests.xml").write_text(JUNIT.format("".join(lines)), encoding="utf-8")
    (tmp_path / "bench" / "results.xml").write_text(JUNIT.format(case("a::b", measured)), encoding="utf-8")
    found, files = results(tmp_path)
    assert files == ["tests.xml", "bench/results.xml"]
    assert found["STORE-3"]["failed"] == 1
    assert found["HIL-7"]["passed"] == 1
    states, _ = trace(tmp_path)
    later = next(name for name, each in KNOWN.items() if each.to_come)
    assert (states["STORE-3"], states[later]) == ("failed", "to come")
    assert main(tmp_path) == 1
    (tmp_path / "tests.xml").unlink()  # what is left passes, and all the rest has not been run
    assert trace(tmp_path)[0]["HIL-7"] == "passed in part"
    assert ">IN PART</span>" in (tmp_path / "requirements.html").read_text(encoding="utf-8")
    (tmp_path / "tests.xml").write_text(JUNIT.format("".join(lines)), encoding="utf-8")
    trace(tmp_path)
    text = (tmp_path / "requirements.html").read_text(encoding="utf-8")
    assert ">FAIL</span>" in text and all(f"<td>{name}</td>" in text for name in KNOWN)
    assert "requirements.html" in (tmp_path / "index.html").read_text(encoding="utf-8")


def test_without_results_nothing_is_said_to_pass(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(tmp_path) == 2
    assert "passed" not in capsys.readouterr().out
