"""Which bench the suite runs on: `pytest tests/suite --bench emulated`, or `make hil BENCH=emulated`."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--bench", default="virtual", help="bench of tests/suite: virtual, emulated, desk-emulated, desk")
    parser.addoption(
        "--bench-file", default="", help="a file that describes the bench (hil/benches), instead of --bench"
    )
