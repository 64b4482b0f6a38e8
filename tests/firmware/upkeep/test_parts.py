"""THER-10: a part that therapy does not need fails, and therapy goes on; the table has every one of them."""

from __future__ import annotations

import pytest

from firmware import events, protocol
from firmware.loop import turn
from firmware.upkeep import parts
from tests.firmware.desk import Desk
from tests.firmware.hand import SECOND_US, Hand, alarms

HOUR_US = 3600 * SECOND_US


class Poll:
    waiting = False

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def poll(self) -> None:
        if self.error is not None:
            raise self.error


def fail(*_: object, **__: object) -> None:
    raise OSError("for the test")


def broken(part: str) -> Hand:
    hand = Hand()
    hand.pump.therapy.set_basal(6000)
    if part == "tones":
        hand.pump._sound = fail
        hand.pump.alarms.raise_alarm("refill_due")
    elif part == "telemetry":
        hand.pump.stream.telemetry(1, 60)
        hand.pump.stream._report = fail
    elif part == "log of visitors":
        hand.pump.visitors._note = fail
        desk = Desk(hand)
        assert desk.ask("bolus", volume_mu=1) == "not_whole_strokes"
        desk.pump.reports.read_time = fail
        assert desk.ask("read_diagnosis")["strokes"] == 0
    elif part == "battery's account":
        ledger = hand.pump.upkeep.energy
        ledger.woke = ledger.stroke = ledger.toned = ledger.linked = ledger.lived = ledger.level = fail
        hand.pump.linked(5)
    else:
        turn(events.UART, hand.pump, Poll(OSError("for the test")))
    return hand


@pytest.mark.req("THER-10", "ALARM-1")
@pytest.mark.parametrize("part", parts.SPARED)
def test_therapy_goes_on_without_it_and_it_is_an_alarm(part: str) -> None:
    hand = broken(part)
    hand.live(HOUR_US)
    assert len(hand.strokes_us) == 30
    assert hand.pump.status()["state"] == protocol.STATE_RUNNING
    assert "communication_error" in alarms(hand)
    told = hand.pump.alarms.read_alarms(0)["records"]
    assert 1 + parts.SPARED.index(part) in [each["detail"] for each in told if each["alarm"] == 7]
    log = hand.pump.reports.read_log(0, 1000)["events"]
    assert [each["event"] for each in log].count(protocol.EVENT_EXCEPTION) == 1, "once, however often it fails"


@pytest.mark.req("THER-10")
def test_a_part_that_works_again_is_told_again_when_it_fails() -> None:
    told: list[int] = []
    spared = parts.Spared(lambda part, error: told.append(part))
    for work in (fail, fail, lambda: None, fail):
        spared.run(parts.TONES, work)
    assert told == [parts.TONES] * 2


@pytest.mark.req("THER-10")
@pytest.mark.parametrize("part", range(len(parts.SPARED)))
def test_each_part_has_its_own_bit_and_what_it_returns_is_handed_on(part: int) -> None:
    told: list[int] = []
    spared = parts.Spared(lambda part, _: told.append(part))
    others = [each for each in range(len(parts.SPARED)) if each != part]
    assert spared.run(part, lambda *what: what, 3, 4) == (3, 4) and spared.failing == 0
    for each in (part, *others):
        assert spared.run(each, fail) is None
    assert spared.failing == 0b11111 and told == [part, *others]
    assert spared.run(part, int, "7") == 7 and spared.failing == 0b11111 & ~(1 << part)
    for each in (*others, part):
        spared.run(each, fail)
    assert told == [part, *others, part], "only the one that has worked meanwhile"


@pytest.mark.req("THER-10", "ALARM-1")
def test_a_failure_that_could_not_be_dealt_with_is_no_failure_of_the_link() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(6000)
    hand.pump.books.recount = fail  # type: ignore[method-assign]

    def an_order_that_fails() -> None:
        hand.pump.failures.failed(ValueError("amid an order"))

    link = Poll()
    link.poll = an_order_that_fails  # type: ignore[method-assign]
    with pytest.raises(OSError, match="for the test"):
        turn(events.UART, hand.pump, link)  # on to the board, which resets


@pytest.mark.req("THER-10")
def test_no_part_is_on_both_sides() -> None:
    assert not set(parts.NEEDED) & set(parts.SPARED)
    assert len(parts.SPARED) == 5


@pytest.mark.req("THER-10", "SELF-1")
@pytest.mark.parametrize("part", parts.SPARED)
def test_it_is_a_failed_item_of_a_self_test_that_is_passed(part: str) -> None:
    hand = broken(part)
    hand.live(25 * HOUR_US)
    reply = hand.pump.device.self_test()
    item = next(each for each in reply["checks"] if protocol.CHECKS[each["check"]] == "spared_parts")
    assert (item["ok"], item["value"]) == (False, 1 << parts.SPARED.index(part))
    assert reply["passed"] and hand.pump.status()["state"] == protocol.STATE_RUNNING
    sound = next(
        each for each in Hand().pump.device.self_test()["checks"] if protocol.CHECKS[each["check"]] == "spared_parts"
    )
    assert sound["ok"]


@pytest.mark.req("THER-10", "ALARM-2")
def test_a_battery_alarm_stays_while_its_account_fails() -> None:
    hand = Hand()
    hand.pump.alarms.battery(1)
    desk = Desk(hand)
    hand.pump.upkeep.energy.level = fail  # type: ignore[method-assign]
    assert desk.ask("acknowledge_alarm", alarm=1)["cause_there"]
    assert "pump_low_battery" in alarms(hand) and hand.pump.status()["state"] == protocol.STATE_RUNNING
