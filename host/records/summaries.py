"""What the pump says that an order would do, before it is given. The fields are those of docs/protocol.md.

Of each the first are what it would do, and to what; the last move by themselves, such as what has been used so far.

Implements: SEC-3, HOST-3
"""

from __future__ import annotations

from dataclasses import dataclass

from host.records.device import Limits, Settings


@dataclass(frozen=True, slots=True)
class BasalSummary:
    """A basal rate to be set by hand."""

    state: str
    in_force_mu_per_h: int
    old_pattern: str | None
    old_rate_mu_per_h: int
    then_mu_per_h: int
    cut_by: str


@dataclass(frozen=True, slots=True)
class BolusSummary:
    """A normal bolus that is to start."""

    volume_mu: int
    strokes: int
    bolus_id: int
    square_id: int
    in_force_mu_per_h: int
    max_hour_mu: int
    max_day_mu: int
    takes_s: int
    hour_mu: int
    hour_then_mu: int
    day_mu: int
    day_then_mu: int
    left_mu: int | None


@dataclass(frozen=True, slots=True)
class ResumeSummary:
    """Delivery to be resumed."""

    state: str
    in_force_mu_per_h: int
    then_mu_per_h: int


@dataclass(frozen=True, slots=True)
class TimeSummary:
    """A wall clock to be set."""

    clock_known: bool
    new_utc_s: int
    utc_offset_min: int
    old_rate_mu_per_h: int
    then_mu_per_h: int
    old_utc_s: int | None


@dataclass(frozen=True, slots=True)
class MemorySummary:
    """A memory to be initialised."""

    memory: str


@dataclass(frozen=True, slots=True)
class TempSummary:
    """A temporary basal that is to start."""

    in_force_mu_per_h: int
    programmed_mu_per_h: int
    temp_until_us: int | None
    kind: str
    value: int
    duration_min: int
    then_mu_per_h: int
    cut_by: str


@dataclass(frozen=True, slots=True)
class TempEndSummary:
    """A temporary basal that is to end."""

    in_force_mu_per_h: int
    programmed_mu_per_h: int
    temp_until_us: int | None
    then_mu_per_h: int
    cut_by: str


@dataclass(frozen=True, slots=True)
class SquareSummary:
    """A square bolus that is to start."""

    square_mu: int
    duration_min: int
    strokes: int
    bolus_id: int
    square_id: int
    in_force_mu_per_h: int
    max_hour_mu: int
    max_day_mu: int
    takes_s: int
    hour_mu: int
    hour_then_mu: int
    day_mu: int
    day_then_mu: int
    left_mu: int | None


@dataclass(frozen=True, slots=True)
class DualSummary:
    """A dual bolus that is to start."""

    volume_mu: int
    square_mu: int
    duration_min: int
    strokes: int
    bolus_id: int
    square_id: int
    in_force_mu_per_h: int
    max_hour_mu: int
    max_day_mu: int
    takes_s: int
    hour_mu: int
    hour_then_mu: int
    day_mu: int
    day_then_mu: int
    left_mu: int | None


@dataclass(frozen=True, slots=True)
class RecommendSummary:
    """A rate to be recommended."""

    in_force_mu_per_h: int
    programmed_mu_per_h: int
    then_mu_per_h: int
    valid_min: int


@dataclass(frozen=True, slots=True)
class CommitSummary:
    """Staged rates that are to become a pattern's own."""

    state: str
    in_force_mu_per_h: int
    pattern: str
    running: bool
    old_fingerprint: int
    old_day_mu: int
    fingerprint: int
    day_mu: int
    old_rate_mu_per_h: int
    then_mu_per_h: int
    cut_by: str


@dataclass(frozen=True, slots=True)
class SelectSummary:
    """A pattern that is to run."""

    state: str
    in_force_mu_per_h: int
    old_pattern: str | None
    old_rate_mu_per_h: int
    old_day_mu: int
    pattern: str
    fingerprint: int
    day_mu: int
    then_mu_per_h: int
    cut_by: str


@dataclass(frozen=True, slots=True)
class RefillSummary:
    """A refill to be recorded; accuracy and uncertainty in 0.1 %, None as in Verdict."""

    refills: int
    filled_nl: int
    residual_nl: int
    left_mu: int
    accuracy_tenths: int | None
    uncertainty_tenths: int | None
    band: str
    missing_nl: int
    delivered_nl: int


@dataclass(frozen=True, slots=True)
class StartSummary:
    """A procedure to be begun."""

    state: str
    procedure: str
    reservoir_holds: str


@dataclass(frozen=True, slots=True)
class AnswerSummary:
    """An answer to a step."""

    procedure: str
    step: int
    choice: int
    value: int
    strokes: int


@dataclass(frozen=True, slots=True)
class InterruptSummary:
    """A procedure to be broken off."""

    procedure: str
    step: int
    strokes_left: int


@dataclass(frozen=True, slots=True)
class FaultSummary:
    """A fault to be cleared."""

    fault: int
    commanded_strokes: int
    confirmed_strokes: int


@dataclass(frozen=True, slots=True)
class LimitsSummary:
    """Clinician limits to be set."""

    old: Limits
    new: Limits
    cut_by: str


@dataclass(frozen=True, slots=True)
class SettingsSummary:
    """Settings to be set."""

    old: Settings
    new: Settings
