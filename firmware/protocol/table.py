"""What the table of messages is made of, on CPython: tuples whose places have names.

codec.py reads the first places of each, which are all that a board has (tools/schema.py).

Implements: LINK-1
"""

from collections import namedtuple

from firmware.protocol.vocabulary import NEVER_US

_LOW = {"i32": -0x80000000, "i64": -0x8000000000000000}
_HIGH = {"u8": 0xFF, "u16": 0xFFFF, "u32": 0xFFFFFFFF, "u64": NEVER_US, "i32": 0x7FFFFFFF, "i64": 0x7FFFFFFFFFFFFFFF}
_HIGH.update({"bool": 1, "str8": 32, "bytes": 255})


class Field(namedtuple("Field", "name kind low high step hard fields unit doc names")):
    """One field: its name carries the unit last; `low`, `high` and `step` are in `unit`.

    Without `low` and `high` the type's own range applies; for `str8` and `bytes` they count bytes, for `records`
    records. `names` makes it an enumeration, `hard` marks `high` as a hard limit of GUARD-1, `fields` describe a
    record.
    """

    __slots__ = ()

    def __new__(cls, name, kind, unit="", doc="", low=None, high=None, step=1, names=(), hard=False, fields=()):
        low = _LOW.get(kind, 0) if low is None else low
        high = len(names) - 1 if names else _HIGH[kind] if high is None else high
        return super().__new__(cls, name, kind, low, high, step, hard, fields, unit, doc, names)


def describe(field):
    """A field's line for the schema hash: everything but the prose."""
    parts = [field.name, field.kind, field.unit, field.low, field.high, field.step, 1 if field.hard else 0]
    return " ".join([str(part) for part in parts + list(field.names) + [describe(each) for each in field.fields]])
