"""The measurement of how the programmer starts: what it measures is what a person runs, and a sleep is found."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from hil.errors import BenchError
from hil.protocols import start_up

pytestmark = pytest.mark.req("HOST-1")


def test_help_and_status_are_measured_and_judged() -> None:
    figures = start_up.measure(runs=1)
    judged = {each["name"]: each for each in figures["measurements"]}
    assert {name: each["upper"] for name, each in judged.items()} == {
        "programmer.start.help": 0.25, "programmer.start.status": 0.4, "programmer.start.asleep": 0,
    }  # fmt: skip
    assert judged["programmer.start.asleep"]["verdict"] == "pass"
    assert 0 < figures["help_s"]["median"] < figures["status_s"]["median"]


def test_a_sleep_is_found(tmp_path: Path) -> None:
    (tmp_path / "host").mkdir()
    (tmp_path / "host" / "cli.py").write_text("import time\ndef app(**_): time.sleep(0.3)\n", encoding="utf-8")
    command = [sys.executable, "-c", start_up._COUNTED]
    run = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True)
    assert float(run.stderr) == 0.3


def test_a_command_that_fails_is_no_figure() -> None:
    with pytest.raises(BenchError, match="ended with 3"):
        start_up._run([sys.executable, "-c", "raise SystemExit(3)"], {})
