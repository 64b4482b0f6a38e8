"""Therapy on CPython: the reservoir is counted down, filled, and its insulin grows old."""

from __future__ import annotations

import pytest

from firmware import protocol
from firmware.protocol.alarms import BY_NAME, BY_NUMBER
from tests.firmware.alarms.test_alarms_kept import DAY_US, filled
from tests.firmware.hand import SECOND_US, Hand, alarms, refused
from tests.firmware.therapy.therapy_by_hand import HOUR_US, refill, settings, status


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.mark.req("THER-4", "ALARM-1")
def test_the_reservoir_is_counted_down_warns_and_stops(hand: Hand) -> None:
    settings(hand, reservoir_low_mu=5_999_000, reservoir_empty_mu=5_998_000, reservoir_stop_mu=5_997_000)
    assert refill(hand)["filled_nl"] == 15_000_000
    assert status(hand)["reservoir_mu"] == 6_000_000
    hand.pump.boluses.bolus(2_800)
    seen = []
    for strokes in range(1, 25):
        if strokes == 15:
            hand.pump.boluses.bolus(200)
        hand.live(2 * strokes * SECOND_US)
        seen.append((status(hand)["reservoir_mu"], tuple(alarms(hand))))
    assert (5_999_000, ("low_reservoir",)) in seen
    assert (5_998_000, ("low_reservoir", "empty_reservoir")) in seen
    assert status(hand)["state"] == protocol.STATE_STOPPED
    assert len(hand.strokes_us) == 15, "3 U are gone: it stops"
    assert hand.pump.alarms.acknowledge_alarm(BY_NAME["empty_reservoir"].number)["cause_there"]
    assert "empty_reservoir" in alarms(hand), "quiet, not gone"
    refill(hand)
    hand.pump.alarms.acknowledge_alarm(BY_NAME["empty_reservoir"].number)
    assert "empty_reservoir" not in alarms(hand)


@pytest.mark.req("THER-5")
def test_a_refill_tells_how_well_counted_and_real_agree(hand: Hand) -> None:
    assert refill(hand)["band"] == protocol.BANDS.index("first_refill")
    hand.pump.device.set_limits(35_000, 40_000, 60_000, 500_000)
    hand.pump.therapy.set_basal(20_000)
    hand.live(10 * 24 * HOUR_US)  # 4,800 U are 12 ml
    before = status(hand)
    delivered_nl = len(hand.strokes_us) * 500
    found = refill(hand, left_mg=(15_000_000 - delivered_nl * 8 // 10) * 1005 // 1_000_000)
    assert found["accuracy_tenths"] == pytest.approx(-200, abs=2)
    assert protocol.BANDS[found["band"]] == "rinse"
    after = status(hand)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {"reservoir_mu", "newest_event"}, "a refill resets nothing else"


@pytest.mark.req("THER-4", "ALARM-1")
def test_insulin_too_long_in_use_is_told(hand: Hand) -> None:
    settings(hand, in_use_days=2)
    refill(hand)
    hand.live(47 * HOUR_US)
    assert alarms(hand) == []
    hand.live(50 * HOUR_US)
    assert alarms(hand) == ["refill_due"]


def due_since_us(hand: Hand, until_us: int) -> int:
    """Live until then; the device time at which `refill_due` was raised, -1: it was not."""
    hand.live(until_us)
    records = hand.pump.alarms.read_alarms(0)["records"]
    return next((each["since_us"] for each in records if BY_NUMBER[each["alarm"]].name == "refill_due"), -1)


@pytest.mark.req("THER-4", "STORE-5")
@pytest.mark.parametrize("between", ["nothing", "a reset", "the clock is lost", "half an hour of lead"])
def test_a_refill_is_due_at_its_time_and_not_at_the_next_look_around(hand: Hand, between: str) -> None:
    hand.live(1234 * SECOND_US)
    settings(hand, in_use_days=2)
    refill(hand)
    due_us = hand.now_us + 48 * HOUR_US
    if between == "half an hour of lead":
        hand.live(HOUR_US)
        hand.pump.device.set_time(hand.pump.status()["utc_s"] + 1800)
        due_us -= 1800 * SECOND_US
    hand.live(due_us - 700 * SECOND_US)
    if between in ("a reset", "the clock is lost"):
        hand = hand.restarted(5 * SECOND_US, clock_lost=between == "the clock is lost")
    assert due_since_us(hand, due_us - 3 * SECOND_US) == -1
    apart_us = due_since_us(hand, due_us + 3 * SECOND_US) - due_us
    # After a reset the device's time and the battery-backed clock's whole seconds are apart by less than two.
    assert apart_us == 0 if between == "nothing" else abs(apart_us) <= 2 * SECOND_US


@pytest.mark.req("THER-4", "THER-8")
@pytest.mark.parametrize("lost", ["at the refill", "by a clock that is forty days ahead"])
def test_a_clock_that_was_lost_makes_no_refill_due(hand: Hand, lost: str) -> None:
    if lost == "at the refill":
        hand = hand.restarted(clock_lost=True)
    settings(hand, in_use_days=2)
    refill(hand)
    due_us = hand.now_us + 48 * HOUR_US
    if lost == "at the refill":
        hand.pump.device.set_time(1_767_225_600)
    else:
        assert hand.rtc.now_s is not None
        hand.rtc.now_s += 40 * 86_400
        hand = hand.restarted()
        assert not hand.pump.status()["utc_s"]
    assert hand.pump.alarms.refill_us == due_us
    assert due_since_us(hand, due_us) == due_us


@pytest.mark.req("THER-4")
def test_a_refill_becomes_due_with_the_order_that_makes_it_due(hand: Hand) -> None:
    settings(hand, in_use_days=2)
    refill(hand)
    hand.live(30 * HOUR_US + 1)
    settings(hand, in_use_days=1)
    assert due_since_us(hand, hand.now_us + SECOND_US) == 30 * HOUR_US + 1
    refill(hand)
    hand.pump.alarms.acknowledge_alarm(BY_NAME["refill_due"].number)
    assert due_since_us(hand, hand.now_us + 24 * HOUR_US - 2 * SECOND_US) == -1
    hand.pump.device.set_time(hand.pump.status()["utc_s"] + 3600)
    assert due_since_us(hand, hand.now_us) == hand.now_us


@pytest.mark.req("THER-4")
def test_thresholds_out_of_order_are_refused(hand: Hand) -> None:
    before = hand.pump.patterns.read_settings()
    refused(lambda: settings(hand, reservoir_empty_mu=100_000), protocol.OUT_OF_RANGE)
    refused(lambda: settings(hand, reservoir_empty_mu=900_000), protocol.OUT_OF_RANGE)
    assert hand.pump.patterns.read_settings() == before


@pytest.mark.req("THER-4")
def test_time_to_empty_counts_to_the_stop() -> None:
    hand = filled(0)
    hand.pump.therapy.set_basal(1000)
    hand.live(DAY_US)
    left_mu = hand.pump.refills.left_mu // 200 * 200
    settings = hand.pump.patterns.read_settings()
    for stop_mu, hours in ((left_mu - 24_000, 24), (left_mu - 12_000, 12), (left_mu, 0), (left_mu + 1000, 0)):
        hand.pump.patterns.set_settings(
            **(
                settings
                | {"reservoir_stop_mu": stop_mu, "reservoir_empty_mu": 6_000_000, "reservoir_low_mu": 6_000_000}
            )
        )
        assert hand.pump.refills.read_reservoir()["empty_h"] == hours
