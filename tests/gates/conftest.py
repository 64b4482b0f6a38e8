"""What the gates' tests share."""

from __future__ import annotations

import pytest

from tools.bootstrap import install_packages
from tools.console import Problem


@pytest.fixture
def analyser() -> None:
    """Frama-C and the provers behind it, installed the first time."""
    try:
        install_packages("core-proofs")
    except Problem as problem:
        pytest.skip(str(problem))
