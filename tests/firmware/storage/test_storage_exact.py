"""The stored forms byte by byte: log, settings, staged patterns, the state record, and the map of the memory."""

from __future__ import annotations

import struct
from binascii import crc32

import pytest

from firmware.errors import MemoryAbsent, MemoryRange
from firmware.storage import event_log, memory_map, settings, staging, state_record
from firmware.storage.event_log import EventLog
from firmware.storage.settings import Settings, fingerprint
from firmware.storage.staging import Staging
from firmware.storage.state_record import StateRecord
from tests.firmware.ram import RamNvm

pytestmark = pytest.mark.req("STORE-1")
TICK_US = 1 << 20
DAY_TICKS = 82_399


@pytest.mark.req("LOG-1", "LOG-2")
def test_an_event_is_32_bytes_with_a_crc_in_the_place_of_its_number() -> None:
    nvm = RamNvm(64 * 32 + 40)
    log = EventLog(nvm, 40, 64)
    assert (log.oldest, log.next_number) == (1, 1)
    log.append(7, 1, 2)
    log.append(8, 0x81, 3, 4, 5, (6, -5))
    plain = [struct.pack("<IIBBBBIIII", 1, 7, 1, 2, 0, 0, 0, 0, 0, 0)]
    plain.append(struct.pack("<IIBBBBIIII", 2, 8, 0x81, 3, 4, 5, 6, 0xFFFFFFFB, 0, 0))
    for place, each in enumerate(plain):
        assert nvm.cells[40 + 32 * place : 72 + 32 * place] == each + struct.pack("<I", crc32(each))
    assert log.read(1) == (7, 1, 2, 0, 0, 0, 0, 0, 0)
    assert log.read(2) == (8, 0x81, 3, 4, 5, 6, 0xFFFFFFFB, 0, 0)
    assert log.read(3) == event_log.UNREADABLE == (0,) * 9
    assert event_log.NO_CLOCK == 0x80
    for number in range(3, 67):
        log.append(number, 1, 2)
        assert log.oldest == max(1, number + 1 - 40), "24 places are spare"
    assert log.read(1) == event_log.UNREADABLE and nvm.cells[40:44] == struct.pack("<I", 65)


def test_the_newest_event_is_found_wherever_it_lies_if_it_lies_where_it_belongs() -> None:
    nvm = RamNvm(64 * 32)
    log = EventLog(nvm, 0, 64)
    for number in range(1, 71):
        log.append(number, 1, 2)
    found = EventLog(nvm, 0, 64)
    found.find_newest()
    assert found.next_number == 71
    nvm.flip(5 * 32 + 9)  # 70 is damaged, 69 is not
    found.find_newest()
    assert found.next_number == 70
    nvm.cells[10 * 32 : 11 * 32] = nvm.cells[4 * 32 : 5 * 32]  # 69 once more, in another's place
    nvm.flip(4 * 32 + 9)
    found.find_newest()
    assert found.next_number == 69
    nvm.cells[:] = bytes(64 * 32)
    found.find_newest()
    assert found.next_number == 1


@pytest.mark.req("THER-1", "THER-3", "THER-4")
def test_a_new_pump_is_set_as_the_specification_says() -> None:
    payload = memoryview(bytearray(settings.PAYLOAD_BYTES))
    one = Settings(payload)
    assert [one.rates(pattern) for pattern in range(4)] == [[200] * 48] * 4
    values = {name: value for name, value in vars(one).items() if not name.startswith("_")}
    assert values == {
        "suspend_rate_mu_per_h": 200, "auto_off_min": 0, "utc_offset_min": 0, "reservoir_low_mu": 800_000,
        "reservoir_empty_mu": 400_000, "reservoir_stop_mu": 200_000, "in_use_days": 45, "stroke_tone": 0,
        "refills": 0, "filled_nl": 0, "filled_reading_nl": 0, "filled_by_weight_nl": 0, "filled_strokes": 0,
        "filled_utc_s": 0, "filled_us": 0,
    }  # fmt: skip
    for place, name in enumerate(values):
        setattr(one, name, place + 1)
    one.utc_offset_min = -720
    one.set_rates(1, list(range(0, 2400, 50)))
    assert (one.rate(1, 0), one.rate(1, 47), one.rate(0, 47), one.rate(2, 0)) == (0, 2350, 200, 200)
    assert [one.rates(pattern) for pattern in range(4)] == [
        [200] * 48,
        list(range(0, 2400, 50)),
        [200] * 48,
        [200] * 48,
    ]
    one.write()
    assert bytes(payload[384:392]) == b"\x01\0\0\0\x02\0\0\0"
    assert bytes(payload[:2]) == b"\x04\0" and bytes(payload[96:100]) == b"\0\0\x01\0", "steps of 50 mU/h"
    again = Settings(payload)
    again.read()
    assert vars(again) == vars(one)
    again.forget()
    assert vars(again) == vars(Settings(payload))
    assert settings.PAYLOAD_BYTES == 384 + 4 * 12 + 1 + 3 + 12 == 448


def test_a_fingerprint_is_the_crc_of_48_numbers_of_32_bits() -> None:
    rates = list(range(0, 2400, 50))
    assert fingerprint(rates) == crc32(struct.pack("<48I", *rates)) != fingerprint(rates[::-1])


@pytest.mark.req("THER-1", "STORE-5")
def test_what_is_staged_is_each_patterns_own_and_nothing_that_is_damaged_or_forgotten() -> None:
    nvm = RamNvm(50 + staging.BYTES + 50, image=b"\xee" * (100 + staging.BYTES))
    staged = Staging(nvm, 50)
    assert [staged.read(pattern) for pattern in range(4)] == [None] * 4
    rates = [[50 * (pattern + half_hour) for half_hour in range(48)] for pattern in range(4)]
    for pattern in range(4):
        staged.write(pattern, rates[pattern])
    assert [Staging(nvm, 50).read(pattern) for pattern in range(4)] == rates
    assert nvm.cells[50 + 100 * 2 : 54 + 100 * 2] == b"\x02\0\x03\0"
    staged.forget(2)
    assert [staged.read(pattern) for pattern in range(4)] == [rates[0], rates[1], None, rates[3]]
    nvm.cells[50:150] = nvm.cells[150:250]
    assert staged.read(0) is None, "one of another pattern is none of this"
    nvm.flip(150 + 95)
    assert staged.read(1) is None
    staged.write(2, rates[2])
    assert staged.read(2) == rates[2]
    staged.forget(2)
    assert staged.read(2) is None
    assert set(nvm.cells[:50]) == set(nvm.cells[50 + 400 :]) == {0xEE}
    nvm.absent = True
    with pytest.raises(MemoryAbsent):
        staged.read(3)


@pytest.mark.req("LOG-2")
def test_a_memory_must_hold_64_events_and_not_one_byte_less() -> None:
    least = memory_map.Layout(1 << 20, 2500).log_at + 64 * 32
    assert memory_map.Layout(least, 2500).events == 64 and memory_map.Layout(least + 31, 2500).events == 64
    with pytest.raises(MemoryRange) as error:
        memory_map.Layout(least - 1, 2500)
    assert (error.value.address, error.value.length, error.value.size_bytes) == (least - 2048, 2048, least - 1)
    places = memory_map.Layout(1 << 20, 2500)
    assert places.log_at % 32 == 0 and 0 <= places.log_at - (places.history_at + 315 * 40) < 32


def test_what_a_stroke_changes_is_written_alone_and_cut_to_its_place() -> None:
    payload = memoryview(bytearray(state_record.PAYLOAD_BYTES))
    record = StateRecord(payload)
    fresh = {name: value for name, value in vars(record).items() if isinstance(value, int)}
    assert set(fresh.values()) == {0} and record.command_before == 0
    record.strokes, record.permitted, record.saved_us, record.saved_utc_s, record.contact_us = 1, 2, 3, 4, 5
    record.mode = 9
    record.write_stroke()
    assert bytes(payload) == struct.pack("<IIQIQ", 1, 2, 3, 4, 5) + bytes(state_record.PAYLOAD_BYTES - 28)
    greatest = 0xFFFFFFFF
    for permitted, utc_s in ((greatest, 4), (greatest + 1, 4), (2, greatest), (2, greatest + 1)):
        record.permitted, record.saved_utc_s = permitted, utc_s
        record.write_stroke()
        kept = (min(permitted, greatest), min(utc_s, greatest))
        assert struct.unpack_from("<IIQIQ", payload, 0) == (1, kept[0], 3, kept[1], 5)
    record.contact_us = 6
    record.write()
    again = StateRecord(payload)
    again.read()
    assert (again.mode, again.contact_us, again.strokes) == (9, 6, 1)


def test_the_records_last_parts_are_the_procedure_the_core_and_the_open_starts() -> None:
    payload = memoryview(bytearray(state_record.PAYLOAD_BYTES))
    record = StateRecord(payload)
    record.procedure[:] = b"p" * 50
    record.core[:] = b"c" * 485
    record.open_part[:] = b"o" * 32
    assert bytes(payload[-(50 + 485 + 32) :]) == b"p" * 50 + b"c" * 485 + b"o" * 32
    for name in ("strokes", "permitted", "saved_us", "saved_utc_s", "contact_us", "next_event", "settings", "mode"):
        assert getattr(record, name) == 0


def test_the_map_of_a_boards_memory_moves_only_with_a_layout_of_another_number() -> None:
    """docs/memory.md has the same places; what lies elsewhere is not found after an update of the firmware."""
    assert vars(memory_map.Layout(32_768, 2500)) == {
        "blocks": 315, "settings_at": 3312, "settings_bytes": 912, "energy_at": 5136, "alarms_at": 5288,
        "scratch_at": 6790, "staging_at": 6822, "orders_at": 7222, "history_at": 10_350,
        "log_at": 22_976, "events": 306,
    }  # fmt: skip
    assert vars(memory_map.Layout(40_960, 3000)) | {"blocks": 377, "log_at": 25_440, "events": 485} == vars(
        memory_map.Layout(40_960, 3000)
    )
    assert (memory_map.FORMAT_AT, memory_map.FORMAT_PAYLOAD_BYTES, memory_map.STATE_AT) == (0, 24, 1816)
    assert (memory_map.KEYS_AT, memory_map.SLOTS_AT, memory_map.USE_AT) == (64, 168, 1672)
    assert (memory_map.ENERGY_BYTES, memory_map.ALARMS_BYTES, memory_map.SCRATCH_BYTES) == (68, 743, 32)


def test_strokes_and_the_time_of_the_books_are_at_their_place_in_the_cores_state() -> None:
    record = StateRecord(memoryview(bytearray(state_record.PAYLOAD_BYTES)))
    assert len(record.core) == state_record.CORE_BYTES == 485 and len(record.procedure) == 50
    record.core[33:37] = struct.pack("<I", 0x01020304)
    record.core[221:229] = struct.pack("<Q", 0x0506070805060708)
    assert record.of_core() == (0x01020304, 0x0506070805060708)
