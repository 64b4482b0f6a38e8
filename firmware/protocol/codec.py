"""The wire form of messages: fields as data, and the one codec that reads that data.

A payload is its fields in order, little endian, unpadded; `str8` is a length byte and UTF-8, `bytes` a length byte and
the bytes, `records` a count byte and the records. Both ends check every field against its limits.

Implements: LINK-1
"""

import struct

from firmware.compat import const
from firmware.protocol.vocabulary import BAD_LENGTH, CODES, HARD_LIMIT, NOT_MULTIPLE, OUT_OF_RANGE

MAX_PAYLOAD_BYTES = const(247)  # 256 - delimiter - COBS overhead (one byte up to 254) - header - CRC
MAX_WIRE_BYTES = const(256)  # one frame with its delimiter
REPLY_BYTES = const(56)  # room for the reply to any order, in the table of orders; a test compares
ASKED_BYTES = const(32)  # an order's own fields, in the request to prepare it; tests compare
SUMMARY_BYTES = const(64)
NO_FIELD = const(0xFF)

# Places in a field, and in a message, which begins with its name too. On a board both are plain tuples (table.py).
NAME = const(0)
KIND = const(1)
LOW = const(2)
HIGH = const(3)
STEP = const(4)
HARD = const(5)
FIELDS = const(6)
NUMBER = const(1)
ROLE = const(2)
CHANGES_DELIVERY = const(3)
REQUEST = const(4)
REPLY = const(5)
BOUND = const(6)
SHOWN = const(7)

_FORMATS = {"u16": "<H", "u32": "<I", "u64": "<Q", "i32": "<i", "i64": "<q"}  # the other kinds begin with one byte


class ProtocolError(ValueError):
    """A value that the table forbids: refusal `code`, and `value` against `limit` in the field's unit (or bytes)."""

    def __init__(self, code, field_index, field_name, value, limit):
        super().__init__("%s: %s is %s, limit %s" % (CODES[code], field_name, value, limit))
        self.code = code
        self.field_index = field_index
        self.field_name = field_name
        self.value = value
        self.limit = limit


def _check(field, index, value):
    if not field[LOW] <= value <= field[HIGH]:
        limit = field[LOW] if value < field[LOW] else field[HIGH]
        code = HARD_LIMIT if field[HARD] and value > field[HIGH] else OUT_OF_RANGE
        raise ProtocolError(code, index, field[NAME], value, limit)
    if value % field[STEP]:
        raise ProtocolError(NOT_MULTIPLE, index, field[NAME], value, field[STEP])


def encode(fields, values, check=True):
    """Return the payload (bytes) of `fields` with the dict `values`, ignoring other keys.

    Raises ProtocolError for a value out of range (`check=False` lets it pass, to test the receiver's own check),
    KeyError for a missing one, TypeError for one that is no integer.
    """
    out = bytearray()
    for index, field in enumerate(fields):
        value = values[field[NAME]]
        tail = b""
        if field[KIND] == "str8":
            tail = value.encode()
            value = len(tail)
        elif field[KIND] == "bytes":
            tail = value
            value = len(tail)
        elif field[KIND] == "records":
            tail = b"".join([encode(field[FIELDS], record, check) for record in value])
            value = len(value)
        elif not isinstance(value, (int, bool)):
            raise TypeError("%s must be a whole number, not %r" % (field[NAME], value))
        if check:
            _check(field, index, value)
        out.extend(struct.pack(_FORMATS.get(field[KIND], "<B"), value))
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
        value = values[field[NAME]]
        tail = b""
        if field[KIND] == "str8":
            tail = value.encode()[: field[HIGH]]
            value = len(tail)
        elif field[KIND] == "bytes":
            tail = value[: field[HIGH]]
            value = len(tail)
        elif field[KIND] == "records":
            tail = b"".join([fit(field[FIELDS], record) for record in value[: field[HIGH]]])
            value = min(len(value), field[HIGH])
        else:
            value = max(field[LOW], min(int(value), field[HIGH]))
            value -= value % field[STEP]
        out.extend(struct.pack(_FORMATS.get(field[KIND], "<B"), value))
        out.extend(tail)
    return bytes(out)


def _take(data, position, size):
    if position + size > len(data):
        raise ProtocolError(BAD_LENGTH, NO_FIELD, "payload", len(data), position + size)
    return position + size


def _decode_fields(fields, data, start):
    values = {}
    for index, field in enumerate(fields):
        code = _FORMATS.get(field[KIND], "<B")
        end = _take(data, start, struct.calcsize(code))
        value = struct.unpack_from(code, data, start)[0]
        _check(field, index, value)
        if field[KIND] == "str8":
            start, end = end, _take(data, end, value)
            value = bytes(data[start:end]).decode()
        elif field[KIND] == "bytes":
            start, end = end, _take(data, end, value)
            value = bytes(data[start:end])
        elif field[KIND] == "records":
            count, value = value, []
            for _ in range(count):
                record, end = _decode_fields(field[FIELDS], data, end)
                value.append(record)
        values[field[NAME]] = bool(value) if field[KIND] == "bool" else value
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
