"""A supervisor reads the clock, then calls; the interrupt may start a stroke in between. No call is lost by that."""

import pytest

from c_ext.host import (
    BUSY_MAX_US,
    DAY,
    E_TIME,
    HOUR,
    SQUARE_MIN_US,
    STROKE,
    TEMP_RATE,
    WITHHELD,
    Core,
)
from tests.core.pair import by_name

pytestmark = [pytest.mark.req("DOSE-1"), pytest.mark.req("DOSE-5"), pytest.mark.req("DOSE-2")]

DUE_US = 10_000_000
HOUR_US = 3_600_000_000
TURN_US = BUSY_MAX_US  # GUARD-3: no turn of a supervisor is longer

CALLS = {
    "settle": lambda core, now_us: core.settle(now_us),
    "set_basal": lambda core, now_us: core.set_basal(now_us, 700),
    "plan_basal": lambda core, now_us: core.plan_basal(now_us, DUE_US + HOUR_US, 700),
    "temp_basal": lambda core, now_us: core.temp_basal(now_us, TEMP_RATE, 700, HOUR_US),
    "cancel_temp": lambda core, now_us: core.cancel_temp(now_us),
    "bolus": lambda core, now_us: core.bolus(now_us, 0, 4, SQUARE_MIN_US),
    "cancel_bolus": lambda core, now_us: core.cancel_bolus(now_us),
    "suspend": lambda core, now_us: core.suspend(now_us),
    "save": lambda core, now_us: core.save(now_us) and 0,
    "clear_fault": lambda core, now_us: core.clear_fault(now_us),
}


def as_the_stroke_starts():
    """A normal bolus and a temporary rate run; the stroke of DUE_US has just started, not yet entered by anybody."""
    core = Core()
    assert core.set_basal(0, 5000) == core.temp_basal(0, TEMP_RATE, 1000, 2 * HOUR_US) == 0
    assert core.bolus(DUE_US - 100, 10) == 0
    assert core.permit(1) and core.promise(DUE_US - 100, DUE_US)
    assert core.service(DUE_US) == STROKE
    return core


@pytest.mark.parametrize("early_us", [0, 1, 50])
@pytest.mark.parametrize("name", CALLS)
def test_a_call_counts_as_of_the_stroke_that_it_enters(name, early_us):
    core, right = as_the_stroke_starts(), as_the_stroke_starts()
    assert CALLS[name](right, DUE_US) == 0
    assert CALLS[name](core, DUE_US - early_us) == 0
    state = by_name(core.state())
    assert (state["at_us"], state["normal_commanded"]) == (DUE_US, 1)
    assert core.save(DUE_US) == right.save(DUE_US)


@pytest.mark.parametrize("name", CALLS)
def test_a_turn_may_make_several_calls_with_one_reading(name):
    core, right = as_the_stroke_starts(), as_the_stroke_starts()
    for each, now_us in ((core, DUE_US - 50), (right, DUE_US)):
        assert each.settle(now_us) == 0
        assert CALLS[name](each, now_us) == 0
    assert core.save(DUE_US) == right.save(DUE_US)


@pytest.mark.parametrize("name", CALLS)
def test_a_turn_may_be_interrupted_by_a_call_that_read_the_clock_later(name):
    core, right = as_the_stroke_starts(), as_the_stroke_starts()
    core.save(DUE_US + 3_000)
    right.save(DUE_US + 3_000)
    assert CALLS[name](core, DUE_US) == CALLS[name](right, DUE_US + 3_000) == 0
    assert core.save(DUE_US + 3_000) == right.save(DUE_US + 3_000)


@pytest.mark.parametrize("name", [name for name in CALLS if name not in ("save", "clear_fault")])
def test_a_clock_that_runs_back_is_refused_with_nothing_changed(name):
    core = as_the_stroke_starts()
    now_us = DUE_US + TURN_US + 1_000
    core.settle(now_us)
    before = core.raw()
    assert CALLS[name](core, now_us - TURN_US - 1) == E_TIME
    assert core.raw() == before
    assert CALLS[name](core, now_us - TURN_US) != E_TIME


def test_a_stop_of_a_bolus_stops_it():
    """FOUND: the halt was refused for its time, and the bolus ran on."""
    core = as_the_stroke_starts()
    assert core.suspend(DUE_US - 20) == 0
    core.confirmed()
    core.ended()
    core.settle(DUE_US + 200_000)
    core.permit(2)
    assert core.next_us() == -1
    assert by_name(core.state())["normal_abandoned"] == 9


def test_a_stop_for_a_fault_as_a_call_is_on_its_way():
    core = as_the_stroke_starts()
    core.stop(DUE_US + 40, 8)
    assert core.settle(DUE_US + 10) == 0
    state = by_name(core.state())
    assert (state["at_us"], state["suspended"], state["normal_end_us"]) == (DUE_US + 40, 1, DUE_US + 40)


def test_a_withheld_stroke_as_a_call_is_on_its_way():
    core = Core()
    assert core.set_limits(35_000, 40_000, 60_000, 150_000) == (0, 0)
    assert core.bolus(0, 3) == 0
    assert core.set_limits(35_000, 40_000, 0, 0) == (0, 0)
    assert core.permit(1) and core.promise(0, 5_000)
    assert core.service(5_000) == WITHHELD
    assert core.set_basal(4_990, 1000) == 0
    state = by_name(core.state())
    assert (state["at_us"], state["rate_mu_per_h"], state["strokes_withheld"]) == (5_000, 1000, 1)


@pytest.mark.req("GUARD-1")
def test_a_cap_counts_the_stroke_of_just_now():
    """The window is counted to the later time: with the earlier one the newest stroke would lie in the future."""
    tick_us = 1 << 20
    due_us = 20 * tick_us  # the first µs of a tick, the call's time in the tick before
    core = Core()
    assert core.set_limits(35_000, 40_000, 2_000, 2_000) == (0, 0)
    assert core.bolus(due_us, 1) == 0
    assert core.permit(1) and core.promise(due_us, due_us) and core.service(due_us) == STROKE
    core.confirmed()
    core.ended()
    assert core.bolus(due_us - 1, 10) != 0, "ten and the one just made are more than the cap of ten"
    assert [core.used(due_us - 1, window) for window in (HOUR, DAY)] == [1, 1]


@pytest.mark.req("GUARD-1")
@pytest.mark.parametrize("entered", [False, True])
def test_used_counts_a_stroke_that_nobody_has_entered_yet(entered):
    core = as_the_stroke_starts()
    if entered:
        core.settle(DUE_US)
    for now_us in (DUE_US - 50, DUE_US, DUE_US + 50):
        assert [core.used(now_us, window) for window in (HOUR, DAY)] == [1, 1]


@pytest.mark.req("STORE-2")
@pytest.mark.parametrize("early_us", [0, 1, 50])
def test_what_was_saved_with_an_old_reading_can_be_loaded(early_us):
    core = as_the_stroke_starts()
    stored = core.save(DUE_US - early_us)
    other = Core()
    other.ticks()[:] = core.ticks()
    assert other.load(by_name(core.state())["at_us"], stored) == 0
    assert other.state() == core.state()


@pytest.mark.req("GUARD-3")
def test_a_promise_that_was_read_before_the_stroke():
    core = as_the_stroke_starts()
    assert core.promise(DUE_US - 50, DUE_US + HOUR_US - 100)
    assert core.alive(DUE_US + HOUR_US - 100)
    core.settle(DUE_US - 50)
    assert core.alive(DUE_US + 6_000_000) and not core.alive(DUE_US + TURN_US + 1)
