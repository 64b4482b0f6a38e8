"""The HIL suite's results as hil-BENCH.json and as a page: each test with its requirements, and why one failed.

tests/suite/conftest.py tells it what pytest says of each test.

Implements: HIL-6, HIL-8
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hil.backends.bench_file import load_bench
from hil.protocols.said import failure
from hil.report.figures import plain, text
from hil.report.index import refresh
from hil.report.listed import listed
from hil.report.page import Head, render
from hil.results.files import write_json, write_text
from hil.results.tested import Run

OUTCOMES = ("passed", "skipped", "failed")  # of a test's parts the last of these counts


@dataclass
class Case:
    """One test. `said` is what the pumps of a failed one said, in the order in which they were opened; `figures` are
    what it measured.
    """

    module: str
    about: str
    name: str
    outcome: str = "passed"
    seconds: float = 0.0
    req: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    why: str = ""
    said: list[dict[str, Any]] = field(default_factory=list)

    def worse(self, outcome: str, why: str) -> None:
        """Take in what one of the parts of a test came to: its set-up, itself, its end."""
        if OUTCOMES.index(outcome) > OUTCOMES.index(self.outcome):
            self.outcome, self.why = outcome, why

    @property
    def title(self) -> str:
        """The test's name in words, its parameters as they are."""
        words, bracket, parameters = self.name.partition("[")
        return plain(words.removeprefix("test_")) + (f" [{parameters}" if bracket else "")


class Suite:
    """A run of the suite on the bench `bench` (a name, or a file), from its old results' removal to its page. `only`:
    the words by which its tests were chosen; all of them otherwise.
    """

    def __init__(self, folder: Path, bench: str, only: str = "") -> None:
        self._bench, self._only = bench, only
        self._out = folder / f"hil-{load_bench(bench).name}.json"
        for path in (self._out, self._out.with_suffix(".html")):
            path.unlink(missing_ok=True)
        refresh(self._out)
        self._begun = Run()
        self.cases: dict[str, Case] = {}

    def write(self) -> Path:
        """Write the results and the page. Returns where the page is."""
        bench = load_bench(self._bench)
        command = f"make hil BENCH={bench.name}" + f" ARGS=\"-k '{self._only}'\"" * bool(self._only)
        facts = self._begun.facts(board=bench.board, bench=bench.name, seed=None, command=command)
        data = {"protocol": "suite", "run": facts, **_judged(list(self.cases.values()))}
        write_json(self._out, data)
        write_text(self._out.with_suffix(".html"), page(data))
        refresh(self._out)
        return self._out.with_suffix(".html")


def _judged(cases: list[Case]) -> dict[str, Any]:
    """The verdict and every test. A suite in which nothing ran has judged nothing, and has not passed."""
    failed = [each for each in cases if each.outcome == "failed"]
    ran = [each for each in cases if each.outcome != "skipped"]
    failures = []
    for each in failed:
        lines, where = each.why.splitlines(), f"{plain(each.module.removeprefix('test_'))}: {each.title}"
        failures += [failure(where, lines, said).as_dict() for said in each.said]
        if not each.said:
            failures.append(failure(where, lines, None).as_dict())
    return {
        "verdict": "fail" if failed else "pass" if ran else "not judged",
        "results": [_row(each) for each in ran],
        "skipped": [_row(each) for each in cases if each.outcome == "skipped"],
        "failures": failures,
    }


def _row(case: Case) -> dict[str, Any]:
    return {
        "module": case.module, "about": case.about, "name": case.name, "title": case.title, "req": case.req,
        "verdict": {"passed": "pass", "failed": "fail"}.get(case.outcome, case.outcome),
        "seconds": round(case.seconds, 2), "figures": case.figures, "why": case.why,
    }  # fmt: skip


def page(data: Mapping[str, Any]) -> str:
    """Return the page."""
    run = listed("suite")
    ran, skipped = data["results"], data["skipped"]
    good = sum(each["verdict"] == "pass" for each in ran)
    modules: dict[str, list[dict[str, Any]]] = {}
    for each in (*ran, *skipped):
        measured = ", ".join(f"{plain(name)} {text(value)}" for name, value in each["figures"].items())
        room = plain(each["module"].removeprefix("test_"))
        modules.setdefault(room, []).append({**each, "measured": measured, "about": each["about"].replace("`", "")})
    left_out = f"; {len(skipped)} belong on other benches" if skipped else ""
    return render(
        "suite.html.j2",
        Head(
            kind=run.title,
            question=f"Does the pump pass every test on the bench {data['run']['bench']}?",
            verdict=data["verdict"],
            sentence=f"{good} of {len(ran)} tests passed{left_out}.",
            sections=[(room.replace(" ", "-"), room) for room in sorted(modules)],
            simulated=run.simulated,
        ),
        data["run"],
        data["failures"],
        modules=sorted(modules.items()),
    )
