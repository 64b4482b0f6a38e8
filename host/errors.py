"""Errors of the programmer. Each has a text for a person; `Refused` and `InvalidRequest` also carry the numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from firmware import protocol
from firmware.protocol.alarms import BY_NUMBER
from host.text import Text
from host.units import amount, millilitres, span
from host.words import field_words, message_words

OWN_KEY = "a programmer cannot end its own key: use another clinician's"
_TEXTS = {
    protocol.UNKNOWN_MESSAGE: "the pump does not know this request",
    protocol.BAD_LENGTH: "the request has {value} bytes, the pump expected {limit}",
    protocol.OUT_OF_RANGE: "the {field}, {value}, is {beyond} {limit}",
    protocol.NOT_MULTIPLE: "the {field}, {value}, is not a multiple of {limit}",
    protocol.NOT_WHOLE_STROKES: "the {field}, {value}, is not a whole number of strokes of {limit}",
    protocol.HARD_LIMIT: "the {field}, {value}, is beyond the hard limit of {limit}",
    protocol.CLINICIAN_LIMIT: "the {field}, {value}, is beyond the clinician's limit of {limit}",
    protocol.HOUR_LIMIT: "{value} would exceed what may be used in an hour, {limit}",
    protocol.DAY_LIMIT: "{value} would exceed what may be used in 24 hours, {limit}",
    protocol.WRONG_STATE: "not possible while the pump is in the state '{state}'{way}",
    protocol.BOLUS_ACTIVE: "a bolus is already running; wait for its end or cancel it",
    protocol.NO_BOLUS_ACTIVE: "no bolus is running",
    protocol.INTERNAL_ERROR: "the pump's firmware failed; in an order this stops delivery: look at its status",
    protocol.MEMORY_FAILED: "the pump's memory cannot be written or believed; delivery is stopped, look at its status",
    protocol.MEMORY_GOOD: "the pump's memory is good: nothing to initialise",
    protocol.CLOCK_FAILED: "the pump's clock did not accept the time",
    protocol.NO_TEMP_ACTIVE: "no temporary basal is running",
    protocol.TEMP_ACTIVE: "a temporary basal is running; wait for its end or cancel it",
    protocol.NOT_STAGED: "nothing is staged for this pattern",
    protocol.NOT_THE_SAME: "the staged rates are not those that were read back; read them again",
    protocol.EXPIRED: "it came {late} too late and was not carried out; look at the status, then give it again",
    protocol.REPEATED: "the pump lost power while carrying it out; the log shows how far it got",
    protocol.WRONG_ROLE: "this programmer's role may not do that",
    protocol.NOT_ACTIVE: "there is no alarm '{alarm}' to acknowledge",
    protocol.CAUSE_THERE: "the cause of the alarm '{alarm}' is still there",
    protocol.UNFIT: "therapy cannot run: no insulin in the reservoir, NaOH in the catheter, or a procedure under way",
    protocol.SELF_TEST_FAILED: "the pump has not passed its self-test",
    protocol.NO_FAULT: "this fault is not latched; look at the status",
    protocol.UNSOUND: "the pump's own state is inconsistent ({invariant}): nothing in it can be relied on",
    protocol.OTHER_LIFE: "the pump has restarted, or other orders came in between; look at its status, then repeat",
    protocol.HOLDS_TOO_LONG: "it would hold for {value}, at most {limit} is allowed",
    protocol.ID_TAKEN: "another order had its number, {value}; give it again",
    protocol.INTERRUPTED: "the pump lost power as it arrived, and has not carried it out",
    protocol.VOIDED: "it was given up before it arrived",
    protocol.RESERVOIR_LEVEL: "only {limit} are left above the level at which the pump stops; refill",
    protocol.NOT_OPEN: "the pump has no session with this programmer",
    protocol.NO_PRESENCE: "nobody has shown presence at the pump within the last minute: press its button, then repeat",
    protocol.SLOTS_FULL: "the pump knows seven programmers and its card: pump programmers list, then revoke one",
    protocol.NO_SUCH_SLOT: "the pump has no such programmer (any more): pump programmers list",
    protocol.ALREADY_PROVISIONED: "the pump has been provisioned already",
    protocol.OWN_SLOT: OWN_KEY,
    protocol.NOT_PREPARED: "it was not looked at just before, or too long ago; give it again",
    protocol.CHANGED_MEANWHILE: "the pump was changed meanwhile, and it would do something else; look at it again",
    protocol.WRONG_CONTENT: "the reservoir holds {content}, but it begins with {needed}: pump procedure show",
}
# The invariants of c_ext/core/state.h, by number; a test compares them.
INVARIANTS = (
    ("ok", "version_known", "words_intact", "same_pump", "time_past", "fractions_small", "limits_hard")
    + ("schedule_sound", "rate_in_force", "ledgers_conserve", "bolus_ends", "square_paced", "temp_ends")
    + ("suspended_still", "counts_agree", "permit_next", "stroke_known")
)

# Fields without a unit, refused because their greatest rate is above the clinician's limit.
_HOLD_RATES = ("pattern", "rates", "value")
# Texts for a procedure in the wrong state, by the field of the request that does not fit.
_PROCEDURES = {
    "procedure": "a procedure begins on a stopped pump: pump stop",
    "step": "the procedure is not at this step, is making its strokes, or cannot be left here: pump procedure show",
}
_UNDER_WAY = "a procedure is under way: pump procedure walk"
_STOPPED_EMPTY = (
    "{left} are left and the pump stops at {stop}: record a refill (pump refill, pump procedure), or have the clinic"
    " lower the level of the settings"
)
# How a person gets out of a state in which an order is refused.
_WAYS_OUT = {
    "stopped": ": pump resume",
    "suspended": ": pump resume",
    "procedure": ": pump procedure show",
    "fault": ": pump status",
}
# A refill's weights that cannot be.
IMPOSSIBLE = "impossible weights: {}; weigh again"
LIGHTER = "the syringe with the remaining insulin is lighter than before"
_NOT_FILLED = "no more was filled in than was taken back for the vacuum"
_TOO_MUCH = "{} would be in the reservoir, or would have been in it, where at most {} can be"
_RATE_TOO_HIGH = "its greatest rate, {value}, is beyond the clinician's limit of {limit}"


class HostError(Exception):
    """Base of all errors that the programmer raises."""


class PortError(HostError):
    """The port cannot be opened, or broke."""


class LinkError(HostError):
    """The port works, but the conversation on it does not."""


class LinkTimeout(LinkError):
    """No valid reply in time."""

    def __init__(self, request: str, attempts: int, timeout_s: float, heard_bytes: int) -> None:
        text = Text("no answer to '{}' within {}", message_words(request), f"{timeout_s:g} s")
        if attempts > 1:
            text = Text("{}, {} attempts", text, attempts)
        if heard_bytes:
            super().__init__(Text("{}; {} bytes came, none of them a reply to it", text, heard_bytes))
        else:
            super().__init__(Text("{}; nothing came from the port at all", text))


class OrderLost(LinkError):
    """An order did not reach the pump and is now voided there, so it will not be carried out: nothing has changed."""

    def __init__(self, request: str, why: str) -> None:
        text = "the pump did not get '{}' and will not carry it out: nothing has changed ({})"
        super().__init__(Text(text, message_words(request), why))
        self.request = request


class OrderUncertain(HostError):
    """An order was sent and its outcome is unknown; with `begun`, it was begun but not known to be completed.

    `again`: it may be given again. `final`: nothing more can be asked about it.

    Until it is settled only orders that reduce delivery are sent: stop, suspend, cancel.
    """

    def __init__(
        self, request: str, why: str, *, begun: bool = False, again: bool = False, final: bool = False
    ) -> None:
        how = "was begun by the pump, and perhaps completed" if begun else "may have been carried out, or may yet be"
        todo = "Give it again" if again else "Do not repeat it: look at the pump's status and log first"
        super().__init__(Text("UNKNOWN: '{}' {} ({}). {}", message_words(request), how, why, todo))
        self.request = request
        self.why = why
        self.begun = begun
        self.final = final or begun


class EarlierOrderDone(HostError):
    """An order was not sent because an earlier one, whose outcome was unknown, turned out to have been carried out."""

    def __init__(self, request: str, earlier: str) -> None:
        text = "'{}' was not sent: '{}' before it was carried out after all. Look at the status"
        super().__init__(Text(text, message_words(request), message_words(earlier)))
        self.request = request
        self.earlier = earlier


class OrderInterrupted(KeyboardInterrupt):
    """A person interrupted the program during an order. `settled`: its outcome is known."""

    def __init__(self, request: str, what: str, *, settled: bool, reply: dict[str, Any] | None = None) -> None:
        super().__init__(Text("interrupted during '{}': {}", message_words(request), what))
        self.request = request
        self.settled = settled
        self.reply = reply


class WrongType(HostError):
    """A method was given something that it cannot send, for its kind and not for its value; nothing was sent."""

    def __init__(self, name: str, why: object) -> None:
        super().__init__(f"{message_words(name)} not sent: {why}")


class BadReply(LinkError):
    """A reply with a correct checksum that does not fit the message table: a fault of the firmware."""


class SchemaMismatch(HostError):
    """Pump and programmer have different message tables. `pump_hash` and `programmer_hash` are 64-bit numbers."""

    def __init__(self, pump_hash: int, programmer_hash: int) -> None:
        text = (
            "the pump speaks another version of the link: its schema is {:016x}, this programmer's {:016x}. "
            "Nothing was sent; use the programmer that belongs to this firmware"
        )
        super().__init__(Text(text, pump_hash, programmer_hash))
        self.pump_hash = pump_hash
        self.programmer_hash = programmer_hash


class Refused(HostError):
    """The pump refused the request and changed nothing (after `internal_error` and `memory_failed` it may have stopped
    delivery).

    `code` is the name of the refusal code, `field` the request field at fault or "", `value` and `limit` are integers
    in `unit`.
    """

    def __init__(self, request: str, code: int, field: str, value: int, limit: int, unit: str) -> None:
        if code == protocol.CLINICIAN_LIMIT and field in _HOLD_RATES:
            unit = "mU/h"
        self.code = protocol.CODES[code]
        self.field = field
        self.value = value
        self.limit = limit
        self.unit = unit
        why = _explain(request, code, field, value, limit, unit)
        super().__init__(Text(self._words, message_words(request), why))

    _words = "{} refused by the pump: {}"


class NoSuchName(HostError):
    """A name that the message table does not have; nothing was sent."""

    def __init__(self, name: str, names: Sequence[str]) -> None:
        super().__init__(f"there is no {name!r}, only " + ", ".join(names))


class InvalidRequest(Refused):
    """The programmer found that the message table does not allow the request; nothing was sent."""

    _words = "{} not sent: {}"


def _explain(request: str, code: int, field: str, value: int, limit: int, unit: str) -> Text:
    if request == "record_refill" and code == protocol.OUT_OF_RANGE and not field:
        return _of_weights(value, limit)
    state = protocol.STATES[value] if 0 <= value < len(protocol.STATES) else str(value)
    alarm = BY_NUMBER[value].name if value in BY_NUMBER else str(value)
    beyond = "below the least allowed," if value < limit else "above the greatest allowed,"
    shown = {
        "field": field_words(field),
        "beyond": beyond,
        "state": state,
        "way": "" if request in protocol.SAFE else _WAYS_OUT.get(state, ""),
        "value": str(value),
        "limit": str(limit),
        "alarm": alarm,
    }
    if unit:
        shown.update(value=amount(value, unit), limit=amount(limit, unit))
    shown["content"], shown["needed"] = _content(value), _content(limit)
    shown["late"] = span(value - limit)
    shown["invariant"] = INVARIANTS[value] if 0 <= value < len(INVARIANTS) else str(value)
    text = _TEXTS[code]
    if code == protocol.CLINICIAN_LIMIT and field in _HOLD_RATES:
        text = _RATE_TOO_HIGH
    if code == protocol.RESERVOIR_LEVEL and not field:
        text = _STOPPED_EMPTY
        shown.update(left=amount(value, "mU"), stop=amount(limit, "mU"))
    if code == protocol.WRONG_STATE:
        text = _UNDER_WAY if field == "procedure" and value else _PROCEDURES.get(field, text)
    return Text(text, **shown)


def _of_weights(value_nl: int, limit_nl: int) -> Text:
    why: str = Text(_TOO_MUCH, millilitres(value_nl), millilitres(limit_nl))
    if value_nl < limit_nl:
        why = _NOT_FILLED if limit_nl else LIGHTER
    return Text(IMPOSSIBLE, why)


def _content(place: int) -> str:
    return protocol.CONTENTS[place] if 0 <= place < len(protocol.CONTENTS) else str(place)
