"""The wire form of messages: fields as data, and the one codec that reads that data.

A payload is its fields in order, little endian, unpadded; `str8` is a length byte and UTF-8, `records` a count byte and
the records. Both ends check every field against its limits.

Implements: LINK-1
"""

import struct

from firmware.compat import const
from firmware.protocol.vocabulary import BAD_LENGTH, CODES, HARD_LIMIT, NEVER_US, NOT_MULTIPLE, OUT_OF_RANGE

MAX_PAYLOAD_BYTES = const(247)  # 256 - delimiter - COBS overhead (one byte up to 254) - header - CRC
NO_FIELD = const(0xFF)

_FORMATS = {"u16": "<H", "u32": "<I", "u64": "<Q", "i32": "<i", "i64": "<q"}  # the other kinds begin with one byte
_LOW = {"i32": -0x80000000, "i64": -0x8000000000000000}
_HIGH = {"u8": 0xFF, "u16": 0xFFFF, "u32": 0xFFFFFFFF, "u64": NEVER_US, "i32": 0x7FFFFFFF, "i64": 0x7FFFFFFFFFFFFFFF}
_HIGH.update({"bool": 1, "str8": 32})


class ProtocolError(ValueError):
    """A value that the table forbids: refusal `code`, and `value` against `limit` in the field's unit (or bytes)."""

    def __init__(self, code, field_index, field_name, value, limit):
        super().__init__("%s: %s is %s, limit %s" % (CODES[code], field_name, value, limit))
        self.code = code
        self.field_index = field_index
        self.field_name = field_name
        self.value = value
        self.limit = limit


class Field:
    """One field: its name carries the unit last; `low`, `high` and `step` are in `unit`.

    Without `low` and `high` the type's own range applies; for `str8` they count bytes, for `records` records. `names`
    makes it an enumeration, `hard` marks `high` as a hard limit of GUARD-1, `fields` describe a record.
    """

    def __init__(self, name, kind, unit="", doc="", low=None, high=None, step=1, names=(), hard=False, fields=()):
        self.name = name
        self.kind = kind
        self.unit = unit
        self.doc = doc
        self.low = _LOW.get(kind, 0) if low is None else low
        self.high = len(names) - 1 if names else _HIGH[kind] if high is None else high
        self.step = step
        self.names = names
        self.hard = hard
        self.fields = fields


def _check(field, index, value):
    if not field.low <= value <= field.high:
        limit = field.low if value < field.low else field.high
        code = HARD_LIMIT if field.hard and value > field.high else OUT_OF_RANGE
        raise ProtocolError(code, index, field.name, value, limit)
    if value % field.step:
        raise ProtocolError(NOT_MULTIPLE, index, field.name, value, field.step)


def encode(fields, values, check=True):
    """Return the payload (bytes) of `fields` with the dict `values`, ignoring other keys.

    Raises ProtocolError for a value out of range (`check=False` lets it pass, to test the receiver's own check),
    KeyError for a missing one, TypeError for one that is no integer.
    """
    out = bytearray()
    for index, field in enumerate(fields):
        value = values[field.name]
        tail = b""
        if field.kind == "str8":
            tail = value.encode()
            value = len(tail)
        elif field.kind == "records":
            tail = b"".join([encode(field.fields, record, check) for record in value])
            value = len(value)
        elif not isinstance(value, (int, bool)):
            raise TypeError("%s must be a whole number, not %r" % (field.name, value))
        if check:
            _check(field, index, value)
        out.extend(struct.pack(_FORMATS.get(field.kind, "<B"), value))
        out.extend(tail)
    if len(out) > MAX_PAYLOAD_BYTES:
        raise ProtocolError(BAD_LENGTH, NO_FIELD, "payload", len(out), MAX_PAYLOAD_BYTES)
    return bytes(out)


def fit(fields, values):
    """The payload of a reply: as encode(), but a number beyond its field is clamped to the nearest that fits.

    A reply with an odd value is better than one that cannot be sent. Raises KeyError for a missing value.
    """
    out = bytearray()
    for field in fields:
        value = values[field.name]
        tail = b""
        if field.kind == "str8":
            tail = value.encode()[: field.high]
            value = len(tail)
        elif field.kind == "records":
            tail = b"".join([fit(field.fields, record) for record in value[: field.high]])
            value = min(len(value), field.high)
        else:
            value = max(field.low, min(int(value), field.high))
            value -= value % field.step
        out.extend(struct.pack(_FORMATS.get(field.kind, "<B"), value))
        out.extend(tail)
    return bytes(out)


def _take(data, position, size):
    if position + size > len(data):
        raise ProtocolError(BAD_LENGTH, NO_FIELD, "payload", len(data), position + size)
    return position + size


def _decode_fields(fields, data, start):
    values = {}
    for index, field in enumerate(fields):
        code = _FORMATS.get(field.kind, "<B")
        end = _take(data, start, struct.calcsize(code))
        value = struct.unpack_from(code, data, start)[0]
        _check(field, index, value)
        if field.kind == "str8":
            start, end = end, _take(data, end, value)
            value = bytes(data[start:end]).decode()
        elif field.kind == "records":
            count, value = value, []
            for _ in range(count):
                record, end = _decode_fields(field.fields, data, end)
                value.append(record)
        values[field.name] = bool(value) if field.kind == "bool" else value
        start = end
    return values, start


def decode(fields, data):
    """Return the dict of values in the payload `data` (bytes or memoryview). Raises ProtocolError, nothing else."""
    try:
        values, end = _decode_fields(fields, data, 0)
    except UnicodeError:
        raise ProtocolError(OUT_OF_RANGE, NO_FIELD, "text that is not UTF-8", 0, 0)
    if end != len(data):
        raise ProtocolError(BAD_LENGTH, NO_FIELD, "payload", len(data), end)
    return values


def describe(field):
    """A field's line for the schema hash: everything but the prose."""
    parts = [field.name, field.kind, field.unit, field.low, field.high, field.step, 1 if field.hard else 0]
    return " ".join([str(part) for part in parts + list(field.names) + [describe(each) for each in field.fields]])
