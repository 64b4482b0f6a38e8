"""What the client returns: one small immutable record a reply, its fields named as in the message table.

Times are device times in µs, doses whole mU, rates whole mU/h; enumerations are given by their names.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from firmware.protocol import NEVER_US


@dataclass(frozen=True, slots=True)
class Limits:
    """The clinician limits."""

    max_basal_mu_per_h: int
    max_bolus_mu: int
    max_hour_mu: int
    max_day_mu: int


@dataclass(frozen=True, slots=True)
class Hello:
    """Who the pump is and what runs on it."""

    schema_hash: int
    protocol_version: int
    board: str
    firmware_version: str
    core_version: str
    native_core: bool
    stroke_uu: int
    stroke_nl: int
    concentration_u_per_ml: int
    now_us: int
    image: str

    @property
    def smallest_dose_mu(self) -> int:
        """The least whole number of mU that is a whole number of strokes; every bolus is a multiple of it."""
        return math.lcm(self.stroke_uu, 1000) // 1000


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What the occlusion detector has found, and what speaks for it."""

    diagnosis: str
    at_us: int
    strokes: int
    missed_mu: int
    stored_mu: int
    released_mu: int
    rise_pa: int
    level_pa: int
    compliance_pl_per_pa: int


@dataclass(frozen=True, slots=True)
class Status:
    """State, ledgers, limits and link counters at one instant."""

    now_us: int
    state: str
    fault: int
    basal_rate_mu_per_h: int
    in_force_mu_per_h: int
    pattern: int
    temp_until_us: int
    recommended_until_us: int
    bolus_id: int
    bolus_programmed_mu: int
    bolus_commanded_mu: int
    bolus_delivered_mu: int
    bolus_remaining_mu: int
    square_id: int
    square_programmed_mu: int
    square_delivered_mu: int
    square_remaining_mu: int
    strokes_commanded: int
    strokes_delivered: int
    strokes_abandoned: int
    hour_mu: int
    day_mu: int
    pressure_pa: int
    diagnosis: str
    missed_mu: int
    released_mu: int
    next_due_us: int
    utc_s: int
    memory: str
    resets: int
    newest_event: int
    alarm: int
    alarms: int
    reservoir_mu: int
    max_basal_mu_per_h: int
    max_bolus_mu: int
    max_hour_mu: int
    max_day_mu: int
    frames_good: int
    frames_overlong: int
    frames_bad_cobs: int
    frames_too_short: int
    frames_bad_crc: int
    frames_not_request: int
    requests_refused: int
    internal_errors: int
    orders_repeated: int

    @property
    def limits(self) -> Limits:
        """The clinician limits on their own."""
        return Limits(self.max_basal_mu_per_h, self.max_bolus_mu, self.max_hour_mu, self.max_day_mu)

    @property
    def frames_bad(self) -> int:
        """Frames dropped for any reason."""
        dropped = self.frames_overlong + self.frames_bad_cobs + self.frames_too_short + self.frames_bad_crc
        return dropped + self.frames_not_request

    @property
    def next_due_in_us(self) -> int | None:
        """Time to the next stroke, 0 if it is overdue; None if none will come due."""
        return None if self.next_due_us == NEVER_US else max(0, self.next_due_us - self.now_us)


@dataclass(frozen=True, slots=True)
class BasalChange:
    """A basal rate that was set."""

    at_us: int
    old_rate_mu_per_h: int
    new_rate_mu_per_h: int


@dataclass(frozen=True, slots=True)
class BolusStarted:
    """A bolus that was accepted."""

    at_us: int
    delivery_id: int
    strokes: int


@dataclass(frozen=True, slots=True)
class BolusCancelled:
    """A bolus that was ended early."""

    at_us: int
    delivery_id: int
    programmed_mu: int
    delivered_mu: int
    square_id: int
    square_programmed_mu: int
    square_delivered_mu: int


@dataclass(frozen=True, slots=True)
class DualStarted:
    """A dual bolus that was accepted: the numbers of its two parts, the strokes of both."""

    at_us: int
    delivery_id: int
    square_id: int
    strokes: int


@dataclass(frozen=True, slots=True)
class TempStarted:
    """A temporary basal that was accepted."""

    at_us: int
    delivery_id: int
    until_us: int
    in_force_mu_per_h: int


@dataclass(frozen=True, slots=True)
class TempCancelled:
    """A temporary basal that was ended early."""

    at_us: int
    delivery_id: int
    in_force_mu_per_h: int


@dataclass(frozen=True, slots=True)
class Recommended:
    """A recommended rate that was accepted."""

    at_us: int
    until_us: int
    programmed_mu_per_h: int


@dataclass(frozen=True, slots=True)
class Suspended:
    """Delivery that was suspended: basal goes on at `rate_mu_per_h`."""

    at_us: int
    abandoned_strokes: int
    rate_mu_per_h: int


@dataclass(frozen=True, slots=True)
class Stopped:
    """Delivery that was stopped."""

    at_us: int
    abandoned_strokes: int


@dataclass(frozen=True, slots=True)
class Staged:
    """Rates put aside for a pattern."""

    fingerprint: int
    day_mu: int
    old_day_mu: int


@dataclass(frozen=True, slots=True)
class Pattern:
    """The 48 half-hourly rates of a basal pattern, from midnight on, mU/h."""

    fingerprint: int
    day_mu: int
    rates_mu_per_h: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PatternCommitted:
    """Staged rates that have become a pattern's own."""

    at_us: int
    day_mu: int
    in_force_mu_per_h: int


@dataclass(frozen=True, slots=True)
class PatternSelected:
    """A pattern that runs from now on; `old_pattern` 255: a rate set by hand ran."""

    at_us: int
    old_pattern: int
    rate_mu_per_h: int


@dataclass(frozen=True, slots=True)
class Settings:
    """What the device does by itself."""

    suspend_rate_mu_per_h: int
    auto_off_min: int
    utc_offset_min: int
    reservoir_low_mu: int
    reservoir_empty_mu: int
    reservoir_stop_mu: int
    in_use_days: int
    stroke_tone: bool


@dataclass(frozen=True, slots=True)
class SettingsSet:
    """Settings that were accepted."""

    at_us: int


@dataclass(frozen=True, slots=True)
class Reservoir:
    """What is left in the reservoir, by computation; `empty_h` 2^32-1: never."""

    now_us: int
    level: str
    left_mu: int
    filled_mu: int
    filled_utc_s: int
    empty_h: int
    due_utc_s: int


@dataclass(frozen=True, slots=True)
class Refilled:
    """A refill that was recorded; accuracy and uncertainty in 0.1 %."""

    at_us: int
    filled_nl: int
    residual_nl: int
    accuracy_tenths: int
    uncertainty_tenths: int
    band: str


@dataclass(frozen=True, slots=True)
class ActiveAlarm:
    """A latched alarm by its number (docs/alarms.md)."""

    alarm: int
    since_us: int
    detail: int
    cause_there: bool


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """An alarm that was cleared."""

    at_us: int
    alarms: int


@dataclass(frozen=True, slots=True)
class DeviceTime:
    """The device's time, and UTC (0: the clock is lost)."""

    now_us: int
    utc_s: int


@dataclass(frozen=True, slots=True)
class Resumed:
    """Delivery that was resumed."""

    at_us: int
    rate_mu_per_h: int


@dataclass(frozen=True, slots=True)
class LimitsChange:
    """Clinician limits that were set."""

    at_us: int
    old: Limits
    new: Limits


@dataclass(frozen=True, slots=True)
class Delivery:
    """One entry of the delivery ledger; `end_us` is 0 while it runs."""

    id: int
    kind: str
    start_us: int
    end_us: int
    programmed_mu: int
    commanded_strokes: int
    delivered_strokes: int
    abandoned_strokes: int
    reason: str


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """Some deliveries, oldest first, and which numbers the pump holds (0 and 0: none)."""

    oldest_id: int
    newest_id: int
    records: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class TimeSet:
    """The wall clock that was set; `old_utc_s` is 0 if it was lost."""

    at_us: int
    old_utc_s: int
    new_utc_s: int


@dataclass(frozen=True, slots=True)
class MemoryInitialised:
    """A memory that was started anew."""

    at_us: int


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the log; what its values mean depends on it (docs/memory.md)."""

    number: int
    time_s: int
    clock_known: bool
    category: str
    event: str
    detail: int
    reason: int
    a: int
    b: int
    c: int
    d: int


@dataclass(frozen=True, slots=True)
class EventPage:
    """Some events, oldest first, and which numbers the pump holds; those below the oldest are lost."""

    oldest_number: int
    newest_number: int
    events: tuple[Event, ...]
