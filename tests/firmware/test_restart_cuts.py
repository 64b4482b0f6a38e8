"""Every kind of delivery that the core knows, cut at every write: what the link cannot order is ordered of the core.

The same is done to the whole firmware on a virtual board in tests/powerloss, with what the link can order.
"""

from __future__ import annotations

import pytest

from firmware import dose_codes as code
from tests.firmware.hand import SECOND_US, Hand
from tests.firmware.ram import PowerCut, RamNvm

MINUTE_US = 60 * SECOND_US
PERCENT = 2
SQUARE_COMMANDED = 13


def live(hand: Hand) -> None:
    """An hour with basal, a boundary, a temporary rate, a normal, a square and a dual bolus, a suspend and a resume."""
    core, pump = hand.core, hand.pump
    pump.set_basal(6000)
    assert core.plan_basal(hand.now_us, 40 * MINUTE_US, 2000) == code.OK
    pump.connected(True)  # stores what was ordered of the core
    hand.live(3 * MINUTE_US)
    assert core.bolus(hand.now_us, 0, 8, 30 * MINUTE_US) == code.OK
    pump.connected(True)
    hand.live(8 * MINUTE_US)
    pump.bolus(1200)
    hand.live(8 * MINUTE_US + 7 * SECOND_US)
    pump.cancel_bolus()
    assert core.temp_basal(hand.now_us, PERCENT, 150, 12 * MINUTE_US) == code.OK
    pump.connected(True)
    hand.live(15 * MINUTE_US)
    assert core.bolus(hand.now_us, 3, 5, 30 * MINUTE_US) == code.OK
    pump.connected(True)
    hand.live(30 * MINUTE_US)
    pump.suspend()
    hand.live(33 * MINUTE_US)
    pump.resume()
    hand.live(60 * MINUTE_US)


WRITES = Hand()
live(WRITES)
SIZES = [len(data) for _, data in WRITES.memory.writes]
FIRST = len(Hand().memory.writes) + 1  # the writes before are those of the very first start


def cut_life(number: int, torn_bytes: int) -> Hand:
    memory = RamNvm()
    memory.cut_write, memory.cut_bytes = number, torn_bytes
    hand = Hand(memory)
    with pytest.raises(PowerCut):
        live(hand)
    return hand


@pytest.mark.req("STORE-2")
@pytest.mark.timeout(180)
@pytest.mark.parametrize(
    ("off_us", "clock_lost"), [(SECOND_US, False), (2 * 3600 * SECOND_US, False), (MINUTE_US, True)]
)
def test_every_write_of_a_life_with_every_kind_of_delivery(off_us: int, clock_lost: bool) -> None:
    size = SIZES
    cuts = [(n, torn) for n in range(FIRST, len(size) + 1) for torn in (0, 1, size[n - 1] // 2, size[n - 1] - 1)]
    for number, torn_bytes in cuts:
        hand = cut_life(number, torn_bytes)
        state = hand.core.state()
        after = hand.restarted(off_us, clock_lost=clock_lost)
        found = after.core.state()
        where = f"write {number} after {torn_bytes} bytes"
        started = len(hand.strokes_us)
        assert started <= found[code.GUARD_COMMANDED] <= started + 1, where
        assert found[code.GUARD_COMMANDED] == found[code.GUARD_CONFIRMED], where
        for kind in ("NORMAL", "SQUARE"):
            place = code.NORMAL_COMMANDED if kind == "NORMAL" else SQUARE_COMMANDED
            programmed, commanded, delivered, abandoned = found[place - 1 : place + 3]
            assert programmed == commanded + abandoned and delivered == commanded, f"{where}: a {kind} bolus goes on"
            if programmed == state[place - 1]:
                assert state[place] <= commanded <= state[place] + 1, where
        rate = found[code.RATE_MU_PER_H] * (found[code.TEMP_VALUE] if found[code.TEMP] else 100) // 100
        start_us = after.now_us
        after.live(start_us + 20 * MINUTE_US)
        assert len(after.strokes_us) <= 1 + rate * 20 // 60 // 200, where
