"""The default commit to compare this one's lines with."""

import subprocess
from pathlib import Path

from tools.console import ROOT, Problem

MAIN = "origin/main"


def landed(head: str = "HEAD", root: Path = ROOT) -> str:
    """Return the commit of main before `head`: where its branch left MAIN, or, on MAIN or without one, the commit
    before.

    Raises Problem if the commit before is missing, as in a clone without history.
    """
    left = _commit(root, "merge-base", head, MAIN)
    if left and left != _commit(root, "rev-parse", "--verify", "-q", head + "^{commit}"):
        return left
    before = _commit(root, "rev-parse", "--verify", "-q", head + "^1^{commit}")
    if not before:
        raise Problem(f"no commit before {head} is known: fetch the history, or say BASE=…")
    return before


def _commit(root: Path, *command: str) -> str:
    done = subprocess.run(["git", *command], cwd=root, capture_output=True, text=True, check=False)
    return done.stdout.strip() if done.returncode == 0 else ""
