"""The hourly look around, to the microsecond: what is tested, noted and stored in it, and the wait for a memory."""

from __future__ import annotations

import pytest

from firmware import protocol
from firmware.protocol.alarms import BY_NAME
from tests.firmware.hand import SECOND_US, Hand, alarms
from tests.firmware.ram import RamNvm
from tests.firmware.test_pump_exact import stopped, woken
from tests.firmware.test_told_and_kept import logged

HOUR_US = 3600 * SECOND_US
DAY_US = 24 * HOUR_US


@pytest.mark.req("STORE-1")
def test_a_memory_that_is_absent_is_looked_for_each_second_of_the_first_minute_then_each_minute() -> None:
    memory = RamNvm()
    memory.absent = True
    hand = Hand(memory)
    hand.now_us = 0
    assert hand.pump.rounds.due_us == SECOND_US
    for now_us, next_us in (
        (SECOND_US, 2 * SECOND_US),
        (60 * SECOND_US - 1, 61 * SECOND_US - 1),
        (60 * SECOND_US, 120 * SECOND_US),
        (120 * SECOND_US, 180 * SECOND_US),
    ):
        hand.pump.rounds.due_us = now_us
        assert woken(hand, now_us).pump.rounds.due_us == next_us and not hand.pump.over
    hand.pump.rounds._begun_us = 10 * SECOND_US
    for now_us, next_us in ((65 * SECOND_US, 66 * SECOND_US), (70 * SECOND_US, 130 * SECOND_US)):
        hand.pump.rounds.due_us = now_us
        assert woken(hand, now_us).pump.rounds.due_us == next_us, "of this life's first minute"
    hand.pump.rounds.due_us = 180 * SECOND_US
    memory.absent = False
    assert not woken(hand, 180 * SECOND_US - 1).pump.over
    assert woken(hand, 180 * SECOND_US).pump.over


@pytest.mark.req("LOG-1")
def test_what_has_been_delivered_so_far_is_told_once_a_day() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(1_000)
    hand.live(DAY_US - 1)
    assert logged(hand, protocol.EVENT_DELIVERY_SO_FAR) == []
    hand.live(2 * DAY_US - HOUR_US)
    assert len(logged(hand, protocol.EVENT_DELIVERY_SO_FAR)) == 1
    hand.live(2 * DAY_US + SECOND_US)
    assert len(logged(hand, protocol.EVENT_DELIVERY_SO_FAR)) == 2
    assert not hand.pump.over, "no round but that of an absent memory ends this life"


@pytest.mark.req("SELF-1", "LOG-1")
def test_a_day_is_over_at_its_last_microsecond_and_no_sooner() -> None:
    for early_us in (1, 0):
        hand = stopped()
        asked: list[bool] = []
        hand.pump.upkeep.test = lambda daily=False, quick=False, asked=asked: asked.append(daily) or 0  # type: ignore[method-assign]
        hand.pump.rounds.due_us = DAY_US - early_us
        woken(hand, DAY_US - early_us)
        assert asked == ([] if early_us else [True])
        assert hand.pump.rounds._told_us == (0 if early_us else DAY_US)


@pytest.mark.req("SELF-1")
def test_the_daily_test_comes_once_a_day_and_the_rates_every_hour() -> None:
    hand = Hand()
    asked: list[str] = []
    hand.pump.upkeep.test = lambda daily=False, quick=False: asked.append(f"test {daily} {quick}") or 0  # type: ignore[method-assign,func-returns-value]
    hand.pump.upkeep.rates = lambda: asked.append("rates") or 0  # type: ignore[method-assign,func-returns-value]
    hand.live(25 * HOUR_US)
    assert asked == ["rates"] * 23 + ["test True False"] + ["rates"]


@pytest.mark.req("SELF-1", "ALARM-1")
@pytest.mark.parametrize("daily", [False, True])
def test_a_check_that_fails_in_the_hourly_or_daily_look_is_an_alarm_with_its_bits(daily: bool) -> None:
    hand = Hand()
    if daily:
        hand.live(24 * HOUR_US - SECOND_US)
        hand.pump.upkeep.test = lambda daily=False, quick=False: 5  # type: ignore[method-assign]
    else:
        hand.pump.upkeep.rates = lambda: 5  # type: ignore[method-assign]
    hand.live(hand.now_us + HOUR_US)
    found = hand.pump.alarms.read_alarms(0)["records"]
    assert [each["detail"] for each in found if each["alarm"] == BY_NAME["self_test_fail"].number] == [5]


@pytest.mark.req("LOG-1", "THER-8")
def test_a_clock_that_falls_silent_is_noted_once_and_one_that_is_lost_too() -> None:
    hand = Hand()
    read = hand.rtc.read

    def silent() -> int:
        raise OSError

    hand.rtc.read = silent  # type: ignore[method-assign]
    hand.live(3 * HOUR_US)
    assert len(logged(hand, protocol.EVENT_CLOCK_SILENT)) == 1
    hand.rtc.read = read  # type: ignore[method-assign]
    hand.live(4 * HOUR_US)
    assert hand.wall.known and logged(hand, protocol.EVENT_CLOCK_LOST) == []
    assert hand.rtc.now_s is not None
    hand.rtc.now_s += 10_000
    hand.live(7 * HOUR_US)
    lost = logged(hand, protocol.EVENT_CLOCK_LOST)
    assert [each["detail"] for each in lost] == [hand.wall.why]
    assert len(logged(hand, protocol.EVENT_CLOCK_SILENT)) == 1


@pytest.mark.req("THER-8", "THER-1")
def test_a_clock_that_is_found_lost_in_the_hourly_look_brings_the_lowest_rate_at_once() -> None:
    hand = Hand()
    patterns = hand.pump.patterns
    rates = [{"rate_mu_per_h": 500 if half_hour < 24 else 100} for half_hour in range(48)]
    patterns.commit_pattern(1, fingerprint=patterns.stage_pattern(1, rates)["fingerprint"])
    hand.pump.therapy.select_pattern(1)
    hand.live(HOUR_US - SECOND_US)
    assert hand.pump.status()["in_force_mu_per_h"] == 500 and hand.rtc.now_s is not None
    hand.rtc.now_s += 600
    hand.live(HOUR_US + SECOND_US)
    assert not hand.wall.known and hand.pump.status()["in_force_mu_per_h"] == 100
    assert "clock_lost" in alarms(hand)


@pytest.mark.req("GUARD-4", "STORE-1")
def test_a_stroke_that_was_forgiven_is_stored_with_that() -> None:
    counts = []
    for forgiven in (False, True):
        hand = Hand()
        hand.pump._edges.look = lambda now_us, found=forgiven: found  # type: ignore[method-assign]
        stores: list[int] = []
        hand.pump.books.store = lambda stores=stores: stores.append(1)  # type: ignore[method-assign]
        woken(hand, HOUR_US)
        counts.append(len(stores))
    assert counts[1] == counts[0] + 1
