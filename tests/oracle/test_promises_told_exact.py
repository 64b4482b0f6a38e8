"""Which boluses and lower caps may be refused for a rolling cap, and with which figures, by hand."""

from __future__ import annotations

import pytest

from hil.oracle.programme import Temp
from hil.oracle.promises import _basal, lowest_reasons
from hil.oracle.reasons import Reason
from tests.oracle.hand import MIN, H, S
from tests.oracle.promised import DAY_US, FREE, by_pattern, demanded, made_before, pump, told

pytestmark = pytest.mark.req("GUARD-1")


def test_the_refusal_names_the_limit_and_the_total_that_would_have_been_reached() -> None:
    """Six strokes where five fit: 1.2 U, at most by four strokes more."""
    must, may = told(pump(hour_mu=1_000), 1_200)
    assert must == [Reason("hour_limit", None, range(1_000, 2_001), 1_000)] and may == []
    must, may = told(pump(day_mu=1_000), 1_200)
    assert must == [Reason("day_limit", None, range(1_000, 2_001), 1_000)] and may == []
    assert told(pump(hour_mu=1_000), 1_000) == FREE
    made = pump(hour_mu=1_000)
    made.begin("normal_bolus", 3)
    made.begin("square_bolus", 2, 60 * MIN)
    must, _ = told(made, 0, 600, 30 * MIN)
    assert must == [Reason("hour_limit", None, range(1_000, 2_401), 1_000)], "3 + 2 + 3 strokes"


def test_a_refusal_may_reckon_with_what_is_known_to_come_within_a_day() -> None:
    """3 U/h: in a window of an hour, and of three minutes and the bolus's spacing more, 16 strokes at the most."""
    for hour_mu, allowed in ((3_200 + 200, False), (3_200 - 200, True)):
        must, may = told(pump(3_000, hour_mu=hour_mu), 200)
        assert must == [] and bool(may) is allowed
    # In a day at 1 U/h 120 strokes, and one of the bolus.
    assert told(pump(1_000, day_mu=24_400), 200) == FREE
    _, may = told(pump(1_000, day_mu=24_000), 200)
    assert [(each.code, each.limit) for each in may] == [("day_limit", 24_000)]


def test_a_rate_that_comes_later_is_known_too() -> None:
    """By the pattern 4 U/h from 12 h on, nothing before."""
    made = by_pattern(*[0] * 24, 4_000)
    for hour_mu, allowed in ((4_600, False), (3_800, True)):
        made.caps.hour_mu = hour_mu
        assert bool(told(made, 200)[1]) is allowed
    made = pump(100)
    made.programme.temp = Temp(True, 5_000, 10 * H)
    made.follow()
    for hour_mu, allowed in ((5_600, False), (4_800, True)):
        made.caps.hour_mu = hour_mu
        assert bool(told(made, 200)[1]) is allowed


def test_what_was_made_three_minutes_before_the_window_may_count_and_no_longer() -> None:
    """And the spacing of what is to come delays it: 2 s a stroke."""
    for window_us, field in ((H, "hour"), (DAY_US, "day")):
        for ago_us, allowed in ((window_us + 3 * MIN + 2 * S, True), (window_us + 3 * MIN + 2 * S + 1, False)):
            made = made_before(pump(**{f"{field}_mu": 200}), ago_us)
            assert [each.code for each in told(made, 200)[1]] == [f"{field}_limit"] * allowed
    # Three at once, and one of a running bolus in a second: that is where all would come together.
    for ago_us, allowed in ((H + 3 * MIN + 7 * S, True), (H + 3 * MIN + 7 * S + 1, False)):
        made = made_before(pump(hour_mu=999), ago_us)
        made.begin("square_bolus", 1, S)
        assert bool(told(made, 600)[1]) is allowed


def test_what_comes_is_foreseen_for_a_day_and_ten_minutes() -> None:
    """35 U/h from 24 h on: 29 strokes in ten minutes."""
    for hour_mu, allowed in ((5_799, True), (5_800, False)):
        made = pump(hour_mu=hour_mu)
        made.programme.by_hand_mu_per_h = 35_000
        made.programme.temp = Temp(False, 0, DAY_US)
        made.follow()
        assert bool(told(made, 200)[1]) is allowed
        made.programme.temp.until_us += 8 * H
        assert bool(told(made, 0, 400, 8 * H)[1]) is allowed, "a day after the bolus"


def test_it_is_foreseen_to_the_microsecond() -> None:
    """18 U/h from 24 h on: the fifteenth stroke comes at the end of the ten minutes, or a microsecond later."""
    for begins_us, allowed in ((DAY_US, True), (DAY_US + 1, False)):
        made = pump(18_000, hour_mu=2_900)
        made.programme.temp = Temp(False, 0, begins_us)
        made.follow()
        assert bool(told(made, 200)[1]) is allowed


def test_basal_is_foreseen_as_it_then_comes() -> None:
    made = by_pattern(300, 1_000, 0, 35_000, 50)
    made.programme.temp = Temp(True, 150, 50 * MIN)
    made.follow()
    made.advance(10 * MIN + 7)
    foreseen = _basal(made, 3 * H)
    made.advance(3 * H + 10 * MIN + 7)
    assert foreseen == [each.at_us - 10 * MIN - 7 for each in made.strokes] and len(foreseen) > 90


def test_of_a_spread_part_each_stroke_is_foreseen_at_its_own_time() -> None:
    """Four strokes: the last three quarters of the time after the first, at most an hour, three minutes and 8 s."""
    for over_us, allowed in ((5_050_666_667, True), (5_050_666_668, False)):
        assert bool(told(pump(hour_mu=600), 0, 800, over_us)[1]) is allowed
    for ago_us, allowed in ((33 * MIN + 2 * S, True), (33 * MIN + 2 * S + 1, False)):
        made = made_before(pump(hour_mu=200), ago_us)
        assert bool(told(made, 0, 200, 30 * MIN)[1]) is allowed


def test_what_was_made_before_power_failed_may_be_as_young_as_the_time_with_power() -> None:
    made = made_before(pump(hour_mu=1_000), *[2 * H] * 5)
    assert told(made, 200) == FREE
    made.caps.without_power(90 * MIN)
    must, may = told(made, 200)
    assert must == [] and [each.code for each in may] == ["hour_limit"]


def test_a_refusal_may_tell_all_that_is_promised_laid_on_what_was_used() -> None:
    """Two strokes that may count still, six more, and four in eight hours; the pump may have counted four more."""
    made = made_before(pump(hour_mu=1_000), *[H + 30 * S] * 2)
    made.begin("square_bolus", 4, 8 * H)
    must, _ = told(made, 1_200)
    assert must == [Reason("hour_limit", None, range(1_000, (2 + 6 + 4 + 4) * 200 + 1), 1_000)]


def test_a_running_bolus_may_be_what_a_new_one_would_cut() -> None:
    """2 U/h and a square bolus of five strokes in 50 min; its last is the 16th of the hour beside three more."""
    made = pump(2_000, hour_mu=3_000)
    made.begin("square_bolus", 5, 50 * MIN)
    assert demanded(made, 400) == set() and demanded(made, 600) == {"hour_limit"}
    made.caps.hour_mu = 3_200
    assert demanded(made, 600) == set()
    made = pump(2_000, hour_mu=3_000)
    made.pass_time(30 * H)
    made.basal.owed_q = 0
    made.begin("square_bolus", 5, 50 * MIN)
    assert demanded(made, 400) == set() and demanded(made, 600) == {"hour_limit"}


# Caps that are lowered


def test_what_was_made_two_minutes_before_the_window_of_a_stroke_to_come_may_count() -> None:
    for window_us, field in ((H, "max_hour_mu"), (DAY_US, "max_day_mu")):
        for ago_us, refused in ((window_us - 28 * MIN, True), (window_us - 28 * MIN + 1, False)):
            made = made_before(pump(), ago_us)
            made.begin("square_bolus", 1, 30 * MIN)
            limits = {"hour_mu": 400, "day_mu": 400} | {field.removeprefix("max_"): 399}
            assert [each.field for each in lowest_reasons(made, **limits)] == [field] * refused


def test_a_stroke_that_waits_is_to_come_now() -> None:
    """One of a square bolus has waited for 10 s."""
    for ago_us, refused in ((H + 2 * MIN, True), (H + 2 * MIN + 1, False)):
        made = made_before(pump(), ago_us)
        made.begin("square_bolus", 1, MIN)
        made.pass_time(30 * H + 70 * S)
        made.caps.starts_us[0] = made.caps.powered_us[0] = 30 * H + 70 * S - ago_us
        assert bool(lowest_reasons(made, 399, 400)) is refused


def test_caps_may_be_refused_below_what_running_boluses_were_promised() -> None:
    made = pump()
    assert lowest_reasons(made, 0, 0) == [], "none runs"
    made.begin("normal_bolus", 5)
    assert lowest_reasons(made, 1_000, 1_000) == []
    assert lowest_reasons(made, 999, 1_000) == [Reason("out_of_range", "max_hour_mu", 999)]
    assert lowest_reasons(made, 1_000, 999) == [Reason("out_of_range", "max_day_mu", 999)]
    made = made_before(pump(), 5 * H, H + MIN, H - MIN)
    made.begin("square_bolus", 5, 8 * H)
    # Of five strokes in eight hours one falls into an hour; one was made within it, and one within two minutes more.
    assert lowest_reasons(made, 400, 1_600) == []
    assert lowest_reasons(made, 399, 1_600) == [Reason("out_of_range", "max_hour_mu", 399)]
    assert lowest_reasons(made, 400, 1_599) == [Reason("out_of_range", "max_day_mu", 1_599)]


def test_a_fine_pump_counts_its_own_strokes() -> None:
    made = pump(hour_mu=1_000, stroke_nl=125)  # 50 mU
    assert demanded(made, 1_000) == set() and demanded(made, 1_050) == {"hour_limit"}
    must, _ = told(made, 1_050)
    assert must == [Reason("hour_limit", None, range(1_000, 1_251), 1_000)]
