"""A memory that does not answer is absent, not damaged: it is waited for, and taken up with everything it holds."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from firmware import dose_codes, protocol
from firmware.errors import MemoryAbsent
from tests.firmware.hand import SECOND_US, Hand, alarms, refused
from tests.firmware.ram import RamNvm

MINUTE_US = 60 * SECOND_US


def memory_of(hand: Hand) -> str:
    return str(protocol.MEMORIES[hand.pump.status()["memory"]])


def state_of(hand: Hand) -> str:
    return str(protocol.STATES[hand.pump.status()["state"]])


def lived() -> Hand:
    """A pump that has delivered 14 strokes and runs 1 U/h from pattern B."""
    hand = Hand()
    hand.pump.therapy.set_basal(1000)
    hand.pump.boluses.bolus(2800)
    hand.live(40 * SECOND_US)
    assert len(hand.strokes_us) == 14
    return hand


def begun_without_memory(hand: Hand) -> Hand:
    hand.memory.absent = True
    after = hand.restarted()
    assert memory_of(after) == "absent"
    return after


def anew(hand: Hand) -> Hand:
    """What firmware.main does with a pump that is over."""
    assert hand.pump.over
    return Hand(hand.memory, hand.rtc)


@pytest.mark.req("STORE-2", "STORE-3", "ALARM-1")
@pytest.mark.parametrize("silent_us", [100_000, 3 * SECOND_US, 150 * MINUTE_US])
def test_a_memory_that_is_late_is_taken_up_with_everything_it_holds(silent_us: int) -> None:
    hand = lived()
    kept = bytes(hand.memory.cells)
    after = begun_without_memory(hand)
    assert "memory_integrity" in alarms(after)
    assert "not_initialised" not in alarms(after)
    assert after.tones_ms or after.pump.alarms.tone_us <= after.now_us + SECOND_US
    after.live(after.now_us + silent_us)
    assert memory_of(after) == "absent"
    assert not after.pump.over
    assert after.strokes_us == [], "it delivers nothing"
    assert bytes(after.memory.cells) == kept
    after.memory.absent = False
    while not after.pump.over:
        before_us = after.now_us
        after.live(max(after.pump.deadline_us, after.now_us))
        assert after.now_us - before_us <= MINUTE_US
    assert bytes(after.memory.cells) == kept, "nothing was written before it was read"
    again = anew(after)
    assert memory_of(again) == "whole"
    assert again.core.state()[dose_codes.GUARD_COMMANDED] >= 14
    assert state_of(again) == "running"
    assert alarms(again) == []
    again.live(again.now_us + 60 * MINUTE_US)
    assert 4 <= len(again.strokes_us) <= 6, "1 U/h again"


@pytest.mark.req("STORE-2")
def test_within_the_first_minute_it_is_looked_for_every_second() -> None:
    after = begun_without_memory(lived())
    after.live(after.now_us + 3 * SECOND_US)
    after.memory.absent = False
    after.live(after.now_us + SECOND_US)
    assert after.pump.over


@pytest.mark.req("STORE-3")
def test_an_absent_memory_is_not_started_anew() -> None:
    hand = lived()
    kept = bytes(hand.memory.cells)
    after = begun_without_memory(hand)
    refused(after.pump.device.initialise_memory, protocol.MEMORY_FAILED)
    after.memory.absent = False  # it answers, and nobody has looked yet
    refused(after.pump.device.initialise_memory, protocol.MEMORY_FAILED)
    assert bytes(after.memory.cells) == kept


ORDERS: tuple[Callable[[Hand], object], ...] = (
    lambda hand: hand.pump.therapy.set_basal(1000),
    lambda hand: hand.pump.boluses.bolus(2000),
    lambda hand: hand.pump.switch.resume(),
    lambda hand: hand.pump.therapy.temp_basal(0, 50, 3600 * SECOND_US),
)


@pytest.mark.req("STORE-1", "STORE-3")
@pytest.mark.parametrize("order", ORDERS)
def test_while_it_is_absent_nothing_is_ordered_and_nothing_written(order: Callable[[Hand], object]) -> None:
    hand = lived()
    kept = bytes(hand.memory.cells)
    after = begun_without_memory(hand)
    after.memory.absent = False  # whatever writes now would destroy
    try:
        order(after)
    except Exception:
        pass
    after.pump.upkeep.account()
    after.pump.device.self_test()
    after.pump.visited(after.pump.visitors.began, 1)
    after.pump.failures.failed(ValueError("a mistake"))
    after.live(after.now_us + MINUTE_US)
    assert after.strokes_us == []
    assert bytes(after.memory.cells) == kept


@pytest.mark.req("STORE-3")
@pytest.mark.parametrize("reads", range(9))
def test_a_memory_that_goes_while_it_is_read_is_absent_too(reads: int) -> None:
    hand = lived()
    kept = bytes(hand.memory.cells)

    class Going(RamNvm):
        """Answers so many reads."""

        left = reads

        def read_into(self, address: int, buffer: bytearray) -> None:
            self.left -= 1
            if self.left < 0:
                raise MemoryAbsent(0)
            super().read_into(address, buffer)

    after = Hand(Going(image=kept), hand.rtc)
    assert memory_of(after) == "absent"
    assert bytes(after.memory.cells) == kept
    assert after.strokes_us == []


@pytest.mark.req("STORE-1", "STORE-3")
def test_a_memory_that_vanishes_in_life_and_comes_back_holds_all_again() -> None:
    hand = lived()
    hand.pump.boluses.bolus(2000)
    hand.live(hand.now_us + SECOND_US)
    hand.memory.absent = True
    hand.live(hand.now_us + 10 * SECOND_US)
    assert memory_of(hand) == "write_failed"
    assert "memory_integrity" in alarms(hand)
    strokes = len(hand.strokes_us)
    hand.live(hand.now_us + 10 * MINUTE_US)
    assert len(hand.strokes_us) == strokes
    refused(hand.pump.device.initialise_memory, protocol.MEMORY_GOOD)
    hand.memory.absent = False
    hand.live(hand.now_us + MINUTE_US)
    assert memory_of(hand) == "whole"
    assert len(hand.strokes_us) == strokes, "it does not go on by itself"
    after = hand.restarted()
    assert after.core.state()[dose_codes.GUARD_COMMANDED] == strokes
    assert state_of(after) == state_of(hand)


@pytest.mark.req("STORE-2", "STORE-3")
def test_a_reset_while_it_is_away_counts_what_may_have_been_delivered() -> None:
    hand = lived()
    hand.pump.boluses.bolus(2000)
    hand.live(hand.now_us + SECOND_US)
    hand.memory.absent = True
    hand.live(hand.now_us + 10 * SECOND_US)
    delivered = len(hand.strokes_us)
    after = begun_without_memory(hand)
    after.memory.absent = False
    after.live(after.now_us + 2 * SECOND_US)
    again = anew(after)
    assert delivered <= again.core.state()[dose_codes.GUARD_COMMANDED] <= delivered + 1
