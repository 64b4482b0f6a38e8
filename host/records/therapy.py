"""Replies to therapy orders."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class BasalChange:
    """A basal rate that was set."""

    at_us: int
    old_rate_mu_per_h: int
    new_rate_mu_per_h: int
    cut_by: str


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
    """A dual bolus that was accepted: the ids of its two parts, and the strokes of both together."""

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
    cut_by: str


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
class Resumed:
    """Delivery that was resumed."""

    at_us: int
    rate_mu_per_h: int


@dataclass(frozen=True, slots=True)
class Staged:
    """Rates that were staged for a pattern."""

    fingerprint: int
    day_mu: int
    old_day_mu: int
    cut_by: str


@dataclass(frozen=True, slots=True)
class Pattern:
    """The 48 half-hourly rates of a basal pattern, from midnight on, mU/h."""

    fingerprint: int
    day_mu: int
    rates_mu_per_h: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PatternCommitted:
    """Staged rates that were committed to a pattern."""

    at_us: int
    day_mu: int
    in_force_mu_per_h: int
    cut_by: str


@dataclass(frozen=True, slots=True)
class PatternSelected:
    """A pattern that runs from now on; `old_pattern` is None if a rate set by hand ran before."""

    at_us: int
    old_pattern: str | None
    rate_mu_per_h: int
    cut_by: str
