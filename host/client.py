"""The typed Python API of the programmer: one method a message.

    transport = SerialTransport("socket://localhost:7777")
    pump = Programmer(transport)
    pump.set_basal(1250)                # mU/h
    print(pump.status().strokes_delivered)

Development platform, not a medical device.

Implements: LINK-1, HOST-3
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from firmware import protocol
from firmware.protocol import Field, Message, ProtocolError
from host.errors import BadReply, InvalidRequest, LinkTimeout, Refused, SchemaMismatch
from host.link import HostLink
from host.records import (
    Acknowledged,
    ActiveAlarm,
    BasalChange,
    BolusCancelled,
    BolusStarted,
    Delivery,
    DeliveryPage,
    DeviceTime,
    Diagnosis,
    DualStarted,
    Event,
    EventPage,
    Hello,
    Limits,
    LimitsChange,
    MemoryInitialised,
    Pattern,
    PatternCommitted,
    PatternSelected,
    Recommended,
    Refilled,
    Reservoir,
    Resumed,
    Settings,
    SettingsSet,
    Staged,
    Status,
    Stopped,
    Suspended,
    TempCancelled,
    TempStarted,
    TimeSet,
)
from host.transport import Transport

MESSAGES: dict[str, Message] = {message.name: message for message in protocol.MESSAGES}
PAGE = 6  # deliveries in one reply, the most that fit
EVENTS_PAGE = 8
_COMMAND_IDS = 0xFFFFFFFF


class Programmer:
    """A conversation with one pump. The first request is preceded by a hello.

    Requests are tried `attempts` times, `timeout_s` each. An order (what changes delivery) carries an id, so that a
    repeat is not done again, and holds for `order_holds_s` of the device's time. After a LinkTimeout look at the status
    all the same: the order may have been done. `check=False` leaves range checks to the pump, to test them;
    `first_command_id` makes the ids of a test foreseeable.

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
        order_holds_s: float = 10.0,
        first_command_id: int | None = None,
    ) -> None:
        self.link = HostLink(transport, first_sequence)
        self._order_holds_us = round(order_holds_s * 1_000_000)
        self._command_id = secrets.randbelow(_COMMAND_IDS) if first_command_id is None else first_command_id - 1
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

    def square_bolus(self, volume_mu: int, duration_min: int) -> BolusStarted:
        """Start a square bolus: whole strokes spread evenly over 30 to 480 min."""
        return BolusStarted(**self.call("square_bolus", volume_mu=volume_mu, duration_min=duration_min))

    def dual_bolus(self, volume_mu: int, square_mu: int, duration_min: int) -> DualStarted:
        """Start a dual bolus: `volume_mu` at once, `square_mu` spread over 30 to 480 min."""
        return DualStarted(
            **self.call("dual_bolus", volume_mu=volume_mu, square_mu=square_mu, duration_min=duration_min)
        )

    def temp_basal(self, kind: str, value: int, duration_min: int) -> TempStarted:
        """Start a temporary basal for 30 to 1440 min: `kind` "rate" with mU/h, "percent" with 0 to 200."""
        place = protocol.TEMPS.index(kind)
        return TempStarted(**self.call("temp_basal", kind=place, value=value, duration_min=duration_min))

    def cancel_temp(self) -> TempCancelled:
        """Go back to the programmed rate."""
        return TempCancelled(**self.call("cancel_temp"))

    def recommend_rate(self, rate_mu_per_h: int, valid_min: int) -> Recommended:
        """Recommend a basal rate that lapses after 1 to 60 min unless renewed."""
        return Recommended(**self.call("recommend_rate", rate_mu_per_h=rate_mu_per_h, valid_min=valid_min))

    def suspend(self) -> Suspended:
        """End boluses and a temporary rate; basal goes on at the least rate of the settings."""
        return Suspended(**self.call("suspend"))

    def stop(self) -> Stopped:
        """Stop delivery altogether after the stroke in progress."""
        return Stopped(**self.call("stop"))

    def resume(self) -> Resumed:
        """Resume basal delivery."""
        return Resumed(**self.call("resume"))

    def stage_pattern(self, pattern: str, rates_mu_per_h: Sequence[int]) -> Staged:
        """Put 48 rates aside for pattern "A" to "D"; read them back, then commit."""
        rates = [{"rate_mu_per_h": each} for each in rates_mu_per_h]
        return Staged(**self.call("stage_pattern", pattern=protocol.PATTERNS.index(pattern), rates=rates))

    def read_pattern(self, pattern: str, *, staged: bool = False) -> Pattern:
        """Return the 48 rates of a pattern, or those staged for it."""
        reply = self.call("read_pattern", pattern=protocol.PATTERNS.index(pattern), staged=staged)
        rates = tuple(each["rate_mu_per_h"] for each in reply["rates"])
        return Pattern(reply["fingerprint"], reply["day_mu"], rates)

    def commit_pattern(self, pattern: str, fingerprint: int) -> PatternCommitted:
        """Make the staged rates with this fingerprint the pattern's own."""
        place = protocol.PATTERNS.index(pattern)
        return PatternCommitted(**self.call("commit_pattern", pattern=place, fingerprint=fingerprint))

    def select_pattern(self, pattern: str) -> PatternSelected:
        """Run this pattern by the local clock."""
        return PatternSelected(**self.call("select_pattern", pattern=protocol.PATTERNS.index(pattern)))

    def read_settings(self) -> Settings:
        """Return what the device does by itself."""
        return Settings(**self.call("read_settings"))

    def set_settings(self, settings: Settings) -> SettingsSet:
        """Set what the device does by itself."""
        return SettingsSet(**self.call("set_settings", **asdict(settings)))

    def read_reservoir(self) -> Reservoir:
        """Return what is left in the reservoir, by computation."""
        return Reservoir(**self.call("read_reservoir"))

    def record_refill(
        self,
        put_before_mg: int,
        put_after_mg: int,
        taken_back_nl: int,
        drawn_before_mg: int,
        drawn_after_mg: int,
    ) -> Refilled:
        """Tell of a refill: both syringes weighed before and after, and what was taken back."""
        weights = {"put_before_mg": put_before_mg, "put_after_mg": put_after_mg, "taken_back_nl": taken_back_nl}
        weights.update(drawn_before_mg=drawn_before_mg, drawn_after_mg=drawn_after_mg)
        return Refilled(**self.call("record_refill", **weights))

    def read_alarms(self) -> list[ActiveAlarm]:
        """Return the latched alarms, oldest first."""
        found: list[ActiveAlarm] = []
        while True:
            reply = self.call("read_alarms", first=len(found))
            found += [ActiveAlarm(**record) for record in reply["records"]]
            if not reply["records"] or len(found) >= reply["alarms"]:
                return found

    def acknowledge_alarm(self, alarm: int) -> Acknowledged:
        """Clear the alarm of this number, if its cause is gone."""
        return Acknowledged(**self.call("acknowledge_alarm", alarm=alarm))

    def read_time(self) -> DeviceTime:
        """Return the device's time and the wall clock."""
        return DeviceTime(**self.call("read_time"))

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
        if message.changes_delivery:
            return self._order(message, values)
        payload = _encode(message, values, self._check)
        if self.identity is None:
            self.hello()
        try:
            return _decode(message, self._exchange(message, payload))
        except Refused as error:
            if error.code != protocol.CODES[protocol.SCHEMA_MISMATCH]:
                raise
            self.identity = None  # the pump has restarted
            self.hello()
            return _decode(message, self._exchange(message, payload))

    def _order(self, message: Message, values: dict[str, Any]) -> dict[str, Any]:
        self._command_id = self._command_id % _COMMAND_IDS + 1
        order = {"command_id": self._command_id, "expires_us": 0}
        _encode(message, order | values, self._check)  # what cannot be ordered is not asked about
        if self.identity is None:
            self.hello()
        clock = MESSAGES["read_time"]
        try:
            now_us = _decode(clock, self._exchange(clock, b""))["now_us"]
            order["expires_us"] = now_us + self._order_holds_us
            return _decode(message, self._exchange(message, _encode(message, order | values, self._check)))
        except Refused as error:
            if error.code != protocol.CODES[protocol.SCHEMA_MISMATCH]:
                raise
            # The pump has restarted, and the order was given for the state that it was in: it is not put again.
            self.identity = None
            raise Refused(message.name, protocol.SCHEMA_MISMATCH, "", 0, 0, "") from error

    def _exchange(self, message: Message, payload: bytes) -> bytes:
        attempts = self._attempts
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
