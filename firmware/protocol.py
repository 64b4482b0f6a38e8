"""The programmer link's messages as data, and the one codec that reads that data. Shared by device and host.

From this table come encoding, decoding, range checks, the schema hash by which both sides refuse to talk to another
version, and docs/protocol.md. A payload is its fields in order, little endian, unpadded; `str8` is a length byte and
UTF-8, `records` a count byte and the records. Frame: COBS(sequence u16 | message id u8 | payload | CRC-32C u32) 0x00.
A reply has the request's sequence number and its id | 0x80; a refusal has the id 0xFF and the fields `REFUSAL`.

Implements: LINK-1
"""

import hashlib
import struct

from firmware.compat import const

PROTOCOL_VERSION = 1  # raise it when a field changes its meaning but not its description here
MAX_WIRE_BYTES = const(256)  # one frame with its delimiter
OVERHEAD_BYTES = const(7)  # header and CRC
MAX_PAYLOAD_BYTES = const(247)  # 256 - delimiter - COBS overhead (one byte up to 254) - header - CRC
REPLY_BIT = const(0x80)
REFUSAL_ID = const(0xFF)
NO_FIELD = const(0xFF)
NEVER_US = 0xFFFFFFFFFFFFFFFF  # `next_due_us` when nothing will come due

STATES = ("running", "suspended", "fault")
STATE_RUNNING, STATE_SUSPENDED, STATE_FAULT = range(3)
KINDS = ("basal", "normal_bolus")
KIND_BASAL, KIND_NORMAL_BOLUS = range(2)
DIAGNOSES = (  # as firmware.occlusion.codes has them
    ("none", "occlusion", "partial_occlusion", "air_lock", "backflow", "motor_stall", "sensor_stuck")
    + ("sensor_range", "sensor_drift", "occlusion_cleared", "not_watched")
)  # fmt: skip
REASONS = ("running", "completed", "cancelled", "suspended", "fault", "hour_cap", "day_cap", "superseded", "reset")
(REASON_RUNNING, REASON_COMPLETED, REASON_CANCELLED, REASON_SUSPENDED) = range(4)
(REASON_FAULT, REASON_HOUR_CAP, REASON_DAY_CAP, REASON_SUPERSEDED, REASON_RESET) = range(4, 9)
MEMORIES = ("whole", "mended", "caps_late", "write_failed", "damaged")
(MEMORY_WHOLE, MEMORY_MENDED, MEMORY_CAPS_LATE, MEMORY_WRITE_FAILED, MEMORY_DAMAGED) = range(5)
# LOG-1's five classes, and one for an event whose cells are damaged; then what happened, with its values a, b, c, d.
CATEGORIES = ("unreadable", "delivery", "command", "malfunction", "alarm", "connectivity")
(CATEGORY_UNREADABLE, CATEGORY_DELIVERY, CATEGORY_COMMAND) = range(3)
(CATEGORY_MALFUNCTION, CATEGORY_ALARM, CATEGORY_CONNECTIVITY) = range(3, 6)
_EVENTS = ("unreadable", "delivery_ended", "delivery_so_far", "accepted", "refused", "initialised", "reset", "fault")
EVENTS = _EVENTS + ("memory", "clock_lost", "clock_set", "connected", "diagnosis")
(EVENT_UNREADABLE, EVENT_DELIVERY_ENDED, EVENT_DELIVERY_SO_FAR, EVENT_ACCEPTED, EVENT_REFUSED) = range(5)
(EVENT_INITIALISED, EVENT_RESET, EVENT_FAULT, EVENT_MEMORY) = range(5, 9)
(EVENT_CLOCK_LOST, EVENT_CLOCK_SET, EVENT_CONNECTED, EVENT_DIAGNOSIS) = range(9, 13)

# Refusal codes: CODES[code] is its name.
CODES = (
    ("accepted", "unknown_message", "bad_length", "out_of_range", "not_multiple", "not_whole_strokes", "hard_limit")
    + ("clinician_limit", "hour_limit", "day_limit", "wrong_state", "bolus_active", "no_bolus_active")
    + ("schema_mismatch", "internal_error", "memory_failed", "memory_good", "clock_failed")
)
(UNKNOWN_MESSAGE, BAD_LENGTH, OUT_OF_RANGE, NOT_MULTIPLE, NOT_WHOLE_STROKES) = range(1, 6)
(HARD_LIMIT, CLINICIAN_LIMIT, HOUR_LIMIT, DAY_LIMIT, WRONG_STATE, BOLUS_ACTIVE) = range(6, 12)
(NO_BOLUS_ACTIVE, SCHEMA_MISMATCH, INTERNAL_ERROR, MEMORY_FAILED, MEMORY_GOOD, CLOCK_FAILED) = range(12, 18)

_FORMATS = {"u16": "<H", "u32": "<I", "u64": "<Q", "i32": "<i", "i64": "<q"}  # the other kinds begin with one byte
_LOW = {"i32": -0x80000000, "i64": -0x8000000000000000}
_HIGH = {"u8": 0xFF, "u16": 0xFFFF, "u32": 0xFFFFFFFF, "u64": NEVER_US, "i32": 0x7FFFFFFF, "i64": 0x7FFFFFFFFFFFFFFF}
_HIGH.update({"bool": 1, "str8": 32})


class ProtocolError(ValueError):
    """What the table does not allow: refusal `code`, and `value` against `limit` in the field's unit (or bytes)."""

    def __init__(self, code, field_index, field_name, value, limit):
        super().__init__("%s: %s is %s, limit %s" % (CODES[code], field_name, value, limit))
        self.code = code
        self.field_index = field_index
        self.field_name = field_name
        self.value = value
        self.limit = limit


class Field:
    """One field: its name carries the unit last; `low`, `high` and `step` are in `unit`.

    Without `low` and `high` the type's own range holds; for `str8` they count bytes, for `records` records. `names`
    makes an enumeration, `hard` marks `high` as a hard limit of GUARD-1, `fields` describe a record.
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


class Message:
    """A request and its reply; `role` is the least that may send it."""

    def __init__(self, name, number, role, changes_delivery, doc, request=(), reply=()):
        self.name = name
        self.id = number
        self.role = role
        self.changes_delivery = changes_delivery
        self.doc = doc
        self.request = request
        self.reply = reply


def _u8(name, doc, names=(), low=None, high=None):
    return Field(name, "u8", "", doc, low, high, names=names)


def _u32(name, doc, unit=""):
    return Field(name, "u32", unit, doc)


def _time(name, doc):
    return Field(name, "u64", "µs", doc)


# Only requests are held to limits: a reply that shows an odd value is worth more than one that cannot be sent.
NEW_LIMITS = (
    Field("max_basal_mu_per_h", "u32", "mU/h", "greatest basal rate", 0, 35000, 50, hard=True),
    Field("max_bolus_mu", "u32", "mU", "greatest single bolus", 0, 40000, hard=True),
    Field("max_hour_mu", "u32", "mU", "greatest use in any 60 min", 0, 60000, hard=True),
    Field("max_day_mu", "u32", "mU", "greatest use in any 24 h", 0, 500000, hard=True),
)


def _shown_limits(prefix, doc):
    return tuple(_u32(prefix + field.name, doc + field.doc, field.unit) for field in NEW_LIMITS)


_AT = _time("at_us", "device time at which it took effect")
_HASH = Field("schema_hash", "u64", "", "the sender's schema hash; always the first field, so any version can read it")

_DELIVERY = (
    _u32("id", "delivery number; rises by one, never reused"),
    _u8("kind", "what was delivered", KINDS),
    _time("start_us", "device time of its start"),
    _time("end_us", "device time of its end; 0 while it runs"),
    _u32("programmed_mu", "what therapy asked for, up to now if it runs", "mU"),
    _u32("commanded_strokes", "strokes ordered"),
    _u32("delivered_strokes", "strokes confirmed by the stroke sensor"),
    _u32("abandoned_strokes", "strokes given up for the reason recorded"),
    _u8("reason", "why it ended", REASONS),
)

# What the values mean: docs/memory.md.
_EVENT = (
    _u32("number", "event number; rises by one, never reused"),
    _u32("time_s", "UTC since 1970, or device time while the clock was lost", "s"),
    Field("clock_known", "bool", "", "time_s is UTC"),
    _u8("category", "which of the five classes", CATEGORIES),
    _u8("event", "what happened", EVENTS),
    _u8("detail", "kind of delivery, id of the message, or memory state"),
    _u8("reason", "why a delivery ended, or the refusal's code"),
) + tuple(_u32(name, "value: see docs/memory.md") for name in ("a", "b", "c", "d"))

_STATUS = (
    _time("now_us", "device time of this status"),
    _u8("state", "what the pump is doing", STATES),
    _u8("fault", "latched fault of the dose core; 0 is none"),
    _u32("basal_rate_mu_per_h", "programmed basal rate", "mU/h"),
    _u32("bolus_id", "delivery number of the latest bolus; 0 is none yet"),
    _u32("bolus_programmed_mu", "its programmed volume", "mU"),
    _u32("bolus_commanded_mu", "its strokes ordered", "mU"),
    _u32("bolus_delivered_mu", "its strokes confirmed", "mU"),
    _u32("bolus_remaining_mu", "what is still to come; 0 when it has ended", "mU"),
    _u32("strokes_commanded", "strokes ordered since the ledger began"),
    _u32("strokes_delivered", "strokes confirmed"),
    _u32("strokes_abandoned", "strokes given up for a recorded reason"),
    _u32("hour_mu", "use in the last 60 min", "mU"),
    _u32("day_mu", "use in the last 24 h", "mU"),
    Field("pressure_pa", "i32", "Pa", "catheter pressure above ambient"),
    _u8("diagnosis", "what the occlusion detector's finding is that stands", DIAGNOSES),
    _u32("missed_mu", "by this finding, of what counts as delivered what did not reach the patient", "mU"),
    _u32("released_mu", "what has reached the patient since from the catheter that has opened", "mU"),
    _time("next_due_us", "device time of the next stroke; 2^64-1 if none will come due"),
    _u32("utc_s", "wall clock since 1970; 0 if it is lost", "s"),
    _u8("memory", "state of the non-volatile memory", MEMORIES),
    Field("resets", "u16", "", "resets since the memory was initialised"),
    _u32("newest_event", "number of the newest event in the log; 0 if none"),
) + _shown_limits("", "clinician limit: ")

_DIAGNOSIS = (
    _u8("diagnosis", "the finding that stands; delivery resumed: none", DIAGNOSES),
    _time("at_us", "device time of the stroke that settled it"),
    _u32("strokes", "strokes from the first that looked wrong to that one"),
    _u32("missed_mu", "of them what did not reach the patient", "mU"),
    _u32("stored_mu", "of that what waits in the catheter, to be released when it opens", "mU"),
    _u32("released_mu", "of that what has been released", "mU"),
    Field("rise_pa", "i32", "Pa", "what one stroke adds to the pressure"),
    Field("level_pa", "i32", "Pa", "pressure above ambient at the time"),
    _u32("compliance_pl_per_pa", "the catheter's compliance that follows from the rise", "pL/Pa"),
)

COUNTERS = (
    _u32("frames_good", "frames accepted"),
    _u32("frames_overlong", "dropped: over %d bytes" % MAX_WIRE_BYTES),
    _u32("frames_bad_cobs", "dropped: not COBS"),
    _u32("frames_too_short", "dropped: no room for header and CRC"),
    _u32("frames_bad_crc", "dropped: CRC differs"),
    _u32("frames_not_request", "dropped: a reply's id, so an echo or a reflection"),
    _u32("requests_refused", "requests answered with a refusal"),
    _u32("internal_errors", "refusals because the firmware failed"),
)

_IDENTITY = (
    Field("board", "str8", "", "board name"),
    Field("firmware_version", "str8", "", "version of the firmware"),
    Field("core_version", "str8", "", "version of the dose core"),
    Field("native_core", "bool", "", "the compiled C core is the one in use"),
    Field("stroke_uu", "u32", "µU", "insulin in one stroke"),
    Field("stroke_nl", "u32", "nL", "volume of one stroke"),
    Field("concentration_u_per_ml", "u16", "U/mL", "insulin concentration"),
    _time("now_us", "device time"),
    Field("image", "str8", "", "first 16 hex digits of the flashed image's SHA-256; empty on a board without one"),
)

MESSAGES = (
    Message("hello", 0x01, "anyone", False, "Agree on the schema and learn what runs. Comes first; its request"
        " never changes.", (_HASH,), (_HASH, _u8("protocol_version", "version of the link")) + _IDENTITY),
    Message("status", 0x02, "anyone", False, "State, ledgers, limits and link counters at one instant.",
        (), _STATUS + COUNTERS),
    Message("set_basal", 0x10, "clinician", True, "Set the basal rate; the fraction owed carries over.",
        (Field("rate_mu_per_h", "u32", "mU/h", "new rate", 0, 35000, 50, hard=True),),
        (_AT, _u32("old_rate_mu_per_h", "rate before", "mU/h"), _u32("new_rate_mu_per_h", "rate now", "mU/h"))),
    Message("bolus", 0x11, "patient", True, "Start a normal bolus of whole strokes.",
        (Field("volume_mu", "u32", "mU", "how much; a multiple of the stroke", 1, 40000, hard=True),),
        (_AT, _u32("delivery_id", "its number in the ledger"), _u32("strokes", "strokes it is made of"))),
    Message("cancel_bolus", 0x12, "patient", True, "End the running bolus after the stroke in progress.", (),
        (_AT, _u32("delivery_id", "its number in the ledger"), _u32("programmed_mu", "what was asked for", "mU"),
         _u32("delivered_mu", "what was confirmed by then", "mU"))),
    Message("suspend", 0x13, "patient", True, "Stop delivery after the stroke in progress; ends a running bolus.", (),
        (_AT, _u32("abandoned_strokes", "whole strokes that were waiting and are given up"))),
    Message("resume", 0x14, "patient", True, "Resume basal delivery after a suspend.", (),
        (_AT, _u32("rate_mu_per_h", "basal rate from now on", "mU/h"))),
    Message("set_limits", 0x15, "clinician", True, "Set the clinician limits, within the hard ones.",
        NEW_LIMITS, (_AT,) + _shown_limits("old_", "before: ") + _shown_limits("new_", "now: ")),
    Message("set_time", 0x16, "patient", True, "Set the wall clock; basal goes back to the programmed rate.",
        (Field("utc_s", "u32", "s", "UTC since 1970", 1577836800, 0xFFFFFFFF),),
        (_AT, _u32("old_utc_s", "clock before; 0 if it was lost", "s"), _u32("new_utc_s", "clock now", "s"))),
    Message("initialise_memory", 0x17, "service", True, "Start anew with a memory that cannot be believed: suspended,"
        " no basal, hard limits. Refused while the memory is good.", (), (_AT,)),
    Message("read_deliveries", 0x20, "anyone", False, "Deliveries numbered above `since_id`, oldest first.",
        (_u32("since_id", "last number already known; 0 for all"),
         _u8("max_count", "at most this many records", low=1, high=6)),
        (_u32("oldest_id", "oldest number still held; 0 if none"), _u32("newest_id", "newest; 0 if none"),
         Field("records", "records", "", "the deliveries", 0, 6, fields=_DELIVERY))),
    Message("read_log", 0x21, "anyone", False, "Events numbered above `since_number`, oldest first.",
        (_u32("since_number", "last number already known; 0 for all"),
         _u8("max_count", "at most this many events", low=1, high=8)),
        (_u32("oldest_number", "oldest still held: what lies between it and since_number is lost"),
         _u32("newest_number", "newest; 0 if none"),
         Field("events", "records", "", "the events", 0, 8, fields=_EVENT))),
    Message("read_diagnosis", 0x22, "anyone", False, "What the occlusion detector has found, and what speaks for it.",
        (), _DIAGNOSIS),
)  # fmt: skip

REFUSAL = (
    _u8("request_id", "message id of the refused request"),
    _u8("code", "why", CODES, low=1),
    _u8("field_index", "place of the field at fault in the request; 255 if none"),
    Field("value", "i64", "", "what was asked for, in the field's unit"),
    Field("limit", "i64", "", "the limit it broke, in the field's unit"),
)

BY_ID = {message.id: message for message in MESSAGES}


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


def _describe(field):
    parts = [field.name, field.kind, field.unit, field.low, field.high, field.step, 1 if field.hard else 0]
    return " ".join([str(part) for part in parts + list(field.names) + [_describe(each) for each in field.fields]])


def schema_hash(messages=MESSAGES, refusal=REFUSAL, version=PROTOCOL_VERSION):
    """Return the schema hash: the first 8 bytes (big endian) of SHA-256 over the table, its prose left out."""
    digest = hashlib.sha256(("releve %d" % version).encode())
    for m in messages:
        digest.update(("\n%s %d %s %d" % (m.name, m.id, m.role, 1 if m.changes_delivery else 0)).encode())
        for heading, fields in (("\n?", m.request), ("\n!", m.reply)):
            digest.update("".join([heading + _describe(field) for field in fields]).encode())
    digest.update("".join(["\n#" + _describe(field) for field in refusal]).encode())
    return int.from_bytes(digest.digest()[:8], "big")


SCHEMA_HASH = schema_hash()
