"""Prove the dose core and write build/core/proofs.json.

    python -m tools.core.proofs.gate [STAGE …] [--nightly] [--core FOLDER]

Stages: numbers (z3: the arithmetic, read from the C, for every value), induction (CBMC: from any state that satisfies
the invariant, after any call, the invariant holds again), eva (Frama-C: no run-time error in any calls), contracts
(Frama-C WP: functions keep to what they require, change and ensure). All by default. --nightly: the induction of every
call, Eva for more pumps, every contract. docs/core.md says what each goal means and what is not proved. Errors:
Problem, naming each goal that was not proved, or each false one that was not refuted.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tools.bootstrap import install_packages
from tools.console import BUILD, ROOT, Problem, main_guard, say
from tools.core.proofs import eva, induction, wp
from tools.core.proofs.numbers import decide, lemmas
from tools.core.proofs.stage import Goal

CORE_DIR = ROOT / "c_ext" / "core"
OUT = BUILD / "core" / "proofs.json"


def numbers(core: Path) -> list[Goal]:
    """Return the goals of the arithmetic."""
    return [Goal(lemma.name, not said, said) for lemma in lemmas(core) for said in (decide(lemma),)]


def prove(core: Path = CORE_DIR) -> tuple[int, list[str]]:
    """Return (number of goals of the arithmetic, the message about each that failed)."""
    goals = numbers(core)
    return len(goals), [f"{goal.name}: {goal.said}" for goal in goals if not goal.proved]


def stages(nightly: bool) -> dict[str, Callable[[Path], list[Goal]]]:
    """Return each stage by name."""
    return {
        "numbers": numbers,
        "induction": lambda core: induction.stage(core, nightly),
        "eva": lambda core: eva.stage(core, nightly),
        "contracts": lambda core: wp.stage(core, nightly),
    }


def invariants(goals: list[Goal]) -> dict[str, dict[str, int]]:
    """Return, for each of the induction's invariants, the number of steps and clauses in which it was proved."""
    made_of = {name: [goal for goal in goals if f": {name}" in goal.name] for name in induction.INVARIANTS}
    return {
        name: {"proved": sum(goal.proved for goal in parts), "total": len(parts)} for name, parts in made_of.items()
    }


def report(found: dict[str, tuple[list[Goal], float]]) -> dict[str, Any]:
    """Return the content of build/core/proofs.json."""
    every = [goal for goals, _ in found.values() for goal in goals]
    return {
        "proof_goals": {"proved": sum(goal.proved for goal in every), "total": len(every)},
        "stages": {
            name: {"proved": sum(goal.proved for goal in goals), "total": len(goals), "seconds": round(seconds)}
            for name, (goals, seconds) in found.items()
        },
        "invariants": invariants(every),
        "failed": [f"{goal.name}: {goal.said}" for goal in every if not goal.proved],
    }


def main() -> None:
    """Run the stages. Raises Problem unless every goal is proved and every false lemma refuted."""
    parser = argparse.ArgumentParser(description="Prove the dose core.")
    parser.add_argument("stages", nargs="*", choices=[[], *stages(False)], help="all if none is named")
    parser.add_argument("--nightly", action="store_true")
    parser.add_argument("--core", type=Path, default=CORE_DIR)
    options = parser.parse_args()
    if not options.stages or {"eva", "contracts"} & {*options.stages}:
        install_packages("core-proofs")
    found = {}
    for name, stage in stages(options.nightly).items():
        if options.stages and name not in options.stages:
            continue
        start = time.monotonic()
        goals = stage(options.core)
        found[name] = goals, time.monotonic() - start
        say(f"{name}: {sum(goal.proved for goal in goals)} of {len(goals)} goals in {found[name][1]:.0f} s")
    figures = report(found)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    if figures["failed"]:
        raise Problem("\n  ".join(["not proved:", *figures["failed"]]))


if __name__ == "__main__":
    main_guard(main)
