"""A conversation with one pump: the hello, retries of questions, errors by name. Orders: host/api/orders.py.

Implements: LINK-1, HOST-3
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from firmware import protocol
from firmware.protocol import Field, Message, ProtocolError
from host.api.link import HostLink
from host.api.transport import Transport
from host.errors import BadReply, InvalidRequest, LinkTimeout, NoSuchName, Refused, SchemaMismatch, WrongType
from host.records import Hello
from host.records.made import made
from host.session.key import Key
from host.session.keyring import Keyring
from host.session.plain import HASH_BYTES, HELLO_ID, OPEN_ID, Forged, schema
from host.text import Text

if TYPE_CHECKING:
    from host.session.frames import Session  # loaded late, with its ciphers

MESSAGES: dict[str, Message] = {message.name: message for message in protocol.MESSAGES}
_HELLO = Message("hello", HELLO_ID, "anyone", False, "Before there is a session; docs/protocol.md.")
_SLOW_S = {"self_test": 5.0}  # minimum time-outs of requests that take the device long
_OPENING_S = 1.5  # the curve takes 0.35 s on the slowest board; a refusal that is swallowed costs less than 2 s
# The pump has restarted, or has ended the session: what it is asked then, it has not taken up.
NOT_OPEN = protocol.CODES[protocol.NOT_OPEN]


class Conversation:
    """Asks one pump and keeps the state of the conversation; `host.api.client.Programmer` has a method per message."""

    def __init__(
        self,
        transport: Transport,
        *,
        timeout_s: float = 0.5,
        attempts: int = 3,
        first_sequence: int = 0,
        check: bool = True,
        keyring: Keyring | None = None,
    ) -> None:
        self.transport = transport
        self.link = HostLink(transport, first_sequence)
        self.keyring = keyring or Keyring()
        self.identity: Hello | None = None
        self.development = False  # the pump runs a development image
        self._opened_with: Key | None = None
        self.timeout_s = timeout_s
        self._attempts = attempts
        self._check = check

    def hello(self) -> Hello:
        """Agree on the schema, open a session, and return the pump's identity; also needed after a restart of the pump.

        Raises NoKey, KeyFileError, SessionRefused.
        """
        self.open_session()
        message = MESSAGES["identity"]
        found = decode_reply(message, self._exchange(message, b""))
        if self._opened_with == self.keyring.identity().next:
            self.keyring.rotated()  # the device has answered under the next key, so it has made it the key
        self.identity = made(
            Hello, {"schema_hash": protocol.SCHEMA_HASH, "protocol_version": protocol.PROTOCOL_VERSION} | found
        )
        return self.identity

    def open_session(self) -> None:
        """Agree on the schema and open a session, in as many attempts as a request has, each with its own challenge."""
        self.identity = self.link.session = None
        hello = self._greet()
        self.link.session = self._opened(hello)

    def _greet(self) -> bytes:
        reply_id, payload = self._request(_HELLO, schema())
        pump_hash = int.from_bytes(payload[:HASH_BYTES], "little")
        if reply_id != protocol.REFUSAL_ID and len(payload) >= HASH_BYTES and pump_hash != protocol.SCHEMA_HASH:
            raise SchemaMismatch(pump_hash, protocol.SCHEMA_HASH)
        return payload

    def _opened(self, hello: bytes) -> Session:
        """A key that is not refused is tried again: its reply may be lost, and another key would end what it began."""
        from host.session.errors import SessionRefused
        from host.session.opening import Opening, offer_of

        identity = self.keyring.identity()
        refused = False
        openings = identity.openings()
        most = max(self._attempts * (1 if identity.next is None else len(openings)), len(openings))
        at = 0
        for number in range(most):
            slot, key = openings[at % len(openings)]
            offer = offer_of(hello if number == 0 else self._greet())
            self.development = offer.development
            opening = Opening(offer, identity, slot, key, self.keyring.ephemeral())
            reply = self.link.request(OPEN_ID, opening.request, max(self.timeout_s, _OPENING_S), 1)
            if reply is None:
                continue  # sent again it would be refused: the challenge is used up
            try:
                if reply[0] != protocol.REFUSAL_ID:
                    session = opening.finish(reply[1])
                    self._opened_with = key
                    return session
            except Forged:
                self.link.frames_forged += 1
            refused = True
            at += 1
        if refused:
            raise SessionRefused(self.keyring.name)
        raise LinkTimeout("open", self._attempts, max(self.timeout_s, _OPENING_S), self.link.heard_bytes)

    @property
    def ready(self) -> bool:
        """A hello has been said, and its session can take more."""
        return self.identity is not None and not (self.link.session and self.link.session.used_up)

    def require(self, name: str, **values: Any) -> None:
        """Raise InvalidRequest if the message table does not allow these values; nothing is sent."""
        message = message_of(name)
        order = dict.fromkeys((field.name for field in protocol.ORDER), 1) if message.changes_delivery else {}
        encode_request(message, order | values, self._check)

    def ask(self, message: Message, values: dict[str, Any]) -> dict[str, Any]:
        """Ask a question and return the reply's fields. If the pump has restarted, send a hello and ask again."""
        payload = encode_request(message, values, self._check)
        if not self.ready:
            self.hello()
        try:
            return decode_reply(message, self._exchange(message, payload))
        except Refused as error:
            if error.code != NOT_OPEN:
                raise
        except LinkTimeout:
            pass
        self.hello()  # the pump has restarted
        return decode_reply(message, self._exchange(message, payload))

    def _exchange(self, message: Message, payload: bytes) -> bytes:
        """Send a request and return its reply's payload. Raises Refused, BadReply, LinkTimeout."""
        reply_id, body = self._request(message, payload)
        if reply_id == protocol.REFUSAL_ID:
            raise read_refusal(message, body)
        return body

    def _request(
        self,
        message: Message,
        payload: bytes,
        attempts: int | None = None,
        factor: float = 1.0,
        late: tuple[int, int] | None = None,
    ) -> tuple[int, bytes]:
        """Send a request and return the reply or refusal, as `(reply_id, payload)`; each attempt waits `factor` times
        longer.

        `late` is the sequence number and message id of an earlier request whose reply is accepted too. Raises
        LinkTimeout.
        """
        attempts = attempts or self._attempts
        timeout_s = max(self.timeout_s, _SLOW_S.get(message.name, 0.0))
        reply = self.link.request(message.id, payload, timeout_s, attempts, factor, late)
        if reply is None:
            raise LinkTimeout(message.name, attempts, timeout_s, self.link.heard_bytes)
        return reply


def encode_request(message: Message, values: dict[str, Any], check: bool = True) -> bytes:
    """Return the payload of a request. Raises InvalidRequest if `check` and the table does not allow the values,
    WrongType for a value of another kind, or one that is missing.
    """
    try:
        return bytes(protocol.encode(message.request, values, check))
    except ProtocolError as error:
        fields = [*message.request, *(each for field in message.request for each in field.fields)]
        unit = {field.name: field.unit for field in fields}.get(error.field_name, "")
        raise InvalidRequest(message.name, error.code, error.field_name, error.value, error.limit, unit) from error
    except KeyError as error:
        raise WrongType(message.name, f"{error} is not given") from error
    except (TypeError, ValueError, AttributeError, struct.error, OverflowError) as error:
        raise WrongType(message.name, error) from error


def message_of(name: str) -> Message:
    """Return the message of a name. Raises NoSuchName."""
    if name not in MESSAGES:
        raise NoSuchName(name, list(MESSAGES))
    return MESSAGES[name]


def place_of(name: str, names: Sequence[str]) -> int:
    """Return the number of a name. Raises NoSuchName."""
    if not isinstance(name, str) or name not in names:
        raise NoSuchName(name, names)
    return names.index(name)


def decode_reply(message: Message, payload: bytes) -> dict[str, Any]:
    """Return the fields of a reply, enumerations by name. Raises BadReply if it does not fit the table."""
    return decode_fields(message.name, message.reply, payload)


def decode_fields(name: str, fields: tuple[Field, ...], payload: bytes) -> dict[str, Any]:
    """Return the values of a payload, enumerations by name. Raises BadReply if it does not fit the table."""
    try:
        return _name_values(fields, protocol.decode(fields, payload))
    except ProtocolError as error:
        raise BadReply(Text("the pump's reply to '{}' does not fit the message table: {}", name, error)) from error


def _name_values(fields: tuple[Field, ...], values: dict[str, Any]) -> dict[str, Any]:
    for field in fields:
        if field.names:
            place = values[field.name]
            values[field.name] = field.names[place] if place < len(field.names) else str(place)
        for record in values[field.name] if field.fields else ():
            _name_values(field.fields, record)
    return values


def read_refusal(message: Message, payload: bytes) -> Refused | BadReply:
    """Return the error for a refusal of `message`."""
    try:
        refusal = protocol.decode(protocol.REFUSAL, payload)
    except ProtocolError as error:
        return BadReply(f"the pump's refusal of '{message.name}' cannot be read: {error}")
    index = refusal["field_index"]
    field = message.request[index] if index < len(message.request) else None
    name, unit = (field.name, field.unit) if field else ("", "")
    return Refused(message.name, refusal["code"], name, refusal["value"], refusal["limit"], unit)
