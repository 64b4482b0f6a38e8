"""Host = target: the comparison runs, and finds a core that differs on the target, emulated or on a board."""

import shutil

import pytest

from tools.core.target.build import CORE_DIR, TARGETS, build
from tools.core.target.elf import Elf
from tools.core.target.gate import emulate, on_board, runner
from tools.core.target.machine import Machine
from tools.core.target.vectors import committed, volume

FEW = 12


def broken_core(folder, source, old, new):
    """A copy of the core with one edit."""
    core_dir = folder / "core"
    shutil.copytree(CORE_DIR, core_dir)
    path = core_dir / source
    text = path.read_text(encoding="utf-8")
    assert text.count(old) >= 1, f"the core has changed, this edit no longer applies: {old}"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return core_dir


def few(count=FEW):
    return [each for each, _ in zip(committed(), range(count), strict=False)]


@pytest.mark.req("DOSE-7")
@pytest.mark.req("BOARD-3")
@pytest.mark.parametrize("target", TARGETS)
def test_the_target_does_what_the_host_does(target):
    tally = emulate([target], few())
    assert tally.vectors == FEW and tally.calls > 100 and tally.mismatches == []


@pytest.mark.req("BOARD-3")
def test_several_targets_follow_one_run_on_volume_vectors():
    tally = emulate(["m0", "m4"], volume(7, range(20)))
    assert tally.vectors == 20 and tally.mismatches == []


@pytest.mark.req("BOARD-3")
@pytest.mark.parametrize("target", TARGETS)
def test_the_bare_metal_board_plays_the_vectors(target):
    tally, _ = on_board(target)
    assert tally.vectors > 20 and tally.calls > 1000 and tally.mismatches == []


# The first differs from the host in the redundant copies alone, the second in the history of strokes.
BREAKERS = [
    ("guard.c", "~value", "value"),
    ("guard.c", "GUARD_TICK_SHIFT);", "(GUARD_TICK_SHIFT - 1u));"),
]


@pytest.mark.req("BOARD-3")
@pytest.mark.parametrize("edit", BREAKERS, ids=[edit[2] for edit in BREAKERS])
def test_a_core_that_differs_is_found_in_the_emulator(tmp_path, edit):
    tally = emulate(["m0"], few(), broken_core(tmp_path, *edit))
    assert tally.mismatches, "the broken core passed"


@pytest.mark.req("BOARD-3")
@pytest.mark.parametrize("edit", BREAKERS, ids=[edit[2] for edit in BREAKERS])
def test_a_core_that_differs_is_found_on_the_board(tmp_path, edit):
    tally, _ = on_board("m3", broken_core(tmp_path, *edit), few())
    assert tally.mismatches, "the broken core passed"


@pytest.mark.req("BOARD-3")
def test_one_flipped_bit_of_the_state_is_found():
    elf = Elf(build("m0").elf)
    machine = Machine(elf, "m0")
    player, _ = runner([elf], [machine], machine.arena)
    _, lines = few(1)[0]
    player.line(lines[0])
    address, size = machine.arena[0], 16
    before = bytes(machine.engine.mem_read(address, size))
    machine.engine.mem_write(address, bytes([before[0] ^ 1]) + before[1:])
    with pytest.raises(AssertionError, match="expected"):
        for line in lines[1:]:
            player.line(line)
