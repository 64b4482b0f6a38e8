"""Records of the pump's identity and status, and of a clinician's settings."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """The clinician limits."""

    max_basal_mu_per_h: int
    max_bolus_mu: int
    max_hour_mu: int
    max_day_mu: int


@dataclass(frozen=True, slots=True)
class LimitsChange:
    """The clinician limits before and after they were set."""

    at_us: int
    old: Limits
    new: Limits
    cut_by: str


@dataclass(frozen=True, slots=True)
class Hello:
    """The pump's identity and what runs on it."""

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
    life: int

    @property
    def smallest_dose_mu(self) -> int:
        """The smallest whole number of mU that is a whole number of strokes; every bolus is a multiple of it."""
        return math.lcm(self.stroke_uu, 1000) // 1000


@dataclass(frozen=True, slots=True)
class Streaming:
    """Telemetry that has begun, or ended."""

    until_us: int


@dataclass(frozen=True, slots=True)
class Status:
    """State, ledgers, limits and link counters at one instant.

    `pattern` is the name of the pattern that runs, None for a rate set by hand; the three times `…_us` are None for
    never; `utc_s` is None if the clock is lost. `fault` is 0 for none, `alarm` the alarm shown first, `bolus_id` and
    `square_id` 0 before the first.
    """

    now_us: int
    state: str
    fault: int
    basal_rate_mu_per_h: int
    in_force_mu_per_h: int
    pattern: str | None
    temp_until_us: int | None
    recommended_until_us: int | None
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
    next_due_us: int | None
    utc_s: int | None
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
    cut_by: str
    square_commanded_mu: int
    frames_good: int
    frames_overlong: int
    frames_bad_cobs: int
    frames_too_short: int
    frames_bad_crc: int
    frames_not_request: int
    requests_refused: int
    internal_errors: int
    orders_repeated: int
    sessions: int
    openings_refused: int
    frames_forged: int

    @property
    def limits(self) -> Limits:
        """The clinician limits."""
        return Limits(self.max_basal_mu_per_h, self.max_bolus_mu, self.max_hour_mu, self.max_day_mu)

    @property
    def frames_bad(self) -> int:
        """Frames dropped for any reason."""
        dropped = self.frames_overlong + self.frames_bad_cobs + self.frames_too_short + self.frames_bad_crc
        return dropped + self.frames_not_request

    @property
    def next_due_in_us(self) -> int | None:
        """Time to the next stroke, µs: 0 if it is overdue, None if none will come due."""
        return None if self.next_due_us is None else max(0, self.next_due_us - self.now_us)


@dataclass(frozen=True, slots=True)
class Telemetry(Status):
    """A status that came unasked, with the battery's account and the supervisor's worst lateness."""

    battery_left_nah: int
    wakes: int
    worst_late_us: int


@dataclass(frozen=True, slots=True)
class DeviceTime:
    """The device's time, µs, and UTC, seconds since 1970 (None: the clock is lost)."""

    now_us: int
    utc_s: int | None
    life: int


@dataclass(frozen=True, slots=True)
class TimeSet:
    """The wall clock before and after it was set; `old_utc_s` is None if it was lost."""

    at_us: int
    old_utc_s: int | None
    new_utc_s: int


@dataclass(frozen=True, slots=True)
class MemoryInitialised:
    """A memory that was initialised."""

    at_us: int


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of what the device does by itself."""

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
