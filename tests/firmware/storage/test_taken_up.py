"""What a pump takes up from its memory at the start, and what it makes anew of one that cannot be believed."""

from __future__ import annotations

from typing import Any

import pytest

from firmware import dose_codes as code
from firmware import protocol
from firmware.errors import FirmwareError
from firmware.storage import memory_map
from firmware.storage.journal import Journal
from tests.firmware.hand import SECOND_US, Hand, alarms
from tests.firmware.ram import RamNvm, RamRtc
from tests.firmware.upkeep.test_clear_fault_refused import damaged_ledger

HOUR_US = 3600 * SECOND_US


def logged(hand: Hand) -> list[dict[str, Any]]:
    log: list[dict[str, Any]] = hand.pump.reports.read_log(0, 10_000)["events"]
    return log


def reset_of(hand: Hand) -> dict[str, Any]:
    return [each for each in logged(hand) if each["event"] == protocol.EVENT_RESET][-1]


@pytest.mark.req("STORE-5", "LOG-1")
def test_resets_are_counted_up_to_the_greatest_that_there_is_room_for() -> None:
    hand = Hand()
    hand.pump.record.resets = 0xFFFE
    hand.pump.books.store()
    for _ in range(2):
        hand = hand.restarted()
        assert hand.pump.record.resets == reset_of(hand)["a"] == 0xFFFF


@pytest.mark.req("LOG-1", "THER-8")
def test_how_long_the_power_was_gone_is_told_in_seconds() -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(0)
    hand.pump.books.store()
    assert 36_000 - reset_of(hand.restarted(10 * HOUR_US))["c"] in (0, 1), "the clock shows whole seconds"


@pytest.mark.req("STORE-2", "THER-8")
def test_device_time_goes_on_from_the_last_life_however_long_the_start_takes() -> None:
    class Late(Hand):
        """The board has counted three seconds when the memory is read."""

        def __init__(self, memory: RamNvm, rtc: RamRtc) -> None:
            read = memory.read_into

            def read_late(address: int, buffer: bytearray) -> None:
                self.now_us = max(self.now_us, 3 * SECOND_US)
                read(address, buffer)

            memory.read_into = read_late  # type: ignore[method-assign]
            super().__init__(memory, rtc)

    hand = Hand()
    hand.pump.therapy.set_basal(0)
    hand.live(HOUR_US)
    hand._pass(hand.now_us + 5 * SECOND_US)
    assert abs(Late(hand.memory, hand.rtc).now_us - HOUR_US - 5 * SECOND_US) <= SECOND_US


@pytest.mark.req("STORE-1", "STORE-2")
def test_the_first_record_of_a_life_permits_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    hand = Hand()
    hand.pump.boluses.bolus(1000)
    hand.live(3 * SECOND_US)
    permitted: list[int] = []
    save = Journal.save

    def saved(self: Journal, only_stroke: bool = False) -> None:
        permitted.append(self.record.permitted)
        save(self, only_stroke)

    monkeypatch.setattr(Journal, "save", saved)
    hand.restarted()
    assert permitted[0] == 0, "what was found is stored before anything may follow from it"
    assert len(permitted) > 1


def unreadable(hand: Hand) -> Hand:
    """The next life, whose memory answers with something that the firmware cannot take."""

    def fails(address: int, buffer: bytearray) -> None:
        raise FirmwareError("for the test")

    hand.memory.read_into = fails  # type: ignore[method-assign]
    return hand.restarted()


def broken(hand: Hand) -> Hand:
    """The next life, whose record is whole, and says of the core what cannot be."""
    damaged_ledger(hand)
    hand.pump.books.store()
    return hand.restarted()


def both_copies(hand: Hand) -> Hand:
    for copy in (1852, 2652):
        hand.memory.flip(copy)
    return hand.restarted()


@pytest.mark.req("STORE-3", "GUARD-3", "ALARM-1")
@pytest.mark.parametrize("damage", [unreadable, broken, both_copies])
def test_a_memory_that_cannot_be_believed_stops_the_pump_and_is_not_written_over(damage: Any) -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(35_000)
    hand.live(HOUR_US)
    made = len(hand.strokes_us)
    state = (memory_map.STATE_AT, hand.journal._places[0])
    after = damage(hand)
    assert after.pump.status()["memory"] == protocol.MEMORY_DAMAGED
    assert {"memory_integrity", "not_initialised"} <= set(alarms(after))
    was = bytes(after.memory.cells[slice(*state)])
    after.live(after.now_us + HOUR_US)
    assert not after.strokes_us and made > 100
    assert bytes(after.memory.cells[slice(*state)]) == was


@pytest.mark.req("STORE-3", "LOG-1", "LINK-2")
@pytest.mark.parametrize("damage", [broken, both_copies])
def test_a_memory_made_anew_has_nothing_of_the_state_before_and_every_event(damage: Any) -> None:
    hand = Hand()
    hand.pump.therapy.set_basal(30_000)
    hand.pump.therapy.recommend_rate(35_000, 60)
    hand.pump.alarms.raise_alarm("communication_error")
    new = hand.pump.patterns.read_settings()
    hand.pump.patterns.set_settings(**(new | {"auto_off_min": 600, "utc_offset_min": 60}))
    staged = hand.pump.patterns.stage_pattern(2, [{"rate_mu_per_h": 35_000}] * 48)
    hand.pump.patterns.commit_pattern(2, fingerprint=staged["fingerprint"])
    life = hand.pump.orders.life
    hand.live(HOUR_US // 4)
    newest = logged(hand)[-1]["number"]
    after = damage(hand)
    after.pump.device.initialise_memory()
    record = after.pump.record
    assert (record.pattern, record.manual_mu_per_h, record.recommended_until_us) == (protocol.MANUAL, 0, 0)
    assert {"initialised_to_defaults", "pump_stopped"} <= set(alarms(after))
    for each in (after, after.restarted()):
        assert each.pump.patterns.read_settings() == new
        assert each.pump.patterns.read_pattern(2, False)["day_mu"] == 4800, "the preset: 0.2 U/h"
        assert each.pump.orders.life not in (0, life)
    numbers = [each["number"] for each in logged(after)]
    assert numbers == list(range(1, len(numbers) + 1)) and len(numbers) > newest
    assert logged(after)[newest]["event"] == protocol.EVENT_INITIALISED, "nothing was noted while it was damaged"
    again = after.restarted()
    assert [each["number"] for each in logged(again)][: len(numbers)] == numbers
    assert again.core.state()[code.GUARD_COMMANDED] == 0 == again.pump.status()["strokes_delivered"]
    assert again.pump.status()["memory"] == protocol.MEMORY_WHOLE
    again.live(again.now_us + HOUR_US)
    assert not again.strokes_us


@pytest.mark.req("STORE-3", "GUARD-1")
def test_starts_that_were_damaged_are_told_for_the_caps_look_back_on_later_ones() -> None:
    hand = Hand()
    hand.pump.boluses.bolus(10_000)
    hand.live(100 * SECOND_US)
    assert len(hand.strokes_us) == 50
    places = memory_map.Layout(hand.memory.size_bytes, len(hand.core.ticks()))
    hand.memory.flip(places.history_at + 10)
    after = hand.restarted()
    assert after.pump.status()["memory"] == protocol.MEMORY_CAPS_LATE
    assert reset_of(after)["d"] == 8


@pytest.mark.req("LOG-1", "LOG-2", "STORE-1")
def test_events_that_found_no_room_are_counted_and_told() -> None:
    """While memory takes nothing a few events wait; of the others the log says how many they were."""
    hand = Hand()
    memory = hand.pump._memory
    before = len(logged(hand))
    hand.memory.failing = True
    for kind in range(30):
        memory.note(protocol.CATEGORY_MALFUNCTION, protocol.EVENT_EXCEPTION, kind)
        assert memory.state == protocol.MEMORY_WRITE_FAILED, "orders are refused from the first on"
    memory.queue(protocol.CATEGORY_COMMAND, protocol.EVENT_ACCEPTED)
    memory.take_back(1)  # the order was undone: neither in the log nor among the lost
    hand.memory.failing = False
    hand.pump.books.store()
    for each in (hand, hand.restarted()):
        log = logged(each)
        assert [one["number"] for one in log] == list(range(1, len(log) + 1))
        kept = [one["detail"] for one in log if one["event"] == protocol.EVENT_EXCEPTION]
        told = [one["a"] for one in log[before:] if one["event"] == protocol.EVENT_MEMORY]
        assert [(one["detail"], one["reason"]) for one in log if one["event"] == protocol.EVENT_MEMORY] == [(0, 0)]
        assert kept == list(range(len(kept))) and len(kept) >= 10
        assert told == [30 - len(kept)]


@pytest.mark.req("STORE-1", "STORE-3")
def test_whatever_memory_does_not_take_makes_it_failed_until_it_takes_a_record() -> None:
    hand = Hand()
    memory = hand.pump._memory
    for store in (memory.store_energy, memory.store_alarms, memory.store_settings, hand.pump.books.store):
        hand.memory.failing = True
        store()
        assert memory.state == protocol.MEMORY_WRITE_FAILED and not memory.usable
        hand.memory.failing = False
        hand.pump.books.store()
        assert memory.state == protocol.MEMORY_WHOLE and memory.usable


@pytest.mark.req("STORE-1", "STORE-4", "PWR-1")
@pytest.mark.parametrize("next_one", ["alarms", "record"])
def test_a_record_beside_the_state_that_failed_is_stored_with_the_next_and_not_again(next_one: str) -> None:
    hand = Hand()
    memory, journal, done = hand.pump._memory, hand.journal, []
    energy, latched = journal.save_energy, journal.save_alarms
    journal.save_energy = lambda: done.append("energy") or energy()  # type: ignore[func-returns-value,method-assign]
    journal.save_alarms = lambda: done.append("alarms") or latched()  # type: ignore[func-returns-value,method-assign]
    hand.memory.failing = True
    memory.store_energy()
    hand.memory.failing = False
    assert done == ["energy"], "at once"
    if next_one == "alarms":
        memory.store_alarms()
        assert done == ["energy", "energy", "alarms"]
    else:
        hand.pump.books.store()
        assert done == ["energy", "energy"]
    before = len(done)
    hand.pump.books.store()
    assert len(done) == before


@pytest.mark.req("STORE-3", "GUARD-3")
def test_a_damaged_memory_takes_no_record_and_gives_no_permit() -> None:
    after = both_copies(Hand())
    permits: list[int] = []
    after.core.permit = lambda stroke: bool(permits.append(stroke)) or True  # type: ignore[method-assign,func-returns-value]
    written = len(after.memory.writes)
    after.pump.books.store()
    after.pump._memory.store_alarms()
    assert after.pump._memory.stroke(1) is False
    assert not permits and len(after.memory.writes) == written


@pytest.mark.req("THER-8", "STORE-5")
def test_a_record_says_whether_the_clock_is_known_and_its_two_times_belong_together() -> None:
    hand = Hand()
    hand.pump.boluses.bolus(400)
    hand.live(2 * SECOND_US + SECOND_US // 2)
    record = hand.pump.record
    assert record.clock_known == 1 and record.saved_us == 2 * SECOND_US + 104_000
    lost = hand.restarted(clock_lost=True)
    lost.pump.books.store()
    assert lost.pump.record.clock_known == 0
