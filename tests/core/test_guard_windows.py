"""Rolling caps at their edges: never a stroke too many in an hour or a day, never held more than a minute too long."""

import pytest

from c_ext.host import DAY_TICKS, HOUR_TICKS, TICK_SHIFT, WITHHELD, Core
from tests.core.model import DAY_US, HOUR_US, STROKE

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
    assert core.bolus(start_us, 2) == 0
    limits = (35_000, 40_000, 200, 150_000) if window_us == HOUR_US else (35_000, 40_000, 60_000, 200)
    assert core.set_limits(*limits) == (0, 0)
    assert core.permit(1) and core.service(start_us) == STROKE
    core.confirmed()
    core.ended()
    assert core.permit(2)
    assert core.service(start_us + window_us + later_us) == action


def test_the_cap_is_full_to_the_last_stroke():
    core = Core()
    now_us = 0
    for bolus in (200, 100):
        assert core.bolus(now_us, bolus) == 0
        for _ in range(bolus):
            assert core.permit(core.state()[18] + 1) and core.service(now_us) == STROKE
            core.confirmed()
            core.ended()
            now_us += 2_000_000
    assert core.used(now_us, 0) == 300
    core.set_basal(now_us, 35_000)
    core.permit(301)
    assert core.service(core.next_us()) == WITHHELD
