"""The log by hand: deliveries that ended, alarms and what else is noted."""

from __future__ import annotations

from typing import Any

import pytest

from firmware import protocol
from hil.oracle.alarms import NUMBERS, Latched
from hil.oracle.boluses import Entry
from hil.oracle.exact import NEVER_US
from hil.scripts.script import Look
from tests.oracle.hand import H, Hand, S
from tests.oracle.log_rows import END_US, Row, found, noted, row, whats

pytestmark = pytest.mark.req("LOG-1", "LOG-2")
MU = H


# Deliveries
def ended(hand: Hand, number: int, **values: Any) -> Entry:
    entry = Entry(number, "temp_basal", 0, 20 * MU)
    entry.reason, entry.confirmed, entry.abandoned = "cancelled", 3, 1
    for name, value in values.items():
        setattr(entry, name, value)
    hand.device.pump.note("delivery_ended", entry=entry)
    return entry


ENDED = row(
    "delivery_ended", protocol.KINDS.index("temp_basal"), protocol.REASONS.index("cancelled"), a=7, b=20, c=3, d=1
)


def test_a_delivery_that_ended_is_there_with_all_its_figures() -> None:
    hand = Hand()
    ended(hand, 7)
    assert found(hand, ENDED | {"time_s": 5}) == []
    for name in ("detail", "reason", "b", "c", "d"):
        assert whats(hand, ENDED | {name: ENDED[name] + 1}) == [f"log delivery_ended 1 (number 1) {name}"]
    assert whats(hand, ENDED | {"a": 8}) == ["log delivery_ended 1", "log delivery_ended 2"]
    assert whats(hand) == ["log delivery_ended 1"]
    assert whats(hand, ENDED, ENDED) == ["log delivery_ended 2"]


def test_deliveries_are_compared_by_their_numbers_and_not_in_the_order_of_their_ends() -> None:
    hand = Hand()
    ended(hand, 7)
    ended(hand, 6, confirmed=2)
    assert found(hand, ENDED | {"a": 6, "c": 2}, ENDED) == found(hand, ENDED, ENDED | {"a": 6, "c": 2}) == []


@pytest.mark.req("STORE-2")
def test_of_one_that_a_reset_has_ended_the_figure_is_that_of_one_of_the_records() -> None:
    """1 U/h, ended at 72 s with 20 mU: 3.6 s before it 19, 36 s before it 10."""
    hand = Hand()
    ends = {"end_us": 72 * S, "ends_us": frozenset((72 * S, 68_400_000, 36 * S)), "rate_at_end": 1_000}
    ended(hand, 7, **ends)
    for b, fits in ((20, True), (19, True), (10, True), (18, False), (21, False), (9, False), (11, False)):
        assert (found(hand, ENDED | {"b": b}) == []) is fits
    hand = Hand()
    ended(hand, 7, **ends, steady_q=33 * MU)
    assert found(hand, ENDED | {"b": 33}) == [] and found(hand, ENDED | {"b": 10}) == []
    shown = {"id": 7, "programmed_mu": 19, "end_us": 68_400_000}
    nothing: Row = {}
    look = Look(0, nothing, nothing, nothing, nothing, nothing, nothing, (), (), (shown,))
    assert found(hand, ENDED | {"b": 19}, looks=(look,)) == []
    assert whats(hand, ENDED | {"b": 20}, looks=(look,)) == ["log delivery_ended 1 (number 1) b"], "as the list has it"
    runs = Look(0, nothing, nothing, nothing, nothing, nothing, nothing, (), (), (shown | {"end_us": 0},))
    assert found(hand, ENDED | {"b": 20}, looks=(runs,)) == []
    sure = Hand()
    ended(sure, 7)
    assert found(sure, ENDED, looks=(look,)) == [], "what is known needs no list"


# Alarms
def alarm(name: str, at_us: int = 0, must_us: int = 0, hand: Hand | None = None) -> Hand:
    hand = hand or Hand()
    hand.device.advance(at_us)
    hand.device.pump.note("alarm", name=name, latched=Latched(at_us, must_us))
    return hand


@pytest.mark.req("ALARM-1")
def test_an_alarm_is_there_with_its_priority_and_may_be_missing_if_it_could_come_later() -> None:
    hand = alarm("auto_off")
    good = row("alarm", 12, 1)
    assert found(hand, good) == [] and whats(hand) == ["log alarm 1"]
    assert found(hand, good | {"reason": 2}) != [] and found(hand, good | {"detail": 13}) != []
    assert found(alarm("auto_off", 5, 5)) != [] and found(alarm("auto_off", 5, 6)) == []
    assert found(alarm("auto_off", 5, 6), good) == []
    assert found(alarm("low_reservoir"), row("alarm", 5, 0)) == []


@pytest.mark.req("ALARM-2")
def test_alarms_are_compared_each_by_itself() -> None:
    hand = alarm("auto_off")
    alarm("pump_stopped", hand=hand)
    stopped = row("alarm", 10, 1)
    assert found(hand, stopped, row("alarm", 12, 1)) == found(hand, row("alarm", 12, 1), stopped) == []
    assert whats(hand, stopped, stopped, row("alarm", 12, 1)) == ["log alarm 2"]


@pytest.mark.req("ALARM-2")
def test_an_acknowledgement_tells_whether_it_only_quieted() -> None:
    hand = noted("acknowledged", name="auto_off", optional=False)
    good = row("acknowledged", 12, 0)
    assert found(hand, good) == [] and found(hand, good | {"reason": 1}) != [] and found(hand) != []
    assert found(noted("acknowledged", name="auto_off", optional=True)) == []
    quieted = noted("quieted", name="low_reservoir")
    assert found(quieted, row("acknowledged", 5, 1)) == [] and found(quieted, row("acknowledged", 5, 0)) != []
    unsure = noted("acknowledged", name="pump_low_battery", optional=False, unsure=True)
    for reason in (0, 1):
        assert found(unsure, row("acknowledged", 1, reason)) == []
    assert found(unsure, row("acknowledged", 1, 2)) != []


@pytest.mark.req("ALARM-2")
def test_of_what_may_be_missing_so_much_is_left_out_that_all_rows_fit() -> None:
    """Quieted once for certain and once perhaps; what is there may be either."""
    hand = Hand()
    note = hand.device.pump.note
    note("acknowledged", name="low_reservoir", optional=True)
    note("quieted", name="low_reservoir")
    note("acknowledged", name="low_reservoir", optional=True)
    cleared, quieted = row("acknowledged", 5, 0), row("acknowledged", 5, 1)
    for rows in ((quieted,), (cleared, quieted), (quieted, cleared), (cleared, quieted, cleared)):
        assert found(hand, *rows) == []
    for rows in ((), (cleared,), (quieted, quieted), (cleared, cleared), (quieted, cleared, cleared)):
        assert found(hand, *rows) != []
    assert NUMBERS["low_reservoir"] == 5
    # One row, and two events that it may be: the one that must be there is the second.
    hand = Hand()
    hand.device.pump.note("acknowledged", name="low_reservoir", optional=True)
    hand.device.pump.note("acknowledged", name="low_reservoir", optional=False)
    assert found(hand, cleared) == found(hand, cleared, cleared) == []
    assert found(hand) != [] and found(hand, cleared, cleared, cleared) != []


# The rest
@pytest.mark.req("THER-8", "SELF-1", "STORE-2")
def test_what_else_is_noted_is_there() -> None:
    for what, values, good in (
        ("clock_set", {"a": 1, "b": 2}, row("clock_set", a=1, b=2)),
        ("clock_lost", {"why": 4}, row("clock_lost", 4)),
        ("clock_silent", {}, row("clock_silent")),
        ("self_test", {}, row("self_test")),
        ("rate_lapsed", {"a": 7}, row("rate_lapsed", a=7)),
        ("reset", {"doubt": True, "known": False}, row("reset", b=1)),
        ("reset", {"doubt": False, "known": False}, row("reset", b=0)),
        ("connected", {}, row("connected", 1)),
        ("initialised", {}, row("initialised")),
    ):
        hand = noted(what, **values)
        assert found(hand, good) == [], what
        assert whats(hand) == [f"log {what} 1"] and whats(hand, good, good) == [f"log {what} 2"]
        for name in {"clock_set": "ab", "rate_lapsed": "a", "reset": "b"}.get(what, ""):
            assert whats(hand, good | {name: good[name] + 1 - 2 * (what == "reset") * good[name]}) == [
                f"log {what} 1 (number 1) {name}"
            ]
        for name in {"clock_lost": ["detail"], "connected": ["detail"]}.get(what, []):
            assert len(whats(hand, good | {name: good[name] + 1})) == 1
    known = noted("reset", doubt=True, known=True)
    assert found(known, row("reset", b=0)) == found(known, row("reset", b=1)) == []
    assert found(known, row("reset", b=2)) != []
    assert found(noted("anything")) == []


def test_what_came_after_the_end_is_not_in_it_and_what_is_wrong_is_told_at_its_time() -> None:
    late = noted("clock_silent")
    late.device.pump.events[0].bench_us = END_US
    assert [at_us for at_us, *_ in found(late)] == [END_US]
    late.device.pump.events[0].bench_us = END_US + 1
    assert found(late) == []
    assert [at_us for at_us, *_ in found(Hand(), row("clock_silent"))] == [END_US]
    assert [at_us for at_us, *_ in found(noted("clock_silent", 7 * S))] == [7 * S]
    assert NEVER_US > END_US
