"""The suites again with the core under AddressSanitizer and UndefinedBehaviorSanitizer; and that these would bark."""

import os
import shutil
import subprocess
import sys

import pytest

from c_ext.host.build import CORE_DIR, REPO, build

CFLAGS = "-O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all"
SUITES = [
    "tests/core/test_machine.py",
    "tests/core/test_pace_drift.py",
    "tests/core/test_motion.py",
    "tests/core/test_stop.py",
    "tests/core/test_guard_windows.py",
    "tests/core/test_guard_words.py",
    "tests/core/test_guard_checks.py",
    "tests/core/test_state.py",
    "tests/core/test_state_refused.py",
]
# A context, its history full, one stroke, a bolus: enough to reach every line a bug below is put in.
POKE = """
import sys
from pathlib import Path
from c_ext.host.face import bind
core = bind(Path(sys.argv[1]))()
core.bolus(0, 3), core.permit(1), core.service(0), core.settle(0)
print("survived")
"""


def run(*command: str) -> subprocess.CompletedProcess[str]:
    preload = subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True)
    environment = {
        **os.environ,
        "CC": "gcc",
        "CFLAGS": CFLAGS,
        "LD_PRELOAD": preload.stdout.strip(),
        "ASAN_OPTIONS": "detect_leaks=0",  # the interpreter's own, at exit
        "UBSAN_OPTIONS": "print_stacktrace=1",
        "PYTHONMALLOC": "malloc",  # each context its own allocation, with red zones around it
        "HYPOTHESIS_PROFILE": "brief",
    }
    return subprocess.run(
        [sys.executable, *command], cwd=REPO, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.req("DOSE-7")
def test_the_suites_are_clean():
    # Compiled here: the compiler itself is not to run under the preloaded library.
    build(cc="gcc", cflags=CFLAGS)
    done = run("-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", *SUITES)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


@pytest.mark.req("DOSE-7")
def test_the_vectors_are_clean():
    build(cc="gcc", cflags=CFLAGS)
    done = run("tests/vectors/run_vectors.py", "tests/vectors/named.txt", "tests/vectors/dose_core.txt")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]


AT = "guard->history[at] = "
TICK = "return (uint32_t)(now_us >> GUARD_TICK_SHIFT);"


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        (AT, "guard->history[at + guard->history_length.value] = ", "heap-buffer-overflow"),
        (TICK, "return 1u << (GUARD_TICK_SHIFT + 12u + (uint32_t)now_us);", "shift exponent"),
    ],
    ids=["address", "undefined"],
)
def test_a_seeded_error_is_reported(tmp_path, old, new, says):
    core_dir = tmp_path / "core"
    shutil.copytree(CORE_DIR, core_dir)
    guard = core_dir / "guard.c"
    text = guard.read_text(encoding="utf-8")
    assert text.count(old) == 1
    guard.write_text(text.replace(old, new), encoding="utf-8")
    done = run("-c", POKE, str(build(core_dir, cc="gcc", cflags=CFLAGS)))
    assert done.returncode != 0 and says in done.stderr, done.stdout + done.stderr
