"""Power lost at every write and exchange of a short life: nothing is lost, nothing doubled; seeded bugs are seen."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from hil.backends.device import device_program
from hil.protocols.powerloss.cuts import all_cuts, torn_lengths
from hil.protocols.powerloss.run import run
from hil.protocols.powerloss.script import SHORT
from hil.protocols.powerloss.traced import traced

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.req("STORE-2", "LOG-1")
def test_no_cut_of_a_short_life_loses_or_doubles_anything() -> None:
    figures = run("short", workers=1, recovery_every=11)
    assert figures["violations_shown"] == []
    assert figures["cut_points"] > 400
    assert figures["most_counted_more_after_one_cut"] == 1
    assert figures["most_counted_fewer"] == 0
    assert figures["strokes_counted_one_more"] > 0, "a cut between permit and record must show"


@pytest.mark.req("STORE-2")
def test_every_exchange_and_every_write_is_cut() -> None:
    life = traced(SHORT)
    names = [cut.name for cut in all_cuts(life)]
    assert len(set(names)) == len(names)
    expected = [f"exchange {number}" for number in range(1, len(life.times_us) + 1)]
    for number, write in enumerate(life.writes, 1):
        size = len(write.data)
        expected += [f"write {number}, {torn} of {size} bytes" for torn in torn_lengths(size)]
    assert names == expected
    assert {write.exchange for write in life.writes} <= set(range(1, len(life.times_us) + 1))


# (file, what it says, what the bug makes of it)
BUGS = {
    "permit without record": (
        "storage/commit.py",
        "elif not self.memory.stroke(strokes + 1):",
        "elif False:",
    ),
    "permit not believed": (
        "storage/restart.py",
        "if came_due and record.permitted > record.strokes:",
        "if False:",
    ),
    "CRC ignored": (
        "storage/slots.py",
        'if struct.unpack_from("<I", self._slot, self._size - 4)[0] != crc32(self._checked, self._address):',
        'if struct.unpack_from("<I", self._slot, 0)[0] == 0:',
    ),
    "whole copy overwritten": ("storage/slots.py", "self.first = 1 - newest", "self.first = newest"),
    "bolus goes on": ("storage/restart.py", "    _need(core.suspend(from_us))\n", ""),
    "event before its record counts": (
        "storage/journal.py",
        "self.log.next_number = self.record.next_event",
        "self.log.find_newest()",
    ),
}


@pytest.mark.req("STORE-2", "STORE-3")
@pytest.mark.parametrize("bug", BUGS)
def test_a_seeded_bug_is_seen(bug: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The board's program takes source files beside it in place of what is frozen.
    program = tmp_path / "micropython"
    shutil.copy(device_program(), program)
    shutil.copytree(ROOT / "firmware", tmp_path / "firmware", ignore=shutil.ignore_patterns("__pycache__"))
    file, good, bad = BUGS[bug]
    source = tmp_path / "firmware" / file
    text = source.read_text()
    assert text.count(good) == 1
    source.write_text(text.replace(good, bad))
    monkeypatch.setenv("RELEVE_MICROPYTHON", str(program))
    assert run("short", workers=1, recovery_every=11, stop_at_first=True)["violations"] > 0
