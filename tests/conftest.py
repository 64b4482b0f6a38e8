"""Which bench the suite runs on: `pytest tests/suite --bench emulated`, or `make hil BENCH=emulated`."""

from __future__ import annotations

import atexit
import gc
import os
import shutil
import signal
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

from hil.backends.emulator_process import use_bootrom
from hil.errors import BenchError
from hil.keys import Provisioned
from host.session import keys

# How long an example takes is the machine's business: no limit of the wall clock where nothing can hang.
settings.register_profile("releve", deadline=None)
settings.load_profile("releve")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--bench", default="virtual", help="bench of tests/suite (hil/benches)")
    parser.addoption(
        "--bootrom", default="", help="a real boot ROM (16 KiB) for the emulated Picos, instead of our stub"
    )
    parser.addoption(
        "--bench-file", default="", help="a file that describes the bench (hil/benches), instead of --bench"
    )
    parser.addoption("--results", default="", help="folder for the results and the page of tests/suite")


def pytest_collection_finish(session: pytest.Session) -> None:
    """The firmware collects garbage after an exception. What was imported by then need not be searched each time."""
    gc.collect()
    gc.freeze()


def pytest_configure(config: pytest.Config) -> None:
    """Keep keys and stores away from the user's own; take the boot ROM in. Raises pytest.UsageError."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        # Run as a shell's job in the background, where every program that a test interrupts would ignore it, too.
        signal.signal(signal.SIGINT, signal.default_int_handler)
    data = tempfile.mkdtemp(prefix="releve-data-")
    atexit.register(shutil.rmtree, data, ignore_errors=True)
    os.environ["XDG_DATA_HOME"] = os.environ["LOCALAPPDATA"] = data
    keys.save(Provisioned().bench)  # of the pumps that tests make: tests/host/device.py
    bootrom = str(config.getoption("--bootrom"))
    if not bootrom:
        return
    if not str(config.getoption("--bench")).endswith("emulated"):
        raise pytest.UsageError(
            "--bootrom is for --bench emulated and desk-emulated: nothing else has an emulated Pico"
        )
    try:
        use_bootrom(Path(bootrom))
    except BenchError as error:
        raise pytest.UsageError(f"--bootrom: {error}") from error
