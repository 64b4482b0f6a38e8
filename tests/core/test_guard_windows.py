"""Rolling caps at their edges: never a stroke too many in an hour or a day, never held more than a minute too long."""

import pytest

from c_ext.host import DAY_TICKS, HOUR_TICKS, TICK_SHIFT, WITHHELD, Core
from tests.core.flow import HOUR_US
from tests.core.model import DAY_US, STROKE
from tests.core.pair import Pair

TICK_US = 2**TICK_SHIFT
PHASES_US = [0, 1, TICK_US // 2, TICK_US * 46 // 100, TICK_US - 1]

pytestmark = pytest.mark.req("GUARD-1")


@pytest.mark.parametrize(("ticks", "window_us"), [(HOUR_TICKS, HOUR_US), (DAY_TICKS, DAY_US)], ids=["hour", "day"])
def test_a_window_in_ticks_is_never_shorter_than_the_window(ticks, window_us):
    # Strokes `ticks` apart, both rounded down, may be as little as one tick less than that apart.
    assert (ticks - 1) * TICK_US >= window_us
    assert (ticks + 1) * TICK_US <= window_us + 60_000_000


@pytest.mark.parametrize("phase_us", PHASES_US)
@pytest.mark.parametrize("window_us", [HOUR_US, DAY_US], ids=["hour", "day"])
@pytest.mark.parametrize(("later_us", "action"), [(-1, WITHHELD), (60_000_000, STROKE)])
def test_with_a_cap_of_one_stroke(phase_us, window_us, later_us, action):
    core = Core()
    start_us = 100 * TICK_US + phase_us
    assert core.settle(start_us) == 0
    assert core.bolus(start_us, 2) == 0
    limits = (35_000, 40_000, 200, 150_000) if window_us == HOUR_US else (35_000, 40_000, 60_000, 200)
    assert core.set_limits(*limits) == (0, 0)
    assert core.permit(1) and core.service(start_us) == STROKE
    core.confirmed()
    core.ended()
    assert core.permit(2)
    assert core.settle(start_us + window_us + later_us) == 0
    assert core.service(start_us + window_us + later_us) == action


def test_the_cap_is_full_to_the_last_stroke():
    core = Core()
    now_us = strokes = 0
    for bolus in (200, 100):
        assert core.bolus(now_us, bolus) == 0
        for _ in range(bolus):
            strokes += 1
            assert core.settle(now_us) == 0 and core.permit(strokes) and core.service(now_us) == STROKE
            core.confirmed()
            core.ended()
            now_us += 2_000_000
    assert core.settle(now_us) == 0 and core.used(now_us, 0) == 300
    core.set_basal(now_us, 35_000)
    core.permit(301)
    assert core.promise(now_us, core.next_us())
    assert core.service(core.next_us()) == WITHHELD


def test_the_ring_goes_round():
    """80 strokes and more of a history that holds 20: what is used is counted right all the way."""
    pair = Pair(Core, history=20)
    pair.set_limits(35_000, 4_000, 2_000, 4_000)
    pair.permit(1)
    assert pair.request("set_basal", 0, 800) == 0
    assert pair.run(100 * HOUR_US, limit=2000) >= 80
    assert pair.core.used(pair.now_us, 1) == 20 and pair.model.withheld > 0
