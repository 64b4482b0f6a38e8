"""The message table: round trips, limits, sizes, and the schema hash as its fingerprint."""

import ast
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from firmware import protocol
from firmware.protocol import MESSAGES, REFUSAL, Field, ProtocolError, decode, encode, schema_hash
from host.session.plain import HELLO_ID, OPEN_ID
from tests.firmware.desk import lowest
from tests.virtual_board import MICROPYTHON, on_micropython
from tools import schema

ROOT = Path(__file__).resolve().parents[3]

LAYOUTS = [(f"{message.name} {side}", getattr(message, side)) for message in MESSAGES for side in ("request", "reply")]
LAYOUTS += [(f"{message.name} summary", message.bound + message.shown) for message in MESSAGES if message.bound]
LAYOUTS.append(("refusal", REFUSAL))
layouts = pytest.mark.parametrize("fields", [layout[1] for layout in LAYOUTS], ids=[layout[0] for layout in LAYOUTS])
UNIT_SUFFIXES = {
    "mU": "_mu",
    "mU/h": "_mu_per_h",
    "µU": "_uu",
    "nL": "_nl",
    "U/mL": "_u_per_ml",
    "µs": "_us",
    "Pa": "_pa",
}


def values_of(fields):
    """A strategy for dicts that the table allows."""
    return st.fixed_dictionaries({field.name: value_of(field) for field in fields})


def value_of(field):
    if field.kind == "str8":
        return st.text(max_size=field.high).filter(lambda text: len(text.encode()) <= field.high)
    if field.kind == "bytes":
        return st.binary(min_size=field.low, max_size=field.high)
    if field.kind == "records":
        return st.lists(values_of(field.fields), min_size=field.low, max_size=field.high)
    if field.kind == "bool":
        return st.booleans()
    return st.integers(-(-field.low // field.step), field.high // field.step).map(lambda n: n * field.step)


@pytest.mark.req("LINK-1")
@layouts
@given(data=st.data())
def test_round_trip(fields, data):
    values = data.draw(values_of(fields))
    payload = encode(fields, values)
    assert decode(fields, payload) == values
    assert decode(fields, memoryview(payload)) == values
    assert len(payload) <= protocol.MAX_PAYLOAD_BYTES


def greatest_size(fields):
    size = {"u16": 2, "u32": 4, "u64": 8, "i32": 4, "i64": 8}
    of_bytes = dict.fromkeys(("str8", "bytes"), lambda field: field.high)
    tail = of_bytes | {"records": lambda field: field.high * greatest_size(field.fields)}
    return sum(size.get(field.kind, 1) + tail.get(field.kind, lambda field: 0)(field) for field in fields)


@pytest.mark.req("LINK-1")
@layouts
def test_the_greatest_payload_fits_one_frame(fields):
    assert greatest_size(fields) <= protocol.MAX_PAYLOAD_BYTES


@pytest.mark.req("LINK-4")
@layouts
@given(data=st.binary(max_size=260))
def test_any_payload_decodes_or_is_refused(fields, data):
    try:
        values = decode(fields, data)
    except ProtocolError:
        return
    assert encode(fields, values) == data


@pytest.mark.req("LINK-1")
@layouts
def test_one_byte_too_few_or_too_many_is_refused(fields):
    payload = encode(fields, lowest(fields))
    for wrong in (payload[:-1], payload + b"\0"):
        if wrong != payload:
            with pytest.raises(ProtocolError) as error:
                decode(fields, wrong)
            assert error.value.code == protocol.BAD_LENGTH


@pytest.mark.req("GUARD-1")
@layouts
def test_every_numeric_limit_holds_both_ways(fields):
    for index, field in enumerate(fields):
        if field.kind in ("str8", "bytes", "records", "bool"):
            continue
        for value in (field.low - field.step, field.high + field.step, field.low + 1):
            allowed = field.low <= value <= field.high and value % field.step == 0
            values = {**lowest(fields), field.name: value}
            if allowed:
                assert decode(fields, encode(fields, values))[field.name] == value
                continue
            with pytest.raises(ProtocolError) as error:
                encode(fields, values)
            assert (error.value.field_index, error.value.field_name, error.value.value) == (index, field.name, value)
            assert error.value.limit in (field.low, field.high, field.step)


def test_a_payload_that_no_frame_can_hold_is_refused():
    fields = tuple(Field(f"number_{index}", "u64") for index in range(31))
    with pytest.raises(ProtocolError) as error:
        encode(fields, {field.name: 0 for field in fields})
    assert (error.value.code, error.value.value, error.value.limit) == (protocol.BAD_LENGTH, 248, 247)


def test_hard_limits_are_those_of_the_specification():
    fields = [field for message in MESSAGES for field in message.request]
    fields += [inner for field in fields for inner in field.fields]
    hard = {field.name: field.high for field in fields if field.hard}
    assert hard == {
        "rate_mu_per_h": 35000,
        "volume_mu": 40000,
        "square_mu": 40000,
        "max_basal_mu_per_h": 35000,
        "max_bolus_mu": 40000,
        "max_hour_mu": 60000,
        "max_day_mu": 500000,
    }


def test_a_hard_limit_is_named_as_one():
    fields = (Field("a_mu", "u32", "mU", "", 1, 5, hard=True), Field("b", "u32", "", "", 1, 5))
    with pytest.raises(ProtocolError) as error:
        encode(fields, {"a_mu": 6, "b": 1})
    assert error.value.code == protocol.HARD_LIMIT
    for values in ({"a_mu": 0, "b": 1}, {"a_mu": 1, "b": 6}):
        with pytest.raises(ProtocolError) as error:
            encode(fields, values)
        assert error.value.code == protocol.OUT_OF_RANGE


def test_a_float_is_never_taken_for_a_dose():
    with pytest.raises(TypeError, match=r"volume_mu must be a whole number, not 2\.0"):
        encode(
            protocol.BY_ID[0x11].request, {"command_id": 1, "life": 1, "expires_us": 0, "confirms": 0, "volume_mu": 2.0}
        )


def test_the_table_is_well_formed():
    assert len({message.id for message in MESSAGES}) == len({message.name for message in MESSAGES}) == len(MESSAGES)
    for message in MESSAGES:
        assert message.role in ("anyone", "patient", "clinician", "service", "card", "provisioning")
        assert 0 < message.id < protocol.REPLY_BIT and message.doc
        if message.changes_delivery:
            assert message.reply[0].name == "at_us"
        for fields in (message.request, message.reply):
            assert len({field.name for field in fields}) == len(fields)
            for field in fields:
                assert field.doc and field.name.endswith(UNIT_SUFFIXES.get(field.unit, ""))
    assert not {HELLO_ID, OPEN_ID} & {message.id for message in MESSAGES}, "which come before a session"


def mutants(fields):
    """Every layout that differs from `fields` in one attribute of one field, at any depth, or in order or number."""
    for index, field in enumerate(fields):
        for attribute, value in field._asdict().items():
            if attribute == "doc":
                continue
            if attribute == "fields":
                changes = mutants(value)
            elif attribute == "names":
                changes = [value + ("other",)]
            elif isinstance(value, str):
                changes = [value + "x"]
            elif isinstance(value, bool):
                changes = [not value]
            else:
                changes = [value + 1]
            for change in changes:
                mutant = field._replace(**{attribute: change})
                yield fields[:index] + (mutant,) + fields[index + 1 :]
        yield fields[:index] + fields[index + 1 :]
        if index:
            yield fields[: index - 1] + (field, fields[index - 1]) + fields[index + 1 :]


@pytest.mark.req("LINK-1")
def test_the_schema_hash_changes_with_any_change_of_the_table():
    seen = {schema_hash()}
    count = 1

    def differs(value):
        nonlocal count
        count += 1
        seen.add(value)
        assert len(seen) == count

    differs(schema_hash(version=protocol.PROTOCOL_VERSION + 1))
    for mutant in mutants(REFUSAL):
        differs(schema_hash(refusal=mutant))
    for index, message in enumerate(MESSAGES):
        changes = {
            "name": ["other"],
            "id": [0x7E],
            "role": ["other"],
            "changes_delivery": [not message.changes_delivery],
        }
        changes["request"] = mutants(message.request)
        changes["reply"] = mutants(message.reply)
        changes["bound"] = mutants(message.bound)
        changes["shown"] = mutants(message.shown)
        for attribute, values in changes.items():
            for value in values:
                mutant = message._replace(**{attribute: value})
                differs(schema_hash(MESSAGES[:index] + (mutant,) + MESSAGES[index + 1 :]))
    assert count > 500


def test_prose_does_not_change_the_schema_hash():
    message = MESSAGES[1]._replace(doc="said otherwise")
    assert schema_hash((MESSAGES[0], message) + MESSAGES[2:]) == schema_hash()


@pytest.mark.req("LINK-1")
@on_micropython
def test_the_hash_that_the_build_has_frozen_is_the_one_that_is_worked_out():
    script = "import releve_schema; from firmware import protocol as p; print(releve_schema.SCHEMA_HASH, p.SCHEMA_HASH)"
    run = subprocess.run([MICROPYTHON, "-c", script], capture_output=True, text=True, timeout=900, check=True)
    assert run.stdout.split() == [str(schema_hash())] * 2


@pytest.mark.req("LINK-1")
@on_micropython
def test_micropython_has_the_same_table_and_the_same_bytes():
    payload = encode(REFUSAL, {"request_id": 17, "code": 6, "field_index": 0, "value": -(1 << 63), "limit": 40000})
    script = (
        f"import sys; sys.path.insert(0, {str(ROOT)!r})\n"
        "from firmware import protocol as p\n"
        "v = {'request_id': 17, 'code': 6, 'field_index': 0, 'value': -(1 << 63), 'limit': 40000}\n"
        "b = p.encode(p.REFUSAL, v)\n"
        "assert p.decode(p.REFUSAL, memoryview(b)) == v\n"
        "print(b.hex())\n"
        "for name in ('MESSAGES', 'TELEMETRY', 'REFUSAL', 'COUNTERS', 'NEW_LIMITS', 'SETTINGS', 'VERDICT'):\n"
        "    print(getattr(p, name))\n"
    )
    run = subprocess.run([MICROPYTHON, "-c", script], capture_output=True, text=True, timeout=900, check=True)
    said = run.stdout.splitlines()
    assert said[0] == payload.hex()
    tables = [ast.literal_eval(line) for line in said[1:]]
    assert tables[0] == tuple(schema.message(each) for each in MESSAGES)
    assert tables[1:] == [schema.fields(getattr(protocol, name)) for name in ("TELEMETRY", *schema.LISTS)]
