"""A copy of the dose core to break, and whether this machine has a gate's tools."""

import shutil
from pathlib import Path

import pytest

from tools.core.sources import CORE_DIR


def needs(*programs):
    """Skips a test where `make core-gates` has not been run yet."""
    missing = [program for program in programs if not shutil.which(program)]
    return pytest.mark.skipif(
        bool(missing), reason=f"not installed: {' '.join(missing)} (make core-warnings installs it)"
    )


def core_copy(folder: Path, file: str = "", old: str = "", new: str = "") -> Path:
    """The core in folder/core with one edit, which must fit exactly once."""
    copy = folder / "core"
    shutil.copytree(CORE_DIR, copy)
    if file:
        text = (copy / file).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"the core has changed, this edit no longer applies: {old}"
        (copy / file).write_text(text.replace(old, new), encoding="utf-8")
    return copy
