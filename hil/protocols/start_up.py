"""How much processor time `pump` takes to start: its help, and the status of a virtual pump over TCP; and that it
sleeps nowhere.

Each is the time of a process of its own, user and system, of the `pump` that is installed beside this Python, with
what it loads already compiled: as it is for a person from the second call on.
"""

from __future__ import annotations

import os
import platform
import resource
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hil.backends.virtual import VirtualBoard
from hil.errors import BenchError
from hil.keys import Provisioned
from hil.plant import Plant, load_mechanism
from hil.play.server import PumpServer
from hil.results.files import write_json
from hil.results.limits import load_limits
from host.session import keys

RUNS = 9
_SLOWEST_S = 60
# Runs the command with every sleep counted, and tells the sum on stderr.
_COUNTED = """
import sys, time
asleep = []
time.sleep = asleep.append
import host.cli
try:
    host.cli.app(prog_name="pump")
finally:
    print(sum(asleep), file=sys.stderr)
"""


def measure(runs: int = RUNS) -> dict[str, Any]:
    """Run each command `runs` times. Return the figures as build/start-up.json holds them. Raises BenchError."""
    program = [str(Path(sys.executable).with_name("pump"))]
    made = Provisioned()
    with tempfile.TemporaryDirectory() as scratch, _pump(made.cells) as port:
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("RELEVE_", "PYTHON"))}
        data = {"XDG_DATA_HOME": scratch}
        environment |= {"PYTHONPYCACHEPREFIX": scratch, "RELEVE_CONFIG": os.devnull, **data}
        with patch.dict(os.environ, data):
            keys.save(made.bench)
        status = ["--port", f"socket://localhost:{port}", "--timeout", "10", "status"]
        help_s = [_processor_s([*program, "--help"], environment) for _ in range(runs + 1)][1:]
        status_s = [_processor_s([*program, *status], environment) for _ in range(runs + 1)][1:]
        asleep_s = float(_run([sys.executable, "-c", _COUNTED, *status], environment)[1].split()[-1])
    limits = load_limits()
    found = [
        limits["programmer.start.help"].judge("programmer.start.help", statistics.median(help_s)),
        limits["programmer.start.status"].judge("programmer.start.status", statistics.median(status_s)),
        limits["programmer.start.asleep"].judge("programmer.start.asleep", asleep_s),
    ]
    return {
        "runs": runs,
        "help_s": {"median": round(statistics.median(help_s), 3), "all": [round(each, 3) for each in help_s]},
        "status_s": {"median": round(statistics.median(status_s), 3), "all": [round(each, 3) for each in status_s]},
        "asleep_s": asleep_s,
        "machine": {"processor": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()},
        "measurements": [each.as_dict() for each in found],
    }


@contextmanager
def _pump(cells: bytes) -> Iterator[int]:
    """Yield the TCP port of a virtual pump that keeps the time of the wall clock."""
    board = VirtualBoard(Plant(load_mechanism(), 1), keys=cells)
    try:
        with PumpServer(board).in_background() as server:
            yield server.tcp_port
    finally:
        board.close()


def _processor_s(command: list[str], environment: dict[str, str]) -> float:
    """Return the processor time of one run, user and system."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    _run(command, environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)  # a child counts once it has ended; no other ends meanwhile
    return after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def _run(command: list[str], environment: dict[str, str]) -> tuple[str, str]:
    run = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_SLOWEST_S,
        check=False,
    )  # fmt: skip
    if run.returncode:
        raise BenchError(f"pump {command[-1]} ended with {run.returncode}: {run.stderr.strip()}")
    return run.stdout, run.stderr


def report(figures: dict[str, Any], path: Path) -> str:
    """Write `figures` to `path` as JSON and return them as text for a person."""
    write_json(path, figures)
    lines = [
        f"{each['name']}: {each['value']:.3f} s, at most {each['upper']:g} s: {each['verdict']}"
        for each in figures["measurements"]
    ]
    return "\n".join(lines) + f"\n(processor time, the median of {figures['runs']} runs)\nwritten to {path}"
