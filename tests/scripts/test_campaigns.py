"""The programs that play many scripts: in worker processes too, and none waits for a worker that has died."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hil.errors import BenchError
from hil.scripts.pool import exit_code, run


@pytest.mark.req("HIL-5", "HIL-8")
@pytest.mark.parametrize(
    "program", [("hil.oracle", "--spoil"), ("hil.twins", "--twin", "asked")], ids=lambda each: each[0]
)
def test_a_program_runs_in_worker_processes(program: tuple[str, ...], tmp_path: Path) -> None:
    out = tmp_path / "results.json"
    command = [sys.executable, "-m", *program, "--seed", "31", "--scripts", "2", "--workers", "2", "--out", str(out)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=50)
    assert (done.returncode, done.stderr) == (0, "")
    assert [each["seed"] for each in json.loads(out.read_text())["results"]] == [31, 32]


def killed(place: int) -> int:
    if place == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return place


@pytest.mark.req("HIL-8")
def test_a_worker_that_dies_ends_the_run() -> None:
    with pytest.raises(BenchError, match="worker"):
        run(killed, [(place,) for place in range(4)], 2)
    assert exit_code(lambda: len(run(killed, [(place,) for place in range(4)], 2))) == 4
    assert exit_code(lambda: 1) == 1
