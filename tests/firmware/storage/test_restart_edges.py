"""Power goes in the middle of a stroke, after the stroke sensor has once missed a stroke or seen one too many."""

from __future__ import annotations

import pytest

from firmware import dose_codes as code
from firmware import protocol
from tests.firmware.hand import BURST_US, SECOND_US, Hand

pytestmark = pytest.mark.req("STORE-2", "GUARD-4", "DOSE-5")

DELIVERED = {
    "basal": code.BASAL_DELIVERED,
    "temp": code.BASAL_DELIVERED + 4,
    "normal": code.NORMAL_DELIVERED,
    "square": code.SQUARE_DELIVERED,
}


def order(hand: Hand, kind: str) -> None:
    if kind == "basal":
        hand.pump.therapy.set_basal(6000)
    elif kind == "temp":
        hand.pump.therapy.temp_basal(protocol.TEMP_RATE, 6000, 60)
    elif kind == "normal":
        hand.pump.boluses.bolus(2000)
    else:
        hand.pump.boluses.square_bolus(2000, 30)


def next_stroke_starts(hand: Hand) -> None:
    due_us = hand.core.next_us()
    hand.live(due_us - 1)
    hand.core.promise(hand.now_us, due_us)
    hand._pass(due_us)
    assert hand.core.service(due_us) == 1
    hand.core.settle(due_us)


def stroke_over(hand: Hand, edges: int) -> None:
    hand._pass(hand.now_us + BURST_US)
    for _ in range(edges):
        hand.core.confirmed()
    hand.core.ended()
    hand.core.settle(hand.now_us)
    hand.pump.handle(2)


@pytest.mark.parametrize("stored", ["in the stroke", "before it"])
@pytest.mark.parametrize("seen", [False, True], ids=["before its edge", "after its edge"])
@pytest.mark.parametrize("earlier", [0, 1, 2], ids=["missed", "as it should", "one too many"])
@pytest.mark.parametrize("kind", DELIVERED)
def test_the_stroke_in_progress_counts_once(kind: str, earlier: int, seen: bool, stored: str) -> None:
    hand = Hand()
    order(hand, kind)
    next_stroke_starts(hand)
    stroke_over(hand, earlier)
    before = hand.core.state()[DELIVERED[kind]]
    assert before == min(earlier, 1)
    next_stroke_starts(hand)
    if seen:
        hand.core.confirmed()
    if stored == "in the stroke":
        hand.pump.books.store()  # as any order or event in mid-stroke does
    after = hand.restarted(SECOND_US // 2)
    state = after.core.state()
    assert (state[code.GUARD_COMMANDED], state[code.IN_FLIGHT]) == (2, 0)
    assert state[DELIVERED[kind]] == before + 1
    apart = state[code.GUARD_COMMANDED] - state[code.GUARD_CONFIRMED]
    assert apart == 1 - earlier, "what the guard had seen before is neither forgotten nor made worse"
    records = after.pump.reports.read_deliveries(0, 32)["records"]
    assert sum(each["delivered_strokes"] for each in records) == before + 1
    assert all(each["delivered_strokes"] <= each["commanded_strokes"] for each in records)
