"""The messages of the programmer link, made of the fields of fields.py.

Boards have them as constants in flash, without the prose (tools/schema.py).

Implements: LINK-1
"""
# ruff: noqa: F405 - the names come by the doors below

import hashlib
from collections import namedtuple

from firmware.protocol.codec import ASKED_BYTES, REPLY_BYTES, SUMMARY_BYTES
from firmware.protocol.fields import *  # noqa: F403 - the table below is made of these, every one
from firmware.protocol.key_fields import DEVICE_ID, GENERATION, KEY, PROGRAMMER, SLOT
from firmware.protocol.summaries import SUMMARIES
from firmware.protocol.table import Field, describe
from firmware.protocol.vocabulary import *  # noqa: F403

PROTOCOL_VERSION = 2  # raise it when a field changes its meaning but not its entry here


class Message(namedtuple("Message", "name id role changes_delivery request reply bound shown doc")):
    """A request and its reply; `role` is the lowest that may send it. If it changes delivery it begins with ORDER.

    `bound` and `shown` are the fields of the summary that `prepare` answers with; empty: it needs no preparing.
    """

    __slots__ = ()

    def __new__(cls, name, number, role, changes_delivery, doc, request=(), reply=()):
        request = ORDER + request if changes_delivery else request
        bound, shown = SUMMARIES.get(name, ((), ()))
        return super().__new__(cls, name, number, role, changes_delivery, request, reply, bound, shown, doc)


MESSAGES = (
    Message("read_time", 0x03, "anyone", False, "What time it is; to say until when an order holds.",
        (), (time("now_us", "device time"), u32("utc_s", "wall clock since 1970; 0 if it is lost", "s"), LIFE)),
    Message("settle_order", 0x04, "anyone", False, "What became of an order? One that has not come is not done any"
        " more, whenever it comes.",
        ORDER + (u8("message_id", "the order's own"), u32("payload_crc", "CRC-32 of the order's payload")),
        (u8("outcome", "what became of it", OUTCOMES), u8("reply_id", "answered: id of the reply"),
         Field("reply", "bytes", "", "answered: the reply's", 0, REPLY_BYTES))),
    Message("identity", 0x06, "anyone", False, "What runs on the device.", (), IDENTITY),
    Message("prepare", 0x46, "anyone", False, "What would this order do? Answered with a summary, or refused as the"
        " order would be; nothing changes. The order must then carry the summary's hash, for 2 minutes.",
        (u8("message_id", "the order's"),
         Field("request", "bytes", "", "its fields after those that all orders have", 0, ASKED_BYTES)),
        (Field("prepared", "bytes", "", "the summary: the order's fields `bound`, then `shown`", 0, SUMMARY_BYTES),)),
    Message("status", 0x02, "anyone", False, "State, ledgers, limits and link counters at one instant.",
        (), STATUS + COUNTERS),
    Message("set_basal", 0x10, "clinician", True, "Set the basal rate; the fraction owed carries over.",
        (Field("rate_mu_per_h", "u32", "mU/h", "new rate", 0, 35000, 50, hard=True),),
        (AT, u32("old_rate_mu_per_h", "rate before", "mU/h"), u32("new_rate_mu_per_h", "rate now", "mU/h"),
         CUT_BY)),
    Message("bolus", 0x11, "patient", True, "Start a normal bolus of whole strokes.",
        (Field("volume_mu", "u32", "mU", "how much; a multiple of the stroke", 1, 40000, hard=True),),
        (AT, u32("delivery_id", "its number in the ledger"), u32("strokes", "strokes it is made of"))),
    Message("cancel_bolus", 0x12, "patient", True, "End every bolus that runs after the stroke in progress.", (),
        (AT, u32("delivery_id", "its number in the ledger"), u32("programmed_mu", "what was asked for", "mU"),
         u32("delivered_mu", "what was confirmed by then", "mU"),
         u32("square_id", "the square bolus that has ended with it; 0: none, and so above"),
         u32("square_programmed_mu", "what was asked for", "mU"),
         u32("square_delivered_mu", "what was confirmed by then", "mU"))),
    Message("suspend", 0x13, "patient", True, "End boluses and a temporary rate; basal goes on at the least rate that"
        " the settings name.", (),
        (AT, u32("abandoned_strokes", "whole strokes that were waiting and are given up"),
         u32("rate_mu_per_h", "basal rate from now on", "mU/h"))),
    Message("stop", 0x18, "patient", True, "Stop delivery altogether after the stroke in progress.", (),
        (AT, u32("abandoned_strokes", "whole strokes that were waiting and are given up"))),
    Message("resume", 0x14, "patient", True, "Resume delivery after a suspend or a stop.", (),
        (AT, u32("rate_mu_per_h", "basal rate from now on", "mU/h"))),
    Message("set_limits", 0x15, "clinician", True, "Set the clinician limits, within the hard ones.",
        NEW_LIMITS, (AT,) + shown_limits("old_", "before: ") + shown_limits("new_", "now: ") + (CUT_BY,)),
    Message("set_time", 0x16, "patient", True, "Set the wall clock; basal goes back to the programmed rate.",
        (Field("utc_s", "u32", "s", "UTC since 1970", UTC_MIN_S, UTC_MAX_S),),
        (AT, u32("old_utc_s", "clock before; 0 if it was lost", "s"), u32("new_utc_s", "clock now", "s"))),
    Message("initialise_memory", 0x17, "service", True, "Start anew with a memory that cannot be believed: suspended,"
        " no basal, hard limits. Refused while the memory is good.", (), (AT,)),
    Message("temp_basal", 0x19, "patient", True, "A temporary basal rate; it takes the place of a running one.",
        (TEMP, Field("value", "u32", "", "the rate or the percentage", 0, 35000), DURATION_MIN),
        (AT, u32("delivery_id", "its number in the ledger"), time("until_us", "device time of its end"),
         u32("in_force_mu_per_h", "basal rate that is delivered now", "mU/h"), CUT_BY)),
    Message("cancel_temp", 0x1A, "patient", True, "End the temporary basal rate.", (),
        (AT, u32("delivery_id", "its number in the ledger"),
         u32("in_force_mu_per_h", "basal rate that is delivered now", "mU/h"))),
    Message("square_bolus", 0x1B, "patient", True, "Start a square bolus: whole strokes spread evenly.",
        (Field("volume_mu", "u32", "mU", "how much; a multiple of the stroke", 1, 40000, hard=True), SQUARE_MIN),
        (AT, u32("delivery_id", "its number in the ledger"), u32("strokes", "strokes it is made of"))),
    Message("dual_bolus", 0x1C, "patient", True, "Start a dual bolus: a part at once, a part spread evenly.",
        (Field("volume_mu", "u32", "mU", "how much at once; a multiple of the stroke", 1, 40000, hard=True),
         Field("square_mu", "u32", "mU", "how much spread; a multiple of the stroke", 1, 40000, hard=True), SQUARE_MIN),
        (AT, u32("delivery_id", "number of the part at once"), u32("square_id", "number of the part that is spread"),
         u32("strokes", "strokes of both"))),
    Message("set_settings", 0x1D, "clinician", True, "Set what the device does by itself.", SETTINGS, (AT,)),
    Message("recommend_rate", 0x1E, "patient", True, "A rate from a closed loop; when it lapses the programmed basal"
        " comes back by itself.",
        (Field("rate_mu_per_h", "u32", "mU/h", "basal rate", 0, 35000, 50, hard=True),
         Field("valid_min", "u32", "min", "how long it holds unless renewed", 1, 60)),
        (AT, time("until_us", "device time at which it lapses"),
         u32("programmed_mu_per_h", "programmed rate", "mU/h"))),
    Message("acknowledge_alarm", 0x1F, "patient", True, "Clear an alarm whose cause is gone, or quiet one"
        " whose cause stays for days; nothing is resumed.", (u8("alarm", "its number (docs/alarms.md)", low=1),),
        (AT, u8("alarms", "alarms that stay latched"),
         Field("cause_there", "bool", "", "it stays, quiet for a day or until its cause gets worse"))),
    Message("stage_pattern", 0x30, "clinician", False, "Put 48 rates aside, to be looked at and committed.",
        (PATTERN, RATES), (FINGERPRINT, DAY, u32("old_day_mu", "what the pattern makes in a day as it is", "mU"),
                          CUT_BY)),
    Message("read_pattern", 0x31, "anyone", False, "The rates of a pattern, or those staged for it.",
        (PATTERN, Field("staged", "bool", "", "those put aside")), (FINGERPRINT, DAY, RATES)),
    Message("commit_pattern", 0x32, "clinician", True, "Make the staged rates the pattern's own, all at once.",
        (PATTERN, FINGERPRINT),
        (AT, DAY, u32("in_force_mu_per_h", "basal rate that is delivered now", "mU/h"), CUT_BY)),
    Message("select_pattern", 0x33, "clinician", True, "Run this pattern by the local clock.",
        (PATTERN,), (AT, u8("old_pattern", "the pattern that ran; 255: a rate set by hand"),
         u32("rate_mu_per_h", "programmed rate now", "mU/h"), CUT_BY)),
    Message("record_refill", 0x37, "clinician", True, "A refill was made: by weight what went in and came out.",
        REFILL, (AT,) + REFILLED),
    Message("start_procedure", 0x38, "clinician", True, "Begin a guided procedure. Refused while therapy runs.",
        (u8("procedure", "which", PROCEDURES, low=1),), (AT,) + PROCEDURE),
    Message("answer_procedure", 0x39, "clinician", True, "Say at a step what was done; at one with strokes, make them.",
        (STEP, u8("choice", "place among the step's choices"),
         Field("value", "i32", "", "the step's input, if it takes one")), (AT,) + PROCEDURE + VERDICT),
    Message("interrupt_procedure", 0x3A, "clinician", True, "Break off; strokes end after the one in progress.",
        (STEP,), (AT,) + PROCEDURE),
    Message("read_procedure", 0x3B, "anyone", False, "The procedure under way, and what reservoir and catheter hold.",
        (), PROCEDURE),
    Message("self_test", 0x3C, "service", False, "Test the device now. One that fails does not dose.", (), SELF_TEST),
    Message("clear_fault", 0x3F, "service", True, "Clear the latched fault, on a pump that is sound and passes its"
        " self-test; it is stopped then.", (u8("fault", "the fault that is latched, as the status has it", low=1),),
        (AT, u32("commanded_strokes", "strokes ordered; they count as seen now"),
         u32("confirmed_strokes", "strokes that the stroke sensor had seen"))),
    Message("read_energy", 0x3D, "anyone", False, "What the battery has given, by count.", (), ENERGY),
    Message("telemetry", 0x3E, "anyone", False, "Send the status unasked, at an interval, for a while.",
        (u8("interval_s", "s between two frames; 0: no more", low=0, high=60),
         Field("for_s", "u32", "s", "for how long", 0, 3600)), (time("until_us", "device time of the stream's end"),)),
    Message("read_settings", 0x34, "anyone", False, "What the device does by itself.", (), SETTINGS),
    Message("read_reservoir", 0x35, "anyone", False, "What is left in the reservoir, by computation.", (), RESERVOIR),
    Message("read_alarms", 0x36, "anyone", False, "The latched alarms from place `first` on, oldest first.",
        (u8("first", "how many to pass over"),),
        (u8("alarms", "alarms that are latched"), Field("records", "records", "", "alarms", 0, 15, fields=ALARM))),
    Message("read_deliveries", 0x20, "anyone", False, "Deliveries numbered above `since_id`, oldest first.",
        (u32("since_id", "last number already known; 0 for all"),
         u8("max_count", "at most this many records", low=1, high=5)),
        (u32("oldest_id", "oldest number still held; 0 if none"), u32("newest_id", "newest; 0 if none"),
         Field("records", "records", "", "the deliveries", 0, 5, fields=DELIVERY))),
    Message("read_log", 0x21, "anyone", False, "Events numbered above `since_number`, oldest first.",
        (u32("since_number", "last number already known; 0 for all"),
         u8("max_count", "at most this many events", low=1, high=7)),
        (u32("oldest_number", "oldest still held: what lies between it and since_number is lost"),
         u32("newest_number", "newest; 0 if none"),
         Field("events", "records", "", "the events", 0, 7, fields=EVENT))),
    Message("enrol", 0x40, "card", False, "Give a programmer a slot and a key. Card or clinician, with presence at the"
        " device; sounds, and is logged.",
        (u8("role", "what it may do", ROLES, low=1), Field("label", "str8", "", "whose it is", 0, 16)),
        (SLOT, GENERATION, DEVICE_ID, KEY)),
    Message("read_programmers", 0x41, "clinician", False, "The slots that are not free.", (),
        (Field("programmers", "records", "", "the slots", 0, 8, fields=PROGRAMMER),)),
    Message("revoke", 0x42, "clinician", False, "Void a programmer's key, at once and for good.",
        (SLOT, GENERATION), ()),
    Message("rotate", 0x43, "anyone", False, "A new key for the slot of this session; the old one holds until the new"
        " one opens a session.", (), (GENERATION, KEY)),
    Message("provision", 0x45, "provisioning", False, "The host's part of the device's random numbers; the first time"
        " also the device's id. Makes a new card, and the old one void.",
        (Field("seed", "bytes", "", "drawn by the host", 32, 32),), (DEVICE_ID, KEY)),
    Message("read_diagnosis", 0x22, "anyone", False, "What the occlusion detector has found, and what speaks for it.",
        (), DIAGNOSIS),
)  # fmt: skip

REFUSAL = (
    u8("request_id", "message id of the refused request"),
    u8("code", "why", CODES, low=1),
    u8("field_index", "place of the field at fault in the request; 255 if none"),
    Field("value", "i64", "", "what was asked for, in the field's unit"),
    Field("limit", "i64", "", "the limit it broke, in the field's unit"),
)


def schema_hash(messages=MESSAGES, refusal=REFUSAL, version=PROTOCOL_VERSION, telemetry=TELEMETRY):
    """Return the schema hash: the first 8 bytes (big endian) of SHA-256 over the table without its prose."""
    digest = hashlib.sha256(("releve %d" % version).encode())
    for m in messages:
        digest.update(("\n%s %d %s %d" % (m.name, m.id, m.role, 1 if m.changes_delivery else 0)).encode())
        for heading, fields in (("\n?", m.request), ("\n!", m.reply), ("\n=", m.bound), ("\n~", m.shown)):
            digest.update("".join([heading + describe(field) for field in fields]).encode())
    for fields in (refusal, telemetry):
        digest.update("".join(["\n#" + describe(field) for field in fields]).encode())
    return int.from_bytes(digest.digest()[:8], "big")


BY_ID = {message.id: message for message in MESSAGES}

SCHEMA_HASH = schema_hash()
