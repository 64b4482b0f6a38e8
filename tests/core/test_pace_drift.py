"""The stroke clock over ten years: no stroke too many or too few, at any rate, and no overflow at the far end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c_ext.host import Core

TEN_YEARS_US = 315_576_000_000_000  # 3652.5 days
QUANTA_PER_UU = 3_600_000
STROKES_UU = [12_500, 25_000, 50_000, 62_500, 100_000, 200_000, 250_000]  # both quanta, U-100 … U-500

pytestmark = [pytest.mark.req("DOSE-1"), pytest.mark.req("DOSE-2"), pytest.mark.req("DOSE-8")]


@pytest.fixture(scope="module")
def c():
    return Core.module


def new_pace(c, stroke_uu):
    pace = c.ffi.new("pace_t *")
    c.lib.pace_init(pace, stroke_uu * QUANTA_PER_UU)
    return pace


@pytest.mark.parametrize("stroke_uu", STROKES_UU)
@pytest.mark.parametrize("rate", [1, 50, 150, 200, 350, 1000, 4950, 34_950, 34_999, 35_000])
def test_the_count_after_ten_years_is_exact(c, stroke_uu, rate):
    pace = new_pace(c, stroke_uu)
    c.lib.pace_set_rate(pace, 0, rate)
    programmed_q = rate * TEN_YEARS_US
    assert c.lib.pace_owed_strokes(pace, TEN_YEARS_US) == programmed_q // (stroke_uu * QUANTA_PER_UU)
    # All of it carried through a stop, at the very end: the largest number the core ever works with.
    c.lib.pace_set_rate(pace, TEN_YEARS_US, 0)
    assert pace.waiting * stroke_uu * QUANTA_PER_UU + pace.held_q == programmed_q


@pytest.mark.parametrize(("stroke_uu", "rate"), [(200_000, 200), (200_000, 350), (200_000, 950), (250_000, 1050)])
def test_ten_years_stroke_by_stroke(c, stroke_uu, rate):
    pace = new_pace(c, stroke_uu)
    c.lib.pace_set_rate(pace, 0, rate)
    take, strokes = c.lib.pace_take, 0
    while pace.due_us <= TEN_YEARS_US:
        take(pace)
        strokes += 1
    assert strokes == rate * TEN_YEARS_US // (stroke_uu * QUANTA_PER_UU)


@given(
    stroke_uu=st.sampled_from(STROKES_UU),
    rate=st.integers(1, 35_000),
    strokes=st.integers(0, 300),
    at_us=st.integers(0, TEN_YEARS_US),
)
def test_every_due_instant_is_the_first_whole_microsecond(stroke_uu, rate, strokes, at_us):
    c = Core.module
    pace = new_pace(c, stroke_uu)
    c.lib.pace_set_rate(pace, at_us, rate)
    whole_q = stroke_uu * QUANTA_PER_UU
    for _ in range(strokes):
        c.lib.pace_take(pace)
    due_us = -(-(strokes + 1) * whole_q // rate)
    assert c.lib.pace_due_us(pace) == at_us + due_us
    assert pace.excess_q == due_us * rate - (strokes + 1) * whole_q < rate


@given(
    stroke_uu=st.sampled_from(STROKES_UU),
    steps=st.lists(st.tuples(st.integers(0, 10**13), st.integers(0, 35_000), st.integers(0, 40)), max_size=30),
)
def test_nothing_is_lost_or_repeated_over_any_rate_changes(stroke_uu, steps):
    c = Core.module
    pace = new_pace(c, stroke_uu)
    whole_q = stroke_uu * QUANTA_PER_UU
    now_us = owed_q = rate = 0
    for wait_us, next_rate, takes in steps:
        now_us += wait_us
        owed_q += rate * wait_us
        rate = next_rate
        c.lib.pace_set_rate(pace, now_us, rate)
        for _ in range(min(takes, owed_q // whole_q)):
            assert c.lib.pace_due_us(pace) <= now_us
            c.lib.pace_take(pace)
            owed_q -= whole_q
        assert c.lib.pace_owed_strokes(pace, now_us) == owed_q // whole_q
    dropped = c.lib.pace_drop_whole(pace, now_us)
    assert dropped == owed_q // whole_q
    c.lib.pace_set_rate(pace, now_us, 0)
    assert pace.held_q == owed_q % whole_q
