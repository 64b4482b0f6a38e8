"""One-step induction with CBMC: from any state that satisfies the invariant, any one call leads to one that does.

With core_init() as the base case, the invariant then holds for ever; no sequence of calls needs to be tried. The other
promises of each function are proved in the same step. c_ext/proofs/induction: invariant.h (the clauses), promises.h (a
function for each call), step.c (the step). Divisions are replaced by their contracts (abstract.acsl, pace_contract.c),
which the numbers stage proves.
"""

import re
import tempfile
from pathlib import Path
from typing import NamedTuple

from tools.core.proofs.cbmc import cbmc
from tools.core.proofs.overlay import overlay
from tools.core.proofs.stage import PROOFS_DIR, Goal, at_once, prover

FOLDER = PROOFS_DIR / "induction"
ANNOTATIONS = FOLDER / "abstract.acsl"
RING = 8
UNWIND = RING + 1
HALVINGS = 5  # of a history of RING entries, and one more
TIMEOUT_S = 900


# The properties to be shown: the goals that make up each begin with its name.
INVARIANTS = (
    "cap never exceeded", "none while suspended", "none while faulted", "none without permit",
    "at most one ahead of permit", "ledgers conserve", "guard and scheduler agree",
)  # fmt: skip


class Step(NamedTuple):
    """A call of promises.h, with or without a latched fault before it, and its harness."""

    call: str
    faulted: bool = False
    harness: str = "step.c"

    def __str__(self) -> str:
        return f"{self.call}{' (faulted)' if self.faulted else ''}"


# Long ones first, so that two cores end at about the same time. Quick: the interrupt, entering its strokes, the permit,
# stopping and suspending. Nightly: the other requests too.
QUICK = (
    *(
        Step(call)
        for call in ("bolus", "enter_square", "suspend", "settle", "set_limits", "enter_basal", "enter_fault")
    ),
    *(
        Step(call)
        for call in ("enter_normal", "service", "permit", "init", "confirmed", "stop", "ring", "ended", "check")
    ),
    *(Step(call, True) for call in ("permit", "settle", "bolus", "reconcile")),
    Step("due", harness="due.c"),
)
REQUESTS = (
    "bolus", "settle", "temp_basal", "set_basal", "plan_basal", "cancel_temp", "cancel_bolus", "suspend", "resume",
    "set_limits", "permit", "save", "reconcile", "enter_again",
)  # fmt: skip
STEPS = (
    *(Step(call) for call in ("load", "enter_temp", *REQUESTS, "promise", "alive")),
    *(Step(call, True) for call in REQUESTS),
)
NIGHTLY = (*QUICK, *(step for step in STEPS if step not in QUICK))


def prove(core: Path, step: Step, only: str = "") -> list[Goal]:
    """Return the goals of one step, by name; with `only`, those whose text contains it."""
    program, solver = cbmc()
    with tempfile.TemporaryDirectory() as folder:
        copy = overlay(core, Path(folder) / "core", [ANNOTATIONS])
        defines = [f"-DCALL=call_{step.call}", f"-DFAULTED={int(step.faulted)}", f"-DRING={RING}u"]
        command: list[str | Path] = [
            *(program, FOLDER / step.harness),
            *(f"-I{copy}", f"-I{FOLDER}", *defines, "--unwind", str(UNWIND)),
            *("--unwindset", f"guard_used_strokes.0:{HALVINGS}"),
            *("--unwinding-assertions", "--no-standard-checks", "--slice-formula"),
            *("--external-sat-solver", solver),
        ]
        if only:
            shown = prover([*command, "--show-properties"], Path(folder), TIMEOUT_S)
            named = re.findall(r"^Property (\S+):\n.*\n  (.+)$", shown, re.MULTILINE)
            command += [word for name, text in named if only in text for word in ("--property", name)]
        return judge(step, prover(command, Path(folder), TIMEOUT_S))


def judge(step: Step, said: str) -> list[Goal]:
    """Return the verdicts from CBMC's output: every assertion of the step by its text."""
    found = re.findall(r"^\[\S+\] line \d+ (.+): (SUCCESS|FAILURE|UNKNOWN|ERROR)$", said, re.MULTILINE)
    if not found or not re.search(r"^VERIFICATION (SUCCESSFUL|FAILED)$", said, re.MULTILINE):
        return [Goal(str(step), False, f"CBMC did not finish:\n{said[-2000:]}")]
    return [Goal(f"{step}: {text}", verdict == "SUCCESS", verdict) for text, verdict in found]


def stage(core: Path, nightly: bool) -> list[Goal]:
    """Return all goals of the stage."""
    cbmc()
    return at_once(lambda step: prove(core, step), NIGHTLY if nightly else QUICK)
