"""The status says when the next stroke will come, also where a pattern changes more than once before it does."""

from __future__ import annotations

import pytest

from firmware import protocol
from tests.firmware.hand import SECOND_US, Hand
from tests.firmware.therapy.therapy_by_hand import HOUR_US, MINUTE_US, run_pattern


def first_stroke_us(hand: Hand) -> int:
    before = len(hand.strokes_us)
    while len(hand.strokes_us) == before:
        hand.live(hand.now_us + 10 * MINUTE_US)
    return hand.strokes_us[before]


@pytest.mark.req("THER-9", "DOSE-3")
@pytest.mark.parametrize("percent", [True, False])
@pytest.mark.parametrize("square", [False, True])
def test_amid_a_temporary_rate_of_nothing_the_next_stroke_is_the_one_that_comes(percent: bool, square: bool) -> None:
    """The core knows that 35 U/h come at one o'clock, not that nothing does from two to six."""
    hand = Hand()
    run_pattern(hand, {0: 100, 1: 100, 2: 35_000, 3: 35_000} | dict.fromkeys(range(4, 12), 0) | {12: 1000, 13: 2000})
    if square:
        hand.pump.boluses.square_bolus(200, 420)
    hand.live(60 * SECOND_US)
    hand.pump.therapy.temp_basal(protocol.TEMP_PERCENT if percent else protocol.TEMP_RATE, 0, 150)
    told_us = hand.pump.status()["next_due_us"]
    hand.live(3 * HOUR_US)
    assert hand.pump.status()["next_due_us"] == told_us
    assert first_stroke_us(hand) == told_us > (6 if square else 5) * HOUR_US


@pytest.mark.req("THER-9")
def test_a_pattern_without_insulin_after_a_temporary_rate_has_no_next_stroke() -> None:
    hand = Hand()
    run_pattern(hand, {0: 100, 1: 50} | dict.fromkeys(range(2, 48), 0))
    hand.pump.therapy.temp_basal(protocol.TEMP_RATE, 0, 600)
    assert hand.pump.status()["next_due_us"] > 24 * HOUR_US
