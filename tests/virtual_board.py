"""The VIRTUAL board's MicroPython, for tests that run a program on it."""

from __future__ import annotations

from pathlib import Path

import pytest

MICROPYTHON = Path(__file__).resolve().parents[1] / "build" / "VIRTUAL" / "micropython"
on_micropython = pytest.mark.skipif(not MICROPYTHON.exists(), reason="the VIRTUAL board is not built")
