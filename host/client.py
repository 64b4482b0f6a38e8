"""The typed Python API of the programmer: one method a message.

    transport = SerialTransport("socket://localhost:7777")
    pump = Programmer(transport)
    pump.set_basal(1250)                # mU/h
    print(pump.status().strokes_delivered)

Development platform, not a medical device.

Implements: LINK-1, HOST-3
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from firmware import protocol
from firmware.protocol import Field, Message, ProtocolError
from host.errors import BadReply, InvalidRequest, LinkTimeout, Refused, SchemaMismatch
from host.link import HostLink
from host.records import (
    BasalChange,
    BolusCancelled,
    BolusStarted,
    Delivery,
    DeliveryPage,
    Diagnosis,
    Event,
    EventPage,
    Hello,
    Limits,
    LimitsChange,
    MemoryInitialised,
    Resumed,
    Status,
    Suspended,
    TimeSet,
)
from host.transport import Transport

MESSAGES: dict[str, Message] = {message.name: message for message in protocol.MESSAGES}
PAGE = 6  # deliveries in one reply, the most that fit
EVENTS_PAGE = 8


class Programmer:
    """A conversation with one pump. The first request is preceded by a hello.

    Requests that change nothing are tried `attempts` times, `timeout_s` each. Those that change delivery are sent once
    only: the link cannot yet tell a repeat from a second order, so after a LinkTimeout look at the status first.
    `check=False` leaves range checks to the pump, to test them.

    Every method raises PortError, LinkTimeout, BadReply, SchemaMismatch, Refused (by the pump, nothing changed) or
    InvalidRequest (found before sending), all of them `HostError`.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        timeout_s: float = 0.5,
        attempts: int = 3,
        first_sequence: int = 0,
        check: bool = True,
    ) -> None:
        self.link = HostLink(transport, first_sequence)
        self.identity: Hello | None = None
        self._timeout_s = timeout_s
        self._attempts = attempts
        self._check = check

    def hello(self) -> Hello:
        """Agree on the schema and learn what runs; also needed after a restart of the pump."""
        self.identity = None
        message = MESSAGES["hello"]
        payload = self._exchange(message, _encode(message, {"schema_hash": protocol.SCHEMA_HASH}, self._check))
        pump_hash = int.from_bytes(payload[:8], "little")
        if len(payload) >= 8 and pump_hash != protocol.SCHEMA_HASH:
            raise SchemaMismatch(pump_hash, protocol.SCHEMA_HASH)
        self.identity = Hello(**_decode(message, payload))
        return self.identity

    def status(self) -> Status:
        """Return state, ledgers, limits and link counters."""
        return Status(**self.call("status"))

    def set_basal(self, rate_mu_per_h: int) -> BasalChange:
        """Set the basal rate: 0 to 35000 mU/h in steps of 50."""
        return BasalChange(**self.call("set_basal", rate_mu_per_h=rate_mu_per_h))

    def bolus(self, volume_mu: int) -> BolusStarted:
        """Start a normal bolus: up to 40000 mU, whole strokes."""
        return BolusStarted(**self.call("bolus", volume_mu=volume_mu))

    def cancel_bolus(self) -> BolusCancelled:
        """End the running bolus."""
        return BolusCancelled(**self.call("cancel_bolus"))

    def suspend(self) -> Suspended:
        """Stop delivery after the stroke in progress."""
        return Suspended(**self.call("suspend"))

    def resume(self) -> Resumed:
        """Resume basal delivery."""
        return Resumed(**self.call("resume"))

    def set_limits(self, limits: Limits) -> LimitsChange:
        """Set the clinician limits, within the hard ones."""
        reply = self.call("set_limits", **asdict(limits))
        old = Limits(**{name: reply["old_" + name] for name in asdict(limits)})
        new = Limits(**{name: reply["new_" + name] for name in asdict(limits)})
        return LimitsChange(reply["at_us"], old, new)

    def read_deliveries(self, since_id: int = 0, max_count: int = PAGE) -> DeliveryPage:
        """Return up to `max_count` (1 to 6) deliveries numbered above `since_id`, oldest first."""
        reply = self.call("read_deliveries", since_id=since_id, max_count=max_count)
        records = tuple(Delivery(**record) for record in reply["records"])
        return DeliveryPage(reply["oldest_id"], reply["newest_id"], records)

    def read_diagnosis(self) -> Diagnosis:
        """Return what the occlusion detector has found."""
        return Diagnosis(**self.call("read_diagnosis"))

    def deliveries(self, since_id: int = 0) -> Iterator[Delivery]:
        """Yield every delivery numbered above `since_id`, oldest first, page by page."""
        while page := self.read_deliveries(since_id).records:
            yield from page
            since_id = page[-1].id

    def read_log(self, since_number: int = 0, max_count: int = EVENTS_PAGE) -> EventPage:
        """Return up to `max_count` (1 to 8) events numbered above `since_number`, oldest first."""
        reply = self.call("read_log", since_number=since_number, max_count=max_count)
        events = tuple(Event(**event) for event in reply["events"])
        return EventPage(reply["oldest_number"], reply["newest_number"], events)

    def events(self, since_number: int = 0) -> Iterator[Event]:
        """Yield every event numbered above `since_number`, oldest first, page by page."""
        while page := self.read_log(since_number).events:
            yield from page
            since_number = page[-1].number

    def set_time(self, utc_s: int) -> TimeSet:
        """Set the wall clock, seconds since 1970 (2020 to 2106)."""
        return TimeSet(**self.call("set_time", utc_s=utc_s))

    def initialise_memory(self) -> MemoryInitialised:
        """Start anew with a memory that cannot be believed; delivery is suspended."""
        return MemoryInitialised(**self.call("initialise_memory"))

    def call(self, name: str, **values: Any) -> dict[str, Any]:
        """Send the message `name` and return its reply's fields; enumerations by name. The methods above use it."""
        message = MESSAGES[name]
        payload = _encode(message, values, self._check)
        if self.identity is None:
            self.hello()
        try:
            return _decode(message, self._exchange(message, payload))
        except Refused as error:
            if error.code != protocol.CODES[protocol.SCHEMA_MISMATCH]:
                raise
            # The pump has restarted. A question may be put again; an order was given for a state that is gone.
            self.identity = None
            if message.changes_delivery:
                raise
            self.hello()
            return _decode(message, self._exchange(message, payload))

    def _exchange(self, message: Message, payload: bytes) -> bytes:
        attempts = 1 if message.changes_delivery else self._attempts
        reply = self.link.request(message.id, payload, self._timeout_s, attempts)
        if reply is None:
            heard = self.link.heard_bytes
            raise LinkTimeout(message.name, attempts, self._timeout_s, heard, message.changes_delivery)
        reply_id, body = reply
        if reply_id == protocol.REFUSAL_ID:
            raise _refused(message, body)
        return body


def _encode(message: Message, values: dict[str, Any], check: bool) -> bytes:
    try:
        return bytes(protocol.encode(message.request, values, check))
    except ProtocolError as error:
        unit = message.request[error.field_index].unit if error.field_index < len(message.request) else ""
        name = error.field_name
        raise InvalidRequest(message.name, error.code, name, error.value, error.limit, unit) from error


def _decode(message: Message, payload: bytes) -> dict[str, Any]:
    try:
        return _name_values(message.reply, protocol.decode(message.reply, payload))
    except ProtocolError as error:
        raise BadReply(f"the pump's reply to '{message.name}' does not fit the message table: {error}") from error


def _name_values(fields: tuple[Field, ...], values: dict[str, Any]) -> dict[str, Any]:
    for field in fields:
        if field.names:
            values[field.name] = field.names[values[field.name]]
        for record in values[field.name] if field.fields else ():
            _name_values(field.fields, record)
    return values


def _refused(message: Message, payload: bytes) -> Exception:
    try:
        refusal = protocol.decode(protocol.REFUSAL, payload)
    except ProtocolError as error:
        return BadReply(f"the pump's refusal of '{message.name}' cannot be read: {error}")
    index = refusal["field_index"]
    field = message.request[index] if index < len(message.request) else None
    name, unit = (field.name, field.unit) if field else ("", "")
    return Refused(message.name, refusal["code"], name, refusal["value"], refusal["limit"], unit)
