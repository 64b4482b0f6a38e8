"""The record of every hour, which says what time it is: short when nothing else has changed, and never at the cost of
what has, whoever forgot to store that.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from firmware import protocol
from tests.firmware.hand import SECOND_US, Hand, deliveries
from tests.firmware.therapy.therapy_by_hand import HOUR_US

_KIND = 7


def _note(hand: Hand) -> None:
    hand.pump._memory.note(protocol.CATEGORY_MALFUNCTION, protocol.EVENT_EXCEPTION, _KIND)


def _queue(hand: Hand) -> None:
    hand.pump._memory.queue(protocol.CATEGORY_MALFUNCTION, protocol.EVENT_EXCEPTION, _KIND)


@pytest.fixture
def hand() -> Hand:
    hand = Hand()
    hand.live(2 * SECOND_US)  # and so the rounds come at each hour
    return hand


@pytest.mark.req("GUARD-1", "STORE-5")
def test_the_hour_is_stored_whether_strokes_come_or_not(hand: Hand) -> None:
    for rate_mu_per_h in (0, 50):
        hand.pump.therapy.set_basal(rate_mu_per_h)
        hand.live(hand.now_us + HOUR_US + SECOND_US)
        stored_us, stored_s = hand.pump.record.saved_us, hand.pump.record.saved_utc_s
        assert hand.now_us - stored_us <= HOUR_US
        after = hand.restarted(0)
        assert after.now_us >= stored_us
        assert after.journal.record.saved_utc_s >= stored_s > 0
        hand = after


@pytest.mark.req("LOG-1", "STORE-5")
@pytest.mark.parametrize("tell", [_note, _queue])
def test_an_event_that_nobody_has_stored_is_in_the_log_after_the_hour(hand: Hand, tell: Callable[[Hand], None]) -> None:
    tell(hand)
    hand.live(hand.now_us + HOUR_US + SECOND_US)
    events = hand.restarted(0).pump.reports.read_log(0, 1000)["events"]
    assert [each["detail"] for each in events if each["event"] == protocol.EVENT_EXCEPTION] == [_KIND]


@pytest.mark.req("LOG-1", "STORE-5", "DOSE-3")
def test_a_rate_that_nobody_has_stored_counts_after_the_hour(hand: Hand) -> None:
    """A percentage over a boundary of the pattern: the stretch goes on, so nothing of it is in the log."""
    hand.pump.therapy.set_basal(2000)
    number = hand.pump.therapy.temp_basal(protocol.TEMP_PERCENT, 50, 600)["delivery_id"]
    hand.live(hand.now_us + 60 * SECOND_US)
    hand.core.set_basal(hand.now_us, 100)
    hand.pump.record.manual_mu_per_h = 100
    hand.pump.books.deliveries.follow(hand.now_us, hand.now_us)
    since_us = hand.now_us
    hand.pump.rounds.due_us = since_us + SECOND_US
    hand.live(since_us + 2 * HOUR_US)
    kept = {each["id"]: each for each in deliveries(hand.restarted(0))}[number]
    assert kept["reason"] == protocol.REASON_RESET
    assert kept["end_us"] >= since_us + HOUR_US
    earned = 1000 * (since_us - kept["start_us"]) + 50 * (kept["end_us"] - since_us)
    assert kept["programmed_mu"] == earned // HOUR_US


@pytest.mark.req("LOG-1", "STORE-2", "DOSE-3")
def test_a_bolus_whose_end_nobody_has_stored_has_ended_once_after_the_hour(hand: Hand) -> None:
    number = hand.pump.boluses.bolus(2000)["delivery_id"]
    hand.live(hand.now_us + 5 * SECOND_US)
    hand.core.cancel_bolus(hand.now_us)
    hand.pump.books.deliveries.boluses_ended()
    hand.live(hand.now_us + HOUR_US + SECOND_US)
    given_up = hand.pump.status()["strokes_abandoned"]
    after = hand.restarted(0)
    events = after.pump.reports.read_log(0, 1000)["events"]
    ends = [each for each in events if each["event"] == protocol.EVENT_DELIVERY_ENDED and each["a"] == number]
    assert [each["reason"] for each in ends] == [protocol.REASON_CANCELLED]
    assert given_up > 0
    assert after.pump.status()["strokes_abandoned"] == given_up


@pytest.mark.req("STORE-1", "GUARD-3")
def test_an_hour_in_which_memory_fails_stops_the_pump_and_the_next_record_is_whole(hand: Hand) -> None:
    hand.pump.therapy.set_basal(50)
    hand.live(hand.now_us + 60 * SECOND_US)
    hand.memory.failing = True
    hand.live(hand.now_us + HOUR_US)
    assert hand.pump.status()["state"] == protocol.STATE_STOPPED
    assert hand.pump.status()["memory"] == protocol.MEMORY_WRITE_FAILED
    hand.memory.failing = False
    hand.live(hand.now_us + HOUR_US)
    assert hand.pump.status()["memory"] == protocol.MEMORY_WHOLE
    after = hand.restarted(0)
    assert after.pump.status()["state"] == protocol.STATE_STOPPED


@pytest.mark.req("STORE-1")
def test_an_hour_in_which_nothing_changes_writes_what_a_stroke_writes(hand: Hand) -> None:
    hand.pump.therapy.set_basal(0)
    hand.live(hand.now_us + HOUR_US + SECOND_US)
    written: list[str] = []
    record = hand.journal.record
    record.write = lambda: written.append("whole")
    hand.live(hand.now_us + 3 * HOUR_US)
    assert written == []
    assert hand.now_us - record.saved_us <= HOUR_US


@pytest.mark.req("STORE-1")
def test_the_hour_after_a_memory_that_failed_is_stored_whole(hand: Hand) -> None:
    hand.pump.therapy.set_basal(0)
    memory = hand.pump._memory
    memory.state = protocol.MEMORY_WRITE_FAILED
    written: list[str] = []
    memory.store = lambda deliveries, permitted: written.append("whole") or True
    assert memory.keep_time(hand.pump.books.deliveries, 1)
    assert written == ["whole"]
