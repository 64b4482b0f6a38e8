"""GUARD-2: whatever bit of a safety variable flips, no stroke is made on it, and the fault is latched."""

import pytest

from c_ext.host import (
    E_FAULT,
    FAULT,
    HARD_BASAL_MU_PER_H,
    MEMORY_FAULT,
    NOTHING,
    STOPPED,
    STROKE,
    WITHHELD,
    Core,
)
from tests.core.pair import by_name

pytestmark = pytest.mark.req("GUARD-2")

FFI = Core.module.ffi
WORDS = [name for name, field in FFI.typeof("guard_t").fields if field.type is FFI.typeof("guard_word_t")]
BITS = [0, 1, 17, 31]
# Compared in the interrupt.
STARTS = [
    *("commanded", "confirmed", "permitted", "fault", "alive_tick", "free_tick"),
    *("last_tick", "last_low_us", "spacing_us"),
]


def dosing():
    """A core at 35 U/h with one stroke made and the second armed for 2 * 20.571 s."""
    core = Core()
    core.set_basal(0, HARD_BASAL_MU_PER_H)
    core.permit(1)
    core.promise(0, core.next_us())
    assert core.service(core.next_us()) == STROKE
    core.confirmed()
    core.ended()
    core.settle(21_000_000)
    core.permit(2)
    core.promise(21_000_000, 60_000_000)
    return core


def flip(core, word, half, bit):
    pair = getattr(core.c.guard, word)
    setattr(pair, half, getattr(pair, half) ^ (1 << bit))


def latched(core, now_us):
    """A fault, for good: named, known to everybody, and nothing armed."""
    core.settle(now_us)
    state = by_name(core.state())
    assert state["guard_fault"] != 0 and state["suspended"] == 1
    assert core.next_us() == -1
    assert core.set_basal(now_us, 50) == core.bolus(now_us, 1) == core.set_limits(1, 1, 1, 1)[0] == E_FAULT
    return state["guard_fault"]


def test_all_words_are_tried():
    assert {*STARTS, "head", "history_length", "hour_strokes", "day_strokes", "basal_mu_per_h"} <= set(WORDS)
    assert len(WORDS) >= 15


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("half", ["value", "check"])
@pytest.mark.parametrize("bit", BITS)
@pytest.mark.parametrize("when", ["before the start", "before the settling", "after the settling"])
def test_no_stroke_rests_on_a_flipped_bit(word, half, bit, when):
    core = dosing()
    if when != "before the start":
        assert core.service(42_000_000) == STROKE
        core.confirmed()
        core.ended()
    if when == "after the settling":
        core.settle(42_000_000)
    flip(core, word, half, bit)
    # Those that limits rest on are compared with the permit: the stroke that had it before may still be made.
    made = 0
    for k in range(3):
        now_us = 42_000_000 + 21_000_000 * k
        made += core.service(now_us) == STROKE
        core.confirmed()
        core.ended()
        core.settle(now_us)
        core.permit(int(core.c.guard.commanded.value) + 1)
        core.promise(now_us, now_us + 21_000_000)
    if word == "alive_tick" and when != "before the start":
        return  # settling takes the supervisor's word anew, whatever it was
    assert made <= (1 if when == "before the start" and word not in STARTS else 0)
    assert latched(core, 110_000_000) == MEMORY_FAULT or word == "fault"


@pytest.mark.parametrize("word", STARTS)
@pytest.mark.parametrize("half", ["value", "check"])
@pytest.mark.parametrize("bit", BITS)
def test_the_interrupt_sees_what_a_start_rests_on(word, half, bit):
    core = dosing()
    flip(core, word, half, bit)
    assert core.service(42_000_000) == FAULT
    latched(core, 42_000_000)


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("half", ["value", "check"])
def test_a_permit_sees_every_flipped_bit(word, half):
    core = dosing()
    flip(core, word, half, 3)
    assert not core.permit(2) or word == "fault"  # a latched fault forbids the stroke, not the permit
    assert latched(core, 42_000_000) == MEMORY_FAULT or word == "fault"


@pytest.mark.parametrize("word", WORDS)
@pytest.mark.parametrize("half", ["value", "check"])
def test_a_withheld_stroke_and_a_flipped_bit(word, half):
    core = dosing()
    core.set_limits(35_000, 40_000, 200, 200)
    core.permit(2)
    assert core.service(42_000_000) == WITHHELD
    flip(core, word, half, 31)
    latched(core, 42_000_000)


def test_counting_does_not_heal_a_flipped_bit():
    core = dosing()
    flip(core, "confirmed", "value", 0)
    core.confirmed()
    assert core.service(42_000_000) == FAULT
    assert latched(core, 42_000_000) == MEMORY_FAULT


def test_the_guard_alone_refuses_on_a_flipped_bit():
    core, lib = dosing(), Core.module.lib
    guard = FFI.addressof(core.c, "guard")
    assert lib.guard_basal_allowed(guard, 50) and lib.guard_bolus_allowed(guard, 21_000_000, 1, 0) == lib.GUARD_OK
    assert lib.guard_used_strokes(guard, 21_000_000, lib.GUARD_HOUR_TICKS) == 1
    flip(core, "basal_mu_per_h", "value", 31)
    assert not lib.guard_basal_allowed(guard, 50)
    for word in ("alive_tick", "fault"):
        assert core.alive(21_000_000)
        flip(core, word, "value", 31)
        assert not core.alive(21_000_000)
        flip(core, word, "value", 31)
    assert lib.guard_used_strokes(guard, 21_000_000, lib.GUARD_HOUR_TICKS) == 0
    flip(core, "bolus_strokes", "value", 31)
    assert lib.guard_bolus_allowed(guard, 21_000_000, 1, 0) == lib.GUARD_MAX_BOLUS


def test_a_stroke_is_recorded_once():
    core, lib = dosing(), Core.module.lib
    before = core.raw()
    lib.guard_record(FFI.addressof(core.c, "guard"))
    assert core.raw() == before


def test_a_latched_fault_by_itself_starts_nothing():
    core, lib = dosing(), Core.module.lib
    lib.guard_stop(FFI.addressof(core.c, "guard"), STOPPED)
    assert core.service(42_000_000) == FAULT
    assert latched(core, 42_000_000) == STOPPED


def test_a_permit_taken_back_starts_nothing():
    core = dosing()
    core.c.guard.permitted = core.c.guard.commanded
    assert core.service(42_000_000) == NOTHING
