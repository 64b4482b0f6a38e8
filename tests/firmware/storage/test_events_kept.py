"""What the memory does not take waits for it: no event, no end of a delivery and no record is ever left out."""

from __future__ import annotations

from typing import Any

import pytest

from firmware import protocol
from tests.firmware.between.pump import FaultyNvm
from tests.firmware.hand import SECOND_US, Hand, alarms, method_of, refused


def pump() -> Hand:
    """Basal and a bolus run."""
    hand = Hand(FaultyNvm())
    hand.pump.therapy.set_basal(rate_mu_per_h=2_000)
    hand.pump.boluses.bolus(volume_mu=2_000)
    hand.live(7 * SECOND_US)
    return hand


def fail(hand: Hand, writes: int) -> None:
    """The next `writes` writes fail."""
    memory: Any = hand.memory
    last = memory.tried + writes
    memory.bad = lambda number: number <= last


def logged(hand: Hand, event: str) -> list[dict[str, int]]:
    found = hand.pump.reports.read_log(0, 1000)["events"]
    assert [each["number"] for each in found] == list(range(found[0]["number"], found[0]["number"] + len(found)))
    return [each for each in found if protocol.EVENTS[each["event"]] == event]


@pytest.mark.req("LOG-1", "LOG-2", "STORE-1")
def test_an_event_that_memory_did_not_take_at_once_is_in_the_log() -> None:
    for order, ends in (("cancel_bolus", 1), ("suspend", 2), ("stop", 2)):
        hand = pump()
        before = len(logged(hand, "delivery_ended"))
        fail(hand, 1)
        method_of(hand, order)()
        assert hand.pump.status()["memory"] == protocol.MEMORY_WHOLE
        assert len(logged(hand, "delivery_ended")) == before + ends, order
        assert len(logged(hand, "accepted")) == 3


@pytest.mark.req("LOG-1", "LOG-2", "STORE-5")
def test_what_ended_while_memory_failed_is_logged_once_it_is_well_and_known_after_a_reset() -> None:
    hand = pump()
    before = len(logged(hand, "delivery_ended"))
    fail(hand, 1_000_000)
    hand.live(20 * SECOND_US)
    assert hand.pump.status()["memory"] == protocol.MEMORY_WRITE_FAILED
    assert len(logged(hand, "delivery_ended")) == before
    fail(hand, 0)
    hand.live(90 * SECOND_US)
    assert len(logged(hand, "delivery_ended")) == before + 2
    assert [each["c"] for each in logged(hand, "delivery_ended")][-1] == hand.pump.status()["strokes_commanded"]
    standing = alarms(hand)
    assert {"memory_integrity", "pump_stopped"} <= set(standing)
    assert alarms(hand.restarted()) == standing


@pytest.mark.req("LOG-1")
def test_events_for_which_there_is_no_room_are_counted() -> None:
    hand = pump()
    fail(hand, 1_000_000)
    hand.live(20 * SECOND_US)
    for _ in range(30):
        hand.pump.refused(0x11, protocol.MEMORY_FAILED, 0)
    fail(hand, 0)
    hand.live(90 * SECOND_US)
    (lost,) = logged(hand, "memory")
    events = hand.pump.reports.read_log(0, 1000)["events"]
    assert lost["a"] > 10 and lost["number"] == events[-1]["number"]
    assert len(logged(hand, "refused")) + lost["a"] >= 30
    assert len(logged(hand, "delivery_ended")) == 3


@pytest.mark.req("ALARM-2", "STORE-5")
def test_alarms_that_memory_did_not_take_at_once_are_there_after_a_reset() -> None:
    hand = pump()
    fail(hand, 1)
    hand.pump.alarms.raise_alarm("watchdog_reset", 7)
    kept = hand.pump.alarms.read_alarms(0)["records"]
    fail(hand, 0)
    hand.pump.books.store()
    assert hand.restarted().pump.alarms.read_alarms(0)["records"][0]["detail"] == kept[0]["detail"] == 7


@pytest.mark.req("STORE-5", "GUARD-1")
def test_settings_that_were_refused_are_not_in_force_after_a_reset() -> None:
    hand = pump()
    before = hand.pump.patterns.read_settings()
    memory: Any = hand.memory
    second = memory.tried + 2
    memory.bad = lambda number: number == second
    refused(lambda: hand.pump.patterns.set_settings(**before | {"in_use_days": 7}), protocol.MEMORY_FAILED)
    assert hand.restarted().pump.patterns.read_settings() == before


@pytest.mark.req("DOSE-3", "LOG-2")
def test_a_bolus_that_the_core_has_begun_is_a_delivery_whatever_fails_then() -> None:
    hand = pump()
    hand.pump.boluses.cancel_bolus()
    hand.live(hand.now_us + 5 * SECOND_US)
    books: Any = hand.pump.books.deliveries
    begun, books.begun = books.begun, lambda: 1 // 0
    with pytest.raises(ZeroDivisionError):
        hand.pump.boluses.bolus(volume_mu=2_000)
    books.begun = begun
    hand.live(hand.now_us + 3 * SECOND_US)
    hand.pump.failures.failed(ZeroDivisionError())
    ended = logged(hand, "delivery_ended")
    assert sum(each["c"] for each in ended) == hand.pump.status()["strokes_commanded"]
    assert max(each["a"] for each in ended) == books._newest_id
