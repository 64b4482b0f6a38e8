"""Two steps for whatever changes delivery: the pump says what an order would do, and is told to do just that.

A script means what it asks for, so its call does both steps, and does them again if the pump was changed in between. A
person is shown the pump's own summary first: prepare(), look at `summary`, confirm().

Implements: SEC-3, THER-9, HOST-3
"""

from __future__ import annotations

import hashlib
from typing import Any

from firmware import protocol
from firmware.protocol import Message
from host.api.conversation import MESSAGES, NOT_OPEN, decode_fields, encode_request, message_of, read_refusal
from host.api.orders import BLANK, Ordering
from host.api.replies import record_of, summary_of
from host.errors import Refused

CHANGED = protocol.CODES[protocol.CHANGED_MEANWHILE]
AGAIN = (protocol.CODES[protocol.NOT_PREPARED], CHANGED)
_ATTEMPTS = 3
_HOLDS_US = 100_000_000  # of the two minutes that the pump holds it for: the order is yet to arrive
_HASH_BYTES = 8


class Preparing(Ordering):
    """A conversation in which orders are prepared and given."""

    def call(self, name: str, **values: Any) -> dict[str, Any]:
        """Send the message `name` and return its reply's fields; enumerations by name."""
        if not message_of(name).bound:
            return super().call(name, **values)
        for more in reversed(range(_ATTEMPTS)):
            prepared = self.prepare(name, **values)
            try:
                return self.send(prepared.message, values, prepared.now, prepared.confirms)
            except Refused as error:
                if error.code not in AGAIN or not more:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def prepare(self, name: str, **values: Any) -> Prepared:
        """Have the pump say what the order `name` would do; nothing changes. Refused as the order would be. Orders that
        reduce delivery, and acknowledge_alarm, have no summary and are given as they are.
        """
        message = message_of(name)
        self.settle_left()
        encode_request(message, BLANK | values, self._check)  # an invalid order fails before anything is sent
        return self._prepare(message, values)

    def _prepare(self, message: Message, values: dict[str, Any], again: bool = False) -> Prepared:
        self.begin(message)
        now = self.now(message)
        asked = bytes(protocol.encode(message.request[protocol.ORDER_FIELDS :], values, self._check))
        request = {"message_id": message.id, "request": asked}
        reply_id, body = self._request(MESSAGES["prepare"], encode_request(MESSAGES["prepare"], request))
        if reply_id == protocol.REFUSAL_ID:
            error = read_refusal(message, body)
            if not isinstance(error, Refused) or error.code != NOT_OPEN:
                raise error
            # Has the pump restarted, or has only the session come to its end, just now?
            self.identity = None
            ended = not again and self.hello().life == now["life"]
            if not ended:
                raise self.restarted(message) from error
            return self._prepare(message, values, again=True)
        told = decode_fields("prepare", MESSAGES["prepare"].reply, body)["prepared"]
        return Prepared(self, message, values, now, asked, told)


class Prepared:
    """An order as the pump understands it. `summary` is the record of what it would do; `confirms` its hash, `now` the
    pump's time and life when it was made.
    """

    def __init__(
        self,
        pump: Preparing,
        message: Message,
        values: dict[str, Any],
        now: dict[str, int],
        asked: bytes,
        summary: bytes,
    ) -> None:
        found = decode_fields(message.name, message.bound + message.shown, summary)
        self.summary: Any = summary_of(message.name, dict(found))
        self.bound = {field.name: found[field.name] for field in message.bound}
        self.message = message
        self.now = now
        self.confirms = _hash(message, asked, summary)
        self._pump = pump
        self._values = values

    def again(self) -> Prepared:
        """The same order, as the pump understands it now."""
        return self._pump.prepare(self.message.name, **self._values)

    def confirm(self) -> Any:
        """Give the order and return its record. Raises Refused, `changed_meanwhile`, if the pump was changed since the
        summary was made, so that the order would do something else: look at again() then.
        """
        now = self._pump.now(self.message)
        if now["now_us"] - self.now["now_us"] <= _HOLDS_US:
            try:
                return self._given(now, self.confirms)
            except Refused as error:
                if error.code != AGAIN[0]:  # the session has ended meanwhile, and another has begun
                    raise
        for more in reversed(range(_ATTEMPTS)):
            prepared = self.again()
            if prepared.bound != self.bound:
                raise Refused(self.message.name, protocol.CHANGED_MEANWHILE, "", 0, 0, "")
            try:
                return self._given(prepared.now, prepared.confirms)
            except Refused as error:  # on a slow line, or with a virtual pump that runs ahead, it may come late again
                if error.code != AGAIN[0] or not more:
                    raise
        raise AssertionError("the last attempt returns or raises")

    def _given(self, now: dict[str, int], confirms: int) -> Any:
        return record_of(self.message.name, self._pump.send(self.message, self._values, now, confirms))


def _hash(message: Message, asked: bytes, summary: bytes) -> int:
    digest = hashlib.sha256(bytes([message.id]) + asked + summary).digest()
    return int.from_bytes(digest[:_HASH_BYTES], "little")
