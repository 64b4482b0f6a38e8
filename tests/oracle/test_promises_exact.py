"""Which boluses a rolling cap demands to refuse, by hand: what was used, what is promised, what basal brings."""

from __future__ import annotations

import pytest

from hil.oracle.caps import HOUR
from hil.oracle.programme import Temp
from tests.oracle.hand import MIN, H, S
from tests.oracle.promised import DAY_US, FREE, by_pattern, demanded, made_before, pump, told

pytestmark = pytest.mark.req("GUARD-1")


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


def test_of_a_spread_part_what_older_strokes_make_room_for_fits() -> None:
    """The strokes of a day ago leave the window before all of it is given."""
    used = made_before(pump(), *[DAY_US - MIN - place * S for place in range(10)])
    assert told(used, 0, 150_000, 8 * H) == FREE
    assert demanded(used, 0, 150_200, 8 * H) == {"day_limit"}


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
