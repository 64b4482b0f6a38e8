"""Would a bolus pass a rolling cap, by hand: what was used, what is promised, what basal brings, and the safe side."""

from __future__ import annotations

import pytest

from hil.oracle.caps import HOUR
from hil.oracle.exact import Quantum
from hil.oracle.programme import Temp
from hil.oracle.promises import _basal, cap_reasons, lowest_reasons
from hil.oracle.pump import Pump, Seen
from hil.oracle.reasons import Reason
from tests.oracle.hand import EDGE_US, MIN, H, S

pytestmark = pytest.mark.req("GUARD-1")
DAY_US = 24 * H
FREE: tuple[list[Reason], list[Reason]] = ([], [])


def pump(rate_mu_per_h: int = 0, hour_mu: int = 60_000, day_mu: int = 150_000, stroke_nl: int = 500) -> Pump:
    made = Pump(Quantum(stroke_nl, 400), EDGE_US, Seen([]))
    made.programme.by_hand_mu_per_h = rate_mu_per_h
    made.caps.hour_mu, made.caps.day_mu = hour_mu, day_mu
    made.follow()
    return made


def made_before(made: Pump, *ago_us: int) -> Pump:
    """Strokes were made so long ago; it is 30 h."""
    made.pass_time(30 * H)
    made.basal.owed_q = 0
    for each in ago_us:
        made.caps.count(30 * H - each)
    return made


def parts(made: Pump, now_mu: int, spread_mu: int) -> tuple[int, int]:
    """In strokes."""
    return now_mu * 1000 // made.quantum.uu, spread_mu * 1000 // made.quantum.uu


def by_pattern(*rates: int) -> Pump:
    """By the pattern from midnight on, the last rate for the rest of the day."""
    made = pump()
    made.programme.rates[0] = [*rates, *[rates[-1]] * (48 - len(rates))]
    made.programme.pattern = 0
    made.programme.set_clock(0, 0)
    made.follow()
    return made


def demanded(made: Pump, now_mu: int, spread_mu: int = 0, over_us: int = 0) -> set[str]:
    """Of an order that was accepted: what it should have been refused for."""
    must, may = cap_reasons(made, parts(made, now_mu, spread_mu), over_us, refused=False)
    assert may == [] and all(each == Reason(each.code) for each in must)
    return {each.code for each in must}


def told(made: Pump, now_mu: int, spread_mu: int = 0, over_us: int = 0) -> tuple[list[Reason], list[Reason]]:
    return cap_reasons(made, parts(made, now_mu, spread_mu), over_us, refused=True)


# What must be refused


def test_a_bolus_may_fill_the_hour_and_the_day_and_no_stroke_more() -> None:
    assert demanded(pump(hour_mu=1_000), 1_000) == set() and demanded(pump(hour_mu=1_000), 1_200) == {"hour_limit"}
    assert demanded(pump(hour_mu=1_100), 1_200) == {"hour_limit"} and demanded(pump(hour_mu=1_199), 1_000) == set()
    assert demanded(pump(day_mu=1_000), 1_000) == set() and demanded(pump(day_mu=1_000), 1_200) == {"day_limit"}
    assert demanded(pump(hour_mu=1_000, day_mu=1_000), 1_200) == {"hour_limit"}, "the first that cuts it"


def test_what_was_used_of_the_window_counts_until_it_has_left_it() -> None:
    """The fifth stroke of the bolus comes in 8 s."""
    for ago_us, cut in ((H - 8 * S - 1, True), (H - 8 * S, False)):
        assert bool(demanded(made_before(pump(hour_mu=1_000), ago_us), 1_000)) is cut
    for ago_us, cut in ((DAY_US - 8 * S - 1, True), (DAY_US - 8 * S, False)):
        assert bool(demanded(made_before(pump(day_mu=1_000), ago_us), 1_000)) is cut


def test_of_a_spread_part_what_falls_into_the_window_counts() -> None:
    assert demanded(pump(hour_mu=1_000), 0, 2_000, 2 * H) == set()
    assert demanded(pump(hour_mu=800), 0, 2_000, 2 * H) == {"hour_limit"}
    # A dual bolus: two strokes at once and one every half-hour; by the second of these the first has left the hour.
    assert demanded(pump(hour_mu=600), 400, 800, 2 * H) == set()
    assert demanded(pump(hour_mu=599), 400, 800, 2 * H) == {"hour_limit"}


def test_what_running_boluses_were_promised_counts() -> None:
    made = pump(hour_mu=2_000)
    made.begin("square_bolus", 5, 30 * MIN)
    assert demanded(made, 1_000) == set() and demanded(made, 1_200) == {"hour_limit"}
    made = pump(hour_mu=2_000)
    made.begin("normal_bolus", 5)
    assert demanded(made, 0, 1_000, 30 * MIN) == set() and demanded(made, 0, 1_200, 30 * MIN) == {"hour_limit"}
    assert made.now_us == 0 and made.normal is not None and made.normal.left == 5, "nothing is touched"


def test_basal_that_is_programmed_counts_while_the_boluses_run() -> None:
    """2 U/h beside a bolus of 1 U in an hour: 3 U."""
    assert demanded(pump(2_000, hour_mu=3_000), 0, 1_000, H) == set()
    assert demanded(pump(2_000, hour_mu=2_800), 0, 1_000, H) == {"hour_limit"}


def test_what_a_cap_must_cut_anyway_is_no_reason_against_a_bolus() -> None:
    """Basal of 4 U/h where 3 U are allowed: it is cut with and without the bolus."""
    made = pump(4_000, hour_mu=3_000)
    assert demanded(made, 0, 1_000, 2 * H) == set()
    must, may = told(made, 0, 1_000, 2 * H)
    assert must == [] and [each.code for each in may] == ["hour_limit"]


def test_the_caps_of_the_future_have_no_safe_side() -> None:
    """5 strokes of the hour were made an hour and half a minute ago: they may still count, and need not."""
    made = made_before(pump(hour_mu=1_000), *[H + 30 * S] * 5)
    assert demanded(made, 1_000) == set()
    must, may = told(made, 1_000)
    assert must == [] and [each.code for each in may] == ["hour_limit"]


def test_a_running_bolus_that_a_cap_must_cut_anyway_is_no_reason_against_another() -> None:
    """Caps were lowered, or basal was raised, since it was accepted: a fifth stroke where four are allowed."""
    made = pump(day_mu=800)
    made.begin("square_bolus", 5, 8 * H)
    assert demanded(made, 200) == set()


def test_a_running_bolus_that_a_cap_has_cut_before_is_no_reason_against_another() -> None:
    """Its first stroke of five is lost. By its second, at 48 min, four come of basal: beside four more nine fit."""
    made = pump(1_000, hour_mu=1_800)
    made.begin("square_bolus", 5, 2 * H).withheld_by = HOUR
    made.entries[-1].abandoned = 1
    assert demanded(made, 800) == set() and demanded(made, 1_000) == {"hour_limit"}


def test_what_a_cap_must_cut_is_looked_for_as_long_as_the_bolus_lasts() -> None:
    """3 U/h and a stroke in 50 min beside twelve of basal: in an hour alone basal has fifteen."""
    made = pump(3_000, hour_mu=2_400)
    assert demanded(made, 0, 200, 50 * MIN) == {"hour_limit"}
    assert demanded(made, 0, 200, 53 * MIN) == set(), "the thirteenth comes at 52 min"


def test_basal_that_waits_counts_though_none_comes_to_be_owed() -> None:
    """Four strokes wait: of a spread part they take their place, behind a normal bolus they are cut."""
    made = pump(0, hour_mu=2_000)
    made.basal.owed_q = 4 * made.quantum.q
    assert demanded(made, 0, 1_200, 30 * MIN) == set()
    assert demanded(made, 0, 1_400, 30 * MIN) == {"hour_limit"}
    assert demanded(made, 1_400) == set()
    assert told(made, 1_200) == FREE
    must, may = told(made, 1_400)
    assert must == [] and [each.code for each in may] == ["hour_limit"]


@pytest.mark.parametrize(("percent", "rate_mu_per_h"), [(100, 2_000), (200, 1_000)])
def test_a_rate_that_comes_while_the_bolus_runs_counts_as_it_will_be_in_force(percent: int, rate_mu_per_h: int) -> None:
    """Nothing in the first half-hour, then 2 U/h: in the second hour ten strokes, and up to three of the bolus."""
    for hour_mu, found in ((2_400, {"hour_limit"}), (2_600, set())):
        made = by_pattern(0, rate_mu_per_h)
        made.caps.hour_mu = hour_mu
        made.programme.temp = Temp(True, percent, 10 * H)
        made.follow()
        assert demanded(made, 0, 1_000, 2 * H) == found


# What a refusal says


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
