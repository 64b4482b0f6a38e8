"""A start that takes its time: after the waits of a board that did not come up, on a clock that goes on meanwhile."""

from __future__ import annotations

import pytest

from firmware import protocol
from tests.firmware.hand import SECOND_US, Hand
from tests.firmware.ram import RamNvm, RamRtc


class LateHand(Hand):
    """A pump whose board has counted for a minute before it starts, and whose clock moves at every look."""

    def __init__(self, memory: RamNvm, rtc: RamRtc) -> None:
        self._counter_us = 0
        super().__init__(memory, rtc)

    @property
    def now_us(self) -> int:
        self._counter_us += 3
        return self._counter_us

    @now_us.setter
    def now_us(self, value: int) -> None:
        self._counter_us = value or 60 * SECOND_US


@pytest.mark.req("STORE-2", "GUARD-3")
@pytest.mark.parametrize("clock_lost", [False, True])
def test_a_pump_that_starts_late_takes_its_life_up(clock_lost: bool) -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(1000)
    hand.live(20 * SECOND_US)
    if clock_lost:
        hand.rtc.now_s = None
    after = LateHand(hand.memory, hand.rtc)
    status = after.pump.status()
    assert protocol.STATES[status["state"]] == "running"
    assert after.pump.record.resets == 1
    assert after.pump.now_us() >= 60 * SECOND_US
