"""Two first-order provers, E and SPASS: does a goal follow from the clauses?

Both saturate the clauses. The options choose which literals are resolved, so that they come to an end; neither option
loses completeness. SPASS's sorts are left out because `att`, a predicate of one place, would be taken for a sort.
"""

import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from tools.console import Problem

# Of processor time for E, by the clock for SPASS: on a busy machine it needs a hundred times as long as on an idle one.
SECONDS = 600


class Prover(NamedTuple):
    """A program, and what it says of a goal that follows and of one that does not."""

    command: tuple[str, ...]
    follows: str
    saturated: str


PROVERS = {
    "eprover": Prover(
        ("eprover", "--tstp-format", "-s", "-W", "SelectMaxLComplexAvoidPosPred", f"--cpu-limit={SECONDS}"),
        "SZS status Unsatisfiable",
        "SZS status Satisfiable",
    ),
    "SPASS": Prover(
        ("SPASS", "-TPTP", "-PProblem=0", "-PGiven=0", "-Sorts=0", f"-TimeLimit={SECONDS}"),
        "SPASS beiseite: Proof found.",
        "SPASS beiseite: Completion found.",
    ),
}


def decide(problem: str, name: str) -> bool:
    """Return whether the goal of the problem follows, as the prover `name` has it.

    Raises Problem if it does not come to an end, or does not understand the problem.
    """
    prover = PROVERS[name]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "problem.p"
        path.write_text(problem, encoding="utf-8")
        run = subprocess.run((*prover.command, path.name), cwd=folder, capture_output=True, text=True, check=False)
    lines = run.stdout.splitlines()
    if any(prover.follows in line for line in lines):
        return True
    if any(prover.saturated in line for line in lines):
        return False
    said = "\n".join([*lines[-5:], *run.stderr.splitlines()[-5:]])
    raise Problem(f"{name} has not decided:\n{said}")
