"""An alarm that stops the motor at once, amid a stroke: the part counts as delivered (DOSE-5), nothing more comes."""

from __future__ import annotations

import pytest

from firmware import dose_codes as code
from firmware import events, protocol
from firmware.protocol.alarms import ALARMS, STOP_NOW
from tests.firmware.hand import BURST_US, SECOND_US, Hand, deliveries
from tests.firmware.storage.test_restart_edges import DELIVERED, next_stroke_starts, order

pytestmark = pytest.mark.req("DOSE-5", "ALARM-1", "GUARD-4")

NAMES = [alarm.name for alarm in ALARMS if alarm.action == STOP_NOW]


def amid_a_stroke(kind: str) -> Hand:
    hand = Hand()
    order(hand, kind)
    for _ in range(3):
        next_stroke_starts(hand)
        hand._pass(hand.now_us + BURST_US)
        hand.core.confirmed()
        hand.core.ended()
        hand.core.settle(hand.now_us)
        hand.pump.handle(events.STROKE)
    next_stroke_starts(hand)
    hand._pass(hand.now_us + BURST_US // 2)
    return hand


@pytest.mark.parametrize("kind", DELIVERED)
@pytest.mark.parametrize("seen", [False, True], ids=["not seen", "seen"])
@pytest.mark.parametrize("name", NAMES)
def test_the_part_of_a_stroke_counts(name: str, seen: bool, kind: str) -> None:
    hand = amid_a_stroke(kind)
    if seen:
        hand.core.confirmed()
    hand.pump.alarms.raise_alarm(name)
    assert hand.halted
    state = hand.core.state()
    assert (state[code.SUSPENDED], state[code.IN_FLIGHT], hand.core.next_us()) == (1, 0, -1)
    hand.live(hand.now_us + 60 * SECOND_US)
    state = hand.core.state()
    assert state[code.GUARD_COMMANDED] == state[code.GUARD_CONFIRMED] == state[DELIVERED[kind]] == 4
    assert hand.pump.books.strokes == 4
    records = deliveries(hand)
    assert sum(each["delivered_strokes"] for each in records) == 4
    assert sum(each["commanded_strokes"] for each in records) == 4
    assert all(each["reason"] != protocol.REASON_RUNNING for each in records)
    assert hand.pump.status()["strokes_delivered"] == 4
    after = hand.restarted()
    assert after.core.state()[DELIVERED[kind]] == 4, "and after a reset"
    assert after.core.state()[code.IN_FLIGHT] == 0


def test_the_pump_goes_on_when_a_person_resumes() -> None:
    hand = amid_a_stroke("basal")
    hand.pump.alarms.raise_alarm("over_delivery")
    hand.live(hand.now_us + SECOND_US)
    hand.pump.switch.resume()
    hand.live(hand.now_us + 1800 * SECOND_US)
    assert len(hand.strokes_us) > 10


class Slips:
    """A motor that a stroke starts on just after it was stopped: the interrupt came between two lines."""

    def __init__(self, hand: Hand) -> None:
        self.hand = hand
        self.stops = 0

    def __call__(self) -> None:
        self.stops += 1
        self.hand._halt()
        if self.stops == 1:
            assert self.hand.core.service(self.hand.now_us) == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_stroke_that_starts_as_the_motor_is_stopped_is_stopped_too(name: str) -> None:
    hand = Hand()
    hand.pump.boluses.bolus(2000)
    hand.live(SECOND_US)
    hand._pass(hand.core.next_us())
    hand.pump.alarms._stepper.stop = Slips(hand)  # type: ignore[method-assign]
    hand.pump.alarms.raise_alarm(name)
    state = hand.core.state()
    assert (state[code.SUSPENDED], state[code.IN_FLIGHT], hand.core.next_us()) == (1, 0, -1)
    hand.live(hand.now_us + 60 * SECOND_US)
    state = hand.core.state()
    assert state[code.GUARD_COMMANDED] == state[code.GUARD_CONFIRMED] == state[code.NORMAL_DELIVERED] == 2
    assert deliveries(hand)[-1]["delivered_strokes"] in (0, 2)
    assert hand.pump.books.strokes == 2
    assert hand.pump.status()["state"] in (protocol.STATE_STOPPED, protocol.STATE_FAULT)


@pytest.mark.req("STORE-1")
def test_a_stroke_that_was_counted_already_stops_no_permit() -> None:
    """After a failure the books have counted anew; the event of the same stroke comes all the same."""
    hand = Hand()
    hand.pump.therapy.set_basal(6000)
    hand.live(600 * SECOND_US)
    made = len(hand.strokes_us)
    hand.pump.handle(events.STROKE)  # of a stroke that has been counted
    hand.live(1200 * SECOND_US)
    assert len(hand.strokes_us) > made + 3
    assert hand.pump.books.strokes == len(hand.strokes_us)
