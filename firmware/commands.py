"""From a request to the pump and back: decode by the table, check, call, encode; or refuse with nothing changed.

A message is answered by the method of its name, of the first of the pump's `parts` that has one: it takes the request's
fields and returns the reply's, or raises `firmware.errors.Refused`. Besides, the pump has `identity()` (the hello
reply's fields from `board` on), `status()` (without the link counters), `heard()`, `repeated()`, `now_us()`,
`connected(schema_agreed)`, `refused(message_id, code, value)`, `failed(error)`, `stumbled(error)`; and `record`, whose
`command_id` outlives a reset.

An order (what changes delivery) carries an id and the time until which it holds. The latest one again is answered as
before and not done again; one that comes late is refused, never done (LINK-2, THER-3).

Implements: LINK-1, LINK-2, THER-3, GUARD-1, ALARM-1
"""

from firmware import protocol
from firmware.errors import Refused
from firmware.link import Counters
from firmware.protocol import NO_FIELD, REFUSAL_ID, REPLY_BIT, ProtocolError

_I64_LOW = -0x8000000000000000
_I64_HIGH = 0x7FFFFFFFFFFFFFFF
# Who may send what (SEC-2). A service engineer does not dose.
_MAY = {
    "anyone": ("anyone",),
    "patient": ("anyone", "patient"),
    "clinician": ("anyone", "patient", "clinician"),
    "service": ("anyone", "service"),
}
ALL_ROLES = ("patient", "clinician", "service")


class Commands:
    """Answers requests for one pump.

    Until a hello has agreed on the schema everything else is refused with SCHEMA_MISMATCH: after a reset of the device
    the programmer must find out what it talks to. `counters` is shared with the Link; `last_error` keeps the latest
    unexpected exception for whoever looks for it. `roles` are those that the programmer has; without sessions, all.
    """

    def __init__(self, pump, counters=None, roles=ALL_ROLES):
        self.counters = counters or Counters()
        self.last_error = None
        self._pump = pump
        self._schema_agreed = False
        self._latest = (0, 0, b"")  # command id, reply id and payload of the latest order
        self._allowed = {role for each in roles for role in _MAY[each]}
        parts = (self,) + tuple(pump.parts)
        self._answering = {message.name: _part(parts, message.name) for message in protocol.MESSAGES}

    def handle(self, message_id, payload):
        """Return `(reply_id, reply_payload)` for a request; what goes wrong becomes a refusal.

        After an INTERNAL_ERROR, and only then, the request may have been carried out. Amid an order, of which nobody
        knows how far it came, the pump stops with a system error; a question that fails is logged. What not even
        `failed` and `stumbled` can deal with they raise.
        """
        try:
            try:
                return self._execute(message_id, payload)
            except Refused as error:
                message = protocol.BY_ID.get(message_id)
                if message is not None and message.changes_delivery:
                    self._pump.refused(message_id, error.code, error.value)
                return self._refuse(message_id, error)
        except Exception as error:
            self.last_error = error
            self.counters.internal_errors += 1
            message = protocol.BY_ID.get(message_id)
            if message is not None and message.changes_delivery:
                self._pump.failed(error)
            else:
                self._pump.stumbled(error)
            return self._refuse(message_id, Refused(protocol.INTERNAL_ERROR))

    def hello(self, schema_hash):
        """Agree on the schema and say who this is."""
        self._schema_agreed = schema_hash == protocol.SCHEMA_HASH
        self._pump.connected(self._schema_agreed)
        reply = self._pump.identity()
        reply["schema_hash"] = protocol.SCHEMA_HASH
        reply["protocol_version"] = protocol.PROTOCOL_VERSION
        return reply

    def status(self):
        """The pump's status and the link's counters."""
        reply = self._pump.status()
        for field in protocol.COUNTERS:
            reply[field.name] = getattr(self.counters, field.name)
        return reply

    def _execute(self, message_id, payload):
        message = protocol.BY_ID.get(message_id)
        if message is None:
            raise Refused(protocol.UNKNOWN_MESSAGE, None, message_id)
        if not self._schema_agreed and message.name != "hello":
            raise Refused(protocol.SCHEMA_MISMATCH)
        if message.role not in self._allowed:
            raise Refused(protocol.WRONG_ROLE)
        request = _decode(message.request, payload)
        self._pump.heard()
        if message.changes_delivery:
            return self._order(message, request)
        return self._answer(message, request)

    def _answer(self, message, request):
        reply = getattr(self._answering[message.name], message.name)(**request)
        return message.id | REPLY_BIT, protocol.encode(message.reply, reply)

    def _order(self, message, request):
        command_id = request["command_id"]
        if command_id == self._latest[0]:
            self.counters.orders_repeated += 1
            self._pump.repeated()
            reply_id, payload = self._latest[1:]
            if reply_id not in (message.id | REPLY_BIT, REFUSAL_ID):
                raise Refused(protocol.REPEATED, "command_id", command_id)
            return reply_id, payload
        record = self._pump.record
        if command_id == record.command_id:
            # Carried out before a reset; its reply is gone, the log has what it did.
            raise Refused(protocol.REPEATED, "command_id", command_id)
        now_us = self._pump.now_us()
        if now_us > request["expires_us"]:
            raise Refused(protocol.EXPIRED, "expires_us", now_us, request["expires_us"])
        before, record.command_id = record.command_id, command_id
        try:
            answer = self._answer(message, request)
        except Refused as error:
            record.command_id = before
            self._pump.refused(message.id, error.code, error.value)
            answer = self._refuse(message.id, error)
        self._latest = (command_id,) + answer
        return answer

    def _refuse(self, message_id, error):
        values = {
            "request_id": message_id,
            "code": error.code,
            "field_index": _field_index(message_id, error.field_name),
            "value": max(_I64_LOW, min(error.value, _I64_HIGH)),
            "limit": max(_I64_LOW, min(error.limit, _I64_HIGH)),
        }
        payload = protocol.encode(protocol.REFUSAL, values)
        self.counters.requests_refused += 1
        return REFUSAL_ID, payload


def _part(parts, name):
    for part in parts:
        if hasattr(part, name):
            return part
    raise AttributeError(name)


def _decode(fields, payload):
    # Only what the request brought is the sender's fault; the same error about a reply is the firmware's own.
    try:
        return protocol.decode(fields, payload)
    except ProtocolError as error:
        raise Refused(error.code, error.field_name, error.value, error.limit)


def _field_index(message_id, name):
    message = protocol.BY_ID.get(message_id)
    if message is not None:
        for index, field in enumerate(message.request):
            if field.name == name:
                return index
    return NO_FIELD
