"""ALARM-2 by hand: from when an alarm may and must be latched, what an acknowledgement does, what may speak."""

from __future__ import annotations

import pytest

from firmware.protocol import alarms
from hil.oracle.alarms import HIGH, LOW, MEDIUM, NUMBERS, PRIORITIES, Latched
from hil.oracle.exact import NEVER_US
from hil.oracle.reasons import Reason
from tests.oracle.hand import Hand, S

pytestmark = pytest.mark.req("ALARM-2")
CAP, LOW_LEVEL, EMPTY = "hourly_maximum_exceeded", "low_reservoir", "empty_reservoir"


def filled(filled_mu: int) -> Hand:
    """A pump that was filled with so much."""
    hand = Hand()
    hand.device.reservoir.filled_nl = filled_mu * 1000 // 400
    return hand


def notes(hand: Hand) -> list[tuple[str, dict[str, object]]]:
    return [(each.what, each.values) for each in hand.device.pump.events]


def why_not(hand: Hand, name: str) -> tuple[list[Reason], list[Reason]]:
    must: list[Reason] = []
    may: list[Reason] = []
    hand.device.alarms.why_not(NUMBERS[name], must, may)
    return must, may


@pytest.mark.req("ALARM-1")
def test_each_alarm_has_a_number_and_one_of_three_priorities() -> None:
    assert (LOW, MEDIUM, HIGH) == (0, 1, 2)
    assert set(PRIORITIES) == set(NUMBERS)
    assert sorted(NUMBERS.values()) == list(range(1, 26))
    assert (PRIORITIES[LOW_LEVEL], PRIORITIES[CAP], PRIORITIES["occlusion"]) == (LOW, MEDIUM, HIGH)
    listed = {alarm.name: (alarm.number, alarm.priority) for alarm in alarms.ALARMS}  # docs/alarms.md is made of it
    assert {name: (NUMBERS[name], PRIORITIES[name]) for name in NUMBERS} == listed


def test_an_alarm_keeps_its_first_time_and_figure() -> None:
    hand = Hand()
    alarms = hand.device.alarms
    hand.device.advance(5)
    alarms.latch(CAP, figure=3, late_us=10)
    assert alarms.latched[CAP] == Latched(5, 15, 3)
    assert notes(hand) == [("alarm", {"name": CAP, "latched": alarms.latched[CAP]})]
    hand.device.advance(7)
    alarms.latch(CAP, figure=4, late_us=20)
    assert alarms.latched[CAP] == Latched(5, 15, 3), "no later than was known before"
    alarms.latch(CAP, figure=4)
    assert alarms.latched[CAP] == Latched(5, 7, 3), "sure from now on"
    assert len(notes(hand)) == 1
    hand.device.alarms.latched[CAP] = Latched(9, 30)
    alarms.latch(CAP)
    assert alarms.latched[CAP].must_us == 9, "never before it may"


def test_what_was_gone_for_all_that_is_known_begins_anew() -> None:
    hand = Hand()
    hand.device.alarms.latched["depleted_battery"] = Latched(0, NEVER_US, None, quiet=True, unsure=True)
    hand.device.advance(9)
    hand.device.alarms.latch("depleted_battery", figure=None)
    assert hand.device.alarms.latched["depleted_battery"] == Latched(9, 9, None)


def test_a_lasting_cause_that_went_before_the_pump_had_to_look_leaves_it_open() -> None:
    hand = filled(800_200)
    alarms = hand.device.alarms
    for name in (LOW_LEVEL, EMPTY, CAP):
        alarms.latch(name, late_us=100)
    hand.device.advance(99)
    alarms.relent()
    assert [alarms.latched[name].must_us for name in (LOW_LEVEL, EMPTY, CAP)] == [NEVER_US, NEVER_US, 100]
    for name, filled_mu, must_us in ((LOW_LEVEL, 800_000, 150), (LOW_LEVEL, 800_200, NEVER_US), (LOW_LEVEL, 1, 150)):
        hand = filled(filled_mu)
        hand.device.alarms.latched[name] = Latched(0, 150)
        hand.device.alarms.relent()
        assert hand.device.alarms.latched[name].must_us == must_us
    hand = filled(800_200)
    hand.device.alarms.latch(LOW_LEVEL)
    hand.device.alarms.relent()
    assert hand.device.alarms.latched[LOW_LEVEL].must_us == 0, "it had to be seen by now"


def test_whether_a_cause_is_there() -> None:
    hand = filled(400_000)
    alarms, pump = hand.device.alarms, hand.device.pump
    states = {
        "running": (False, False),
        "suspended": (False, True),
        "stopped": (True, False),
        "procedure": (None, False),
    }
    for state, expected in states.items():
        pump.programme.state = state
        assert (alarms.cause_there("pump_stopped"), alarms.cause_there("pump_suspended")) == expected
    assert (alarms.cause_there(LOW_LEVEL), alarms.cause_there(EMPTY)) == (True, True)
    hand.device.reservoir.filled_nl += 500
    assert (alarms.cause_there(LOW_LEVEL), alarms.cause_there(EMPTY)) == (True, False)
    assert alarms.cause_there("clock_lost") is False
    pump.programme.utc_at_zero_us = None
    assert alarms.cause_there("clock_lost") is True
    assert alarms.cause_there("refill_due") is False
    pump.now_us = 45 * 86_400 * S
    assert alarms.cause_there("refill_due") is True
    for name in ("auto_off", "communication_error", "over_delivery"):
        assert alarms.cause_there(name) is False
    assert alarms.cause_there("self_test_fail") is None


def test_an_alarm_is_cleared_only_if_its_cause_is_gone() -> None:
    hand = Hand()
    alarms, programme = hand.device.alarms, hand.device.pump.programme
    assert why_not(hand, "pump_stopped") == ([Reason("not_active")], [])
    alarms.latch("pump_stopped")
    programme.state = "stopped"
    assert why_not(hand, "pump_stopped") == ([Reason("cause_there")], [])
    programme.state = "procedure"
    assert why_not(hand, "pump_stopped") == ([], [Reason("cause_there")])
    programme.state = "running"
    assert why_not(hand, "pump_stopped") == ([], [])
    alarms.acknowledge(NUMBERS["pump_stopped"])
    assert "pump_stopped" not in alarms.latched
    assert notes(hand)[-1] == ("acknowledged", {"name": "pump_stopped", "optional": False})
    must: list[Reason] = []
    alarms.why_not(200, must, [])
    assert must == [Reason("not_active")], "a number that no alarm has"


def test_one_that_may_come_later_may_be_not_active_yet() -> None:
    hand = Hand()
    alarms = hand.device.alarms
    alarms.latch(CAP, late_us=10)
    hand.device.advance(9)
    assert why_not(hand, CAP) == ([], [Reason("cause_there"), Reason("not_active")])
    alarms.clear(CAP)
    assert notes(hand)[-1] == ("acknowledged", {"name": CAP, "optional": True})
    alarms.latch(CAP, late_us=1)
    hand.device.advance(10)
    assert why_not(hand, CAP) == ([], [Reason("cause_there")])
    alarms.clear(CAP)
    assert notes(hand)[-1] == ("acknowledged", {"name": CAP, "optional": False})
    alarms.clear(CAP)
    assert len([what for what, _ in notes(hand) if what == "acknowledged"]) == 2, "what is not latched is not cleared"


def test_a_cause_that_stays_for_days_is_quieted_and_shown() -> None:
    hand = filled(300_000)
    alarms = hand.device.alarms
    alarms.latch(LOW_LEVEL)
    assert why_not(hand, LOW_LEVEL) == ([], [])
    alarms.acknowledge(NUMBERS[LOW_LEVEL])
    assert alarms.latched[LOW_LEVEL].quiet and not alarms.latched[LOW_LEVEL].unsure
    assert notes(hand)[-1] == ("quieted", {"name": LOW_LEVEL})
    alarms.latch("pump_low_battery")
    alarms.acknowledge(NUMBERS["pump_low_battery"])
    battery = alarms.latched["pump_low_battery"]
    assert battery.quiet and battery.unsure and battery.must_us == NEVER_US, "nobody but the pump knows"
    said = {"name": "pump_low_battery", "optional": False, "unsure": True}
    assert notes(hand)[-1] == ("acknowledged", said)
    alarms.latch("self_test_fail")
    alarms.acknowledge(NUMBERS["self_test_fail"])
    assert "self_test_fail" not in alarms.latched


def test_how_many_alarms_are_shown_and_which_may_speak() -> None:
    hand = Hand()
    alarms = hand.device.alarms
    assert (alarms.open_count(), alarms.speaks()) == (range(1), {0})
    alarms.latch(CAP, late_us=10)
    assert (alarms.open_count(), alarms.speaks()) == (range(2), {0, 13})
    alarms.latch("auto_off")
    assert (alarms.open_count(), alarms.speaks()) == (range(1, 3), {12, 13})
    hand.device.advance(10)
    assert alarms.open_count() == range(2, 3)
