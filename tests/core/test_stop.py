"""A stop for a fault always works, and is for good."""

import pytest

from c_ext.host import (
    E_FAULT,
    HARD_BASAL_MU_PER_H,
    KIND_NONE,
    MEMORY_FAULT,
    NOTHING,
    REASON_FAULT,
    STOPPED,
    STROKE,
    Core,
)
from tests.core.pair import FIELDS

pytestmark = [pytest.mark.req("DOSE-5"), pytest.mark.req("GUARD-2")]


def dosing():
    """A core with a bolus of 10 strokes whose second stroke is in flight, at 2 s."""
    core = Core()
    assert core.bolus(0, 10) == 0
    for now_us in (0, 2_000_000):
        core.ended()
        core.permit(core.state()[18] + 1)
        assert core.service(now_us) == STROKE
    return core


def state(core):
    return dict(zip(FIELDS, core.state(), strict=True))


@pytest.mark.parametrize("at_us", [2_100_000, 2_000_000, 1_999_999, 0])
def test_the_partial_stroke_counts_and_the_bolus_is_abandoned(at_us):
    core = dosing()
    core.stop(at_us, STOPPED)
    after = state(core)
    assert (after["bolus_delivered"], after["bolus_abandoned"], after["bolus_reason"]) == (1, 8, REASON_FAULT)
    assert (after["suspended"], after["in_flight"], core.bolus_running()) == (1, KIND_NONE, False)
    assert core.next_us() == -1


def test_nothing_is_accepted_any_more():
    core = dosing()
    core.stop(2_000_000, STOPPED)
    before = core.raw()
    codes = [core.set_basal(9_000_000, 50), core.bolus(9_000_000, 1), core.cancel_bolus(9_000_000)]
    codes += [core.suspend(9_000_000), core.resume(9_000_000)]
    assert codes == [E_FAULT] * 5
    assert core.service(9_000_000) == NOTHING
    assert core.raw() == before


def test_the_first_fault_stays():
    core = dosing()
    core.stop(2_000_000, STOPPED)
    core.stop(2_000_001, MEMORY_FAULT)
    assert state(core)["guard_fault"] == STOPPED


@pytest.mark.parametrize(
    "word",
    ["commanded", "confirmed", "permitted", "hour_strokes", "day_strokes", "spacing_us", "fault", "head",
     "history_length", "basal_mu_per_h", "bolus_strokes"],
)  # fmt: skip
@pytest.mark.parametrize("half", ["value", "check"])
@pytest.mark.parametrize("bit", [0, 1, 17, 31])
def test_a_flipped_bit_in_a_safety_variable_makes_no_stroke(word, half, bit):
    core = Core()
    core.set_basal(0, HARD_BASAL_MU_PER_H)
    core.permit(1)
    pair = getattr(core.c.guard, word)
    setattr(pair, half, getattr(pair, half) ^ (1 << bit))
    actions = [core.service(200_000_000 + 10_000_000 * k) for k in range(3)]
    assert STROKE not in actions
    assert state(core)["guard_fault"] != 0


@pytest.mark.parametrize("name", ["last_start_us", "last_start_check"])
def test_a_flipped_bit_in_the_last_start_makes_no_stroke(name):
    core = Core()
    core.set_basal(0, HARD_BASAL_MU_PER_H)
    core.permit(1)
    setattr(core.c.guard, name, getattr(core.c.guard, name) ^ 4)
    assert core.service(200_000_000) != STROKE
    assert state(core)["guard_fault"] == MEMORY_FAULT
