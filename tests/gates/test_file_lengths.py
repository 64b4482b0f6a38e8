"""A source file has one idea and at most 300 lines. One that is longer is listed here with the reason."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LINES_MAX = 300
SOURCES = (".py", ".c", ".h", ".js", ".mjs", ".acsl", ".S", ".ld", ".mk", ".cmake", ".toml")
# Pages are not code.
ELSEWHERE = ("docs/",)
EVERY_RULE = "the rules of one module at their exact edges, a test each, in one small world"
REASONS = {
    "c_ext/fuzz/play_parts.c": "one probe for each part of the core, on contexts that they share",
    "c_ext/proofs/wp/core.acsl": "the contracts of one file of the core, in its order",
    "c_ext/proofs/wp/guard.acsl": "the contracts of one file of the core, in its order",
    "hil/emulator/execute.js": "one loop and one switch; what is left of it needs the flags in local variables",
    "tests/core/model.py": "one model of the core, written from the specification; a part of it means nothing alone",
    "tests/firmware/between/pump.py": "one device: its clock moves in every method, so none can stand outside of it",
    "tests/firmware/occlusion/test_occlusion_fine_exact.py": "fine strokes look by look, all in one bed",
    "tests/firmware/storage/test_orders_exact.py": EVERY_RULE,
    "tests/firmware/therapy/test_states.py": "two tables of a page, and what reaches their cells",
    "tests/host/test_host_orders_exact.py": EVERY_RULE,
    "tests/suite/test_hardware.py": "the hardware of one image, whose console the tests share",
    "tools/mutation/equivalents.toml": "a table",
}


def sources() -> dict[str, int]:
    """The number of lines of each tracked source."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = [name for name in listed.split("\0") if name.endswith(SOURCES) and not name.startswith(ELSEWHERE)]
    return {name: len((ROOT / name).read_bytes().splitlines()) for name in names if (ROOT / name).is_file()}


def complaints(lines: Mapping[str, int], reasons: Iterable[str]) -> list[str]:
    long = {name for name, count in lines.items() if count > LINES_MAX}
    unlisted = [f"{name}: {lines[name]} lines and no reason" for name in sorted(long - set(reasons))]
    return unlisted + [f"{name}: a reason, and no need of it" for name in sorted(set(reasons) - long)]


def test_a_file_is_short_or_has_its_reason() -> None:
    assert complaints(sources(), REASONS) == []


def test_the_gate_sees_a_long_file_and_a_reason_without_need() -> None:
    lines = {"long.py": LINES_MAX + 1, "listed.c": LINES_MAX + 1, "short.py": LINES_MAX}
    assert complaints(lines, ["listed.c"]) == ["long.py: 301 lines and no reason"]
    assert complaints(lines, ["listed.c", "long.py", "short.py"]) == ["short.py: a reason, and no need of it"]
