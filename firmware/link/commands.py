"""Request handling: decode by the table, check, call the pump, encode the reply; or refuse with nothing changed.

Each message is answered by the part that answered_by.py names, by its method of the message's name: it takes the
request's fields and returns the reply's, or raises `firmware.errors.Refused`. Besides, the pump has `identity()` (the
fields of its reply), `status()` (without the link counters), `now_us()`, `announced()`, `refused(message_id, code,
value)`, `failed(error)`, `stumbled(error)`; `orders`, the firmware.storage.orders.Orders with the outcome of each
order; and `record`, whose `command_id` outlives a reset.

An order (a message that changes delivery) carries an id, the life of the pump for which it was given, and its expiry
time. It is written down before it acts, so orders are idempotent: if the same order is sent again, whatever has come in
between, the earlier answer is returned and nothing is done. An order that comes late, or is meant for another life, is
refused (LINK-2, THER-3). Stop, suspend and cancel_bolus are never too late and need nothing: no expiry, no unused id.

Before, an order is prepared: the device answers with its own summary of what the order would do, and the order carries
the summary's hash (firmware/link/prepared.py).

Implements: LINK-1, LINK-2, THER-3, GUARD-1, ALARM-1, SEC-3
"""

from binascii import crc32

from firmware import protocol
from firmware.errors import FirmwareError, Refused
from firmware.link.answered_by import ANSWERED_BY, part_for
from firmware.link.link import Counters
from firmware.link.prepared import Prepared, Shown, show
from firmware.protocol import NO_FIELD, REFUSAL_ID, REPLY_BIT, ProtocolError
from firmware.protocol.codec import BOUND, CHANGES_DELIVERY, NAME, NUMBER, REPLY, REQUEST, ROLE
from firmware.storage.orders import HOLDS_US, NOBODY

# Who may send what (SEC-2), by the place of the role in protocol.ROLES: the messages of these roles, and by name those
# of the card, which makes programmers and stops the pump, and nothing else. A service engineer does not dose.
_MAY = (
    (),
    ("anyone", "patient"),
    ("anyone", "patient", "clinician", "card"),
    ("anyone", "service"),
    ("card",),
    ("provisioning",),
    ("anyone", "patient", "clinician", "service", "card"),
)
_CARD = ("identity", "stop", "suspend")
_HEARD = ("bolus", "square_bolus", "dual_bolus")  # whoever wears the pump is told that somebody ordered it


class Commands:
    """Answers requests for one pump.

    `counters` is shared with the Link; `last_error` keeps the latest unexpected exception for inspection. `role` is
    that of the session's programmer, a place in protocol.ROLES.
    """

    def __init__(self, pump, counters=None, role=protocol.ROLE_NONE):
        self.counters = counters or Counters()
        self.last_error = None
        self._pump = pump
        self.role = role
        self._slot = NOBODY
        self._prepared = Prepared(pump.now_us)
        for part, _ in ANSWERED_BY:
            self._part(part)  # AttributeError if the pump lacks one

    def handle(self, message_id, payload):
        """Return `(reply_id, reply_payload)` for a request; every failure becomes a refusal.

        After an INTERNAL_ERROR, and only then, the request may have been carried out. If an order fails halfway, nobody
        knows how far it got, so the pump stops with a system error; a query that fails is logged. `failed` and
        `stumbled` raise what they cannot handle themselves.
        """
        try:
            try:
                return self._execute(message_id, payload)
            except Refused as error:
                message = protocol.message_of(message_id)
                if message is not None and message[CHANGES_DELIVERY]:
                    self._pump.refused(message_id, error.code, error.value)
                return self._refuse(message_id, error)
        except Exception as error:
            return self._failed(message_id, error)

    def begun(self, role, slot=NOBODY):
        """A session has begun, of the programmer with this role and slot."""
        self.role = role
        self._slot = min(slot, NOBODY)
        self._prepared.forget()  # it holds in one session only

    def identity(self):
        """What runs on the device."""
        return self._pump.identity()

    def status(self):
        """The pump's status and the link's counters."""
        reply = self._pump.status()
        for field in protocol.COUNTERS:
            reply[field[NAME]] = getattr(self.counters, field[NAME])
        return reply

    def _execute(self, message_id, payload):
        message = protocol.message_of(message_id)
        if message is None:
            raise Refused(protocol.UNKNOWN_MESSAGE, None, message_id)
        self._need_role(message)
        request = _decode(message[REQUEST], payload)
        if message[CHANGES_DELIVERY]:
            return self._order(message, request, payload)
        return self._answer(message, request)

    def _need_role(self, message):
        if message[ROLE] not in _MAY[self.role] and not (self.role == protocol.ROLE_CARD and message[NAME] in _CARD):
            raise Refused(protocol.WRONG_ROLE)

    def prepare(self, message_id, request):
        """Tell what an order would do, or refuse it as the order would be refused; nothing changes, the log included.
        The summary holds until the next one or the end of the session, for two minutes.
        """
        message = protocol.message_of(message_id)
        if message is None or not message[BOUND]:
            raise Refused(protocol.UNKNOWN_MESSAGE, "message_id", message_id)
        self._need_role(message)
        try:
            values = _decode(message[REQUEST][protocol.ORDER_FIELDS :], request)
            values["agree"] = show
            self._give(message, values)
        except Shown as shown:
            return {"prepared": self._prepared.keep(message, request, shown.values)}
        except Refused as error:
            error.of = message_id
            raise
        raise FirmwareError("message %d is not shown before it is carried out" % message_id)

    def settle_order(self, command_id, life, expires_us, message_id, payload_crc, **order):
        """Report the outcome of an order. One that has not arrived is voided: it will not be done any more."""
        orders = self._pump.orders
        place = orders.find(command_id, self._slot)
        outcome = protocol.OUTCOME_ANSWERED
        if place is None:
            now_us = self._pump.now_us()
            never_done, can_come = orders.never_done(life, expires_us, now_us, self._slot)
            outcome = protocol.OUTCOME_VOID if never_done else protocol.OUTCOME_FORGOTTEN
            if can_come:
                place = orders.begin(command_id, life, message_id, payload_crc, expires_us, now_us, self._slot)
                voided = protocol.refusal(message_id, protocol.VOIDED, 0, command_id)
                orders.finish(place, REFUSAL_ID, voided)
            return {"outcome": outcome, "reply_id": 0, "reply": b""}
        if not orders.is_same(place, message_id, payload_crc):
            raise Refused(protocol.ID_TAKEN, "command_id", command_id)
        reply_id, reply = self._remembered(place, message_id)
        if reply_id == REFUSAL_ID and reply[1] == protocol.VOIDED:
            return {"outcome": protocol.OUTCOME_VOID, "reply_id": 0, "reply": b""}
        return {"outcome": outcome, "reply_id": reply_id, "reply": bytes(reply)}

    def _give(self, message, request):
        return getattr(self._part(part_for(message[NAME])), message[NAME])(**request)

    def _part(self, name):
        return self if name == "commands" else getattr(self._pump, name)

    def _answer(self, message, request):
        reply = self._give(message, request)
        return message[NUMBER] | REPLY_BIT, protocol.fit(message[REPLY], reply)

    def _order(self, message, request, payload):
        orders, record = self._pump.orders, self._pump.record
        payload_crc = crc32(payload)
        command_id = request["command_id"]
        place = orders.find(command_id, self._slot)
        safe = message[NAME] in protocol.SAFE
        if place is not None:
            if orders.is_same(place, message[NUMBER], payload_crc):
                self.counters.orders_repeated += 1
                return self._remembered(place, message[NUMBER])
            if safe:  # do it under another order's id, whose recorded outcome stays
                return self._answer(message, request)
            raise Refused(protocol.ID_TAKEN, "command_id", command_id)
        now_us = self._pump.now_us()
        life, expires_us = request["life"], request["expires_us"]
        if safe:
            expires_us = 0  # repeating it does no harm, so its entry may be replaced whenever the place is needed
        elif message[NAME] == "initialise_memory":
            pass  # it is refused while the memory is good, so it can be done only once
        elif not orders.ready():
            raise Refused(protocol.MEMORY_FAILED)
        elif life != orders.life:
            raise Refused(protocol.OTHER_LIFE, "life", life, orders.life)
        if not safe and now_us > expires_us:
            raise Refused(protocol.EXPIRED, "expires_us", now_us, expires_us)
        place = orders.begin(command_id, life, message[NUMBER], payload_crc, expires_us, now_us, self._slot)
        before = record.command_before = record.command_id
        record.command_id = command_id
        try:
            if not safe:
                self._need(orders.stored, message, expires_us - now_us)
            if message[BOUND]:
                asked = payload[protocol.ORDER_BYTES :]
                request["agree"] = self._prepared.agreed(message, asked, request["confirms"], expires_us)
            answer = self._answer(message, request)
        except Refused as error:
            record.command_id = before
            self._pump.refused(message[NUMBER], error.code, error.value)
            answer = self._refuse(message[NUMBER], error)
        except Exception as error:
            answer = self._failed(message[NUMBER], error)
        orders.finish(place, *answer)
        if answer[0] != REFUSAL_ID and message[NAME] in _HEARD:
            self._pump.announced()
        return answer

    def _need(self, stored, message, holds_us):
        if holds_us > HOLDS_US:
            raise Refused(protocol.HOLDS_TOO_LONG, "expires_us", holds_us, HOLDS_US)
        if not stored and message[NAME] != "initialise_memory":
            raise Refused(protocol.MEMORY_FAILED)

    def _remembered(self, place, message_id):
        answer = self._pump.orders.outcome(place)
        if answer is None:  # it failed so badly that no outcome was recorded
            return REFUSAL_ID, protocol.refusal(message_id, protocol.INTERNAL_ERROR)
        return answer

    def _failed(self, message_id, error):
        self.last_error = error
        self.counters.internal_errors += 1
        message = protocol.message_of(message_id)
        if message is not None and message[CHANGES_DELIVERY]:
            self._pump.failures.failed(error)
        else:
            self._pump.failures.of_query(error)
        return self._refuse(message_id, Refused(protocol.INTERNAL_ERROR))

    def _refuse(self, message_id, error):
        index = _field_index(message_id, error)
        code = error.code if 0 < error.code < len(protocol.CODES) else protocol.INTERNAL_ERROR
        payload = protocol.refusal(message_id, code, index, error.value, error.limit)
        self.counters.requests_refused += 1
        return REFUSAL_ID, payload


def _decode(fields, payload):
    # Only an error in the request is the sender's fault; the same error in a reply is the firmware's own.
    try:
        return protocol.decode(fields, payload)
    except ProtocolError as error:
        raise Refused(error.code, error.field_name, error.value, error.limit)


def _field_index(message_id, error):
    message = protocol.message_of(message_id if error.of is None else error.of)
    if message is not None:
        for index, field in enumerate(message[REQUEST]):
            if field[NAME] == error.field_name:
                return index
    return NO_FIELD
