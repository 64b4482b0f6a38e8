"""Two copies of everything: one that is damaged is written anew, settings count with the state that names them."""

from __future__ import annotations

import pytest

from firmware import dose_codes as code
from firmware import events, protocol
from firmware.storage import memory_map
from firmware.storage.slots import OVERHEAD_BYTES
from firmware.storage.state_record import PAYLOAD_BYTES
from tests.firmware.hand import BURST_US, SECOND_US, Hand
from tests.firmware.ram import RamNvm, RamRtc


def places(hand: Hand, what: str) -> tuple[int, int]:
    """Where the two copies are, a byte in each."""
    if what == "format":
        return 4, memory_map.KEYS_AT // 2 + 4
    if what == "state":
        return memory_map.STATE_AT + 30, memory_map.STATE_AT + PAYLOAD_BYTES + OVERHEAD_BYTES + 30
    at = hand.journal._places[hand.journal._place]
    size = (hand.journal._places[1] - hand.journal._places[0]) // 2
    return at + 10, at + size + 10


@pytest.mark.req("STORE-3", "STORE-1")
@pytest.mark.parametrize("copy", [0, 1])
@pytest.mark.parametrize("what", ["format", "state", "settings"])
def test_a_copy_that_is_damaged_is_told_and_written_anew(what: str, copy: int) -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(1000)
    hand.pump.patterns.set_settings(**(hand.pump.patterns.read_settings() | {"auto_off_min": 600}))
    hand.memory.flip(places(hand, what)[copy])
    second = hand.restarted()
    assert second.pump.status()["memory"] == protocol.MEMORY_MENDED
    third = second.restarted()
    assert third.pump.status()["memory"] == protocol.MEMORY_WHOLE, "mended"
    third.memory.flip(places(third, what)[1 - copy])
    fourth = third.restarted()
    assert fourth.pump.status()["memory"] == protocol.MEMORY_MENDED, "the other one is whole"
    assert fourth.pump.record.manual_mu_per_h == 1000 and fourth.pump.patterns.read_settings()["auto_off_min"] == 600
    for each in places(fourth, what):
        fourth.memory.flip(each)
    assert fourth.restarted().pump.status()["memory"] == protocol.MEMORY_DAMAGED


@pytest.mark.req("STORE-2", "THER-9")
def test_settings_count_with_the_state_that_names_them_and_not_before() -> None:
    hand = Hand()
    for minutes in (600, 700, 800):
        before = hand.pump.patterns.read_settings()
        hand.pump._memory.settings.auto_off_min = 65
        hand.journal.save_settings()
        hand = hand.restarted()
        assert hand.pump.patterns.read_settings() == before, "the power went before the state was stored"
        hand.pump.patterns.set_settings(**(before | {"auto_off_min": minutes}))
        assert hand.pump.patterns.read_settings()["auto_off_min"] == minutes
        hand = hand.restarted()
        assert hand.pump.patterns.read_settings()["auto_off_min"] == minutes


@pytest.mark.req("STORE-1", "THER-9")
def test_settings_that_are_taken_back_are_what_they_were_at_each_time() -> None:
    hand = Hand()
    for minutes in (600, 700):
        before = hand.pump.patterns.read_settings()
        hand.pump._memory.settings.auto_off_min = 65
        hand.journal.save_settings()
        hand.journal.take_back_settings()
        assert hand.pump.patterns.read_settings() == before
        hand.pump.patterns.set_settings(**(before | {"auto_off_min": minutes}))
        hand.pump.books.store()
        assert hand.restarted().pump.patterns.read_settings()["auto_off_min"] == minutes


@pytest.mark.req("STORE-1", "GUARD-1", "THER-8")
@pytest.mark.parametrize("record", ["a stroke's", "an order's"])
def test_after_each_stroke_the_next_life_knows_every_start(record: str) -> None:
    """The rolling caps look back on it. The power goes right after the record of the stroke, or of an order."""
    hand = Hand()
    hand.pump.boluses.bolus(8000)
    for made in range(1, 27):
        hand.now_us = max(hand.now_us, hand.core.next_us())
        hand.core.promise(hand.now_us, hand.now_us + 60 * SECOND_US)
        assert hand.core.service(hand.now_us) == 1
        hand.now_us += BURST_US
        hand.core.confirmed()
        hand.core.ended()
        hand.core.settle(hand.now_us)
        if record == "an order's":
            hand.pump.therapy.set_basal(made * 50)
        else:
            hand.pump.handle(events.STROKE)
        after = Hand(RamNvm(image=bytes(hand.memory.cells)), RamRtc(hand.rtc.now_s))
        assert after.pump.status()["memory"] == protocol.MEMORY_WHOLE
        assert after.core.used(after.now_us, code.HOUR) >= made
        if record == "an order's":
            hand.pump.handle(events.STROKE)


@pytest.mark.req("STORE-1", "STORE-3")
def test_a_record_whose_predecessor_failed_is_whole() -> None:
    """A stroke's record is short; after one that failed all of it is written, for nobody knows what is there."""
    hand = Hand()
    hand.pump.boluses.bolus(2000)
    hand.live(SECOND_US)
    hand.memory.failing = True
    hand.pump.record.contact_us = 77
    hand.pump.books.store()
    hand.memory.failing = False
    hand.pump._memory.stroke(hand.core.over() + 1)
    after = hand.restarted()
    assert after.pump.status()["memory"] == protocol.MEMORY_WHOLE and after.pump.record.contact_us == 77
