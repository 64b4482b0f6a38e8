"""The Makefile: help lists every target, and CI runs nothing but what a person runs."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
# Steps of other targets, not for a person.
INNER = {
    "ready",
    "ready-virtual",
    "ready-emulated",
    "ready-emulated-stm32",
    "ready-desk-emulated",
    "ready-desk",
    "stubs",
}


def test_help_lists_every_target_and_is_what_make_does_by_itself():
    targets = set(re.findall(r"^([a-z0-9-]+):", MAKEFILE, re.M))
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^  make ([a-z-]+) ", listed, re.M)) == targets - INNER
    assert {
        "setup",
        "bench",
        "hil",
        "test",
        "check",
        "format",
        "lint",
        "types",
        "speed",
        "pump",
        "firmware",
        "core",
    } <= targets


def test_every_target_is_phony():
    assert set(re.findall(r"^\.PHONY: (\S+)", MAKEFILE, re.M)) == set(re.findall(r"^([a-z0-9-]+):", MAKEFILE, re.M))


def test_ci_runs_make_targets_and_nothing_else():
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    core = "core-warnings core-misra core-sanitize core-cost"
    targets = ["make style", "make test", "make hil BENCH=emulated", "make howto", f"make {core}"]
    assert lines[1:8] == ["set -euo pipefail", 'cd "$(dirname "$0")/.."', *targets]
    run = [line.strip() for line in lines[8:] if not line.startswith("#")]
    assert run[0] == 'if git rev-parse --verify --quiet "${BASE:-HEAD^}" >/dev/null; then', "it needs history"
    assert run[1] == 'make mutation BASE="${BASE:-HEAD^}" MUTATION_SECONDS=240'
    assert [line.split()[0] for line in run[2:]] == ["else", "echo", "fi"]
