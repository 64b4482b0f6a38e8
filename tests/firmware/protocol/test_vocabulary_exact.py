"""Numbers of the link and of the log, as docs/protocol.md has them; a name's number is its place among the names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from firmware import compat, protocol
from firmware.occlusion import codes
from firmware.protocol import fields, vocabulary

pytestmark = pytest.mark.req("LINK-1", "LOG-1")
DOC = Path(__file__).resolve().parents[3] / "docs" / "protocol.md"
FAMILIES = {
    "STATE": vocabulary.STATES,
    "KIND": vocabulary.KINDS,
    "TEMP": vocabulary.TEMPS,
    "REASON": vocabulary.REASONS,
    "MEMORY": vocabulary.MEMORIES,
    "CATEGORY": vocabulary.CATEGORIES,
    "EVENT": vocabulary.EVENTS,
    "OUTCOME": vocabulary.OUTCOMES,
}


def test_the_numbers_of_a_frame() -> None:
    assert fields.MAX_WIRE_BYTES == 256, "LINK-1, delimiter included"
    assert protocol.OVERHEAD_BYTES == 2 + 1 + 4, "sequence number, message id, CRC-32C"
    assert protocol.MAX_PAYLOAD_BYTES == 256 - 1 - 1 - 3 - 4 == 247, "without delimiter, COBS's byte, header, CRC"
    assert (protocol.REPLY_BIT, protocol.REFUSAL_ID, protocol.TELEMETRY_ID) == (0x80, 0xFF, 0xFE)
    assert protocol.ORDER_BYTES == 4 + 4 + 8 + 8, "an order's id, the pump's life, the expiry, what it confirms"
    assert len(protocol.ORDER) == protocol.ORDER_FIELDS
    order = {"command_id": 1, "life": 2, "expires_us": 3, "confirms": 4}
    assert len(protocol.fit(fields.ORDER, order)) == protocol.ORDER_BYTES


def test_a_message_is_what_it_was_made_of_and_an_order_begins_as_every_order() -> None:
    one, other = (protocol.u8("one", "of something"),), (protocol.u8("other", "of it"),)
    for changes in (False, True):
        made = protocol.Message("try", 0x7E, "patient", changes, "To try.", one, other)
        assert made._asdict() == {
            "name": "try", "id": 0x7E, "role": "patient", "changes_delivery": changes, "doc": "To try.",
            "request": fields.ORDER + one if changes else one, "reply": other, "bound": (), "shown": (),
        }  # fmt: skip


def test_a_refusal_names_the_field_the_value_and_the_limit_and_numbers_beyond_are_cut() -> None:
    told = {"request_id": 17, "code": protocol.HARD_LIMIT, "field_index": 3, "value": 40_001, "limit": 40_000}
    assert protocol.decode(protocol.REFUSAL, protocol.refusal(17, protocol.HARD_LIMIT, 3, 40_001, 40_000)) == told
    told = {"request_id": 17, "code": protocol.UNFIT, "field_index": 255, "value": 0, "limit": 0}
    assert protocol.decode(protocol.REFUSAL, protocol.refusal(17, protocol.UNFIT)) == told
    assert protocol.decode(protocol.REFUSAL, protocol.refusal(17, 1, 0, 1 << 63))["value"] == (1 << 63) - 1


def test_the_schema_s_hash_is_the_one_that_the_document_states() -> None:
    (stated,) = re.findall(r"Schema hash `([0-9a-f]+)`, protocol version (\d+)\.", DOC.read_text(encoding="utf-8"))
    assert stated == (f"{protocol.SCHEMA_HASH:016x}", str(protocol.PROTOCOL_VERSION))


def test_what_stands_for_never_and_for_a_rate_set_by_hand() -> None:
    assert protocol.NEVER_US == 2**64 - 1
    assert protocol.NO_PATTERN == protocol.MANUAL == 255


@pytest.mark.req("THER-1")
def test_a_pattern_has_48_rates() -> None:
    assert protocol.HALF_HOURS == 48 and len(protocol.PATTERNS) == 4


@pytest.mark.parametrize("family", FAMILIES)
def test_a_name_s_number_is_its_place(family: str) -> None:
    numbers = [getattr(vocabulary, f"{family}_{name.upper()}") for name in FAMILIES[family]]
    assert numbers == list(range(len(FAMILIES[family])))


def test_a_refusal_s_number_is_its_place() -> None:
    for place, name in enumerate(protocol.CODES[1:], 1):
        assert getattr(vocabulary, "RESERVOIR_LEVEL" if name == "reservoir" else name.upper()) == place, name


@pytest.mark.req("OCC-2")
def test_a_finding_s_number_is_its_place() -> None:
    names = {"NONE": "none", "OCCLUSION": "occlusion", "PARTIAL": "partial_occlusion", "AIR_LOCK": "air_lock"}
    names |= {"BACKFLOW": "backflow", "STALL": "motor_stall", "SENSOR_STUCK": "sensor_stuck"}
    names |= {"SENSOR_RANGE": "sensor_range", "SENSOR_DRIFT": "sensor_drift", "CLEARED": "occlusion_cleared"}
    names |= {"NOT_WATCHED": "not_watched"}
    assert tuple(names.values()) == codes.NAMES == protocol.DIAGNOSES
    assert [getattr(codes, name) for name in names] == list(range(11))


@pytest.mark.req("OCC-2")
def test_a_finding_that_stopped_delivery_yields_only_to_another_or_to_what_became_of_it() -> None:
    stops = {codes.OCCLUSION, codes.AIR_LOCK, codes.STALL}
    for stood in range(11):
        over = {code for code in range(11) if codes.displaces(code, stood)}
        became = {codes.PARTIAL, codes.CLEARED} if stood == codes.OCCLUSION else set()
        assert over == (stops | became if stood in stops else set(range(11))), stood


def test_a_finding_is_what_it_was_made_of_and_nothing_is_stored_yet() -> None:
    assert vars(codes.Diagnosis(codes.STALL, 70, 3, 1_500)) == {
        "code": 5, "at_us": 70, "strokes": 3, "missed_nl": 1_500, "stored_nl": 0, "released_nl": 0, "rise_pa": 0,
        "level_pa": 0, "compliance_pl_per_pa": 0,
    }  # fmt: skip


def test_what_stands_in_for_micropython_gives_back_what_it_was_given() -> None:
    thing = object()
    assert compat.const(7) == 7 and compat.roomy(thing) is thing
