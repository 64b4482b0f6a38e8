"""What stops and starts the pump, by hand: suspend, stop, resume, auto-off."""

from __future__ import annotations

import pytest

from hil.oracle import states
from hil.oracle.exact import NEVER_US
from tests.oracle.hand import MIN, Hand, S

LIMITS = {"max_basal_mu_per_h": 35_000, "max_bolus_mu": 40_000, "max_hour_mu": 60_000, "max_day_mu": 150_000}


def running(rate_mu_per_h: int = 1_000) -> Hand:
    hand = Hand()
    hand.order(0, "set_basal", rate_mu_per_h=rate_mu_per_h)
    return hand


@pytest.mark.req("THER-3", "DOSE-5")
def test_a_suspend_goes_on_at_the_least_of_its_own_rate_and_what_was_in_force() -> None:
    hand = running()
    hand.order(1, "bolus", volume_mu=1_000)
    hand.order(2, "square_bolus", volume_mu=600, duration_min=30)
    hand.device.advance(3 * S)
    assert states.suspend(hand.device) == (3 + 3, 200)
    programme = hand.device.pump.programme
    assert (programme.state, programme.temp, programme.recommended_until_us) == ("suspended", None, NEVER_US)
    assert [entry.reason for entry in hand.device.pump.entries[-4:]] == ["suspended"] * 3 + ["running"]
    assert "pump_suspended" in hand.device.alarms.latched and "pump_stopped" not in hand.device.alarms.latched
    assert states.resume(hand.device) == 1_000
    assert states.suspend(running(150).device) == (0, 150)


@pytest.mark.req("THER-3")
@pytest.mark.parametrize(("percent", "least_mu_per_h"), [(10, 100), (100, 200), (200, 200), (0, 0)])
def test_a_percentage_that_ran_goes_on_lowering_and_never_raises(percent: int, least_mu_per_h: int) -> None:
    hand = running()
    hand.order(S, "temp_basal", kind=1, value=percent, duration_min=60)
    assert states.suspend(hand.device) == (0, least_mu_per_h)
    assert hand.device.pump.programme.lowered_percent == min(100, percent)
    # What is programmed at the time counts: by a tenth of it, or by all.
    hand.order(MIN, "set_basal", rate_mu_per_h=150)
    assert hand.device.pump.rate == min(least_mu_per_h, 150 * min(100, percent) // 100)


@pytest.mark.req("THER-3")
def test_a_temporary_rate_in_units_is_no_percentage() -> None:
    hand = running()
    hand.order(S, "temp_basal", kind=0, value=50, duration_min=60)
    assert states.suspend(hand.device) == (0, 50)
    assert hand.device.pump.programme.lowered_percent == 100
    hand.order(MIN, "set_basal", rate_mu_per_h=100)
    assert hand.device.pump.rate == 50


@pytest.mark.req("THER-3", "THER-7")
def test_a_recommendation_ends_with_a_stop_and_with_a_suspend() -> None:
    for what in ("suspend", "stop"):
        hand = running()
        hand.order(S, "recommend_rate", rate_mu_per_h=2_000, valid_min=60)
        hand.order(2 * S, what)
        assert hand.order(3 * S, "resume") == {"rate_mu_per_h": 1_000}


@pytest.mark.req("THER-3", "DOSE-3")
def test_a_temporary_rate_ends_with_a_stop_and_with_a_suspend() -> None:
    for what in ("suspend", "stop"):
        hand = running()
        hand.order(S, "temp_basal", kind=0, value=2_000, duration_min=60)
        hand.order(2 * S, what)
        assert hand.order(3 * S, "resume") == {"rate_mu_per_h": 1_000}
        assert "temp_basal" not in {each.kind for each in hand.device.pump.entries if each.runs}


@pytest.mark.req("THER-3")
def test_a_new_pump_begins_with_an_act() -> None:
    device = Hand().device
    device.settings.values["auto_off_min"] = 7
    assert device.auto_off.next_us(device.pump) == 7 * MIN


@pytest.mark.req("THER-3", "DOSE-5")
def test_a_stop_is_zero_and_an_explicit_order_resumes() -> None:
    hand = running()
    hand.order(1, "bolus", volume_mu=1_000)
    hand.device.advance(2)
    assert states.stop(hand.device, "fault") == 4
    pump = hand.device.pump
    assert (pump.state, pump.rate, pump.entries[-1].reason) == ("stopped", 0, "fault")
    assert list(hand.device.alarms.latched) == ["pump_stopped"]
    hand.device.alarms.latch("auto_off")
    hand.device.alarms.latch("occlusion")
    hand.device.alarms.latch("pump_suspended")
    assert states.resume(hand.device) == 1_000
    assert (pump.state, pump.rate, list(hand.device.alarms.latched)) == ("running", 1_000, ["occlusion"])


@pytest.mark.req("THER-3")
def test_auto_off_stops_a_running_pump_so_long_after_the_latest_act() -> None:
    hand = running()
    watcher = hand.device.auto_off
    pump = hand.device.pump
    assert watcher.act_us == 0 and watcher.next_us(pump) == NEVER_US, "it is off"
    hand.device.settings.values["auto_off_min"] = 7
    assert watcher.next_us(pump) == 7 * MIN
    watcher.act_us = 11
    assert watcher.next_us(pump) == 7 * MIN + 11
    pump.programme.state = "suspended"
    assert watcher.next_us(pump) == NEVER_US
    pump.programme.state = "running"
    hand.device.advance(7 * MIN + 10)
    assert (pump.state, hand.device.alarms.latched) == ("running", {})
    hand.device.advance(7 * MIN + 11)
    assert pump.state == "stopped"
    assert {name: each.may_us for name, each in hand.device.alarms.latched.items()} == {
        "auto_off": 7 * MIN + 11,
        "pump_stopped": 7 * MIN + 11,
    }
    assert pump.entries[-1].reason == "fault"
    hand.device.settings.values["auto_off_min"] = 1
    pump.programme.state = "running"
    assert watcher.next_us(pump) == pump.now_us, "not in the past"
