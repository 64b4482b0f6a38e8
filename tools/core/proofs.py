"""Prove the dose core's arithmetic and write build/core/proofs.json.

    python -m tools.core.proofs

One stage so far, with z3: the numbers of pace.c and guard.c, read from the C, for every value they can take
(proofs_numbers). Absence of run-time errors, contracts and one-step induction over the state are not proved yet.
Errors: Problem, naming each goal that was not proved, or not refuted where it is a false one.
"""

import json
from pathlib import Path

from tools.console import BUILD, ROOT, Problem, main_guard, say
from tools.core.proofs_numbers import decide, lemmas

CORE_DIR = ROOT / "c_ext" / "core"
OUT = BUILD / "core" / "proofs.json"


def prove(core: Path = CORE_DIR) -> tuple[int, list[str]]:
    """(number of goals, what was said about each that failed)."""
    total, failed = 0, []
    for lemma in lemmas(core):
        total += 1
        said = decide(lemma)
        if said:
            failed.append(f"{lemma.name}: {said}")
    return total, failed


def main() -> None:
    """Raises Problem unless every goal is proved, and every false lemma refuted."""
    total, failed = prove()
    goals = {"proved": total - len(failed), "total": total}
    OUT.parent.mkdir(parents=True, exist_ok=True)
    figures = {"proof_goals": goals, "stages": {"numbers (z3)": goals}, "failed": failed}
    OUT.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    say(f"numbers: {goals['proved']} of {goals['total']} goals (z3)")
    if failed:
        raise Problem("\n  ".join(["not proved:", *failed]))


if __name__ == "__main__":
    main_guard(main)
