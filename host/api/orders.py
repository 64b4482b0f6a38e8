"""Orders: each with an id, a life and an expiry; retried, carried out once, and settled when the answer is lost.

An order whose answer did not come is *uncertain*: the pump may have carried it out, or may yet. The pump is then asked
for the outcome, which also keeps it from carrying the order out later. Until the outcome is known only orders that
reduce delivery are sent.

Implements: LINK-2, HOST-3
"""

from __future__ import annotations

import secrets
from typing import Any

from firmware import protocol
from firmware.protocol import Message
from host.api.book import Book
from host.api.conversation import (
    MESSAGES,
    NOT_OPEN,
    decode_reply,
    encode_request,
    message_of,
    read_refusal,
)
from host.api.kept import Kept, Order
from host.api.transport import Transport
from host.errors import (
    BadReply,
    EarlierOrderDone,
    HostError,
    LinkError,
    LinkTimeout,
    OrderInterrupted,
    OrderLost,
    OrderUncertain,
    PortError,
    Refused,
)
from host.session.errors import OTHER_KEY, SessionError
from host.session.keyring import Keyring
from host.session.plain import is_not_open
from host.text import Text

BLANK = {"command_id": 1, "life": 0, "expires_us": 0, "confirms": 0}  # what an order begins with, not filled in
_COMMAND_IDS = 0xFFFFFFFF
_SETTLE_ATTEMPTS = 4
_SETTLE_FACTOR = 2.0  # each attempt waits twice as long as the one before: the path may be slow
_REPEATED = protocol.CODES[protocol.REPEATED]
_PERHAPS = "it may have been carried out"


class Ordering(Kept):
    """A conversation in which orders are given."""

    def __init__(
        self,
        transport: Transport,
        *,
        timeout_s: float = 0.5,
        attempts: int = 3,
        first_sequence: int = 0,
        check: bool = True,
        order_holds_s: float = 10.0,
        first_command_id: int | None = None,
        keyring: Keyring | None = None,
        book: Book | None = None,
    ) -> None:
        how: dict[str, Any] = {"timeout_s": timeout_s, "attempts": attempts, "first_sequence": first_sequence}
        super().__init__(transport, **how, check=check, keyring=keyring, book=book)
        self.done: list[str] = []  # the orders that were carried out
        self._order_holds_us = round(order_holds_s * 1_000_000)
        self._command_id = secrets.randbelow(_COMMAND_IDS) if first_command_id is None else first_command_id - 1

    def call(self, name: str, **values: Any) -> dict[str, Any]:
        """Send the message `name` and return its reply's fields; enumerations by name."""
        message = message_of(name)
        if name not in protocol.SAFE:
            self.settle_left()
        return self._order(message, values) if message.changes_delivery else self.ask(message, values)

    def settle(self) -> dict[str, Any] | None:
        """Find out the outcome of the uncertain order: its reply's fields, or None if there is none or it was not
        carried out.

        Raises Refused if the pump has refused it, OrderUncertain if the outcome cannot be found out, OrderInterrupted
        if a person breaks that off.
        """
        order = self.uncertain
        if order is None:
            return None
        try:
            reply_id, body = self._settled(order)
        except OrderUncertain as error:
            if error.final:
                self.book.strike_out(order.number)
            raise
        except HostError as error:
            raise OrderUncertain(order.message.name, str(error)) from error
        except KeyboardInterrupt as error:  # which must not look like an error of the link, and be lived with
            raise OrderInterrupted(order.message.name, _PERHAPS, settled=False) from error
        self.uncertain = None
        self.book.strike_out(order.number)
        if reply_id == 0:
            return None
        return self._outcome(order, reply_id, body)

    def _order(self, message: Message, values: dict[str, Any]) -> dict[str, Any]:
        encode_request(message, BLANK | values, self._check)  # an invalid order fails before anything is sent
        if message.name in protocol.SAFE:
            if not self.ready:
                self.hello()
            return self.send(message, values, {}, 0)
        self.begin(message)
        return self.send(message, values, self.now(message), 0)

    def begin(self, message: Message) -> None:
        """Before an order that does not reduce delivery: a hello, and the end of an uncertain one."""
        if not self.ready:
            self.hello()
        self._settle_the_one_before(message)

    def send(self, message: Message, values: dict[str, Any], now: dict[str, int], confirms: int) -> dict[str, Any]:
        """Send an order, given at the pump's time and life `now`; {}: one that reduces delivery."""
        values = BLANK | {"confirms": confirms} | values
        safe = not now
        if not safe:
            expires_us = min(now["now_us"] + self._order_holds_us, protocol.NEVER_US)
            values |= {"life": now["life"], "expires_us": expires_us}
        self._command_id = self._command_id % _COMMAND_IDS + 1
        payload = encode_request(message, values | {"command_id": self._command_id}, self._check)
        order = Order(message, payload, self.link.next_sequence, self.write_down(message, payload))
        with self.book.until_known(order.number):
            return self._insist(order) if safe else self._give(order)

    def _give(self, order: Order) -> dict[str, Any]:
        """Send an order, and find out its outcome if its answer is lost."""
        try:
            return self._outcome(order, *self._request(order.message, order.payload))
        except Refused as error:
            if error.code != NOT_OPEN:
                raise
            self.identity = None  # the pump has restarted, perhaps between two attempts
            return self._find_out(order, error)
        except (LinkTimeout, BadReply, PortError, KeyboardInterrupt) as error:
            return self._find_out(order, error)

    def _insist(self, order: Order) -> dict[str, Any]:
        """Send an order that reduces delivery, again and again: it is carried out once, and late it does no harm."""
        message = order.message
        try:
            try:
                return self._outcome(order, *self._request(message, order.payload))
            except (LinkTimeout, BadReply):
                pass
            except Refused as error:
                if error.code != NOT_OPEN:
                    raise
                self.hello()
            return self._outcome(order, *self._request(message, order.payload, _SETTLE_ATTEMPTS, _SETTLE_FACTOR))
        except KeyboardInterrupt as error:
            raise OrderInterrupted(message.name, _PERHAPS, settled=False) from error
        except Refused as error:
            if error.code != NOT_OPEN:
                raise
            # Anybody can say so, or the pump has restarted over it: an attempt before may have been carried out.
            raise OrderUncertain(message.name, str(error), again=True) from error
        except (LinkError, PortError, SessionError) as error:
            raise OrderUncertain(message.name, str(error), again=True) from error

    def now(self, message: Message) -> dict[str, int]:
        """Return the pump's time and life, for the order `message`."""
        clock = MESSAGES["read_time"]
        known = self.identity
        try:
            return decode_reply(clock, self._exchange(clock, b""))
        except (Refused, LinkTimeout) as error:
            if isinstance(error, Refused) and error.code != NOT_OPEN:
                raise
            # Has the pump restarted, or has only the session come to its end? If another programmer has one now, the
            # pump is silent.
            self.identity = None
            if known is None or (found := self.hello()).life != known.life:
                raise self.restarted(message) from error
            return {"now_us": found.now_us, "life": found.life}

    def restarted(self, message: Message) -> Refused:
        """The pump has restarted. The order was given for its state before that, so it is not sent."""
        self.identity = None
        return Refused(message.name, protocol.OTHER_LIFE, "", 0, 0, "")

    def _outcome(self, order: Order, reply_id: int, body: bytes) -> dict[str, Any]:
        if reply_id != protocol.REFUSAL_ID:
            self.done.append(order.message.name)
            return {} if order.left else decode_reply(order.message, body)  # nobody waits for it, and it may be another
        error = read_refusal(order.message, body)
        if isinstance(error, Refused) and error.code == _REPEATED:
            raise OrderUncertain(order.message.name, "the pump lost power while carrying it out", begun=True)
        raise error

    def _find_out(self, order: Order, cause: BaseException) -> dict[str, Any]:
        """Find out the outcome of `order`, whose answer was lost because of `cause`: return its reply or raise."""
        self.uncertain = order
        name = order.message.name
        try:
            reply = self.settle()
        except Refused as error:
            if isinstance(cause, KeyboardInterrupt):
                raise OrderInterrupted(name, str(error), settled=True) from cause
            raise
        except OrderUncertain as error:
            if isinstance(cause, KeyboardInterrupt):
                raise OrderInterrupted(name, str(error), settled=False) from cause
            raise (OrderUncertain(name, str(cause)) if self.uncertain else error) from cause
        if isinstance(cause, KeyboardInterrupt):
            done = "the pump did not get it and will not carry it out" if reply is None else "the pump has done it"
            raise OrderInterrupted(name, done, settled=True, reply=reply) from cause
        if reply is not None:
            return reply
        if isinstance(cause, Refused):
            # The session in which it was prepared has come to its end, or the pump has restarted.
            ended = cause.code == NOT_OPEN and self.identity is not None and self.identity.life == order.life
            raise Refused(name, protocol.NOT_PREPARED if ended else protocol.OTHER_LIFE, "", 0, 0, "") from cause
        raise OrderLost(name, str(cause)) from cause

    def _settled(self, order: Order) -> tuple[int, bytes]:
        """Return how `order` was answered, or (0, b"") if it was not carried out and will not be.

        Raises HostError if that cannot be found out.
        """
        question = MESSAGES["settle_order"]
        late = (order.sequence, order.message.id)
        for _ in range(2):
            if not self.ready:
                self.hello()
            reply_id, body = self._request(question, order.question, _SETTLE_ATTEMPTS, _SETTLE_FACTOR, late)
            if reply_id == order.message.id | protocol.REPLY_BIT:
                return reply_id, body  # the order's own answer has come after all
            if reply_id == protocol.REFUSAL_ID:
                if is_not_open(body):  # of the question, or of the order itself: anybody can say so
                    self.identity = None
                    continue
                if body[:1] == bytes([order.message.id]):
                    return reply_id, body
                error = read_refusal(question, body)
                if isinstance(error, Refused) and error.code == protocol.CODES[protocol.ID_TAKEN]:
                    return 0, b""  # this id is another order's: this one cannot be carried out
                raise error
            answer = decode_reply(question, body)
            if answer["outcome"] == "forgotten":
                self.uncertain = None  # nothing more can be asked
                raise OrderUncertain(
                    order.message.name, "it is too long ago: the pump does not remember it", final=True
                )
            if answer["outcome"] == "void":
                return 0, b""
            if answer["outcome"] != "answered":
                raise BadReply(
                    Text("the pump's reply to '{}' does not fit the message table: {}", "settle_order", answer)
                )
            return answer["reply_id"], answer["reply"]
        raise OrderUncertain(order.message.name, "the pump restarts again and again")

    def _settle_the_one_before(self, message: Message) -> None:
        self.book.ensure_usable()
        if self.book.done:
            raise EarlierOrderDone(message.name, self.book.done)
        if self.book.waits:
            raise OrderUncertain(self.book.waits, OTHER_KEY)
        order = self.uncertain
        if order is None:
            return
        try:
            reply = self.settle()
        except Refused:
            return
        if reply is not None:
            raise EarlierOrderDone(message.name, order.message.name)
