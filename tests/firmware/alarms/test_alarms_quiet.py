"""Alarms whose cause stays for days: quiet for a day when acknowledged, shown all the while, loud at the next mark."""

from __future__ import annotations

import pytest

from firmware import protocol
from firmware.alarms.latched import QUIET_US
from firmware.protocol.alarms import ALARMS, BY_NAME, BY_NUMBER, LASTING
from tests.firmware.alarms.test_alarms_kept import acknowledge, filled, lowered, told, whole
from tests.firmware.hand import SECOND_US, Hand, alarms, refused

HOUR_US = 3600 * SECOND_US
DAY_US = 24 * HOUR_US
EMPTY = {"drawn_before_mg": 10_000, "drawn_after_mg": 10_100}


def tones(hand: Hand, until_us: int) -> int:
    count = len(hand.tones_ms)
    hand.live(until_us)
    return len(hand.tones_ms) - count


@pytest.mark.req("ALARM-1", "THER-4")
def test_a_refill_that_leaves_the_reservoir_low_raises_the_alarm_also_after_an_empty_one() -> None:
    hand = Hand()
    hand.pump.clinic.record_refill(20_750, 20_000, 0, **EMPTY)  # 300 U
    assert alarms(hand) == ["empty_reservoir"]
    hand.pump.clinic.record_refill(21_500, 20_000, 0, **EMPTY)  # 600 U
    assert acknowledge(hand, "empty_reservoir") is False
    assert "low_reservoir" in alarms(hand)


@pytest.mark.req("ALARM-2", "ALARM-3", "THER-4")
def test_a_low_reservoir_is_quiet_for_a_day_when_acknowledged_and_shown_all_the_while() -> None:
    hand = filled(0)
    hand.live(HOUR_US)
    assert tones(hand, DAY_US) > 100
    assert acknowledge(hand, "low_reservoir")
    since_us = told(hand)[0]["since_us"]
    assert tones(hand, 2 * DAY_US - 10 * SECOND_US) == 0
    assert (alarms(hand), told(hand)[0]["quiet"]) == (["low_reservoir"], True)
    assert BY_NUMBER[hand.pump.status()["alarm"]].name == "low_reservoir"
    after = hand.restarted(SECOND_US)
    assert told(after)[0] == {
        "alarm": BY_NAME["low_reservoir"].number,
        "since_us": since_us,
        "detail": told(hand)[0]["detail"],
        "cause_there": True,
        "quiet": True,
    }
    assert tones(after, after.now_us + HOUR_US) == 6, "after a day it sounds again"
    assert not told(after)[0]["quiet"]
    assert acknowledge(after, "low_reservoir")
    log = after.pump.reports.read_log(0, 1000)["events"]
    acknowledged = [each for each in log if each["event"] == protocol.EVENT_ACKNOWLEDGED]
    assert [(each["detail"], each["reason"]) for each in acknowledged] == [(5, 1), (5, 1)]
    lowered(after, 800_000)
    assert acknowledge(after, "low_reservoir") is False
    assert alarms(after) == []


@pytest.mark.req("ALARM-2", "THER-4")
def test_a_quiet_reservoir_sounds_again_at_its_next_mark() -> None:
    hand = filled(0)
    hand.pump.device.set_limits(35_000, 40_000, 60_000, 150_000)
    hand.live(HOUR_US)
    acknowledge(hand, "low_reservoir")
    left_mu = hand.pump.refills.left_mu
    lowered(hand, left_mu, left_mu)
    hand.pump.alarms.look(hand.now_us)
    assert alarms(hand) == ["low_reservoir", "empty_reservoir"]
    assert tones(hand, hand.now_us + 59 * SECOND_US) == 4
    acknowledge(hand, "empty_reservoir")
    assert tones(hand, hand.now_us + HOUR_US) == 0
    levels = hand.pump.patterns.read_settings() | {"reservoir_stop_mu": whole(left_mu)}
    hand.pump.patterns.set_settings(**levels)
    hand.pump.alarms.look(hand.now_us)
    assert [each["quiet"] for each in told(hand)[:2]] == [True, False], "the stop is a mark of its own"
    assert tones(hand, hand.now_us + 59 * SECOND_US) >= 4
    acknowledge(hand, "empty_reservoir")
    after = hand.restarted()
    assert [each["quiet"] for each in told(after)[:2]] == [True, True], "and no reset is one"


@pytest.mark.req("ALARM-2")
def test_who_is_quiet_hides_nobody_from_the_ear() -> None:
    hand = filled(0)
    left_mu = hand.pump.refills.left_mu
    lowered(hand, left_mu, left_mu)
    hand.pump.alarms.look(hand.now_us)
    acknowledge(hand, "empty_reservoir")
    hand.pump.switch.stop()
    assert tones(hand, hand.now_us + 59 * SECOND_US) == 2, "pump_stopped, which yields to an empty reservoir"
    assert BY_NUMBER[hand.pump.status()["alarm"]].name == "empty_reservoir", "but the eye sees what says why"


@pytest.mark.req("ALARM-2")
@pytest.mark.parametrize("alarm", [each.name for each in ALARMS])
def test_only_what_can_stay_for_days_is_quieted(alarm: str) -> None:
    hand = Hand()
    hand.pump.alarms._alarms._present = lambda name: True
    hand.pump.alarms.raise_alarm(alarm)
    if alarm in LASTING:
        assert acknowledge(hand, alarm)
        assert next(each["quiet"] for each in told(hand) if each["alarm"] == BY_NAME[alarm].number)
    else:
        refused(lambda: acknowledge(hand, alarm), protocol.CAUSE_THERE)
    assert alarm in alarms(hand)
    assert QUIET_US == DAY_US
