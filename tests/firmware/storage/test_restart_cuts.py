"""Every kind of delivery, cut at every write; tests/powerloss does the same to the firmware on a virtual board."""

from __future__ import annotations

import pytest

from firmware import dose_codes as code
from firmware import protocol
from tests.firmware.hand import SECOND_US, Hand
from tests.firmware.ram import PowerCut, RamNvm

MINUTE_US = 60 * SECOND_US


def live(hand: Hand) -> None:
    """An hour with basal, a boundary, a temporary rate, a normal, a square and a dual bolus, a suspend and a resume."""
    patterns, therapy, boluses = hand.pump.patterns, hand.pump.therapy, hand.pump.boluses
    rates = [{"rate_mu_per_h": 6000}] + [{"rate_mu_per_h": 2000}] * 47
    staged = patterns.stage_pattern(0, rates)
    patterns.commit_pattern(0, fingerprint=staged["fingerprint"])
    therapy.select_pattern(0)  # its boundary comes in the middle of the hour
    hand.live(3 * MINUTE_US)
    boluses.square_bolus(1600, 30)
    hand.live(8 * MINUTE_US)
    boluses.bolus(1200)
    hand.live(8 * MINUTE_US + 7 * SECOND_US)
    boluses.cancel_bolus()
    therapy.temp_basal(protocol.TEMP_PERCENT, 150, 30)
    hand.live(15 * MINUTE_US)
    boluses.dual_bolus(600, 1000, 30)
    hand.live(42 * MINUTE_US)
    hand.pump.switch.suspend()
    hand.live(45 * MINUTE_US)
    hand.pump.switch.stop()
    hand.live(48 * MINUTE_US)
    hand.pump.switch.resume()
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
            place = code.NORMAL_COMMANDED if kind == "NORMAL" else code.SQUARE_COMMANDED
            programmed, commanded, delivered, abandoned = found[place - 1 : place + 3]
            assert programmed == commanded + abandoned and delivered == commanded, f"{where}: a {kind} bolus goes on"
            if programmed == state[place - 1]:
                assert state[place] <= commanded <= state[place] + 1, where
        rate = found[code.RATE_MU_PER_H] * (found[code.TEMP_VALUE] if found[code.TEMP] else 100) // 100
        start_us = after.now_us
        after.live(start_us + 20 * MINUTE_US)
        assert len(after.strokes_us) <= 1 + rate * 20 // 60 // 200, where
