"""Messages around delivery: status, time, limits, settings, reservoir, alarms, ledger, log. One method per message.

Implements: HOST-3, THER-4, THER-5
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

from firmware import protocol
from host.api.conversation import decode_fields
from host.api.prepared import Preparing
from host.api.replies import limits_change
from host.records import (
    Acknowledged,
    ActiveAlarm,
    Delivery,
    DeliveryPage,
    DeviceTime,
    Diagnosis,
    Event,
    EventPage,
    Limits,
    LimitsChange,
    MemoryInitialised,
    Refilled,
    Reservoir,
    Settings,
    SettingsSet,
    Status,
    Streaming,
    Telemetry,
    TimeSet,
)
from host.records.made import made

PAGE = 5  # deliveries in one reply, the most that fit
EVENTS_PAGE = 7


class Upkeep(Preparing):
    """The messages for status, settings, alarms and records."""

    def telemetry(self, interval_s: int, for_s: int) -> Streaming:
        """Have the pump send its status unasked, every 1 to 60 s (0 ends it), for up to 3600 s."""
        return made(Streaming, self.call("telemetry", interval_s=interval_s, for_s=for_s))

    def listen(self, timeout_s: float) -> Telemetry | None:
        """Return the next telemetry frame, or None on a time-out. Raises BadReply if it does not fit the table."""
        payload = self.link.listen(timeout_s)
        return None if payload is None else made(Telemetry, decode_fields("telemetry", protocol.TELEMETRY, payload))

    def status(self) -> Status:
        """Return state, ledgers, limits and link counters."""
        return made(Status, self.call("status"))

    def read_time(self) -> DeviceTime:
        """Return the device's time and the wall clock."""
        return made(DeviceTime, self.call("read_time"))

    def set_time(self, utc_s: int) -> TimeSet:
        """Set the wall clock, seconds since 1970 (2020 to 2099)."""
        return made(TimeSet, self.call("set_time", utc_s=utc_s))

    def set_limits(self, limits: Limits) -> LimitsChange:
        """Set the clinician limits, which must lie within the hard limits."""
        return limits_change(self.call("set_limits", **asdict(limits)))

    def read_settings(self) -> Settings:
        """Return the settings of what the device does by itself."""
        return made(Settings, self.call("read_settings"))

    def set_settings(self, settings: Settings) -> SettingsSet:
        """Set the settings of what the device does by itself."""
        return made(SettingsSet, self.call("set_settings", **asdict(settings)))

    def initialise_memory(self) -> MemoryInitialised:
        """Initialise a memory that cannot be believed; delivery is stopped."""
        return made(MemoryInitialised, self.call("initialise_memory"))

    def read_reservoir(self) -> Reservoir:
        """Return the computed content of the reservoir."""
        return made(Reservoir, self.call("read_reservoir"))

    def record_refill(
        self,
        put_before_mg: int,
        put_after_mg: int,
        taken_back_nl: int,
        drawn_before_mg: int,
        drawn_after_mg: int,
    ) -> Refilled:
        """Record a refill: both syringes weighed before and after, and the volume taken back."""
        weights = {"put_before_mg": put_before_mg, "put_after_mg": put_after_mg, "taken_back_nl": taken_back_nl}
        weights.update(drawn_before_mg=drawn_before_mg, drawn_after_mg=drawn_after_mg)
        return made(Refilled, self.call("record_refill", **weights))

    def read_alarms(self) -> list[ActiveAlarm]:
        """Return the latched alarms, oldest first."""
        found: list[ActiveAlarm] = []
        while True:
            reply = self.call("read_alarms", first=len(found))
            found += [made(ActiveAlarm, record) for record in reply["records"]]
            if not reply["records"] or len(found) >= reply["alarms"]:
                return found

    def acknowledge_alarm(self, alarm: int) -> Acknowledged:
        """Clear the alarm of this number, if its cause is gone."""
        return made(Acknowledged, self.call("acknowledge_alarm", alarm=alarm))

    def read_diagnosis(self) -> Diagnosis:
        """Return what the occlusion detector has found."""
        return made(Diagnosis, self.call("read_diagnosis"))

    def read_deliveries(self, since_id: int = 0, max_count: int = PAGE) -> DeliveryPage:
        """Return up to `max_count` (1 to 5) deliveries numbered above `since_id`, oldest first."""
        reply = self.call("read_deliveries", since_id=since_id, max_count=max_count)
        records = tuple(made(Delivery, record) for record in reply["records"])
        return DeliveryPage(reply["oldest_id"], reply["newest_id"], records)

    def deliveries(self, since_id: int = 0) -> Iterator[Delivery]:
        """Yield every delivery numbered above `since_id`, oldest first, page by page."""
        while page := self.read_deliveries(since_id).records:
            yield from page
            since_id = page[-1].id

    def read_log(self, since_number: int = 0, max_count: int = EVENTS_PAGE) -> EventPage:
        """Return up to `max_count` (1 to 7) events numbered above `since_number`, oldest first."""
        reply = self.call("read_log", since_number=since_number, max_count=max_count)
        events = tuple(made(Event, event) for event in reply["events"])
        return EventPage(reply["oldest_number"], reply["newest_number"], events)

    def events(self, since_number: int = 0) -> Iterator[Event]:
        """Yield every event numbered above `since_number`, oldest first, page by page."""
        while page := self.read_log(since_number).events:
            yield from page
            since_number = page[-1].number
