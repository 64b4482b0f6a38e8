"""A stroke in progress as a procedure's delivery ends: it counts and is followed, whatever ended the delivery."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from firmware import dose_codes, events, protocol
from tests.firmware.hand import BURST_US, SECOND_US, Hand, deliveries, refused
from tests.firmware.therapy.test_clinic import FLUSH, PATENCY, report, say

HOUR_US = 3600 * SECOND_US


@pytest.fixture
def hand() -> Hand:
    hand = Hand()
    hand.pump.therapy.set_basal(6000)
    hand.pump.switch.stop()
    return hand


def in_stroke(hand: Hand, count: int) -> None:
    """Live into the stroke `count` of this life: the motor turns."""
    while True:
        due_us = hand.core.next_us()
        if len(hand.strokes_us) == count - 1:
            break
        hand.live(due_us + 200_000)
    hand._pass(due_us)
    hand.core.promise(due_us, due_us + SECOND_US)
    assert hand.core.service(due_us) == 1
    hand.strokes_us.append(due_us)


def over(hand: Hand) -> None:
    """The stroke in progress is over, if nothing has stopped it."""
    if hand.core.state()[dose_codes.IN_FLIGHT]:
        hand._pass(hand.now_us + BURST_US)
        hand.core.confirmed()
        hand.core.ended()
        hand.core.settle(hand.now_us)
        hand.events |= events.STROKE
    hand.live(hand.now_us + 10 * SECOND_US)


def wash_out(hand: Hand) -> None:
    hand.pump.clinic.start_procedure(FLUSH)
    for value in (0, 0, 10_000_000, 0):
        say(hand, 0, value)


def interrupt(hand: Hand) -> None:
    hand.pump.clinic.interrupt_procedure(report(hand)["step"])


def fail_to_interrupt(hand: Hand) -> None:
    hand.memory.failing = True
    refused(lambda: interrupt(hand), protocol.MEMORY_FAILED)
    hand.memory.failing = False


ENDS: dict[str, Callable[[Hand], Any]] = {
    "a person stops": lambda hand: hand.pump.switch.stop(),
    "an alarm stops": lambda hand: hand.pump.alarms.raise_alarm("occlusion"),
    "an alarm stops at once": lambda hand: hand.pump.alarms.raise_alarm("over_delivery"),
    "a mistake": lambda hand: hand.pump.failures.failed(ValueError("for the test")),
    "a person breaks off": interrupt,
    "a person breaks off and memory fails": fail_to_interrupt,
    "power goes": lambda hand: None,
    "nothing": lambda hand: None,
}


@pytest.mark.req("THER-6", "DOSE-5", "STORE-2", "STORE-5")
@pytest.mark.parametrize("what", ENDS)
def test_the_stroke_in_progress_as_a_delivery_ends_counts_and_is_followed(hand: Hand, what: str) -> None:
    wash_out(hand)
    in_stroke(hand, 15)
    ENDS[what](hand)
    if what == "power goes":
        hand = hand.restarted(SECOND_US)
    elif what == "nothing":
        hand._pass(hand.now_us + BURST_US)
        hand.core.confirmed()
        hand.core.ended()
        hand.core.settle(hand.now_us)
        hand.pump.handle(events.STROKE)
    else:
        over(hand)
    found, made = report(hand), deliveries(hand)[-1] if what != "power goes" else deliveries(hand)[-2]
    assert (found["catheter_buffer_nl"], made["delivered_strokes"]) == (32_500 - 15 * 500, 15)
    if what == "a person breaks off":
        hand.pump.switch.resume()
        hand.live(hand.now_us + HOUR_US // 2)
        assert report(hand)["catheter_buffer_nl"] == 32_500 - 15 * 500 - (len(hand.strokes_us) - 15) * 500
        return
    assert found["procedure_strokes_left"] == 65 - 15
    if not found["procedure_delivering"]:  # else the next one may count
        assert report(hand.restarted(SECOND_US)) == report(hand)


@pytest.mark.req("THER-6", "STORE-2")
def test_a_stroke_of_therapy_that_a_reset_or_a_procedure_meets_is_followed_too(hand: Hand) -> None:
    wash_out(hand)
    in_stroke(hand, 10)
    interrupt(hand)
    over(hand)
    hand.pump.switch.resume()
    in_stroke(hand, 11)
    hand = hand.restarted(SECOND_US)
    assert report(hand)["catheter_buffer_nl"] == 32_500 - 11 * 500
    in_stroke(hand, 1)
    hand.pump.switch.stop()
    hand.pump.clinic.start_procedure(PATENCY)
    over(hand)
    assert report(hand)["catheter_buffer_nl"] == 32_500 - 12 * 500
    say(hand)
    say(hand)
    hand.live(hand.now_us + 60 * SECOND_US)
    assert report(hand)["catheter_buffer_nl"] == 32_500 - 17 * 500
