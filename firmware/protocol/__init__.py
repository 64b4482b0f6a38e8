"""The messages of the programmer link, as data shared by both ends.

This table is the source of encoding, decoding, range checks, docs/protocol.md, and the schema hash, by which each side
refuses to talk to another version. Messages: messages.py; fields: fields.py, key_fields.py; enumerations:
vocabulary.py; wire form: codec.py; tables that a programmer shows as well: alarms.py, procedures.py.
Frame: COBS(sequence u16 | message id u8 | payload | CRC-32C u32) 0x00. A reply has the request's sequence number and
its id | 0x80; a refusal has the id 0xFF and the fields `REFUSAL`.

Implements: LINK-1
"""
# ruff: noqa: F405 - the names come by the doors below, as they do for those who import this module

from firmware.compat import const, forget
from firmware.protocol.codec import (  # noqa: F401 - the one door to all of it
    MAX_PAYLOAD_BYTES,
    MAX_WIRE_BYTES,
    NO_FIELD,
    NUMBER,
    REPLY_BYTES,
    ProtocolError,
    decode,
    encode,
    fit,
)
from firmware.protocol.vocabulary import *  # noqa: F403 - protocol.STATE_RUNNING and all others

try:
    # Constants that the build has made of messages.py (tools/schema.py): on a board the table takes no heap.
    from releve_schema import *  # type: ignore[import-not-found]  # noqa: F403
except ImportError:
    from firmware.protocol.messages import *  # noqa: F403

forget("firmware.protocol", "vocabulary")  # 1.4 KB of names, which are here now

OVERHEAD_BYTES = const(7)  # header and CRC
REPLY_BIT = const(0x80)
REFUSAL_ID = const(0xFF)
TELEMETRY_ID = const(0xFE)  # an unsolicited frame, with the fields TELEMETRY
ORDER_BYTES = const(24)  # of the fields ORDER
ORDER_FIELDS = const(4)
SAFE = ("stop", "suspend", "cancel_bolus")  # never too late, and done whatever else fails


def message_of(number):
    """The message of this number, or None. A dict of them would take half a kilobyte of heap."""
    for message in MESSAGES:
        if message[NUMBER] == number:
            return message
    return None


def refusal(message_id, code, field_index=NO_FIELD, value=0, limit=0):
    """The payload of a refusal. Numbers beyond their fields are clamped."""
    values = {"request_id": message_id, "code": code, "field_index": field_index, "value": value, "limit": limit}
    return fit(REFUSAL, values)
