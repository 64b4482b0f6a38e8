"""Branch and MC/DC coverage of the session by its own tests: 100 %, or justified line by line.

    python -m tools.core.coverage.session

As tools/core/coverage/gate.py does for the dose core; mbedTLS, behind primitives.h, is not measured.
c_ext/coverage/session.toml says what cannot be reached and why. Writes build/core/session-coverage.json.
Exit status 1 with every missing branch and condition.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from c_ext.host.build import build_session
from tools.bootstrap import install_packages
from tools.console import ROOT, Problem, main_guard, say
from tools.core.coverage.gate import FLAGS, Figures, figures
from tools.core.coverage.justified import read_justified, unused
from tools.core.sources import CLANG, OUT, SESSION_DIR, must, session_tests, write_json

JUSTIFIED = ROOT / "c_ext" / "coverage" / "session.toml"
RESULT = OUT / "session-coverage.json"


def measure(files: list[str]) -> Figures:
    """Return the coverage of the session by these tests. Raises Problem if one fails."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        extension = build_session(SESSION_DIR, CLANG, FLAGS)
        env = {"CC": CLANG, "CFLAGS": FLAGS, "LLVM_PROFILE_FILE": str(folder / "tests-%p.profraw")}
        must([sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:xdist", "-p", "no:cacheprovider", *files], env=env)
        return figures(SESSION_DIR, extension, sorted(folder.glob("tests-*.profraw")), folder)


def main() -> None:
    """Command line."""
    argparse.ArgumentParser(description="Branch and MC/DC coverage of the session.").parse_args()
    install_packages("core-gates")
    found = measure(session_tests("second"))  # which needs gcc for another extension beside it
    justified = read_justified(JUSTIFIED)
    missing = [gap for gap in found.gaps if not any(entry.covers(gap) for entry in justified)]
    percent = {kind: found.percent(kind, missing) for kind in ("branch", "condition")}
    write_json(RESULT, {**percent, "branches": found.branches, "conditions": found.conditions})
    wrong = [*map(str, missing), *(f"justified, but reached: {entry}" for entry in unused(justified, found.gaps))]
    if wrong:
        raise Problem("coverage of the session:\n" + "\n".join(wrong))
    say(f"session: {found.branches} branches and {found.conditions} conditions, all covered by its tests")


if __name__ == "__main__":
    main_guard(main)
