"""Set the results of the last test runs beside each requirement: build/requirements.html, and a line for a person.

`python -m tools.docs.trace build`, or `make trace`. It reads the JUnit files tests.xml (`make test`), hil-*.xml
(`make hil`) and bench/results.xml (`make bench`); what has not been run counts as not run, never as passed.

Exit status: 0; 1 if a test or a measurement of a requirement failed; 2 if no result is there to read.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

from hil.report.figures import Table
from hil.report.index import write_index
from hil.report.page import Head, render
from hil.results.files import write_json, write_text
from hil.results.tested import Run
from tools.docs.requirements import Requirement, marked, requirements

_FILES = ("tests.xml", "hil-*.xml", "bench/results.xml")
_WORST = ("failed", "passed", "skipped")  # of one test with several parameters: the first of these that occurs


def outcomes(path: Path) -> Iterator[tuple[str, str, set[str]]]:
    """Return test, outcome and its own requirements of each case of a JUnit file. A test is named as `marked` does."""
    for case in ElementTree.parse(path).getroot().iter("testcase"):  # noqa: S314 - the project's own file
        children = {child.tag for child in case}
        outcome = "failed" if children & {"failure", "error"} else "skipped" if "skipped" in children else "passed"
        own = {str(each.get("value")) for each in case.iter("property") if each.get("name") == "req"}
        yield f"{case.get('classname')}::{str(case.get('name')).split('[')[0]}", outcome, own


def results(folder: Path) -> tuple[dict[str, Counter[str]], list[str]]:
    """Return the outcomes of each requirement's tests and measurements, and the files that they come from."""
    paths = [path for pattern in _FILES for path in sorted(folder.glob(pattern))]
    of_test: dict[str, set[str]] = {}
    found: dict[str, Counter[str]] = {}
    for path in paths:
        for test, outcome, own in outcomes(path):
            of_test.setdefault(test, set()).add(outcome)
            for name in own:
                found.setdefault(name, Counter())[outcome] += 1
    for name, tests in marked().items():
        for test in tests:
            got = of_test.get(test, set())
            found.setdefault(name, Counter())[next((each for each in _WORST if each in got), "not run")] += 1
    return found, [path.relative_to(folder).as_posix() for path in paths]


def state(requirement: Requirement, count: Counter[str]) -> str:
    """Return the state of a requirement in a word or two."""
    if count["failed"]:
        return "failed"
    if requirement.to_come:
        return "to come"
    if not count["passed"]:
        return "not run"
    return "passed in part" if count["not run"] or count["skipped"] else "passed"


def _plain(text: str) -> str:
    """Return Markdown without its marks."""
    return re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", text).replace("*", "").replace("`", "")


def trace(folder: Path) -> tuple[dict[str, str], list[str]]:
    """Write requirements.json and requirements.html into `folder`; return the states and the files that were read."""
    run = Run()
    found, files = results(folder)
    known = requirements()
    states = {name: state(each, found.get(name, Counter())) for name, each in known.items()}
    failed = sum(each == "failed" for each in states.values())
    facts = run.facts(board="", bench="", seed=None, command="make trace")
    rows = []
    for name, each in known.items():
        count = found.get(name, Counter())
        columns = [str(count[key]) for key in ("passed", "failed", "skipped", "not run")]
        rows.append([name, states[name], *columns, _plain(each.text), _plain(each.to_come or each.note)])
    verdict = "fail" if failed else "pass" if set(states.values()) <= {"passed", "to come"} else "in part"
    told = ", ".join(f"{count} {each}" for each, count in Counter(states.values()).most_common())
    text = render(
        "figures.html.j2",
        Head(
            kind="requirements",
            question="Which requirements do the last test runs show?",
            verdict=verdict,
            sentence=f"{len(known)} requirements: {told}.",
            sections=[("figures", "Requirements")],
            simulated="Every test ran on this machine, on simulated or emulated boards.",
        ),
        facts,
        wrong=[],
        measurements=[],
        figures=[("read from", ", ".join(files) or "nothing: no tests have been run here")],
        tables=[
            Table(
                "Tests and measurements of each requirement",
                ["Id", "State", "Passed", "Failed", "Skipped", "Not run", "Requirement", "Beyond the tests"],
                rows,
            )
        ],
    )
    write_json(folder / "requirements.json", {"run": facts, "verdict": verdict, "states": states})
    write_text(folder / "requirements.html", text)
    write_index(folder)
    return states, files


def main(folder: Path) -> int:
    """Write the page and say how it stands."""
    states, files = trace(folder)
    for each, count in Counter(states.values()).most_common():
        names = "" if each == "passed" else ": " + ", ".join(name for name, what in states.items() if what == each)
        print(f"{count} {each}{names}")
    if not files:
        print("no results to read: run make test, make hil or make bench first")
        return 2
    print(f"read from {', '.join(files)}; {folder / 'requirements.html'}")
    return 1 if "failed" in states.values() else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
