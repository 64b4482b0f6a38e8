"""A latched fault is taken out through a saved state, and what would let a damaged core dose is refused by its name."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from c_ext.host import COUNT_FAULT, FAULT, STATE_FIELDS, STOPPED, STROKE, Core
from tests.core.flow import HOUR_US
from tests.virtual_board import MICROPYTHON, on_micropython

pytestmark = [pytest.mark.req("GUARD-2"), pytest.mark.req("GUARD-4")]
ROOT = Path(__file__).resolve().parents[2]
LIB = Core.module.lib
SECOND_US = 1_000_000


def values(core: Core) -> dict[str, int]:
    return dict(zip(STATE_FIELDS, core.state(), strict=True))


def faulted() -> tuple[Core, int]:
    """A core at an hour's cap of ten strokes, less one, whose last two the sensor has not seen; and the time."""
    core = Core()
    core.set_limits(35_000, 40_000, 2_000, 150_000)
    core.bolus(0, 10)
    now_us = 0
    for stroke in range(1, 10):
        now_us = stroke * 2 * SECOND_US
        core.settle(now_us)
        core.permit(stroke)
        core.promise(now_us, now_us + SECOND_US)
        assert core.service(now_us) == STROKE
        if stroke < 8:
            core.confirmed()
        core.ended()
    now_us += 2 * SECOND_US
    core.settle(now_us)
    core.permit(10)
    core.promise(now_us, now_us + SECOND_US)
    assert core.service(now_us) == FAULT
    core.settle(now_us)
    assert (values(core)["guard_fault"], values(core)["guard_confirmed"]) == (COUNT_FAULT, 7)
    return core, now_us


def test_a_count_fault_goes_with_the_counts_that_caused_it_and_nothing_else() -> None:
    core, now_us = faulted()
    before, ring = values(core), bytes(core.ticks())
    assert core.clear_fault(now_us) == 0
    after = values(core)
    changed = {name: (before[name], after[name]) for name in before if before[name] != after[name]}
    assert changed.pop("guard_fault") == (COUNT_FAULT, 0)
    assert changed.pop("guard_confirmed") == (7, 9)
    # The supervisor counts as busy since now; nothing is armed, before and after.
    assert set(changed) <= {"guard_alive_tick", "armed_kind"} and after["armed_us"] == -1
    assert after["suspended"] and core.next_us() == -1
    assert bytes(core.ticks()) == ring and core.used(now_us, 0) == 9


def test_the_caps_hold_after_it() -> None:
    core, now_us = faulted()
    core.clear_fault(now_us)
    assert core.resume(now_us) == LIB.DOSE_OK
    assert core.bolus(now_us, 2) == LIB.DOSE_E_HOUR_CAP, "nine of ten strokes of the hour are used"
    assert core.bolus(now_us, 1) == LIB.DOSE_OK
    core.permit(10)
    core.promise(now_us, now_us + SECOND_US)
    assert core.service(now_us) == STROKE


@pytest.mark.parametrize(("unseen", "confirmed"), [(0, 3), (1, 2), (2, 3)])
def test_another_fault_leaves_counts_alone_that_agree_but_for_one(unseen: int, confirmed: int) -> None:
    core = Core()
    core.bolus(0, 3)
    for stroke in (1, 2, 3):
        now_us = stroke * 2 * SECOND_US
        core.settle(now_us)
        core.permit(stroke)
        assert core.service(now_us) == STROKE
        if stroke <= 3 - unseen:
            core.confirmed()
        core.ended()
    core.stop(HOUR_US, STOPPED)
    assert core.clear_fault(HOUR_US) == 0
    assert (values(core)["guard_fault"], values(core)["guard_confirmed"]) == (0, confirmed)
    assert core.resume(HOUR_US) == LIB.DOSE_OK


@pytest.mark.parametrize("name", ["fault", "confirmed", "commanded", "permitted", "hour_strokes", "head"])
@pytest.mark.parametrize("half", ["value", "check"])
def test_a_damaged_safety_variable_is_not_mended(name: str, half: str) -> None:
    core, now_us = faulted()
    word = getattr(core.c.guard, name)
    setattr(word, half, getattr(word, half) ^ 1)
    core.settle(now_us)
    before = core.raw()
    assert core.clear_fault(now_us) == LIB.STATE_WORDS_INTACT
    assert core.raw() == before


def test_a_broken_ledger_is_refused_by_its_name() -> None:
    core, now_us = faulted()
    core.c.dose.ledger[2].abandoned += 1
    before = core.raw()
    assert core.clear_fault(now_us) == LIB.STATE_LEDGERS_CONSERVE
    assert core.raw() == before


PROGRAM = """
core = Core(motor=(96, 200, 1000, 4000))
core.set_basal(0, 4000)
for stroke in (1, 2, 3, 4):
    due_us = core.next_us() if stroke > 1 else 0
    core.permit(stroke)
    due_us = core.next_us()
    core.promise(max(0, due_us - 1000), due_us + 1000)
    print(core.service(due_us), due_us)
    if stroke == 1:
        core.confirmed()
    core.ended()
    core.settle(due_us + 200000)
print(core.state())
print(core.clear_fault(due_us + 300000))
print(core.state())
print(core.save(due_us + 300000))
"""


@on_micropython
def test_both_faces_leave_the_same_bytes(capsys: pytest.CaptureFixture[str]) -> None:
    program = "from dosecore import Core\n" + PROGRAM
    printed = subprocess.run([str(MICROPYTHON), "-c", program], capture_output=True, text=True, check=True).stdout
    exec(PROGRAM, {"Core": Core})
    assert printed == capsys.readouterr().out
    assert "3 " in printed, "the last two were not seen: the fourth must not start"


# Each difference of the counts with each fault, then one bit of the context after the other damaged. `cells(core)` are
# the bytes of a core's context; the two Pythons have their own.
DAMAGE = """
MOTOR = (96, 200, 1000, 4000)
def lived(unseen, extra, fault):
    core = Core(motor=MOTOR)
    core.set_limits(35000, 40000, 2000, 150000)
    core.bolus(0, 7)
    now_us = 0
    for stroke in range(1, 8):
        now_us = stroke * 2000000
        core.settle(now_us)
        core.permit(stroke)
        core.promise(now_us, now_us + 1000000)
        core.service(now_us)
        if stroke <= 7 - unseen:
            core.confirmed()
        core.ended()
    for _ in range(extra):
        core.confirmed()
    if fault:
        core.stop(now_us + 200000, fault)
    return core, now_us + 300000

def cleared(core, now_us):
    core.settle(now_us)
    before = bytes(cells(core))
    answer = core.clear_fault(now_us)
    apart = None if answer else core.apart()
    print(answer, bytes(cells(core)) == before, core.state(), apart, bytes(core.save(now_us)).hex())

for unseen in range(4):
    for extra in range(3 if unseen == 0 else 1):
        for fault in FAULTS:
            core, now_us = lived(unseen, extra, fault)
            cleared(core, now_us)
            cleared(core, now_us - 1000000)
for bit in BITS:
    core, now_us = lived(2, 0, FAULTS[2])
    cells(core)[bit // 8] ^= 1 << bit % 8
    cleared(core, now_us)
"""
ON_MICROPYTHON = """
from uctypes import bytearray_at
from dosecore import Core
def cells(core):
    return bytearray_at(id(core) + {offset}, {size})
"""


@on_micropython
def test_both_faces_answer_alike_to_every_fault_and_to_damage_anywhere(capsys: pytest.CaptureFixture[str]) -> None:
    """What a board has is the C; the firmware's other tests run the twin."""
    ffi = Core.module.ffi
    size = ffi.sizeof("core_t")
    offset = -(-(24 + 2 * LIB.MOTION_STEPS_MAX + 12) // 8) * 8  # of the context in dosecore_obj_t
    guard = 8 * ffi.offsetof("core_t", "guard")
    words = [name for name, field in ffi.typeof("guard_t").fields if field.type is ffi.typeof("guard_word_t")]
    dose = 8 * ffi.offsetof("core_t", "dose")
    bits = [guard + 8 * ffi.offsetof("guard_t", name) + bit for name in words for bit in (0, 31, 33)]
    bits += [dose + bit for bit in range(3, 8 * ffi.sizeof("dose_t"), 61)]
    faults = [0, *range(LIB.GUARD_MEMORY_FAULT, LIB.GUARD_SUPERVISOR + 1)]
    given = f"BITS = {bits}\nFAULTS = {faults}\n"
    program = ON_MICROPYTHON.format(offset=offset, size=size) + given + DAMAGE
    done = subprocess.run([str(MICROPYTHON), "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    exec(given + DAMAGE, {"Core": Core, "cells": lambda core: memoryview(ffi.buffer(core.c)).cast("B")})
    lines, twin = done.stdout.splitlines(), capsys.readouterr().out.splitlines()
    assert len(words) > 5 and len(twin) == 6 * 2 * len(faults) + len(bits)
    assert [line for line in zip(lines, twin, strict=True) if line[0] != line[1]] == []
    answers = {line.split()[0] for line in lines}
    assert {"0", str(LIB.STATE_WORDS_INTACT), str(LIB.STATE_LEDGERS_CONSERVE)} <= answers
    for line in lines:
        answer, same = line.split()[:2]
        assert answer == "0" or same == "True", "what is refused changes nothing"
