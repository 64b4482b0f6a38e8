"""The memory by itself while it takes nothing: what it says, what waits for it, what is told and taken back later."""

from __future__ import annotations

import pytest

from firmware import protocol
from firmware.storage import memory_map
from firmware.storage.memory import _WAITING
from firmware.storage.slots import OVERHEAD_BYTES
from tests.firmware.hand import SECOND_US
from tests.firmware.ram import RamNvm
from tests.firmware.storage.test_memory_exact import STATE, UTC_S, Alone

pytestmark = pytest.mark.req("STORE-1")
NO_CLOCK = 0x80


@pytest.mark.parametrize("what", ["note", "store", "energy", "alarms", "settings"])
def test_a_memory_that_fails_says_so_until_a_store_succeeds(what: str) -> None:
    alone = Alone()
    memory = alone.memory
    assert alone.store()
    alone.nvm.failing = True
    if what == "note":
        alone.note()
    elif what == "store":
        assert alone.store() is False
    elif what == "settings":
        memory.settings.auto_off_min = 5
        assert memory.store_settings() is False and memory.settings.auto_off_min == 0
    else:
        (memory.store_energy if what == "energy" else memory.store_alarms)()
    assert memory.state == protocol.MEMORY_WRITE_FAILED and not memory.usable
    alone.nvm.failing = False
    assert alone.store() is True and memory.state == protocol.MEMORY_WHOLE


@pytest.mark.req("STORE-4", "PWR-1")
def test_a_record_beside_the_state_is_written_alone_and_one_that_failed_with_whatever_is_stored_next() -> None:
    alone = Alone()
    alone.memory.store_energy()  # nothing is behind from here on
    places = memory_map.Layout(alone.nvm.size_bytes, len(alone.core.ticks()))
    energy = (places.energy_at, places.energy_at + memory_map.ENERGY_BYTES + OVERHEAD_BYTES)
    alarms = (places.alarms_at, places.alarms_at + memory_map.ALARMS_BYTES + OVERHEAD_BYTES)
    for store, at, part in (
        (alone.memory.store_energy, energy, "energy"),
        (alone.memory.store_alarms, alarms, "alarms"),
    ):
        before = len(alone.nvm.writes)
        getattr(alone.memory, part)[0] = 7
        store()
        assert tuple(address for address, _ in alone.nvm.writes[before:]) == at, part
        assert getattr(alone.stored, part)[0] == 7
        alone.nvm.failing = True
        getattr(alone.memory, part)[0] = 8
        store()
        alone.nvm.failing = False
        before = len(alone.nvm.writes)
        assert alone.memory.stroke(1) and alone.memory.state == protocol.MEMORY_WHOLE
        assert tuple(address for address, _ in alone.nvm.writes[before:]) == at + STATE, part
        assert getattr(alone.stored, part)[0] == 8


@pytest.mark.req("THER-1")
def test_settings_that_are_taken_back_do_not_count_with_the_next_store() -> None:
    alone = Alone()
    alone.memory.settings.auto_off_min = 5
    assert alone.memory.store_settings() is True
    alone.memory.take_back_settings()
    assert alone.store()
    assert alone.memory.settings.auto_off_min == alone.stored.settings.auto_off_min == 0


def test_a_stroke_s_record_says_when_it_was_written() -> None:
    alone = Alone()
    alone.now_us = 9 * SECOND_US
    assert alone.memory.stroke(1)
    stored = alone.stored.record
    assert (stored.saved_us, stored.saved_utc_s, stored.permitted) == (9 * SECOND_US, UTC_S + 9, 1)


@pytest.mark.req("LOG-1")
@pytest.mark.parametrize("more", [-1, 0, 1, 3])
def test_events_that_found_no_room_are_counted_and_told_once_memory_takes_them(more: int) -> None:
    alone = Alone()
    assert alone.store()
    before = len(alone.events)
    alone.nvm.failing = True
    for detail in range(_WAITING + more):
        assert alone.memory.queue(protocol.CATEGORY_COMMAND, protocol.EVENT_ACCEPTED, detail) is True
    alone.nvm.failing = False
    assert alone.store()
    told = alone.events[before:]
    assert [each[3] for each in told if each[2] == protocol.EVENT_ACCEPTED] == list(range(_WAITING + min(more, 0)))
    lost = [each[1:] for each in told if each[2] == protocol.EVENT_MEMORY]
    assert lost == ([(protocol.CATEGORY_MALFUNCTION, protocol.EVENT_MEMORY, 0, 0, more, 0, 0, 0)] if more > 0 else [])
    assert len(told) == _WAITING + min(more, 1)


@pytest.mark.req("LOG-1")
@pytest.mark.parametrize(("count", "lost", "kept"), [(1, 2, 16), (3, 0, 16), (4, 0, 15), (19, 0, 0)])
def test_what_is_taken_back_is_what_was_queued_last(count: int, lost: int, kept: int) -> None:
    alone = Alone()
    assert alone.store()
    before = len(alone.events)
    for detail in range(_WAITING + 3):
        alone.memory.queue(protocol.CATEGORY_COMMAND, protocol.EVENT_ACCEPTED, detail)
    alone.memory.take_back(count)
    assert alone.store()
    told = [(each[2], each[5] if each[2] == protocol.EVENT_MEMORY else each[3]) for each in alone.events[before:]]
    assert told == [(protocol.EVENT_ACCEPTED, detail) for detail in range(kept)] + (
        [(protocol.EVENT_MEMORY, lost)] if lost else []
    )


@pytest.mark.req("LOG-1")
def test_an_event_that_is_in_the_log_and_does_not_count_yet_is_taken_back_too() -> None:
    alone = Alone()
    assert alone.store()
    before = alone.events
    for _ in range(3):
        alone.note()
    alone.memory.take_back(2)
    assert alone.store() and len(alone.events) == len(before) + 1


@pytest.mark.req("LOG-1", "THER-8")
def test_an_event_s_time_is_device_time_while_the_clock_is_lost_and_says_so() -> None:
    alone = Alone(utc_s=None, now_us=12 * SECOND_US + 999_999)
    assert alone.store()
    assert alone.events[-1][:3] == (12, protocol.CATEGORY_MALFUNCTION | NO_CLOCK, protocol.EVENT_INITIALISED)
    assert alone.stored.record.clock_known == 0


@pytest.mark.req("STORE-3")
@pytest.mark.parametrize("answers", [False, True])
def test_a_memory_that_was_absent_comes_when_it_answers(answers: bool) -> None:
    nvm = RamNvm()
    nvm.absent = True
    alone = Alone(nvm)
    assert alone.memory.state == protocol.MEMORY_ABSENT and not alone.memory.usable
    nvm.absent = not answers
    assert alone.memory.come is answers
    assert nvm.writes == [] and Alone().memory.come is False
