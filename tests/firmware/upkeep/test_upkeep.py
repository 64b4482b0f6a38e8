"""The self-test and the battery's account at work in the pump, and the alarms that come of them."""

from __future__ import annotations

from typing import Any

import pytest

from firmware import protocol
from firmware.errors import Refused
from firmware.link.commands import Commands
from firmware.link.link import Link
from firmware.protocol.alarms import BY_NAME
from firmware.storage import memory_map
from firmware.upkeep import energy, self_test
from host.api.link import encode_frame
from tests.firmware.hand import CURRENTS, SECOND_US, Hand, alarms
from tests.firmware.open_door import OpenDoor
from tests.firmware.ram import RamUart

HOUR_US = 3600 * SECOND_US
DAY_US = 24 * HOUR_US
LINK, MEMORY = (energy.CAUSES.index(name) for name in ("link", "memory"))


def test_the_record_has_room_for_the_ledger_and_the_link_has_the_names() -> None:
    assert memory_map.ENERGY_BYTES == energy.STATE_BYTES
    assert protocol.CHECKS == self_test.NAMES
    assert protocol.BATTERIES == energy.LEVELS


@pytest.mark.req("SELF-1")
def test_a_pump_tests_itself_before_anything_and_tells() -> None:
    reply = Hand().pump.device.self_test()
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
    for order in (after.pump.switch.resume, lambda: after.pump.boluses.bolus(200)):
        with pytest.raises(Refused):
            order()
    with pytest.raises(Refused) as refused:
        after.pump.alarms.acknowledge_alarm(BY_NAME["self_test_fail"].number)
    assert refused.value.code == protocol.CAUSE_THERE
    monkeypatch.undo()
    assert after.pump.device.self_test()["passed"]
    assert after.pump.status()["state"] == protocol.STATE_STOPPED, "nothing resumes by itself"
    after.pump.alarms.acknowledge_alarm(BY_NAME["self_test_fail"].number)
    after.pump.switch.resume()


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


@pytest.mark.req("PWR-1")
def test_every_byte_written_to_memory_is_in_the_account() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(35_000)
    hand.live(10 * HOUR_US)
    hand.pump.upkeep.read_energy()
    written = sum(len(data) for _, data in hand.memory.writes)
    assert hand.pump.upkeep.energy.memory_bytes == written > 1_000 * len(hand.strokes_us) > 0
    memory_na, byte_ns = CURRENTS[5], CURRENTS[8]
    assert hand.pump.upkeep.energy.parts_nah()[MEMORY] == memory_na * written * byte_ns // 3_600_000_000_000


def on_the_link(hand: Hand) -> tuple[Link, RamUart]:
    uart = RamUart()
    return Link(uart, OpenDoor(Commands(hand.pump, role=protocol.ROLE_BENCH).handle), used=hand.pump.linked), uart


@pytest.mark.req("PWR-1")
def test_the_link_costs_from_its_first_byte_until_it_has_been_silent_for_so_long() -> None:
    hand = Hand()
    link, uart = on_the_link(hand)
    ledger = hand.pump.upkeep.energy
    carried = 0
    for after_us, link_us in ((0, 5_000_000), (2_000_000, 7_000_000), (60_000_000, 12_000_000)):
        hand.live(hand.now_us + after_us)
        request = encode_frame(1, 0x02, b"")
        uart.incoming += request
        while link.poll():
            pass
        carried += len(request)
        assert ledger.link_us == link_us, after_us
    assert ledger.link_bytes == carried + len(uart.sent)
    assert ledger.parts_nah()[LINK] == CURRENTS[4] * 12_000_000 // 3_600_000_000


@pytest.mark.req("PWR-1", "LOG-3")
def test_what_the_pump_sends_unasked_is_time_on_the_link_too() -> None:
    hand = Hand()
    link, uart = on_the_link(hand)
    hand.pump.stream.send, hand.pump.stream.counters = link.tell, link.counters
    hand.pump.stream.telemetry(10, 3_600)
    hand.live(HOUR_US)
    ledger = hand.pump.upkeep.energy
    assert ledger.link_us == 360 * 5_000_000
    assert ledger.link_bytes == len(uart.sent)


@pytest.mark.req("PWR-1")
def test_the_mean_of_a_week_is_remembered_every_week() -> None:
    hand = Hand()
    ledger = hand.pump.upkeep.energy
    ledger.lived(3 * 365 * DAY_US)
    whole_life_na = ledger.mean_na()
    hand.pump.therapy.set_basal(6_000)
    means = []
    for day in range(1, 17):
        hand.live(day * DAY_US)
        hand.pump.upkeep.read_energy()
        means.append(ledger.mean_na())
    # 720 strokes of 104 ms at 40 mA in a day are 34.7 µA on average; right after a mark the week before it counts.
    assert all(mean_na - whole_life_na == pytest.approx(34_700, rel=0.02) for mean_na in means), means


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
    assert not hand.pump.device.self_test()["passed"]
    assert hand.pump.status()["state"] == protocol.STATE_STOPPED
    assert "self_test_fail" in alarms(hand)
