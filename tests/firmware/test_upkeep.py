"""The self-test and the battery's account at work in the pump, and the alarms that come of them."""

from __future__ import annotations

from typing import Any

import pytest

from firmware import energy, protocol, self_test
from firmware.alarms.table import BY_NAME, BY_NUMBER
from firmware.errors import Refused
from firmware.storage import layout
from tests.firmware.hand import SECOND_US, Hand

HOUR_US = 3600 * SECOND_US
DAY_US = 24 * HOUR_US


def alarms(hand: Hand) -> list[str]:
    return [BY_NUMBER[each["alarm"]].name for each in hand.pump.alarms.read_alarms(0)["records"]]


def test_the_record_has_room_for_the_ledger_and_the_link_has_the_names() -> None:
    assert layout.ENERGY_BYTES == energy.STATE_BYTES
    assert protocol.CHECKS == self_test.NAMES
    assert protocol.BATTERIES == energy.LEVELS


@pytest.mark.req("SELF-1")
def test_a_pump_tests_itself_before_anything_and_tells() -> None:
    reply = Hand().pump.upkeep.self_test()
    assert reply["passed"]
    names = [protocol.CHECKS[each["check"]] for each in reply["checks"]]
    assert set(self_test.REQUIRED) <= set(names)


class BrokenHand(Hand):
    """A pump whose core gives a wrong answer."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *arguments: Any) -> None:
        monkeypatch.setattr(self_test, "wrong_answers", lambda core_class: 1)
        super().__init__(*arguments)


@pytest.mark.req("SELF-1", "ALARM-1")
def test_a_failed_self_test_never_doses(monkeypatch: pytest.MonkeyPatch) -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(35_000)
    hand.live(HOUR_US)
    after = BrokenHand(monkeypatch, hand.memory, hand.rtc)
    assert after.pump.status()["state"] == protocol.STATE_STOPPED
    assert "self_test_fail" in alarms(after)
    after.live(after.now_us + HOUR_US)
    assert after.strokes_us == []
    for order in (after.pump.therapy.resume, lambda: after.pump.therapy.bolus(200)):
        with pytest.raises(Refused):
            order()
    with pytest.raises(Refused) as refused:
        after.pump.alarms.acknowledge_alarm(BY_NAME["self_test_fail"].number)
    assert refused.value.code == protocol.CAUSE_THERE
    monkeypatch.undo()
    assert after.pump.upkeep.self_test()["passed"]
    assert after.pump.status()["state"] == protocol.STATE_STOPPED, "nothing resumes by itself"
    after.pump.alarms.acknowledge_alarm(BY_NAME["self_test_fail"].number)
    after.pump.therapy.resume()


@pytest.mark.req("SELF-1")
def test_a_test_that_fails_on_a_later_day_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(1000)
    hand.live(DAY_US // 2)
    monkeypatch.setattr(self_test, "wrong_answers", lambda core_class: 3)
    hand.live(2 * DAY_US)
    assert hand.pump.status()["state"] == protocol.STATE_STOPPED
    assert "self_test_fail" in alarms(hand)
    assert hand.strokes_us[-1] < DAY_US + 2 * HOUR_US


@pytest.mark.req("PWR-1")
def test_the_batterys_account_goes_on_over_a_reset() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(1000)
    hand.live(10 * HOUR_US)
    before = hand.pump.upkeep.read_energy()
    assert before["wakes"] >= 50 and before["battery_used_nah"] > 9_445 * 9
    after = hand.restarted()
    assert after.pump.upkeep.read_energy()["battery_used_nah"] >= before["battery_used_nah"] * 9 // 10


@pytest.mark.req("PWR-1", "ALARM-1")
@pytest.mark.parametrize(
    ("left_nah", "expected"), [(50_000_000, ["pump_low_battery"]), (0, ["depleted_battery", "pump_stopped"])]
)
def test_a_battery_near_its_end_is_told_and_an_empty_one_stops(left_nah: int, expected: list[str]) -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(1000)
    ledger = hand.pump.upkeep.energy
    ledger.elapsed_us = 8 * 365 * DAY_US
    more_nah = energy.CAPACITY_NAH - left_nah - ledger.used_nah()
    ledger.memory_bytes = more_nah * 1000 * 3_600_000_000 // (2_600_000 * 800)
    hand.live(HOUR_US + SECOND_US)
    assert alarms(hand) == expected
    assert ("stop" in str(expected)) == (hand.pump.status()["state"] == protocol.STATE_STOPPED)


@pytest.mark.req("SELF-1")
def test_a_test_on_demand_that_fails_stops_too(monkeypatch: pytest.MonkeyPatch) -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(1000)
    monkeypatch.setattr(self_test, "wrong_answers", lambda core_class: 1)
    assert not hand.pump.upkeep.self_test()["passed"]
    assert hand.pump.status()["state"] == protocol.STATE_STOPPED
    assert "self_test_fail" in alarms(hand)
