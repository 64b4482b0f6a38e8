"""The stroke clock over ten years: no stroke too many or too few, at any rate, and no overflow at the far end."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c_ext.host import Core

TEN_YEARS_US = 315_576_000_000_000  # 3652.5 days
DAY_US = 86_400_000_000
QUANTA_PER_UU = 3_600_000
STROKES_UU = [12_500, 25_000, 50_000, 62_500, 100_000, 200_000, 250_000]  # both quanta, U-100 … U-500
NEVER = 2**64 - 1

pytestmark = [pytest.mark.req("DOSE-1"), pytest.mark.req("DOSE-2"), pytest.mark.req("DOSE-8")]


@pytest.fixture(scope="module")
def c():
    return Core.module


def new_pace(c, stroke_uu, rate):
    return c.ffi.new("pace_t *", (stroke_uu * QUANTA_PER_UU, 0, rate))


@pytest.mark.parametrize("stroke_uu", STROKES_UU)
@pytest.mark.parametrize("rate", [1, 50, 150, 200, 350, 1000, 4950, 34_950, 34_999, 35_000])
def test_the_count_after_ten_years_is_exact(c, stroke_uu, rate):
    pace = new_pace(c, stroke_uu, rate)
    # All of it owed at once, at the very end: the largest number the core ever works with.
    strokes = c.lib.pace_accrue(pace, TEN_YEARS_US)
    assert strokes * stroke_uu * QUANTA_PER_UU + pace.owed_q == rate * TEN_YEARS_US
    assert pace.owed_q < pace.whole_q


@pytest.mark.parametrize(("stroke_uu", "rate"), [(200_000, 200), (200_000, 350), (200_000, 950), (250_000, 1050)])
def test_ten_years_stroke_by_stroke(c, stroke_uu, rate):
    pace = new_pace(c, stroke_uu, rate)
    due, accrue, strokes, now_us = c.lib.pace_due_us, c.lib.pace_accrue, 0, 0
    while (due_us := due(pace, now_us)) <= TEN_YEARS_US:
        strokes += accrue(pace, due_us - now_us)
        now_us = due_us
    assert strokes == rate * TEN_YEARS_US // (stroke_uu * QUANTA_PER_UU)


def test_ten_years_of_patterns_and_square_bolus(c):
    """Two rates a day, each from a planned boundary, and a square bolus a day: every stroke at its exact instant."""
    lib, kind = c.lib, c.ffi.new("dose_kind_t *")
    dose = c.ffi.new("dose_t *")
    lib.dose_init(dose, 0, 200_000, 2_000_000)
    day_us, half_us = DAY_US, DAY_US // 2 + 7
    programmed_q, squares = 0, 0
    rates = (350, 650)
    lib.dose_set_basal(dose, rates[0])
    for day in range(3652):
        start_us = day * day_us
        assert lib.dose_plan_basal(dose, start_us + half_us, rates[1]) == 0
        assert lib.dose_bolus(dose, 0, 7, day_us // 3) == 0
        for end_us in (start_us + half_us + 1, start_us + day_us):
            while (due_us := lib.dose_next_us(dose, kind)) <= end_us:
                lib.dose_settle(dose, due_us)
                lib.dose_commanded(dose, kind[0])
            lib.dose_settle(dose, end_us)
            if end_us < start_us + day_us:
                assert lib.dose_plan_basal(dose, start_us + day_us, rates[0]) == 0
        programmed_q += rates[0] * half_us + rates[1] * (day_us - half_us)
        squares += 7
        assert dose.ledger[lib.DOSE_KIND_SQUARE].commanded == 7
    commanded = dose.ledger[lib.DOSE_KIND_BASAL].commanded
    owed = Fraction(programmed_q, 200_000 * QUANTA_PER_UU) - commanded
    assert 0 <= owed < 1
    assert owed == Fraction(dose.basal.pace.owed_q, dose.basal.pace.whole_q) + dose.basal.waiting[0]
    assert dose.bolus_id * 7 == squares


def test_a_square_bolus_is_no_faster_than_a_pace_may_be(c):
    dose = c.ffi.new("dose_t *")
    c.lib.dose_init(dose, 0, 200_000, 1)
    assert c.lib.dose_bolus(dose, 0, c.lib.PACE_RATE_MAX + 1, DAY_US) == c.lib.DOSE_E_RANGE
    assert c.lib.dose_bolus(dose, 0, c.lib.PACE_RATE_MAX, DAY_US) == 0


@given(
    stroke_uu=st.sampled_from(STROKES_UU),
    rate=st.integers(1, 35_000),
    strokes=st.integers(0, 300),
)
def test_every_due_instant_is_the_first_whole_microsecond(stroke_uu, rate, strokes):
    c = Core.module
    pace = new_pace(c, stroke_uu, rate)
    whole_q, now_us = stroke_uu * QUANTA_PER_UU, 0
    for k in range(1, strokes + 1):
        due_us = c.lib.pace_due_us(pace, now_us)
        assert due_us == -(-k * whole_q // rate)
        assert c.lib.pace_accrue(pace, due_us - now_us) == 1
        now_us = due_us
    assert pace.owed_q == now_us * rate - strokes * whole_q


def test_a_pace_of_nothing_owes_nothing(c):
    pace = new_pace(c, 200_000, 0)
    assert c.lib.pace_due_us(pace, TEN_YEARS_US) == NEVER and c.lib.pace_accrue(pace, TEN_YEARS_US) == 0


@given(
    stroke_uu=st.sampled_from(STROKES_UU),
    steps=st.lists(st.tuples(st.integers(0, 10**13), st.integers(0, 35_000)), max_size=30),
)
def test_nothing_is_lost_or_repeated_over_any_rate_changes(stroke_uu, steps):
    c = Core.module
    pace = new_pace(c, stroke_uu, 0)
    owed_q = strokes = 0
    for wait_us, next_rate in steps:
        owed_q += pace.rate_q * wait_us
        strokes += c.lib.pace_accrue(pace, wait_us)
        pace.rate_q = next_rate
    assert divmod(owed_q, stroke_uu * QUANTA_PER_UU) == (strokes, pace.owed_q)
