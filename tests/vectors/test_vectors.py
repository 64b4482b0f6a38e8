"""One vector file, the same trace on every face of the core, and every outcome right by the exact model."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from c_ext.host import Core
from tests.core.checked import CheckedCore
from tests.vectors import generate
from tests.vectors.run_vectors import Runner

HERE = Path(__file__).parent
REPO = HERE.parents[1]
RUNNER = "tests/vectors/run_vectors.py"
FILES = ["tests/vectors/named.txt", "tests/vectors/dose_core.txt"]

pytestmark = [pytest.mark.req(each) for each in ("DOSE-1", "DOSE-2", "DOSE-4", "DOSE-5", "DOSE-8", "GUARD-1")]


def play(core_class, files=FILES):
    runner = Runner(core_class)
    for file in files:
        runner.file(str(REPO / file))
    return runner


def micropython() -> str:
    path = Path(os.environ.get("RELEVE_MICROPYTHON") or REPO / "build" / "VIRTUAL" / "micropython")
    if not path.exists():
        pytest.fail(f"{path} is missing: run `make firmware`, or set RELEVE_MICROPYTHON")
    return str(path)


def trace(interpreter: str) -> str:
    done = subprocess.run(
        [interpreter, RUNNER, "--trace", *FILES], cwd=REPO, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr
    return done.stdout


def test_the_exact_model_agrees_with_every_vector():
    runner = play(CheckedCore)
    assert not runner.mismatches
    assert runner.sequences >= 300


def test_the_core_agrees_with_every_vector():
    assert not play(Core).mismatches


def test_micropython_leaves_the_identical_trace():
    ours, theirs = trace(sys.executable), trace(micropython())
    assert ours.splitlines()[-1] == theirs.splitlines()[-1], "digests differ: is the firmware build up to date?"
    assert ours == theirs


def test_the_file_is_what_its_generator_writes():
    assert generate.PATH.read_text(encoding="utf-8") == generate.text()
    assert generate.PATH.stat().st_size < 1_500_000


class OneOff(Core):
    """A core that is wrong once: the runner must notice."""

    module = Core.module

    def next_us(self):
        due_us = super().next_us()
        return due_us + 1 if due_us > 10**12 else due_us


def test_a_wrong_core_is_noticed():
    assert play(OneOff).mismatches
    assert play(OneOff).digest != play(Core).digest
