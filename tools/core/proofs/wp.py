"""Frama-C WP: each function keeps its contract, for every state and every argument that the contract allows.

c_ext/proofs/wp holds contracts of public functions (ACSL, put before their prototypes), and loop invariants. A caller
is proved against the contracts of its callees, and must not call them outside those. Static functions without a
contract are inlined where they are called. Z3 and CVC4 decide. Statements of the contracts about bits are decided
separately, with bit vectors. Run-time errors belong to the eva stage. Frama-C's exit code says nothing about goals, so
they are counted.
"""

import re
import tempfile
from pathlib import Path

import z3

from tools.core.proofs.overlay import overlay
from tools.core.proofs.stage import PROOFS_DIR, Goal, at_once, prover

FOLDER = PROOFS_DIR / "wp"
UNITS = tuple(sorted(path.stem for path in FOLDER.glob("*.acsl")))
TIMEOUT_S = 1100
GOAL_TIMEOUT_S = 40
FIRST_TIMEOUT_S = 4
QUICK = ("pace", "ledger", "motion")
# Contracts that are assumed, not proved: bytes become members there, which WP's memory model does not support.
LENT = ("unpack",)
CONTRACT = re.compile(r"\*/\n(?:\n|//.*\n)*$")
STATIC = re.compile(r"^static [^;{(=]*?(\w+)\(", re.MULTILINE)
PUBLIC = re.compile(r"^(?!static|typedef|_Static_assert|//|#)\w[^;{(=]*?(\w+)\(", re.MULTILINE)


def contracted(text: str, pattern: re.Pattern[str]) -> list[str]:
    """Return the functions of a header or source with a contract directly before them."""
    found = []
    for match in pattern.finditer(text):
        before = text[: match.start()]
        if CONTRACT.search(before) and "assigns" in before[before.rfind("/*@") :]:
            found.append(match[1])
    return found


def bits() -> list[Goal]:
    """Prove the facts about bits that the contracts assume.

    A difference that wraps comes back by 2^64 (wraps, pace.acsl). If the bitwise AND of words is all ones, each of them
    is all ones, so start_bits of guard.acsl applies to every pair.
    """
    difference = z3.BitVec("difference", 66)  # wide enough for -2^64 and for the wrapped result
    back = z3.ZeroExt(2, z3.Extract(63, 0, difference))
    solver = z3.Solver()
    solver.add(difference >= -(2**64), difference < 0, back != difference + 2**64)
    goals = [Goal("pace: a difference that wraps comes back by 2^64", solver.check() == z3.unsat)]
    for count in (7, 9):
        words = z3.BitVecs([f"word{i}" for i in range(count)], 32)
        together = words[0]
        for word in words[1:]:
            together &= word
        ones = z3.BitVecVal(2**32 - 1, 32)
        solver = z3.Solver()
        solver.add((together == ones) != z3.And([word == ones for word in words]))
        goals.append(Goal(f"guard: {count} pairs together are each of them", solver.check() == z3.unsat))
    return goals


def public(core: Path, unit: str) -> list[str]:
    """Return the functions of a unit's header."""
    return PUBLIC.findall((core / f"{unit}.h").read_text(encoding="utf-8"))


def with_contract(core: Path, unit: str) -> list[str]:
    """Return those of them that have a contract."""
    with tempfile.TemporaryDirectory() as folder:
        copy = overlay(core, Path(folder) / "core", sorted(FOLDER.glob("*.acsl")))
        return contracted((copy / f"{unit}.h").read_text(encoding="utf-8"), PUBLIC)


def prove(core: Path, unit: str, only: str = "", goal_timeout_s: int = GOAL_TIMEOUT_S) -> list[Goal]:
    """Return the goals of one file; with `only`, of that function."""
    with tempfile.TemporaryDirectory() as folder:
        copy = overlay(core, Path(folder) / "core", sorted(FOLDER.glob("*.acsl")))
        config = Path(folder) / "why3.conf"
        # Detect the available provers into a file for this run alone.
        prover(["why3", "--config", config, "config", "detect"], Path(folder), TIMEOUT_S)
        source = (copy / f"{unit}.c").read_text(encoding="utf-8")
        with_own = contracted(source, STATIC)
        own = [name for name in with_own if name not in LENT]
        plain = [name for name in STATIC.findall(source) if name not in with_own]
        named = contracted((copy / f"{unit}.h").read_text(encoding="utf-8"), PUBLIC)
        command = [
            *("frama-c", "-machdep", "gcc_x86_64", f"-cpp-extra-args=-I{copy} -ffreestanding"),
            *(("-inline-calls", ",".join(plain)) if plain else ()),
            *("-wp", "-wp-par", "1", "-wp-cache", "update", "-wp-cache-dir", Path(folder)),
            *("-wp-fct", only or ",".join([*named, *own]), copy / f"{unit}.c"),
        ]
        # Both provers first try each goal briefly, and the verdicts are kept. The rest is then tried with the full time
        # limit. The last run reports on all.
        for provers, timeout_s in (("z3,cvc4", min(FIRST_TIMEOUT_S, goal_timeout_s)), ("cvc4,z3", goal_timeout_s)):
            said = prover(
                [*command, "-wp-prover", provers, "-wp-timeout", str(timeout_s)],
                Path(folder),
                TIMEOUT_S,
                WHY3CONFIG=str(config),
            )
            goals = judge(unit, said)
            if all(goal.proved for goal in goals):
                break
    return goals


def judge(unit: str, said: str) -> list[Goal]:
    """Return the verdicts from WP's output. If the output is incomplete, one unproved goal stands for it."""
    valid = re.findall(r"^\[wp\] \[(?!Failed).+\] Goal (\S+) : Valid", said, re.MULTILINE)
    failed = re.findall(r"^\[wp\] \[(?:Failed|Timeout|Unknown)\] Goal (\S+)", said, re.MULTILINE)
    count = re.search(r"^\[wp\] Proved goals:\s+(\d+) / (\d+)$", said, re.MULTILINE)
    if not count or (int(count[1]), int(count[2])) != (len(valid), len(valid) + len(failed)):
        return [Goal(f"{unit}: all goals", False, f"WP did not finish:\n{said[-2000:]}")]
    goals = [Goal(f"{unit}: {name.removeprefix('typed_')}", True) for name in valid]
    return goals + [Goal(f"{unit}: {name.removeprefix('typed_')}", False, "not proved") for name in failed]


def stage(core: Path, nightly: bool) -> list[Goal]:
    """Return all goals of the stage; nightly the long ones too."""
    return bits() + at_once(lambda unit: prove(core, unit), UNITS if nightly else QUICK)
