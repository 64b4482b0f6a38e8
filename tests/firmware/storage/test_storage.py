"""The stored records: what is written comes back, half a write leaves the one before, damage is found."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from c_ext.host import STATE_FIELDS, Core
from firmware.errors import MemoryAbsent, MemoryRange
from firmware.storage import event_log, memory_map, orders, slots, staging, state_record, stroke_starts
from firmware.storage import settings as settings_record
from firmware.storage.event_log import EventLog
from firmware.storage.slots import TwoSlots
from firmware.storage.state_record import StateRecord
from tests.firmware.ram import PowerCut, RamNvm

PAYLOAD = 24
SLOT = PAYLOAD + slots.OVERHEAD_BYTES


def written(nvm: RamNvm, *payloads: bytes) -> TwoSlots:
    record = TwoSlots(nvm, 64, PAYLOAD)
    for payload in payloads:
        record.payload[:] = payload * PAYLOAD
        record.write()
    return record


def found(nvm: RamNvm) -> tuple[int, int, bytes]:
    record = TwoSlots(nvm, 64, PAYLOAD)
    state = record.read()
    return state, record.sequence, bytes(record.payload)


@pytest.mark.req("STORE-1")
def test_the_last_record_written_is_the_one_that_is_read() -> None:
    nvm = RamNvm(256)
    assert found(nvm)[0] == slots.NOTHING
    written(nvm, b"a", b"b", b"c")
    assert found(nvm) == (slots.BOTH, 3, b"c" * PAYLOAD)


@pytest.mark.req("STORE-2")
@pytest.mark.parametrize("copy", [0, 1])
@pytest.mark.parametrize("cut_bytes", range(SLOT + 1))
def test_half_a_write_leaves_the_record_before_or_the_new_one(copy: int, cut_bytes: int) -> None:
    nvm = RamNvm(256)
    record = written(nvm, b"a", b"b")
    nvm.cut_write, nvm.cut_bytes = len(nvm.writes) + 1 + copy, cut_bytes
    record.payload[:] = b"c" * PAYLOAD
    with pytest.raises(PowerCut):
        record.write()
    state, _, payload = found(nvm)
    new = copy == 1 or cut_bytes == SLOT
    assert payload == (b"c" if new else b"b") * PAYLOAD
    assert state == (slots.BOTH if cut_bytes == copy * SLOT else slots.ONE)


@pytest.mark.req("STORE-2")
@pytest.mark.parametrize("first_bytes", range(0, SLOT + 1, 3))
@pytest.mark.parametrize("copy", [0, 1])
@pytest.mark.parametrize("again_bytes", range(0, SLOT + 1, 3))
def test_two_cuts_one_after_the_other_never_take_the_whole_copy(first_bytes: int, copy: int, again_bytes: int) -> None:
    nvm = RamNvm(256)
    record = written(nvm, b"a", b"b")
    nvm.cut_write, nvm.cut_bytes = len(nvm.writes) + 1 + copy, first_bytes
    record.payload[:] = b"c" * PAYLOAD
    with pytest.raises(PowerCut):
        record.write()
    again = TwoSlots(nvm, 64, PAYLOAD)
    again.read()
    kept = bytes(again.payload)
    nvm.cut_write, nvm.cut_bytes = len(nvm.writes) + 1, again_bytes
    again.payload[:] = b"d" * PAYLOAD
    with pytest.raises(PowerCut):
        again.write()
    assert found(nvm)[2] in (kept, b"d" * PAYLOAD)


@pytest.mark.req("STORE-3")
def test_a_write_that_fails_between_the_copies_is_made_good_in_the_right_order() -> None:
    nvm = RamNvm(256)
    record = written(nvm, b"a")
    write = nvm.write
    calls = []

    def second_fails(address: int, data: bytes) -> None:
        calls.append(address)
        if len(calls) == 2:
            raise MemoryAbsent(0)
        write(address, data)

    nvm.write = second_fails  # type: ignore[method-assign]
    record.payload[:] = b"b" * PAYLOAD
    with pytest.raises(MemoryAbsent):
        record.write()
    record.write()
    # The copy that was not written comes first: the other one is the only whole one.
    assert calls == [64, 64 + SLOT, 64 + SLOT, 64]


@pytest.mark.req("STORE-3")
@settings(deadline=None, max_examples=300)
@given(st.integers(0, 2 * SLOT * 8 - 1), st.integers(1, 2**32 - 1))
def test_any_burst_up_to_32_bits_is_found_and_the_other_copy_used(first_bit: int, pattern: int) -> None:
    nvm = RamNvm(256)
    written(nvm, b"a", b"b")
    for bit in range(32):
        place = first_bit + bit
        if pattern >> bit & 1 and place < 2 * SLOT * 8:
            nvm.flip(64 + place // 8, place % 8)
    state, sequence, payload = found(nvm)
    # A burst across the border between the copies damages both: then nothing is believed.
    assert (state == slots.NOTHING) or (sequence, payload) == (2, b"b" * PAYLOAD)
    if first_bit % (SLOT * 8) < SLOT * 8 - 32:
        assert state in (slots.ONE, slots.BOTH)


@pytest.mark.req("STORE-3")
def test_a_record_from_another_place_is_not_believed() -> None:
    nvm = RamNvm(512)
    written(nvm, b"a")
    nvm.cells[256 : 256 + 2 * SLOT] = nvm.cells[64 : 64 + 2 * SLOT]
    assert TwoSlots(nvm, 256, PAYLOAD).read() == slots.NOTHING


def test_the_state_record_keeps_every_value_and_knows_the_core() -> None:
    record = StateRecord(memoryview(bytearray(state_record.PAYLOAD_BYTES)))
    names = [name for name, value in vars(record).items() if isinstance(value, int)]
    for place, name in enumerate(names):
        setattr(record, name, place + 1)
    record.write()
    other = StateRecord(memoryview(bytearray(bytes(record._payload))))
    other.read()
    assert [getattr(other, name) for name in names] == list(range(1, len(names) + 1))
    core = Core()
    assert state_record.CORE_BYTES == len(core.save(0)) == len(record.core)
    core.bolus(0, 9)
    for stroke in range(1, 6):
        core.permit(stroke)
        core.promise(core.next_us(), core.next_us())
        assert core.service(core.next_us()) == 1
        core.confirmed()
        core.ended()
    core.save_into(10**8, record.core)
    strokes, books_us = record.of_core()
    assert strokes == 5
    assert books_us == dict(zip(STATE_FIELDS, core.state(), strict=True))["at_us"] > 0


@pytest.mark.req("LOG-1", "LOG-2")
def test_events_have_numbers_without_gaps_and_the_oldest_goes_first() -> None:
    nvm = RamNvm(4096)
    log = EventLog(nvm, 0, 64)
    for number in range(1, 201):
        log.append(number * 10, 1, 2, 3, 4, (5, 6, 7, number))
    assert (log.oldest, log.next_number) == (201 - (64 - event_log.SPARE), 201)
    for number in range(log.oldest, 201):
        assert log.read(number) == (number * 10, 1, 2, 3, 4, 5, 6, 7, number)
    assert log.read(64) == event_log.UNREADABLE
    nvm.flip(5 + (199 - 1) % 64 * 32)
    assert log.read(199) == event_log.UNREADABLE
    again = EventLog(nvm, 0, 64)
    again.find_newest()
    assert again.next_number == 201


def test_values_beyond_32_bits_are_cut_to_the_greatest_and_those_below_zero_keep_their_sign() -> None:
    log = EventLog(RamNvm(4096), 0, 64)
    log.append(1, 1, 1, values=(-5, 2**40))
    assert log.read(1)[5:] == (2**32 - 5, 2**32 - 1, 0, 0)


@pytest.mark.req("LOG-2")
def test_the_places_do_not_overlap_and_the_parts_hold_90_days() -> None:
    for size_bytes, strokes in ((32768, 2500), (524288, 2500), (524288, 10000)):
        places = memory_map.Layout(size_bytes, strokes)
        borders = [
            memory_map.FORMAT_AT,
            memory_map.KEYS_AT,
            memory_map.SLOTS_AT,
            memory_map.USE_AT,
            memory_map.STATE_AT,
            places.settings_at,
            places.settings_at + places.settings_bytes,
            places.energy_at,
            places.alarms_at,
            places.scratch_at,
            places.staging_at,
            places.orders_at,
            places.history_at,
            places.log_at,
            places.log_at + places.events * event_log.EVENT_BYTES,
        ]
        sizes = [
            2 * (memory_map.FORMAT_PAYLOAD_BYTES + slots.OVERHEAD_BYTES),
            2 * (memory_map.SEED_BYTES + slots.OVERHEAD_BYTES),
            memory_map.SLOTS * 2 * (memory_map.SLOT_BYTES + slots.OVERHEAD_BYTES),
            2 * (memory_map.USE_BYTES + slots.OVERHEAD_BYTES),
            2 * (state_record.PAYLOAD_BYTES + slots.OVERHEAD_BYTES),
            places.settings_bytes,
            2 * (settings_record.PAYLOAD_BYTES + slots.OVERHEAD_BYTES),
            2 * (memory_map.ENERGY_BYTES + slots.OVERHEAD_BYTES),
            2 * (memory_map.ALARMS_BYTES + slots.OVERHEAD_BYTES),
            memory_map.SCRATCH_BYTES,
            staging.BYTES,
            orders.BYTES,
            places.blocks * stroke_starts.BLOCK_BYTES,
        ]
        assert all(at + size <= after for at, size, after in zip(borders, sizes, borders[1:], strict=False))
        assert borders[-1] <= size_bytes
    assert memory_map.Layout(524288, 2500).events - event_log.SPARE >= 90 * 170
    with pytest.raises(MemoryRange):
        memory_map.Layout(8192, 2500)


@pytest.mark.req("STORE-4")
def test_the_table_in_the_documents_is_the_layout() -> None:
    text = (Path(__file__).resolve().parents[3] / "docs" / "memory.md").read_text()
    text = re.sub("<!--.*?-->", "", text)  # where a figure is set (tools/docs/figures.py)
    places = memory_map.Layout(32768, 2500)
    slot = state_record.PAYLOAD_BYTES + slots.OVERHEAD_BYTES
    for row in (
        f"| format | {memory_map.FORMAT_AT} | 2 × {memory_map.FORMAT_PAYLOAD_BYTES + slots.OVERHEAD_BYTES} |",
        f"| keys | {memory_map.KEYS_AT} | {memory_map.STATE_AT - memory_map.KEYS_AT:,} |",
        f"| state | {memory_map.STATE_AT:,} | 2 × {slot} |",
        f"| settings | {places.settings_at:,} | 2 × 2 × {settings_record.PAYLOAD_BYTES + slots.OVERHEAD_BYTES} |",
        f"| staged | {places.staging_at:,} | 4 × {staging.BYTES // 4} |",
        f"| orders | {places.orders_at:,} | {orders.BYTES:,} |",
        f"| history | {places.history_at:,} | {places.blocks} × {stroke_starts.BLOCK_BYTES} |",
        f"| events | {places.log_at:,} | {event_log.EVENT_BYTES} each |",
        f"| 32 KiB, MB85RC256V (I²C; the development boards) | {places.events - event_log.SPARE} |",
        f"bus | {memory_map.Layout(524288, 2500).events - event_log.SPARE:,} | **92** |",
        f"{2 * slot + stroke_starts.BLOCK_BYTES // stroke_starts.STROKES:,} bytes",
    ):
        assert row in text, row
