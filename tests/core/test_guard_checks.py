"""What the guard looks at before each stroke, one thing at a time, also where the scheduler would never lead."""

import pytest

from c_ext.host import COUNT_FAULT, FAULT, NOTHING, STROKE, SUPERVISOR, TICK_SHIFT, Core
from tests.core.flow import HOUR_US
from tests.core.model import DEFAULT_DAY_MU, E_HOUR_CAP, GRACE_US, HOUR_CAPPED
from tests.core.pair import Pair, by_name

HARD_SPACING_US = 1_000_000


def after_a_stroke(start_us=0):
    """A core with a bolus whose first stroke started at start_us, the second permitted."""
    core = Core(now_us=start_us)
    core.bolus(start_us, 5)
    core.permit(1)
    assert core.service(start_us) == STROKE
    core.confirmed()
    core.ended()
    core.permit(2)
    return core


def break_the_scheduler(core, stroke):
    """It knows no spacing any more."""
    core.c.dose.slot_us = 0
    core.permit(stroke)


@pytest.mark.req("DOSE-4")
@pytest.mark.req("GUARD-1")
@pytest.mark.parametrize("start_us", [0, 2**20 - 1, 2**32 - 1, 2**32 - 999_999, 2**40 + 5])
def test_the_guard_keeps_the_hard_spacing_by_itself(start_us):
    core = after_a_stroke(start_us)
    break_the_scheduler(core, 2)
    for early_us in (start_us, start_us + 1, start_us + HARD_SPACING_US - 1):
        assert core.service(early_us) == NOTHING
    assert core.service(start_us + HARD_SPACING_US) == STROKE


@pytest.mark.req("GUARD-1")
@pytest.mark.parametrize("later_us", [2**32 - 2**21, 2**32 - 1, 2**32, 2**32 + 1, 2**32 + 999_999, 2**33 + 5])
def test_a_long_pause_is_not_taken_for_a_short_one(later_us):
    core = after_a_stroke()
    core.settle(later_us)
    break_the_scheduler(core, 2)
    assert core.service(later_us) == STROKE


@pytest.mark.req("GUARD-4")
@pytest.mark.parametrize(("edges", "action"), [(-2, FAULT), (-1, STROKE), (1, STROKE), (2, FAULT)])
def test_a_difference_of_one_stroke_is_borne(edges, action):
    pair = Pair(Core)
    pair.request("bolus", 0, 9)
    pair.permit(1)
    for at_us in (0, 2_000_000):
        pair.service(at_us)
        if edges > -2 + at_us // 2_000_000:
            pair.confirmed()
        pair.ended()
        pair.permit(len(pair.model.starts_us) + 1)
    for _ in range(edges):
        pair.confirmed()
    pair.settle(4_000_000)
    assert pair.service(4_000_000) == action
    assert pair.model.fault == (COUNT_FAULT if action == FAULT else 0)


@pytest.mark.req("GUARD-3")
@pytest.mark.parametrize(("late_us", "action"), [(-900_000, STROKE), (0, STROKE), (GRACE_US, FAULT), (HOUR_US, FAULT)])
def test_a_stroke_needs_a_supervisor_that_keeps_its_promise(late_us, action):
    pair = Pair(Core)
    pair.permit(1)
    pair.request("set_basal", 0, 5000)
    pair.promise(0, 144_000_000 - max(0, -late_us))
    assert pair.service(144_000_000 + max(0, late_us)) == action
    assert pair.core.alive(pair.now_us) is (action == STROKE)
    if action == FAULT:
        assert pair.model.fault == SUPERVISOR
        pair.settle(pair.now_us)  # coming back does not help
        assert pair.core.next_us() == -1 and not pair.core.alive(pair.now_us)


@pytest.mark.req("GUARD-3")
@pytest.mark.parametrize("over_us", [0, -1], ids=["at a tick", "a microsecond before"])
def test_grace_ends_with_the_last_whole_tick_in_it(over_us):
    core = Core()
    end_us = 200 * 2**TICK_SHIFT + over_us
    assert core.promise(0, end_us - GRACE_US)
    last_us = (end_us // 2**TICK_SHIFT) * 2**TICK_SHIFT - 1
    assert core.alive(last_us) and not core.alive(last_us + 1)


@pytest.mark.req("GUARD-1")
def test_the_limits_of_a_new_pump():
    # 491 U/ml: one mU a day more would be a stroke more.
    core = Core(concentration_u_per_ml=491)
    stroke_uu = 500 * 491
    limits = (35_000, *(limit_mu * 1000 // stroke_uu for limit_mu in (40_000, 60_000, DEFAULT_DAY_MU)))
    assert core.limits() == limits
    assert (DEFAULT_DAY_MU + 1) * 1000 // stroke_uu == limits[3] + 1


@pytest.mark.req("GUARD-3")
def test_a_promise_is_at_most_an_hour():
    pair = Pair(Core, now_us=10**9)
    assert pair.promise(10**9, 10**9 + HOUR_US) and pair.promise(10**9, 10**9)
    assert not pair.promise(10**9, 10**9 + HOUR_US + 1) and not pair.promise(10**9, 10**9 - 1)
    assert not pair.promise(10**9, 2**64 - 1)


@pytest.mark.req("GUARD-1")
@pytest.mark.req("DOSE-3")
@pytest.mark.parametrize("square", [False, True])
def test_the_reason_is_the_cap_s_also_if_limits_change_before_the_supervisor_looks(square):
    pair = Pair(Core)
    pair.permit(1)
    pair.request("bolus", 0, *((0, 2, HOUR_US // 2) if square else (2,)))
    pair.set_limits(35_000, 40_000, 200, 150_000)
    pair.run(HOUR_US // 2 if square else 1_000_000, limit=9 if square else 1)
    if not square:
        pair.settle(2_000_000)
        pair.service(2_000_000)
        pair.set_limits(35_000, 40_000, 60_000, 150_000)
    part = "square" if square else "normal"
    assert by_name(pair.core.state())[f"{part}_reason"] == HOUR_CAPPED
    assert pair.request("bolus", pair.now_us, 300) in (E_HOUR_CAP, 8)


@pytest.mark.req("GUARD-1")
def test_a_withheld_stroke_must_be_settled_before_the_next():
    pair = Pair(Core)
    pair.set_limits(35_000, 40_000, 0, 0)
    pair.permit(1)
    pair.request("set_basal", 0, 35_000)
    pair.settle(10**9)
    due_us = pair.core.next_us()
    for _ in range(2):
        pair.service(due_us)
        assert pair.model.withheld == 1 and pair.core.next_us() == -1
    pair.settle(due_us)
    assert pair.core.next_us() == due_us  # 48 wait; the second is tried at once
    pair.service(due_us)
    pair.settle(due_us)
    assert pair.model.withheld == 2


@pytest.mark.req("DOSE-7")
def test_a_clock_that_ran_back_starts_nothing_before_the_books():
    core = Core(now_us=10**9)
    core.bolus(10**9, 1)
    core.c.dose.slot_us = 0
    core.permit(1)
    assert core.next_us() == 10**9 and core.service(10**9 - 1) == NOTHING
