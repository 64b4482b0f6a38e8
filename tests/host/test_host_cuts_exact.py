"""Which rolling cap a rate meets day after day, by hand: the pump counts 3 s more than an hour and than a day."""

from __future__ import annotations

import pytest

from host.cuts import cut_by, cut_note, cut_text
from host.records import Limits

pytestmark = pytest.mark.req("GUARD-1", "THER-9")


def limits(hour_mu: int = 60_000, day_mu: int = 500_000, basal: int = 35_000) -> Limits:
    return Limits(max_basal_mu_per_h=basal, max_bolus_mu=40_000, max_hour_mu=hour_mu, max_day_mu=day_mu)


def test_one_rate_meets_the_hour_s_limit_three_seconds_before_the_hour() -> None:
    """3 U/h for 3,603 s are 3.0025 U."""
    assert cut_by([3_000], limits(hour_mu=3_003)) == "none" and cut_by([3_000], limits(hour_mu=3_002)) == "hour"
    assert cut_by([6_000], limits(hour_mu=6_005)) == "none", "just fits: 6.005 U"
    assert cut_by([6_000], limits(hour_mu=6_004)) == "hour"


def test_any_hour_of_a_day_counts_over_midnight_too() -> None:
    """Two half-hours at 4 and 2 U/h make 3 U."""
    for rates in ([1_000, 4_000, 2_000, 1_000], [2_000, 1_000, 1_000, 4_000], [4_000, 1_000, 1_000, 2_000]):
        assert cut_by(rates, limits(hour_mu=3_003)) == "none" and cut_by(rates, limits(hour_mu=3_002)) == "hour"


def test_a_day_meets_the_day_s_limit() -> None:
    """24 U in a day: 24.00083 U in 86,403 s."""
    for rates in ([1_000], [500, 1_500]):
        assert cut_by(rates, limits(day_mu=24_001)) == "none" and cut_by(rates, limits(day_mu=24_000)) == "day"
    assert cut_by([28_800], limits(day_mu=691_224)) == "none", "just fits"
    assert cut_by([28_800], limits(day_mu=691_223)) == "day"


def test_a_rate_above_the_limit_for_rates_is_held_to_it_first() -> None:
    assert cut_by([9_000], limits(hour_mu=3_003, basal=3_000)) == "none"
    assert cut_by([0], limits(0, 0)) == "none"


def test_it_is_said_which_limit_and_nothing_if_there_is_none() -> None:
    assert cut_text("none") == cut_note("none") == ""
    assert "one hour" in cut_text("hour") and "24 hours" in cut_text("day")
    assert "one hour" in cut_note("hour") and "24 hours" in cut_note("day")
