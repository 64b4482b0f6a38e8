"""What follows at once from what happens in the pump, by hand."""

from __future__ import annotations

import pytest

from hil.oracle.exact import NEVER_US
from tests.oracle.hand import EPOCH_S, MIN, H, Hand, S

LIMITS = {"max_basal_mu_per_h": 35_000, "max_bolus_mu": 40_000, "max_hour_mu": 60_000, "max_day_mu": 150_000}


@pytest.mark.req("GUARD-1", "ALARM-1")
def test_a_stroke_that_a_cap_withholds_is_an_alarm_with_how_many_so_far() -> None:
    hand = Hand()
    pump, alarms = hand.device.pump, hand.device.alarms.latched
    pump.withheld = 2
    hand.device.react("withheld", {"caps": ("hour_cap",)})
    assert list(alarms) == ["hourly_maximum_exceeded"]
    hour = alarms["hourly_maximum_exceeded"]
    assert (hour.may_us, hour.must_us, hour.figure) == (0, 0, range(1, 3))
    hand = Hand()
    hand.device.react("withheld", {"caps": ("day_cap", "hour_cap")})
    both = hand.device.alarms.latched
    assert set(both) == {"daily_maximum_exceeded", "hourly_maximum_exceeded"}
    assert {each.must_us for each in both.values()} == {NEVER_US}, "either may be told"


@pytest.mark.req("THER-7", "ALARM-1")
def test_a_recommendation_that_lapses_is_an_alarm() -> None:
    hand = Hand()
    hand.order(0, "set_basal", rate_mu_per_h=1_000)
    hand.order(0, "recommend_rate", rate_mu_per_h=500, valid_min=1)
    hand.device.advance(MIN)
    latched = hand.device.alarms.latched["communication_error"]
    assert (latched.may_us, latched.must_us, latched.figure) == (MIN, MIN, None)


@pytest.mark.req("THER-4")
def test_the_level_is_looked_at_with_each_stroke_that_was_seen() -> None:
    hand = Hand()
    hand.device.reservoir.fill(2_000_500, 0, 0)  # 800.2 U
    hand.order(0, "bolus", volume_mu=400)
    hand.device.advance(1)
    assert hand.device.alarms.latched == {}
    hand.device.advance(S)
    low = hand.device.alarms.latched["low_reservoir"]
    assert low.may_us == low.must_us < S
    hand.device.alarms.latched.clear()
    hand.device.pump.dark = True
    hand.device.advance(3 * S)
    assert hand.device.alarms.latched == {}, "without power nobody looks"


@pytest.mark.req("THER-8")
def test_a_lost_clock_is_an_alarm_and_the_lowest_rate_of_the_pattern() -> None:
    hand = Hand()
    programme = hand.device.pump.programme
    programme.rates[0] = [1_000] * 47 + [300]
    hand.order(0, "select_pattern", pattern=0)
    assert hand.device.pump.rate == 1_000
    hand.device.lose_clock(4)
    hand.device.pump.follow()
    assert (hand.device.pump.rate, programme.utc_at_zero_us) == (300, None)
    assert hand.device.alarms.latched["clock_lost"].figure is None
    lost = next(each for each in hand.device.pump.events if each.what == "clock_lost")
    assert lost.values == {"why": 4} and lost.time_s == 0


@pytest.mark.req("GUARD-1")
def test_limits_are_in_force_at_once() -> None:
    hand = Hand()
    hand.device.settings.limits.update(max_basal_mu_per_h=500, max_bolus_mu=600, max_hour_mu=700, max_day_mu=800)
    hand.order(0, "set_basal", rate_mu_per_h=1_000)
    hand.device.take_limits()
    pump = hand.device.pump
    assert (pump.rate, pump.programme.max_mu_per_h, pump.caps.hour_mu, pump.caps.day_mu) == (500, 500, 700, 800)


@pytest.mark.req("THER-1", "THER-3")
def test_settings_are_in_force_at_once() -> None:
    hand = Hand()
    programme = hand.device.pump.programme
    programme.rates[0] = [1_000, 2_000] * 24
    hand.order(0, "select_pattern", pattern=0)
    hand.device.settings.values["utc_offset_min"] = 30
    hand.device.take_settings()
    assert (programme.offset_min, hand.device.pump.rate) == (30, 2_000)
    hand.device.rate_before_suspend = 150
    hand.device.take_settings()
    assert programme.least_mu_per_h == 150
    hand.device.settings.values["suspend_rate_mu_per_h"] = 100
    hand.device.take_settings()
    assert programme.least_mu_per_h == 100


@pytest.mark.req("STORE-5")
def test_a_new_device_has_lived_no_life_and_known_no_refill() -> None:
    device = Hand(125, 100).device
    assert (device.resets, device.born_us, device.seen_over, device.rate_before_suspend) == (0, 0, False, 0)
    assert (device.concentration, device.pump.quantum.uu, device.wall) == (100, 12_500, None)
    assert device.pump.programme.utc_s(H) == EPOCH_S + 3_600
    device.take_settings()
    assert device.pump.programme.least_mu_per_h == 0


@pytest.mark.req("THER-3", "THER-4")
def test_a_device_stops_by_itself_and_finds_by_itself_that_a_refill_is_due() -> None:
    device = Hand().device
    device.reservoir.fill(2_500_000, 0, 0)
    device.settings.values |= {"auto_off_min": 60, "in_use_days": 1}
    device.advance(H)
    assert (device.pump.state, "auto_off" in device.alarms.latched) == ("stopped", True)
    device.advance(24 * H)
    assert "refill_due" in device.alarms.latched
