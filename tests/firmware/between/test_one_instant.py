"""What the pump tells of one instant is of one instant, wherever between two lines a stroke starts."""

from __future__ import annotations

import sys
from types import FrameType
from typing import Any

import pytest

from firmware import dose_codes as code
from firmware import events, protocol
from firmware.link.link import Link
from firmware.loop import cycle
from tests.firmware.hand import SECOND_US, Hand
from tests.firmware.open_door import OpenDoor
from tests.firmware.ram import RamUart

STROKE_MU = 200


def at_line(number: int, what: Any, call: Any) -> tuple[Any, int]:
    """Call `call`, and `what` before line `number` of the firmware that it runs; its result and how many there were."""
    lines = 0

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal lines
        if "/firmware/" not in frame.f_code.co_filename or "/tests/" in frame.f_code.co_filename:
            return None
        if event == "line":
            lines += 1
            if lines == number:
                what()
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        return call(), lines
    finally:
        sys.settrace(before)


def dosing() -> Hand:
    hand = Hand()
    hand.pump.therapy.set_basal(6000)
    hand.pump.boluses.bolus(2000)
    hand.live(3 * SECOND_US)
    hand._pass(hand.core.next_us() - 20)
    hand.core.promise(hand.now_us, hand.now_us + SECOND_US)
    return hand


def stroke_starts(hand: Hand) -> None:
    assert hand.core.service(hand.core.next_us()) == 1


@pytest.mark.req("DOSE-3", "LOG-3")
def test_when_the_next_stroke_is_due_is_told_while_one_plays() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(6000)
    hand.live(120 * SECOND_US)
    due_us = hand.core.next_us()
    hand._pass(due_us)
    hand.core.promise(hand.now_us, hand.now_us + SECOND_US)
    stroke_starts(hand)
    assert hand.core.next_us() == -1  # no permit yet
    assert hand.pump.status()["next_due_us"] == due_us + 120 * SECOND_US


@pytest.mark.req("LOG-3", "GUARD-4")
def test_a_status_is_of_one_instant() -> None:
    lines = at_line(0, None, dosing().pump.status)[1]
    assert lines > 30
    for number in range(1, lines + 1):
        hand = dosing()
        due_us = hand.core.next_us()
        told, _ = at_line(number, lambda hand=hand: stroke_starts(hand), hand.pump.status)
        strokes = told["strokes_commanded"]
        assert strokes in (2, 3)
        assert told["bolus_commanded_mu"] == strokes * STROKE_MU, number
        assert told["bolus_remaining_mu"] == 2000 - strokes * STROKE_MU, number
        assert told["hour_mu"] == told["day_mu"] == strokes * STROKE_MU, number
        assert told["next_due_us"] == due_us + (strokes - 2) * 2 * SECOND_US, number
        assert told["strokes_delivered"] == 2


@pytest.mark.req("LOG-3", "DOSE-5")
def test_a_status_in_which_a_fault_is_latched_is_of_one_instant() -> None:
    lines = at_line(0, None, dosing().pump.status)[1]
    for number in range(1, lines + 1):
        hand = dosing()
        told, _ = at_line(number, lambda hand=hand: hand.core.stop(hand.now_us, 8), hand.pump.status)
        if told["state"] == protocol.STATE_FAULT:
            assert told["bolus_remaining_mu"] == told["in_force_mu_per_h"] == 0, number
            assert told["next_due_us"] == protocol.NEVER_US, number


@pytest.mark.req("LOG-3")
def test_deliveries_are_of_one_instant() -> None:
    reports = dosing().pump.reports
    lines = at_line(0, None, lambda: reports.read_deliveries(0, 9))[1]
    for number in range(1, lines + 1):
        hand = dosing()
        told, _ = at_line(
            number, lambda hand=hand: stroke_starts(hand), lambda hand=hand: hand.pump.reports.read_deliveries(0, 9)
        )
        for each in told["records"]:
            assert each["delivered_strokes"] <= each["commanded_strokes"], number


@pytest.mark.req("SELF-1")
@pytest.mark.parametrize("missed", [False, True])
def test_a_self_test_amid_a_stroke_passes(missed: bool) -> None:
    """GUARD-4 allows one; the stroke that plays has not been missed."""
    lines = at_line(0, None, dosing().pump.upkeep.test)[1]
    for number in range(1, lines + 1, 7 if lines > 400 else 1):
        hand = dosing()
        if missed:
            hand.live(hand.core.next_us(), confirm=False)
            hand._pass(hand.core.next_us() - 20)
            hand.core.promise(hand.now_us, hand.now_us + SECOND_US)
        failed, _ = at_line(
            number, lambda hand=hand: stroke_starts(hand), lambda hand=hand: hand.pump.upkeep.test(True)
        )
        assert not failed, number


@pytest.mark.req("ALARM-1", "GUARD-3")
@pytest.mark.parametrize("failing", ["deadline_us", "idle"])
def test_a_failure_around_idling_is_one_in_a_turn(failing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(6000)
    idled: list[int] = []

    def idle(core: Any, until_us: int) -> int:
        idled.append(until_us)
        if failing == "idle" and len(idled) == 1:
            raise ValueError("idle: the deadline must lie within the next hour")
        hand._pass(max(until_us, hand.now_us))
        core.settle(hand.now_us)
        return events.TIME

    def fail(*_: object) -> int:
        raise OSError("injected")

    if failing == "deadline_us":
        monkeypatch.setattr(type(hand.pump), "deadline_us", property(fail))
    link = Link(RamUart(), OpenDoor(lambda message_id, payload: (0, b"")))
    for _ in range(3):
        cycle(idle, hand.core, hand.pump, link)
    assert hand.core.state()[code.SUSPENDED]
    assert hand.pump.status()["state"] == protocol.STATE_STOPPED
    assert idled[-1] > 0 and hand.tones_ms, "it sounds, and idles on"
