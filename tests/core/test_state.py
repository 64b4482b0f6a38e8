"""The whole state as bytes: what comes back is what was.

The state machine (machine.py, power_cut) puts the core through this in every state it reaches.
"""

import pytest

from c_ext.host import STROKE, Core
from tests.core.flow import HOUR_US, TEMP_PERCENT
from tests.core.pair import Pair, by_name

pytestmark = [pytest.mark.req("STORE-1"), pytest.mark.req("STORE-3"), pytest.mark.req("GUARD-2")]

FFI, LIB = Core.module.ffi, Core.module.lib
STATE_BYTES = LIB.STATE_BYTES
DOSE = FFI.sizeof("dose_t")
FRONT = 164
NOW_US = 4 * HOUR_US


def history_of(core, other):
    FFI.buffer(other.history)[:] = FFI.buffer(core.history)[:]
    return other


def rich():
    """A core in the middle of everything: strokes made, all kinds waiting or running, changes to come."""
    core = Core()
    core.set_basal(0, 3000)
    core.bolus(0, 5, 9, 6 * HOUR_US)
    for stroke, at_us in enumerate((0, 2_000_000, 4_000_000), 1):
        core.settle(at_us)
        core.permit(stroke)
        assert core.service(at_us) == STROKE
        core.confirmed()
        core.ended()
    core.temp_basal(HOUR_US, TEMP_PERCENT, 150, 8 * HOUR_US)
    core.plan_basal(HOUR_US, 5 * HOUR_US, 4000)
    core.settle(NOW_US)
    core.permit(4)
    return core


def bytes_of(core):
    """The format, put together here: version, core_t up to the history, dose_t."""
    front = bytes(FFI.buffer(core.c))[:FRONT]
    dose = bytes(FFI.buffer(FFI.addressof(core.c, "dose")))
    return bytes([LIB.STATE_VERSION]) + front + dose


def test_the_format():
    core = rich()
    assert core.save(NOW_US) == bytes_of(core)
    assert len(bytes_of(core)) == STATE_BYTES


def test_what_comes_back_is_what_was():
    core = rich()
    other = history_of(core, Core(now_us=17))
    assert other.load(NOW_US, core.save(NOW_US)) == 0
    assert other.state() == core.state() and other.limits() == core.limits()
    assert other.save(NOW_US) == core.save(NOW_US)
    # Both go on alike.
    for each in (core, other):
        assert each.promise(NOW_US, NOW_US + 10**6) and each.service(NOW_US + 5) == STROKE
        each.settle(NOW_US + 6)
    assert other.state() == core.state()


def test_it_comes_back_later():
    core = rich()
    other = history_of(core, Core())
    assert other.load(NOW_US + 2 * HOUR_US, core.save(NOW_US)) == 0
    core.settle(NOW_US + 2 * HOUR_US)
    assert other.state() == core.state()


def test_the_greatest_percentage_comes_back():
    core = Core()
    core.set_basal(0, 3000)
    assert core.temp_basal(0, TEMP_PERCENT, LIB.BASAL_PERCENT_MAX, HOUR_US) == 0
    other = Core()
    assert other.load(0, core.save(0)) == 0 and other.state() == core.state()


def test_a_core_that_may_not_do_basal_at_all_comes_back():
    core = Core()
    assert core.set_limits(0, 25_000, 60_000, 150_000) == (0, 0)
    other = Core()
    assert other.load(0, core.save(0)) == 0 and other.limits() == core.limits()


def test_saving_with_a_time_gone_by_saves_the_books_as_they_stand():
    core = rich()
    before = core.state()
    assert history_of(core, Core()).load(NOW_US, core.save(NOW_US - 5)) == 0
    assert core.state() == before


def test_a_saved_fault_stays_and_what_ran_has_ended():
    core = rich()
    core.stop(NOW_US + 1, LIB.GUARD_STOPPED)
    other = history_of(core, Core())
    assert other.load(NOW_US + 1, core.save(NOW_US + 1)) == 0
    assert other.next_us() == -1 and by_name(other.state())["guard_fault"] == LIB.GUARD_STOPPED
    assert other.resume(NOW_US + 2) == LIB.DOSE_E_FAULT


@pytest.mark.parametrize("what", ["stroke in flight", "stroke not confirmed", "suspended", "withheld"])
def test_unfinished_business_comes_back(what):
    pair = Pair(Core)
    pair.permit(1)
    pair.request("bolus", 0, 3)
    if what == "withheld":
        pair.set_limits(35_000, 40_000, 0, 0)
    pair.service(0)
    if what == "stroke in flight":
        pair.confirmed()
    if what == "suspended":
        pair.request("suspend", 5)
    pair.power_cut()
    if what.startswith("stroke"):
        pair.stroke_over()
