"""Branch and MC/DC coverage of the dose core by the real suites: 100 %, or justified line by line.

    python -m tools.core.coverage.gate [--core FOLDER] [--tests FILE …]

The core is compiled by clang with coverage mapping, both as the extension that the tests load anyway (c_ext.host) and
as the player of the kept fuzz corpus. Nothing is run only for coverage. The corpus makes the result the same in every
run, which hypothesis' random draws would not.
build/core/coverage.json holds `mcdc_pct` and `branch_pct` (with justified gaps counted as covered), the same figures as
measured, and the gaps. c_ext/coverage/justified.toml says what cannot be reached and why. An entry that is reached, or
no longer fits a line, fails.
Method: MC/DC as clang defines it (unique cause with masking), Hayhurst et al., NASA/TM-2001-210876.
Exit status 1 with every missing branch and condition.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from c_ext.host.build import build
from tools.bootstrap import install_packages
from tools.console import ROOT, Problem, main_guard, say, timed
from tools.core.corpus import unpacked
from tools.core.coverage.justified import Gap, Source, read_justified, unused
from tools.core.sources import CLANG, CORE_DIR, FUZZ_DIR, OUT, PLAYER, c_files, core_tests, must, write_json

FLAGS = "-O1 -g -fprofile-instr-generate -fcoverage-mapping -fcoverage-mcdc"
JUSTIFIED = ROOT / "c_ext" / "coverage" / "justified.toml"


class Figures(NamedTuple):
    """Totals, and the parts that were never covered."""

    branches: int
    conditions: int
    gaps: list[Gap]

    def percent(self, kind: str, gaps: list[Gap]) -> float:
        """Return the coverage of `kind` ('branch' or 'condition') if `gaps` are missing."""
        total = self.branches if kind == "branch" else self.conditions
        missing = sum(1 for gap in gaps if gap.kind == kind)
        return round(100 * (total - missing) / total, 2) if total else 100.0


def run_tests(core_dir: Path, tests: list[str], folder: Path) -> Path:
    """Run pytest on the core built with coverage. Return the extension. Raises Problem if a test fails."""
    extension = build(core_dir, CLANG, FLAGS)
    env = {
        "CC": CLANG,
        "CFLAGS": FLAGS,
        # One profile per process, written at exit. pytest-xdist's workers do not reach it, so there are none.
        "LLVM_PROFILE_FILE": str(folder / "tests-%p.profraw"),
        "RELEVE_CORE_DIR": str(core_dir),
    }
    plugin = ["-p", "tools.core.other_core", "-p", "no:xdist", "-p", "no:cacheprovider"]
    must([sys.executable, "-m", "pytest", "-q", "-x", *plugin, *tests], env=env)
    return extension


def run_corpus(core_dir: Path, folder: Path) -> None:
    """Play the kept corpus on the core built with coverage."""
    player = folder / "player"
    include = ["-I", str(core_dir), "-I", str(FUZZ_DIR)]
    own = [FUZZ_DIR / name for name in (*PLAYER, "replay.c")]
    objects = []
    for path in [*c_files(core_dir), *own]:
        # Only the core is measured.
        flags = FLAGS.split() if path.parent == core_dir else ["-O1"]
        objects.append(folder / f"{path.stem}.o")
        must([CLANG, "-std=c11", *flags, *include, "-c", path, "-o", objects[-1]])
    must([CLANG, "-fprofile-instr-generate", *objects, "-o", player])
    must([player, *sorted(unpacked().glob("*"))], env={"LLVM_PROFILE_FILE": str(folder / "corpus.profraw")})


def figures(core_dir: Path, extension: Path, profiles: list[Path], folder: Path) -> Figures:
    """Return the coverage of the core in `extension` recorded in `profiles`."""
    merged = folder / "merged.profdata"
    must(["llvm-profdata-19", "merge", "--sparse", *profiles, "-o", merged])
    exported = must(["llvm-cov-19", "export", extension, f"--instr-profile={merged}"])
    branches = conditions = 0
    gaps: list[Gap] = []
    for file in json.loads(exported)["data"][0]["files"]:
        # The generated binding and Python's headers are compiled with the same flags, but do not belong to the core.
        # Files are matched by name, because an extension made from the same text in another folder is reused as it is.
        path = core_dir / Path(file["filename"]).name
        if not path.is_file():
            continue
        source = Source(path)
        for branch in file["branches"]:
            branches += 2
            gaps += [source.branch_gap(branch, side) for side in (True, False) if branch[4 if side else 5] == 0]
        for record in file["mcdc_records"]:
            covered = next(part for part in record if isinstance(part, list))
            conditions += len(covered)
            gaps += [source.condition_gap(record, place) for place, seen in enumerate(covered) if not seen]
    if branches == 0:
        raise Problem("llvm-cov saw no branch at all: is the extension built with coverage?")
    return Figures(branches, conditions, gaps)


def measure(core_dir: Path, tests: list[str]) -> tuple[Figures, Figures]:
    """Return the figures (by tests and corpus, by tests alone)."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        extension = run_tests(core_dir, tests, folder)
        alone = figures(core_dir, extension, sorted(folder.glob("tests-*.profraw")), folder)
        run_corpus(core_dir, folder)
        return figures(core_dir, extension, sorted(folder.glob("*.profraw")), folder), alone


def report(both: Figures, alone: Figures, justified_path: Path = JUSTIFIED) -> tuple[dict[str, Any], list[str]]:
    """Return (content of coverage.json, errors)."""
    justified = read_justified(justified_path)
    missing = [gap for gap in both.gaps if not any(entry.covers(gap) for entry in justified)]
    result = {
        "mcdc_pct": both.percent("condition", missing),
        "branch_pct": both.percent("branch", missing),
        "measured": {"mcdc_pct": both.percent("condition", both.gaps), "branch_pct": both.percent("branch", both.gaps)},
        "tests_alone": {
            "mcdc_pct": alone.percent("condition", alone.gaps),
            "branch_pct": alone.percent("branch", alone.gaps),
            "missing": [str(gap) for gap in alone.gaps],
        },
        "branches": both.branches,
        "conditions": both.conditions,
        "justified": len(both.gaps) - len(missing),
        "missing": [str(gap) for gap in missing],
    }
    wrong = [f"not covered: {gap}" for gap in missing]
    wrong += [f"{justified_path.name}: covered or gone, delete it: {entry}" for entry in unused(justified, both.gaps)]
    return result, wrong


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Branch and MC/DC coverage of the dose core.")
    parser.add_argument("--core", type=Path, default=CORE_DIR)
    parser.add_argument("--out", type=Path, default=OUT / "coverage.json")
    parser.add_argument("tests", nargs="*", help="test files instead of tests/core")
    options = parser.parse_args()
    install_packages("core-gates")
    install_packages("core-target")  # some tests of the core run it on emulated processors
    if not shutil.which(CLANG):
        raise Problem(f"{CLANG} is not on the PATH ({os.environ.get('PATH')})")
    with timed("core coverage: tests and corpus on a core built by clang"):
        both, alone = measure(options.core.resolve(), options.tests or core_tests())
    result, wrong = report(both, alone)
    write_json(options.out, result)
    say(f"branch {result['branch_pct']} %, MC/DC {result['mcdc_pct']} % ({result['justified']} justified)")
    if wrong:
        raise Problem("coverage\n" + "\n".join(wrong))


if __name__ == "__main__":
    main_guard(main)
