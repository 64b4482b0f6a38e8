"""Which rate is in force, by hand: patterns by the local clock, percentages, recommendations, suspension."""

from __future__ import annotations

from typing import Any

import pytest

from hil.oracle.exact import NEVER_US
from hil.oracle.programme import BY_HAND, Programme, Temp
from tests.oracle.hand import EPOCH_S, MIN, H, S

HALF_H = 30 * MIN


def pattern_b(utc_s: int | None = EPOCH_S, **more: Any) -> Programme:
    """Pattern B at 1.00, 1.01, ... 1.47 U/h from local midnight on."""
    made = Programme(pattern=1, **more)
    made.rates[1] = [1_000 + 10 * place for place in range(48)]
    if utc_s is not None:
        made.set_clock(0, utc_s)
    return made


@pytest.mark.req("THER-1")
def test_a_new_programme_runs_by_hand_at_zero_and_its_patterns_at_a_fifth_of_a_unit() -> None:
    new = Programme()
    assert (new.pattern, new.programmed(0), new.in_force(0), new.day_mu()) == (BY_HAND, 0, 0, 0)
    assert new.rates == [[200] * 48] * 4
    assert (new.state, new.max_mu_per_h, new.lowered_percent, new.least_mu_per_h) == ("running", 35_000, 100, 0)
    new.rates[0][0] = 5
    assert new.rates[1][0] == 200 and BY_HAND == 255


@pytest.mark.req("THER-8")
def test_the_wall_clock_goes_on_with_the_device_s_time() -> None:
    clock = Programme()
    assert (clock.utc_us(5), clock.utc_s(5)) == (None, 0)
    clock.set_clock(3 * S + 1, 100)
    assert clock.utc_us(3 * S + 1) == 100 * S
    assert (clock.utc_s(4 * S), clock.utc_s(4 * S + 1)) == (100, 101)


@pytest.mark.req("THER-1", "THER-8")
def test_a_pattern_s_rate_is_that_of_the_local_half_hour() -> None:
    running = pattern_b()
    assert [running.programmed(at) for at in (0, HALF_H - 1, HALF_H, 24 * H - 1, 24 * H)] == [
        1_000, 1_000, 1_010, 1_470, 1_000,
    ]  # fmt: skip
    east = pattern_b(offset_min=90)
    assert (east.programmed(0), east.programmed(HALF_H)) == (1_030, 1_040)
    west = pattern_b(offset_min=-30)
    assert (west.programmed(0), west.programmed(HALF_H)) == (1_470, 1_000)
    lost = pattern_b(None)
    lost.rates[1][7] = 300
    assert lost.programmed(0) == 300, "without a clock the least of the pattern"
    lost.pattern, lost.by_hand_mu_per_h = BY_HAND, 4_000
    assert lost.programmed(0) == 4_000


@pytest.mark.req("THER-1")
def test_a_pattern_changes_at_the_next_half_hour_of_the_local_clock() -> None:
    running = pattern_b(EPOCH_S + 1)
    assert running.next_half_hour_us(0) == HALF_H - S
    assert running.next_half_hour_us(HALF_H - S) == 2 * HALF_H - S, "after now"
    assert pattern_b(offset_min=10).next_half_hour_us(0) == 20 * MIN
    assert pattern_b(None).next_half_hour_us(0) == NEVER_US
    assert running.next_change_us(0) == HALF_H - S
    assert Programme(utc_at_zero_us=EPOCH_S * S).next_change_us(0) == NEVER_US, "by hand nothing changes"


@pytest.mark.req("THER-2")
def test_a_percentage_is_rounded_down_and_a_rate_is_taken_as_it_is() -> None:
    assert (Temp(True, 33, 0).of(50), Temp(True, 200, 0).of(50), Temp(True, 0, 0).of(50)) == (16, 100, 0)
    assert Temp(False, 33, 0).of(50) == 33


@pytest.mark.req("THER-2", "THER-7", "GUARD-1")
def test_a_temporary_rate_comes_before_a_recommendation_and_both_are_held_to_the_limit() -> None:
    made = Programme(by_hand_mu_per_h=2_000, max_mu_per_h=2_500)
    assert made.in_force(0) == 2_000
    made.recommended_mu_per_h, made.recommended_until_us = 700, 9
    assert made.in_force(0) == 700
    made.recommended_mu_per_h = 2_501
    assert made.in_force(0) == 2_500
    made.temp = Temp(True, 110, 5)
    assert made.in_force(0) == 2_200
    made.temp.value = 200
    assert made.in_force(0) == 2_500
    made.state = "stopped"
    assert made.in_force(0) == 0


@pytest.mark.req("THER-3")
def test_a_suspended_pump_delivers_no_more_than_without_the_suspend() -> None:
    made = Programme(by_hand_mu_per_h=1_000, state="suspended", least_mu_per_h=200)
    assert made.in_force(0) == 200
    made.by_hand_mu_per_h = 150
    assert made.in_force(0) == 150
    made.lowered_percent = 50
    assert made.in_force(0) == 75, "the percentage that ran goes on lowering it"
    made.max_mu_per_h = 60
    assert made.in_force(0) == 60
    made.state = "procedure"
    assert made.in_force(0) == 0


@pytest.mark.req("THER-4")
def test_a_day_is_what_is_programmed_or_what_the_temporary_rate_makes_of_it_if_that_is_more() -> None:
    by_hand = Programme(by_hand_mu_per_h=1_000)
    assert (by_hand.day_mu(), by_hand.all_programmed()) == (24_000, [1_000])
    by_hand.temp = Temp(True, 150, 5)
    assert by_hand.day_mu() == 36_000
    by_hand.temp = Temp(True, 50, 5)
    assert by_hand.day_mu() == 24_000
    by_hand.temp = Temp(False, 1_001, 5)
    assert by_hand.day_mu() == 24_024
    by_hand.temp = Temp(False, 999, 5)
    assert by_hand.day_mu() == 24_000
    pattern = pattern_b()
    assert pattern.day_mu() == 24 * 1_235, "on average"
    assert pattern.all_programmed() == pattern.rates[1]


@pytest.mark.req("THER-7", "DOSE-2")
def test_what_ends_by_itself_ends_at_its_own_microsecond() -> None:
    made = pattern_b()
    made.temp, made.recommended_until_us, made.recommended_mu_per_h = Temp(True, 10, 700), 800, 5
    assert made.next_change_us(0) == 700
    assert made.lapse(699) == [] and made.temp is not None
    assert made.lapse(700) == ["temp"] and made.temp is None
    assert made.next_change_us(700) == 800
    assert made.lapse(799) == [] and made.recommended_until_us == 800
    assert made.lapse(800) == ["recommendation"] and made.recommended_until_us == NEVER_US
    assert made.in_force(800) == 1_000
    made.temp, made.recommended_until_us = Temp(True, 10, 3 * H), 4 * H
    assert made.next_change_us(800) == HALF_H
    assert made.lapse(4 * H) == ["temp", "recommendation"]
