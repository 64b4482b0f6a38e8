"""Which limit a bolus is refused by, and by how much; what is left for one."""

from __future__ import annotations

from typing import Any

import pytest

from firmware import protocol
from tests.firmware.desk import Desk
from tests.firmware.hand import SECOND_US

pytestmark = pytest.mark.req("GUARD-1", "THER-2")
ORDERS = {
    "bolus": ("bolus", lambda mu: {"volume_mu": mu}),
    "square": ("square_bolus", lambda mu: {"volume_mu": mu, "duration_min": 30}),
    "dual": ("dual_bolus", lambda mu: {"volume_mu": mu - 400, "square_mu": 400, "duration_min": 30}),
}


def limited(hour_mu: int, day_mu: int) -> Desk:
    desk = Desk()
    desk.hand.pump.device.set_limits(1_000, 3_000, hour_mu, day_mu)
    return desk


@pytest.mark.parametrize("kind", ORDERS)
def test_the_limit_of_one_bolus_is_named_before_the_caps_and_holds_for_both_parts(kind: str) -> None:
    name, values = ORDERS[kind]
    for hour_mu in (60_000, 3_000, 2_000):
        desk = limited(hour_mu, 100_000)
        assert desk.refused(name, **values(3_200)) == ("clinician_limit", 4, 3_200, 3_000)
        if hour_mu >= 3_000:
            assert isinstance(desk.ask(name, **values(3_000)), dict)
        else:
            assert desk.refused(name, **values(3_000)) == ("hour_limit", 4, 3_000, 2_000)
            assert isinstance(desk.ask(name, **values(2_000)), dict)


@pytest.mark.parametrize("kind", ORDERS)
def test_what_the_day_has_had_counts(kind: str) -> None:
    name, values = ORDERS[kind]
    desk = limited(60_000, 60_000)
    desk.hand.pump.device.set_limits(1_000, 40_000, 60_000, 60_000)
    desk.ask("bolus", volume_mu=40_000)
    desk.hand.live(7_200 * SECOND_US)
    assert desk.refused(name, **values(20_200)) == ("day_limit", 4, 60_200, 60_000)
    assert isinstance(desk.ask(name, **values(20_000)), dict)


def test_of_a_spread_part_the_day_counts_what_is_given_before_older_strokes_have_left_it() -> None:
    """40 U leave the day when three quarters of the square are given: only those must fit beside them."""
    desk = limited(60_000, 60_000)
    desk.hand.pump.device.set_limits(1_000, 40_000, 60_000, 60_000)
    desk.ask("bolus", volume_mu=40_000)
    desk.hand.live(18 * 3_600 * SECOND_US)
    code, field, _, limit_mu = desk.refused("square_bolus", volume_mu=27_000, duration_min=480)
    assert (code, field, limit_mu) == ("day_limit", 4, 60_000)
    assert isinstance(desk.ask("square_bolus", volume_mu=26_000, duration_min=480), dict)
    desk.hand.live(27 * 3_600 * SECOND_US)
    records = desk.ask("read_deliveries", since_id=0, max_count=5)["records"]
    (square,) = [each for each in records if each["programmed_mu"] == 26_000]
    assert (square["delivered_strokes"], protocol.REASONS[square["reason"]]) == (130, "completed")
    assert desk.ask("status")["alarms"] == 0


@pytest.mark.req("THER-4")
def test_what_is_left_above_the_stop_is_what_no_bolus_has_been_promised() -> None:
    desk = Desk()
    settings = desk.ask("read_settings")
    weights: dict[str, Any] = {"put_before_mg": 1_510, "put_after_mg": 10, "taken_back_nl": 0}
    assert isinstance(desk.ask("record_refill", **weights, drawn_before_mg=1, drawn_after_mg=1), dict)
    left_mu = desk.ask("status")["reservoir_mu"]
    stop_mu = left_mu - left_mu % 200 - 2_000
    desk.ask("set_settings", **settings | {"reservoir_stop_mu": stop_mu, "reservoir_empty_mu": stop_mu,
                                           "reservoir_low_mu": stop_mu})  # fmt: skip
    free_mu = left_mu - stop_mu
    assert desk.refused("bolus", volume_mu=2_200) == ("reservoir", 4, 2_200, free_mu)
    assert isinstance(desk.ask("square_bolus", volume_mu=1_400, duration_min=60), dict)
    assert desk.refused("bolus", volume_mu=800) == ("reservoir", 4, 800, free_mu - 1_400)
    assert isinstance(desk.ask("bolus", volume_mu=600), dict)
    desk.hand.live(10 * SECOND_US)
    desk.ask("set_basal", rate_mu_per_h=2_000)
    desk.hand.live(1_000 * SECOND_US)
    assert desk.refused("bolus", volume_mu=200) == ("reservoir", 4, 200, 0), "basal has had what was promised"
    assert desk.hand.pump.status()["state"] == protocol.STATE_RUNNING


@pytest.mark.req("GUARD-1", "THER-9")
def test_limits_that_stay_are_not_asked_again_what_they_will_cut() -> None:
    """A basal that the day's cap must cut was said so when it was ordered; it keeps no other limit from being set."""
    desk = Desk()
    assert desk.ask("set_basal", rate_mu_per_h=35_000)["cut_by"] == protocol.CUTS.index("day")
    status = desk.ask("status")
    caps = {name: status[name] for name in ("max_hour_mu", "max_day_mu")}
    reply = desk.ask("set_limits", max_basal_mu_per_h=35_000, max_bolus_mu=20_000, **caps)
    assert isinstance(reply, dict) and reply["cut_by"] == protocol.CUTS.index("day")


@pytest.mark.req("GUARD-1")
@pytest.mark.parametrize("cap", ["max_hour_mu", "max_day_mu"])
def test_a_cap_that_would_cut_what_was_accepted_is_refused_alone(cap: str) -> None:
    desk = Desk()
    now = {"max_basal_mu_per_h": 35_000, "max_bolus_mu": 40_000, "max_hour_mu": 60_000, "max_day_mu": 150_000}
    if cap == "max_day_mu":
        now["max_hour_mu"] = 20_000
        desk.hand.pump.device.set_limits(**now)
    order = {"bolus": {"volume_mu": 10_000}, "square_bolus": {"volume_mu": 16_000, "duration_min": 480}}
    name = "bolus" if cap == "max_hour_mu" else "square_bolus"
    assert isinstance(desk.ask(name, **order[name]), dict)
    promised = order[name]["volume_mu"]
    if cap == "max_day_mu":
        now["max_hour_mu"] = 10_000
        desk.hand.pump.device.set_limits(**now)
    found = desk.refused("set_limits", **now | {cap: promised - 200})
    assert found[0] == "out_of_range" and found[2:] == (promised - 200, promised)
    assert isinstance(desk.ask("set_limits", **now | {cap: promised}), dict)


@pytest.mark.req("GUARD-1", "THER-9")
def test_limits_are_whole_strokes_in_order_and_no_lower_than_what_a_percentage_has_been_promised() -> None:
    desk = Desk()
    now = {"max_basal_mu_per_h": 35_000, "max_bolus_mu": 40_000, "max_hour_mu": 60_000, "max_day_mu": 150_000}
    for place, name in enumerate(("max_bolus_mu", "max_hour_mu", "max_day_mu"), 5):
        assert desk.refused("set_limits", **now | {name: now[name] - 100}) == (
            "not_whole_strokes", place, now[name] - 100, 200,
        )  # fmt: skip
    assert desk.refused("set_limits", **now | {"max_day_mu": 59_800}) == ("out_of_range", 7, 59_800, 60_000)
    assert isinstance(desk.ask("set_limits", **now | {"max_day_mu": 60_000}), dict)
    desk.ask("set_basal", rate_mu_per_h=1_000)
    desk.ask("temp_basal", kind=protocol.TEMP_PERCENT, value=200, duration_min=30)
    assert desk.refused("set_limits", **now | {"max_basal_mu_per_h": 1_950})[:3] == ("out_of_range", 4, 1_950)
    assert isinstance(desk.ask("set_limits", **now | {"max_basal_mu_per_h": 2_000}), dict)


@pytest.mark.req("GUARD-1")
def test_a_basal_that_was_raised_since_keeps_no_other_limit_from_being_set() -> None:
    desk = Desk()
    now = {"max_basal_mu_per_h": 35_000, "max_bolus_mu": 40_000, "max_hour_mu": 20_000, "max_day_mu": 20_000}
    desk.hand.pump.device.set_limits(**now)
    assert isinstance(desk.ask("square_bolus", volume_mu=16_000, duration_min=480), dict)
    assert desk.ask("set_basal", rate_mu_per_h=2_000)["cut_by"] == protocol.CUTS.index("day")
    assert isinstance(desk.ask("set_limits", **now | {"max_bolus_mu": 30_000}), dict)
    assert isinstance(desk.ask("set_limits", **now | {"max_hour_mu": 20_000, "max_day_mu": 60_000}), dict)
