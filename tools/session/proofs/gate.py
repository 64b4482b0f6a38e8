"""Prove the session's protocol and write build/session-proofs.json.

    python -m tools.session.proofs.gate [--write-page]

Each goal is decided by both provers, and so is each broken model in which it must be found. docs/session-proofs.md
says what a goal means, and what the model leaves out; --write-page sets its table of goals. Errors: Problem, naming
each goal that is not as it must be.
"""

import argparse
import json
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple

from hil.results.tested import Run
from tools.bootstrap import install_packages
from tools.console import BUILD, ROOT, Problem, main_guard, say
from tools.session.proofs.goals import GOALS, Goal
from tools.session.proofs.model import BREAKS
from tools.session.proofs.provers import PROVERS, decide

OUT = BUILD / "session-proofs.json"
PAGE = ROOT / "docs" / "session-proofs.md"
MARKS = ("<!-- goals: made by `python -m tools.session.proofs.gate --write-page` -->\n", "<!-- /goals -->\n")
WORKERS = 2


class Case(NamedTuple):
    """One question to one prover: does the goal follow, with this broken?"""

    goal: Goal
    broken: str
    prover: str

    @property
    def expected(self) -> bool:
        """Whether it must follow."""
        return self.goal.reached or self.broken != "+".join(self.goal.given)

    def answer(self) -> bool | str:
        """Return what the prover finds, or why it found nothing."""
        problem = self.goal.chapter(*filter(None, self.broken.split("+"))).text(self.goal.facts)
        try:
            return decide(problem, self.prover)
        except Problem as problem_found:
            return str(problem_found)


def cases(goals: Iterable[Goal] = GOALS) -> list[Case]:
    """Return every question: each goal as it is, and in each broken model, to each prover."""
    return [
        Case(goal, broken, prover)
        for goal in goals
        for broken in ("+".join(goal.given), *goal.breaks)
        for prover in PROVERS
    ]


def prove(asked: Sequence[Case]) -> list[bool | str]:
    """Return the answer to each question."""
    with ThreadPoolExecutor(WORKERS) as pool:
        return list(pool.map(Case.answer, asked))


def report(asked: Sequence[Case], answers: Sequence[bool | str]) -> dict[str, Any]:
    """Return the figures of build/session-proofs.json, and what failed."""
    wrong = [
        f"{case.prover}: {case.goal.says}{f' ({case.broken})' if case.broken else ''}: "
        + ({True: "follows", False: "does not follow"}[answer] if isinstance(answer, bool) else answer)
        for case, answer in zip(asked, answers, strict=True)
        if answer != case.expected
    ]
    goals = {case.goal for case in asked}
    return {
        "verdict": "fail" if wrong else "pass",
        "attacks_excluded": sum(not goal.reached for goal in goals),
        "honest_runs": sum(goal.reached and "not excluded" not in goal.says for goal in goals),
        "broken_models": sum(len(goal.breaks) for goal in goals),
        "ways_to_break": len({each for goal in goals for broken in goal.breaks for each in broken.split("+")}),
        "questions": len(asked),
        "failed": wrong,
    }


def table(goals: Iterable[Goal] = GOALS) -> str:
    """Return the table of goals in Markdown."""
    rows = ["| chapter | statement | follows | follows once this is broken |", "|---|---|---|---|"]
    for goal in goals:
        broken = "; ".join(" and ".join(BREAKS[each] for each in one.split("+")) for one in goal.breaks)
        rows.append(f"| {goal.chapter.__name__} | {goal.says} | {'yes' if goal.reached else '**no**'} | {broken} |")
    return "\n".join([*rows, ""])


def page(text: str) -> str:
    """Return the page with the table of goals between its marks. Raises Problem if they are missing."""
    before, begin, rest = text.partition(MARKS[0])
    _, end, after = rest.partition(MARKS[1])
    if not begin or not end:
        raise Problem(f"{PAGE} lacks the marks of the goals")
    return before + begin + table() + end + after


def main() -> None:
    """Command line. Raises Problem unless both provers find every goal as it must be."""
    parser = argparse.ArgumentParser(description="Prove the session's protocol.")
    parser.add_argument("--write-page", action="store_true", help="only set the page's table of goals")
    if parser.parse_args().write_page:
        PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
        return
    install_packages("session-proofs")
    run, start = Run(), time.monotonic()
    asked = cases()
    figures = report(asked, prove(asked))
    facts = run.facts(board="", bench="", seed=None, command="make session-proofs")
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps({"run": facts} | figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if figures["failed"]:
        raise Problem("\n  ".join(["not as it must be:", *figures["failed"]]))
    say(
        f"{figures['attacks_excluded']} attacks excluded, {figures['broken_models']} found in broken models, "
        f"{figures['honest_runs']} honest runs, by each of {len(PROVERS)} provers, in {time.monotonic() - start:.0f} s"
    )


if __name__ == "__main__":
    main_guard(main)
