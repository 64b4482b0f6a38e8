"""A stop for a fault always works, and is for good."""

import pytest

from c_ext.host import (
    E_FAULT,
    E_TIME,
    KIND_NORMAL,
    MEMORY_FAULT,
    NOTHING,
    REASON_FAULT,
    SQUARE_MIN_US,
    STOPPED,
    STROKE,
    SUPERVISOR,
    TEMP_RATE,
    Core,
)
from tests.core.pair import Pair, by_name

pytestmark = [pytest.mark.req("DOSE-5"), pytest.mark.req("GUARD-2")]


def dosing():
    """A core with every kind of delivery running, whose second stroke of a normal bolus is in flight, at 2 s."""
    core = Core()
    assert core.set_basal(0, 5000) == core.temp_basal(0, TEMP_RATE, 1000, 10**9) == 0
    assert core.bolus(0, 10, 5, SQUARE_MIN_US) == 0
    for stroke, now_us in ((1, 0), (2, 2_000_000)):
        core.ended()
        core.settle(now_us)
        core.permit(stroke)
        assert core.service(now_us) == STROKE
    return core


@pytest.mark.parametrize("at_us", [2_100_000, 2_000_000, 1_999_999, 0])
@pytest.mark.parametrize("settled_us", [None, 2_050_000])
def test_the_partial_stroke_counts_and_what_runs_is_abandoned(at_us, settled_us):
    core = dosing()
    if settled_us:
        core.settle(settled_us)
    core.stop(at_us, STOPPED)
    assert core.next_us() == -1
    core.settle(2_100_000)
    assert core.alive(2_100_000), "a fault can be read: only a broken promise ends in a reset"
    after = by_name(core.state())
    assert (after["normal_delivered"], after["normal_abandoned"], after["normal_reason"]) == (1, 8, REASON_FAULT)
    assert (after["square_abandoned"], after["square_reason"], after["temp_reason"]) == (5, REASON_FAULT, REASON_FAULT)
    assert (after["suspended"], after["in_flight"]) == (1, 0)
    assert after["normal_end_us"] == max(at_us, settled_us or 2_000_000)
    assert core.next_us() == -1


def test_nothing_is_accepted_any_more():
    core = dosing()
    core.stop(2_000_000, STOPPED)
    core.settle(9_000_000)
    before = core.raw()
    codes = [
        core.set_basal(9_000_000, 50), core.plan_basal(9_000_000, 9_000_001, 50),
        core.temp_basal(9_000_000, TEMP_RATE, 1, 1), core.cancel_temp(9_000_000), core.bolus(9_000_000, 1),
        core.cancel_bolus(9_000_000), core.suspend(9_000_000), core.resume(9_000_000),
        core.set_limits(1, 1, 1, 1)[0],
    ]  # fmt: skip
    assert codes == [E_FAULT] * 9
    assert core.service(9_000_000) == NOTHING
    assert core.raw() == before
    assert core.permit(3) and core.next_us() == -1


def test_the_first_fault_stays():
    core = dosing()
    core.stop(2_000_000, STOPPED)
    core.stop(2_000_001, MEMORY_FAULT)
    core.settle(2_000_001)
    after = by_name(core.state())
    assert (after["guard_fault"], after["normal_end_us"]) == (STOPPED, 2_000_000)


def test_a_stop_while_suspended():
    pair = Pair(Core)
    pair.permit(1)
    pair.request("set_basal", 0, 5000)
    pair.request("suspend", 10_000_000)
    pair.stop(20_000_000, SUPERVISOR)
    assert pair.settle(15_000_000) == 0  # counts as of the stop, which the books know of
    assert by_name(pair.core.state())["at_us"] == 20_000_000
    assert pair.settle(11_000_000) == E_TIME


def test_a_confirmed_stroke_is_not_counted_twice_by_a_stop():
    core = dosing()
    core.confirmed()
    core.stop(2_000_001, STOPPED)
    core.settle(2_000_001)
    assert by_name(core.state())["normal_delivered"] == 1
    core.confirmed()
    after = by_name(core.state())
    assert (after["normal_delivered"], after["guard_confirmed"], after["armed_kind"]) == (1, 2, KIND_NORMAL)
