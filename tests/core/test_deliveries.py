"""Every kind of delivery with the exact model beside it: order, boundaries, ends, and what comes in between."""

import pytest

from c_ext.host import Core
from tests.core.flow import HOUR_US, TEMP_PERCENT, TEMP_RATE
from tests.core.model import BASAL, DAY_US, E_BUSY, E_NO_TEMP, NORMAL, SQUARE, STROKE, TEMP
from tests.core.pair import Pair, by_name

MINUTE_US = 60_000_000
pytestmark = [pytest.mark.req("DOSE-1"), pytest.mark.req("DOSE-2"), pytest.mark.req("DOSE-3")]


@pytest.fixture(params=[500, 125], ids=["500 nl", "125 nl"])
def pair(request):
    made = Pair(Core, stroke_nl=request.param)
    made.permit(1)
    return made


def starve(pair, now_us):
    """No stroke for ten minutes: whatever comes to be owed waits."""
    pair.settle(now_us)
    pair.settle(now_us + 10 * MINUTE_US)


def kinds_of(pair, strokes):
    """Whose the next strokes are."""
    kinds = []
    for _ in range(strokes):
        due_us = max(pair.core.next_us(), pair.now_us)
        pair.promise(pair.now_us, due_us)
        assert pair.service(due_us) == STROKE
        kinds.append(pair.model.in_flight)
        pair.stroke_over()
    return kinds


def test_normal_goes_first_then_what_waits_then_what_comes(pair):
    pair.request("set_basal", 0, 3000)
    pair.request("plan_basal", 0, 5 * MINUTE_US, 3000)
    pair.request("bolus", 0, 0, 9, HOUR_US // 2)
    starve(pair, 0)
    pair.request("temp_basal", pair.now_us, TEMP_RATE, 6000, HOUR_US)
    starve(pair, pair.now_us)
    pair.request("bolus", pair.now_us, 2)
    basal, temp = pair.model.basal.waiting
    square = pair.model.square.waiting(pair.now_us)
    assert min(basal, temp, square) > 0
    kinds = kinds_of(pair, 2 + basal + temp + square)
    assert kinds[: 2 + basal + temp] == [NORMAL] * 2 + [BASAL] * basal + [TEMP] * temp
    assert SQUARE in kinds


def test_on_a_tie_basal_goes_first(pair):
    rate = int(pair.model.stroke_mu) * 2
    pair.request("set_basal", 0, rate)
    pair.request("bolus", 0, 0, 1, HOUR_US // 2)
    assert kinds_of(pair, 2) == [BASAL, SQUARE]
    assert pair.model.starts_us == [HOUR_US // 2, HOUR_US // 2 + pair.model.spacing_us]


@pytest.mark.parametrize("kind", [TEMP_RATE, TEMP_PERCENT])
@pytest.mark.parametrize("apart_us", [-1, 0, 1])
def test_a_boundary_at_a_temporary_rate_s_end(pair, kind, apart_us):
    pair.request("set_basal", 0, 2000)
    pair.request("temp_basal", 0, kind, 150, HOUR_US)
    pair.request("plan_basal", 0, HOUR_US + apart_us, 9000)
    pair.run(4 * HOUR_US, limit=2000)
    assert pair.model.basal.rate == 9000 and pair.model.ledgers[BASAL].commanded > 0


@pytest.mark.parametrize("late_us", [0, 1, HOUR_US, 3 * DAY_US])
def test_changes_count_from_their_own_microsecond_however_late_the_supervisor(pair, late_us):
    pair.request("set_basal", 0, 1000)
    pair.request("temp_basal", 0, TEMP_PERCENT, 50, 20 * MINUTE_US)
    pair.request("plan_basal", 0, 10 * MINUTE_US + 1, 3000)
    pair.settle(20 * MINUTE_US + late_us)
    # 10 min at 0.5, 10 min at 1.5, then 3 U/h.
    owed = pair.model.basal.total * pair.model.stroke_mu * HOUR_US
    assert owed == 500 * (10 * MINUTE_US + 1) + 1500 * (10 * MINUTE_US - 1) + 3000 * late_us


def test_a_temporary_rate_that_has_ended_cannot_be_cancelled_however_late_the_supervisor(pair):
    pair.request("temp_basal", 0, TEMP_PERCENT, 50, MINUTE_US)
    assert pair.request("cancel_temp", MINUTE_US) == E_NO_TEMP
    pair.request("temp_basal", MINUTE_US, TEMP_PERCENT, 50, MINUTE_US)
    assert pair.request("cancel_temp", 2 * MINUTE_US - 1) == 0


def test_a_change_exactly_as_a_stroke_comes_to_be_owed(pair):
    due_us = 20 * MINUTE_US
    pair.request("set_basal", 0, int(3 * pair.model.stroke_mu))
    for beside_us in (-1, 0, 1):
        pair.request("plan_basal", pair.now_us, due_us + beside_us, 35_000)
        assert pair.core.next_us() == due_us or beside_us < 0
    assert kinds_of(pair, 1) == [BASAL]


@pytest.mark.parametrize("temp_first", [True, False])
def test_a_stroke_is_its_rate_s_that_programmed_the_last_of_it(pair, temp_first):
    due_us = 20 * MINUTE_US
    rate = int(3 * pair.model.stroke_mu)
    pair.request("set_basal", 0, rate)
    if temp_first:
        pair.request("temp_basal", 0, TEMP_RATE, rate, due_us)
    else:
        pair.settle(due_us - 1)
        pair.request("temp_basal", due_us - 1, TEMP_RATE, rate, HOUR_US)
    assert kinds_of(pair, 1) == [TEMP]


@pytest.mark.req("DOSE-5")
@pytest.mark.parametrize("name", ["cancel_bolus", "suspend", "stop"])
@pytest.mark.parametrize(
    "bolus", [(5, 0, 0), (0, 5, HOUR_US // 2), (5, 5, HOUR_US // 2)], ids=["normal", "square", "dual"]
)
@pytest.mark.parametrize("made", [0, 1, 3])
def test_every_bolus_can_be_cut(pair, name, bolus, made):
    pair.request("bolus", 0, *bolus)
    pair.run(HOUR_US // 2 - 1, limit=made)
    if name == "stop":
        pair.stop(pair.now_us + 5, 8)
    else:
        pair.request(name, pair.now_us + 5)
    pair.settle(pair.now_us)
    state = by_name(pair.core.state())
    for part in ("normal", "square"):
        assert state[f"{part}_programmed"] == state[f"{part}_commanded"] + state[f"{part}_abandoned"]
    assert pair.core.next_us() == -1


def test_a_part_is_busy_until_its_last_stroke_is_over(pair):
    for bolus, other in (((1, 0, 0), (0, 1, HOUR_US // 2)), ((0, 1, HOUR_US // 2), (1, 0, 0))):
        now_us = pair.now_us
        pair.request("bolus", now_us, *bolus)
        due_us = max(pair.core.next_us(), now_us)
        pair.promise(now_us, due_us)
        assert pair.service(due_us) == STROKE
        pair.settle(due_us)
        assert pair.request("bolus", due_us, *bolus) == E_BUSY
        assert pair.request("bolus", due_us, *other) == 0
        pair.request("cancel_bolus", due_us)
        pair.stroke_over()
        pair.settle(due_us + pair.model.spacing_us)
        assert pair.request("bolus", pair.now_us, *bolus) == 0
        pair.request("cancel_bolus", pair.now_us)


def test_the_last_square_stroke_falls_due_at_the_end_and_none_after(pair):
    for square in (1, 2, 7, 60):
        start_us = pair.now_us
        pair.request("bolus", start_us, 0, square, HOUR_US // 2 + square)
        assert pair.run(start_us + HOUR_US, limit=200) == square
        assert by_name(pair.core.state())["square_end_us"] == start_us + HOUR_US // 2 + square


def test_a_square_bolus_that_nobody_looked_at_is_paid_out_at_spacing(pair):
    pair.request("bolus", 0, 0, 5, HOUR_US // 2)
    starve(pair, 3 * HOUR_US)
    assert pair.run(4 * HOUR_US) == 5
    starts_us = pair.model.starts_us
    assert {b - a for a, b in zip(starts_us, starts_us[1:], strict=False)} == {pair.model.spacing_us}


@pytest.mark.req("DOSE-5")
def test_a_resume_goes_on_at_the_rate_programmed_meanwhile(pair):
    pair.request("set_basal", 0, 1000)
    pair.request("suspend", MINUTE_US)
    pair.request("plan_basal", MINUTE_US, 2 * MINUTE_US, 5000)
    pair.settle(3 * MINUTE_US)
    pair.request("set_basal", 3 * MINUTE_US, 7000)
    pair.request("plan_basal", 3 * MINUTE_US, 5 * MINUTE_US, 9000)
    pair.request("resume", 4 * MINUTE_US)
    pair.run(HOUR_US, limit=300)
    assert pair.model.basal.rate == 9000


def test_limits_look_at_what_is_planned_and_what_a_temporary_rate_makes(pair):
    pair.request("set_basal", 0, 10_000)
    assert pair.set_limits(9_999, 40_000, 30_000, 30_000) == 7
    pair.request("plan_basal", 0, HOUR_US, 12_000)
    assert pair.set_limits(11_999, 40_000, 30_000, 30_000) == 7
    pair.request("temp_basal", 0, TEMP_PERCENT, 200, 2 * HOUR_US)
    assert pair.set_limits(23_999, 40_000, 30_000, 30_000) == 7
    assert pair.set_limits(24_000, 40_000, 30_000, 30_000) == 0
    assert pair.request("set_basal", 0, 12_001) == pair.request("plan_basal", 0, HOUR_US, 12_001) == 7
    assert pair.request("temp_basal", 0, TEMP_PERCENT, 201, 1) == 2
