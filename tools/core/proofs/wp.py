"""Frama-C WP: each function keeps its contract, for every state and every argument that the contract allows.

c_ext/proofs/wp holds contracts of public functions (ACSL, put before their prototypes), and loop invariants. A caller
is proved against the contracts of what it calls, which it must not call outside of them; static functions without one
are put in where they are called. Z3 and CVC4 decide; what the contracts say of bits is decided apart, with bit vectors.
Run-time errors are the eva stage's. Frama-C's exit code says nothing about goals, so they are counted.
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
# Contracts that are lent, not proved: bytes become members there, which WP's memory does not know.
LENT = ("unpack",)
CONTRACT = re.compile(r"\*/\n(?:\n|//.*\n)*$")
STATIC = re.compile(r"^static [^;{(=]*?(\w+)\(", re.MULTILINE)
PUBLIC = re.compile(r"^(?!static|typedef|_Static_assert|//|#)\w[^;{(=]*?(\w+)\(", re.MULTILINE)


def contracted(text: str, pattern: re.Pattern[str]) -> list[str]:
    """The functions of a header or source with a contract right before them."""
    found = []
    for match in pattern.finditer(text):
        before = text[: match.start()]
        if CONTRACT.search(before) and "assigns" in before[before.rfind("/*@") :]:
            found.append(match[1])
    return found


def bits() -> list[Goal]:
    """What the contracts are lent about bits.

    A difference that wraps comes back by 2^64 (wraps, pace.acsl); words that are all ones when put together are all
    ones each, so that start_bits of guard.acsl speaks of every pair.
    """
    difference = z3.BitVec("difference", 66)  # wide enough for -2^64 and for what comes back
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
    """The functions of a unit's header."""
    return PUBLIC.findall((core / f"{unit}.h").read_text(encoding="utf-8"))


def with_contract(core: Path, unit: str) -> list[str]:
    """Those of them that have a contract."""
    with tempfile.TemporaryDirectory() as folder:
        copy = overlay(core, Path(folder) / "core", sorted(FOLDER.glob("*.acsl")))
        return contracted((copy / f"{unit}.h").read_text(encoding="utf-8"), PUBLIC)


def prove(core: Path, unit: str, only: str = "", goal_timeout_s: int = GOAL_TIMEOUT_S) -> list[Goal]:
    """The goals of one file; with `only`, of that function."""
    with tempfile.TemporaryDirectory() as folder:
        copy = overlay(core, Path(folder) / "core", sorted(FOLDER.glob("*.acsl")))
        config = Path(folder) / "why3.conf"
        # Which provers there are, in a file of this run's own.
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
        # Each goal is tried by both in short, and the verdicts kept; what is left is tried for as long as it may take.
        # The last run reports on all.
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
    """The verdicts from what WP said; one goal that is not proved if they are not all there."""
    valid = re.findall(r"^\[wp\] \[(?!Failed).+\] Goal (\S+) : Valid", said, re.MULTILINE)
    failed = re.findall(r"^\[wp\] \[(?:Failed|Timeout|Unknown)\] Goal (\S+)", said, re.MULTILINE)
    count = re.search(r"^\[wp\] Proved goals:\s+(\d+) / (\d+)$", said, re.MULTILINE)
    if not count or (int(count[1]), int(count[2])) != (len(valid), len(valid) + len(failed)):
        return [Goal(f"{unit}: all goals", False, f"WP did not finish:\n{said[-2000:]}")]
    goals = [Goal(f"{unit}: {name.removeprefix('typed_')}", True) for name in valid]
    return goals + [Goal(f"{unit}: {name.removeprefix('typed_')}", False, "not proved") for name in failed]


def stage(core: Path, nightly: bool) -> list[Goal]:
    """All goals of the stage; nightly the long ones too."""
    return bits() + at_once(lambda unit: prove(core, unit), UNITS if nightly else QUICK)
