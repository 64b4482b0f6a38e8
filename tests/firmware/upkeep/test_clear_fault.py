"""A latched fault is cleared by an order and by nothing else: what that changes, keeps, and leaves after each cut."""

from __future__ import annotations

from typing import Any

import pytest

from firmware import dose_codes as code
from firmware import protocol
from firmware.errors import Refused
from firmware.protocol.alarms import BY_NAME, BY_NUMBER
from tests.firmware.hand import SECOND_US, Hand
from tests.firmware.ram import PowerCut

pytestmark = [pytest.mark.req("GUARD-4"), pytest.mark.req("SEC-2")]
COUNT = code.FAULT_COUNT
# 10 strokes in an hour.
LIMITS = {"max_basal_mu_per_h": 35_000, "max_bolus_mu": 40_000, "max_hour_mu": 2_000, "max_day_mu": 90_000}


def faulted() -> Hand:
    """A pump whose stroke sensor has not seen the last two of nine strokes."""
    hand = Hand()
    hand.pump.device.set_limits(**LIMITS)
    hand.pump.boluses.bolus(1400)
    hand.live(60 * SECOND_US)
    hand.pump.boluses.bolus(600)
    hand.live(120 * SECOND_US, confirm=False)
    assert hand.core.state()[code.GUARD_FAULT] == COUNT and len(hand.strokes_us) == 9
    return hand


def state(hand: Hand) -> str:
    return protocol.STATES[hand.pump.status()["state"]]


def alarms(hand: Hand) -> list[str]:
    return [BY_NUMBER[each["alarm"]].name for each in hand.pump.alarms.read_alarms(0)["records"]]


def events(hand: Hand) -> list[dict[str, Any]]:
    newest = hand.pump.status()["newest_event"]
    return hand.pump.reports.read_log(newest - 8, 8)["events"]


def kept(hand: Hand) -> tuple[Any, ...]:
    """What clearing a fault must not touch: the state but for fault, count and promise; caps, limits, what is left."""
    hand.core.settle(hand.now_us)
    fields = list(hand.core.state())
    for place in (code.GUARD_FAULT, code.GUARD_CONFIRMED, 45, code.ARMED_KIND):
        fields[place] = 0
    used = [hand.core.used(hand.now_us, window) for window in (code.HOUR, code.DAY)]
    return tuple(fields), bytes(hand.core.ticks()), used, hand.core.limits(), hand.pump.refills.left_mu


@pytest.mark.req("ALARM-2", "DOSE-3")
def test_a_cleared_pump_is_stopped_and_delivers_when_a_person_resumes() -> None:
    hand = faulted()
    before, alarm = kept(hand), BY_NAME["stroke_sensor_fault"].number
    with pytest.raises(Refused) as refused:
        hand.pump.alarms.acknowledge_alarm(alarm)
    assert refused.value.code == protocol.CAUSE_THERE
    reply = hand.pump.faults.clear_fault(COUNT)
    assert (reply["commanded_strokes"], reply["confirmed_strokes"]) == (9, 7)
    assert kept(hand) == before
    status = hand.pump.status()
    assert (state(hand), status["fault"], status["strokes_delivered"]) == ("stopped", 0, 9)
    assert "stroke_sensor_fault" in alarms(hand), "it is acknowledged by a person"
    hand.live(hand.now_us + 7200 * SECOND_US)
    assert len(hand.strokes_us) == 9 and state(hand) == "stopped", "nothing resumes by itself"
    hand.pump.alarms.acknowledge_alarm(alarm)
    hand.pump.switch.resume()
    hand.pump.boluses.bolus(400)
    hand.live(hand.now_us + 60 * SECOND_US)
    assert len(hand.strokes_us) == 11 and state(hand) == "running"


@pytest.mark.req("LOG-1")
def test_the_log_tells_which_fault_was_cleared() -> None:
    hand = faulted()
    hand.pump.faults.clear_fault(COUNT)
    found = [each for each in events(hand) if protocol.EVENTS[each["event"]] == "fault_cleared"]
    assert [(each["detail"], each["a"], each["b"]) for each in found] == [(COUNT, 9, 7)]
    accepted = events(hand)[-1]
    assert protocol.EVENTS[accepted["event"]] == "accepted" and accepted["a"] == COUNT
    assert protocol.BY_ID[accepted["detail"]].name == "clear_fault"


@pytest.mark.req("GUARD-1")
def test_the_rolling_caps_hold_after_it() -> None:
    hand = faulted()
    hand.pump.faults.clear_fault(COUNT)
    hand.pump.switch.resume()
    with pytest.raises(Refused) as refused:
        hand.pump.boluses.bolus(400)
    assert (refused.value.code, refused.value.value, refused.value.limit) == (protocol.HOUR_LIMIT, 2_200, 2_000)


def test_a_fault_cleared_stays_cleared_over_a_reset_and_one_that_is_not_stays_latched() -> None:
    hand = faulted().restarted()
    assert state(hand) == "fault" and "self_test_fail" in alarms(hand), "the counts are still apart"
    hand.pump.faults.clear_fault(COUNT)
    hand = hand.restarted()
    assert state(hand) == "stopped" and hand.core.state()[code.GUARD_CONFIRMED] == 9
    hand.pump.switch.resume()


def test_in_a_procedure_it_stays_at_its_step() -> None:
    hand = Hand()
    hand.pump.switch.stop()
    hand.pump.clinic.start_procedure(5)
    for _ in range(2):
        hand.pump.clinic.answer_procedure(hand.pump.clinic.read_procedure()["step"], 0, 0)
    hand.live(60 * SECOND_US, confirm=False)
    assert state(hand) == "fault"
    step = hand.pump.clinic.read_procedure()["step"]
    hand.pump.faults.clear_fault(COUNT)
    assert (state(hand), hand.pump.clinic.read_procedure()["step"]) == ("stopped", step)
    hand.pump.clinic.answer_procedure(step, 0, 0)
    hand.live(hand.now_us + 60 * SECOND_US)
    assert hand.pump.clinic.read_procedure()["step"] == step + 1


@pytest.mark.req("SELF-1")
def test_counts_apart_on_a_stopped_pump_are_a_fault_before_the_next_stroke_latches_it() -> None:
    hand = Hand()
    hand.pump.boluses.bolus(400)
    hand.live(60 * SECOND_US, confirm=False)
    with pytest.raises(Refused) as refused:
        hand.pump.faults.clear_fault(COUNT)
    assert refused.value.code == protocol.NO_FAULT, "it runs: the next stroke tells"
    assert hand.pump.status()["fault"] == 0
    hand.pump.switch.stop()
    hand = hand.restarted()
    assert (hand.pump.status()["fault"], state(hand)) == (COUNT, "stopped")
    with pytest.raises(Refused) as refused:
        hand.pump.switch.resume()
    assert refused.value.code == protocol.SELF_TEST_FAILED
    hand.pump.faults.clear_fault(COUNT)
    assert hand.pump.status()["fault"] == 0
    hand.pump.switch.resume()
    hand.pump.boluses.bolus(400)
    hand.live(hand.now_us + 60 * SECOND_US)
    assert len(hand.strokes_us) == 2 and state(hand) == "running"


# Refusals


@pytest.mark.req("STORE-2")
def test_power_cut_at_every_write_leaves_the_fault_latched_or_cleared_and_nothing_between() -> None:
    whole = faulted()
    first = len(whole.memory.writes) + 1
    whole.pump.faults.clear_fault(COUNT)
    sizes = [len(data) for _, data in whole.memory.writes]
    seen = set()
    for number in range(first, len(sizes) + 1):
        for torn_bytes in (0, 1, sizes[number - 1] // 2, sizes[number - 1] - 1):
            hand = faulted()
            hand.memory.cut_write, hand.memory.cut_bytes = number, torn_bytes
            with pytest.raises(PowerCut):
                hand.pump.faults.clear_fault(COUNT)
            after = hand.restarted()
            where = f"write {number} after {torn_bytes} bytes"
            found = after.core.state()
            pair = (found[code.GUARD_FAULT], found[code.GUARD_CONFIRMED])
            assert pair in ((COUNT, 7), (0, 9)), where
            assert found[code.GUARD_COMMANDED] == 9 and after.core.used(after.now_us, code.HOUR) == 9, where
            assert state(after) == ("stopped" if pair[0] == 0 else "fault"), where
            told = [protocol.EVENTS[each["event"]] for each in events(after)]
            assert ("fault_cleared" in told) == (pair[0] == 0), where
            after.live(after.now_us + 3600 * SECOND_US)
            assert after.strokes_us == [], where
            if pair[0]:
                after.pump.faults.clear_fault(COUNT)
            after.pump.switch.resume()
            seen.add(pair)
    assert seen == {(COUNT, 7), (0, 9)}


@pytest.mark.req("DOSE-5", "LOG-1", "STORE-1")
@pytest.mark.parametrize("strokes", ["bolus", "procedure"])
def test_what_a_fault_has_ended_is_booked_whatever_becomes_of_its_alarm(strokes: str) -> None:
    hand = Hand()
    hand.pump.alarms.fault = lambda: None  # type: ignore[method-assign]
    if strokes == "bolus":
        hand.pump.therapy.set_basal(1000)
        hand.pump.boluses.bolus(2000)
    else:
        hand.pump.switch.stop()
        hand.pump.clinic.start_procedure(5)
        for _ in range(2):
            hand.pump.clinic.answer_procedure(hand.pump.clinic.read_procedure()["step"], 0, 0)
    hand.live(60 * SECOND_US, confirm=False)
    assert hand.core.state()[code.GUARD_FAULT] == COUNT and hand.halted
    assert hand.pump.books.deliveries.running() == []
    assert not hand.pump.course.guide.delivering
    log = hand.pump.reports.read_log(0, 1000)["events"]
    ended = [each for each in log if each["event"] == protocol.EVENT_DELIVERY_ENDED]
    assert len(ended) >= 2 and {each["reason"] for each in ended[-2:]} == {protocol.REASON_FAULT}
    assert max(log.index(each) for each in ended) < next(
        place for place, each in enumerate(log) if each["event"] == protocol.EVENT_FAULT
    )
    after = hand.restarted().pump.reports.read_log(0, 1000)["events"]
    assert [each for each in after if each["event"] == protocol.EVENT_FAULT]


@pytest.mark.req("SELF-1", "ALARM-2")
def test_a_fault_that_cannot_be_put_back_as_it_was_is_latched_all_the_same() -> None:
    """The self-test fails without the fault, and the core does not take the state of before."""
    hand = faulted()

    def fails(daily: bool = False) -> int:
        hand.core.load = lambda now_us, image: 9  # type: ignore[method-assign]
        return 4

    hand.pump.upkeep.test = fails  # type: ignore[method-assign]
    with pytest.raises(Refused):
        hand.pump.faults.clear_fault(COUNT)
    assert hand.core.state()[code.GUARD_FAULT] == COUNT and state(hand) == "fault"
    (found,) = [each for each in hand.pump.alarms.read_alarms(0)["records"] if each["alarm"] == 4]
    assert found["detail"] == 4


def test_a_cleared_pump_is_stopped_in_the_next_life_too() -> None:
    hand = faulted()
    hand.pump.record.mode = protocol.STATE_RUNNING  # as if the fault's alarm had not come to stop it
    hand.pump.faults.clear_fault(COUNT)
    assert state(hand) == state(hand.restarted()) == "stopped"
