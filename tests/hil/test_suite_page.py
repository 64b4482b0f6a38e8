"""The page of the HIL suite: every test with its requirements, a failure beside what its pump said, what was tested."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from hil.protocols.suite import Case, Suite, page

pytestmark = pytest.mark.req("HIL-6", "HIL-8")
ROOT = Path(__file__).resolve().parents[2]
# Tests of one bench: one that passes, one left out, one whose pump has been stopped when it fails.
TESTS = '''
"""What a page can show."""
import pytest

@pytest.mark.req("DOSE-1", "HIL-1")
def test_a_pump_runs(bench, record_property):
    record_property("rate_mu_per_h", bench.programmer.status().in_force_mu_per_h)

@pytest.mark.emulated_only("it has no console")
def test_a_console(bench): ...

@pytest.mark.req("DOSE-2")
@pytest.mark.parametrize("rate", [7])
def test_a_stopped_pump_is_asked_why(bench, rate):
    bench.programmer.stop()
    assert rate == 8, "seven is not eight"
'''


def shown(html: str) -> str:
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", html)).split())


def run(folder: Path, *options: str, tests: str = TESTS) -> subprocess.CompletedProcess[str]:
    """Run `tests` with the suite's own conftest, as `make hil` does."""
    (folder / "test_made.py").write_text(tests, encoding="utf-8")
    own = "from tests.suite.conftest import *\nfrom tests.suite.conftest import _only_where_it_can_be\n"
    (folder / "conftest.py").write_text(own, encoding="utf-8")
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-c", str(ROOT / "pyproject.toml"), "--rootdir", str(ROOT), str(folder), "-q"]
        + ["-p", "tests.conftest", "-p", "no:cacheprovider", "--results", str(folder), *options],
        cwd=ROOT, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip


@pytest.mark.parametrize("workers", ["0", "2"])
def test_a_run_of_the_suite_leaves_results_and_a_page(tmp_path: Path, workers: str) -> None:
    done = run(tmp_path, "-n", workers)
    assert done.returncode == 1 and "hil-virtual.html" in done.stdout, done.stdout
    data = json.loads((tmp_path / "hil-virtual.json").read_text(encoding="utf-8"))
    assert data["verdict"] == "fail" and data["run"]["command"] == "make hil BENCH=virtual"
    results = {each["name"]: each for each in data["results"]}
    assert results["test_a_pump_runs"]["req"] == ["DOSE-1", "HIL-1"]
    assert results["test_a_pump_runs"]["figures"] == {"rate_mu_per_h": 0}
    assert [each["why"] for each in data["skipped"]] == ["emulated bench only: it has no console"]
    (failed,) = data["failures"]
    assert "seven is not eight" in failed["what"][0] and failed["said"]["log"]
    assert "the pump was stopped" in failed["said"]["state"]
    text = shown((tmp_path / "hil-virtual.html").read_text(encoding="utf-8"))
    assert text.index("FAIL") < text.index("1 of 2 tests passed") < text.index("Why it failed")
    for words in ("a stopped pump is asked why [7]", "DOSE-1, HIL-1", "What was tested", "VIRTUAL, virtual"):
        assert words in text
    assert data["run"]["tested"]["image"] in text and "not a medical device" in text


def test_a_part_of_the_suite_says_that_it_is_one(tmp_path: Path) -> None:
    assert run(tmp_path, "-n", "0", "-k", "pump_runs").returncode == 0
    data = json.loads((tmp_path / "hil-virtual.json").read_text(encoding="utf-8"))
    assert data["run"]["command"] == "make hil BENCH=virtual ARGS=\"-k 'pump_runs'\"" and len(data["results"]) == 1


def test_a_run_that_is_broken_off_leaves_none_not_even_an_old_one(tmp_path: Path) -> None:
    (tmp_path / "hil-virtual.json").write_text("{}", encoding="utf-8")
    (tmp_path / "hil-virtual.html").touch()
    done = run(tmp_path, "-n", "0", tests="def test_a_person_breaks_off(): raise KeyboardInterrupt\n")
    assert done.returncode == 2
    assert not list(tmp_path.glob("hil-*"))


def case(outcome: str, **more: Any) -> Case:
    made = Case("test_made", "What a page can show.", "test_it", **more)
    made.worse(outcome, "why" if outcome != "passed" else "")
    return made


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        ((), "not judged"), (("skipped",), "not judged"), (("passed", "skipped"), "pass"),
        (("passed", "failed"), "fail"), (("skipped", "failed"), "fail"),
    ],
)  # fmt: skip
def test_a_suite_passes_if_something_ran_and_nothing_went_wrong(
    tmp_path: Path, outcomes: tuple[str, ...], verdict: str
) -> None:
    suite = Suite(tmp_path, "virtual")
    suite.cases |= {str(number): case(each) for number, each in enumerate(outcomes)}
    data = json.loads(suite.write().with_suffix(".json").read_text(encoding="utf-8"))
    assert data["verdict"] == verdict and verdict.upper() in page(data)


def test_the_worst_part_of_a_test_is_what_it_came_to() -> None:
    for parts, outcome in (
        (("passed", "passed", "failed"), "failed"), (("passed", "failed", "passed"), "failed"),
        (("skipped", "passed"), "skipped"), (("passed", "passed", "passed"), "passed"),
    ):  # fmt: skip
        made = Case("test_made", "", "test_it")
        for each in parts:
            made.worse(each, each)
        assert made.outcome == outcome and made.why == ("" if outcome == "passed" else outcome)
