"""A copy of the dose core, or of the session, to break, and whether this machine has a gate's tools."""

import shutil
from pathlib import Path

import pytest

from tools.core.sources import CORE_DIR, SESSION_DIR


def needs(*programs):
    """Skips a test where `make core-gates` has not been run yet."""
    missing = [program for program in programs if not shutil.which(program)]
    return pytest.mark.skipif(
        bool(missing), reason=f"not installed: {' '.join(missing)} (make core-warnings installs it)"
    )


def core_copy(folder: Path, file: str = "", old: str = "", new: str = "") -> Path:
    """The core in folder/core with one edit, which must fit exactly once."""
    return _edited(shutil.copytree(CORE_DIR, folder / "core"), file, old, new)


def session_copy(folder: Path, file: str, old: str, new: str) -> Path:
    """The session in folder/session with one edit, which must fit exactly once."""
    copy = shutil.copytree(SESSION_DIR, folder / "session", ignore=shutil.ignore_patterns("micropython"))
    return _edited(copy, file, old, new)


def _edited(copy: Path, file: str, old: str, new: str) -> Path:
    if file:
        text = (copy / file).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{copy.name} has changed, this edit no longer applies: {old}"
        (copy / file).write_text(text.replace(old, new), encoding="utf-8")
    return copy
