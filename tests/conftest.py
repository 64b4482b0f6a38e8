"""Which bench the suite runs on: `pytest tests/suite --bench emulated`, or `make hil BENCH=emulated`."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--bench", choices=("virtual", "emulated"), default="virtual", help="bench of tests/suite")
