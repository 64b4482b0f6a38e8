"""Records of history and findings: ledger, log, alarms, catheter, reservoir."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Delivery:
    """One entry of the delivery ledger; `end_us` is None while it runs."""

    id: int
    kind: str
    start_us: int
    end_us: int | None
    programmed_mu: int
    commanded_strokes: int
    delivered_strokes: int
    abandoned_strokes: int
    reason: str


@dataclass(frozen=True, slots=True)
class DeliveryPage:
    """Some deliveries, oldest first, and the range of numbers that the pump holds (0 and 0: none)."""

    oldest_id: int
    newest_id: int
    records: tuple[Delivery, ...]


@dataclass(frozen=True, slots=True)
class Event:
    """One event of the log; the meaning of its values depends on the event (docs/memory.md)."""

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
    """Some events, oldest first, and the range of numbers that the pump holds; those below it are lost."""

    oldest_number: int
    newest_number: int
    events: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class ActiveAlarm:
    """A latched alarm by its number (docs/alarms.md)."""

    alarm: int
    since_us: int
    detail: int
    cause_there: bool
    quiet: bool


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """An alarm that was cleared, or quieted for a day if its cause is still there."""

    at_us: int
    alarms: int
    cause_there: bool


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """The occlusion detector's finding and the evidence for it."""

    diagnosis: str
    at_us: int
    strokes: int
    missed_mu: int
    stored_mu: int
    released_mu: int
    rise_pa: int
    level_pa: int
    compliance_pl_per_pa: int
    air_lock_watched: bool


@dataclass(frozen=True, slots=True)
class Reservoir:
    """The computed content of the reservoir; `empty_h` is None for never, the two times if they are not known."""

    now_us: int
    level: str
    left_mu: int
    filled_mu: int
    filled_utc_s: int | None
    empty_h: int | None
    due_utc_s: int | None


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a refill: accuracy and its uncertainty in 0.1 %, the missing volume and the interval's, in nL.

    The interval is what was delivered since the refill before; 0 if there is nothing to compare with. Accuracy and
    uncertainty are None if there is none, or if too little was delivered for one; `band` says which.
    """

    accuracy_tenths: int | None
    uncertainty_tenths: int | None
    band: str
    missing_nl: int
    delivered_nl: int


@dataclass(frozen=True, slots=True)
class Refilled:
    """A refill that was recorded; accuracy and uncertainty in 0.1 %, None as in Verdict."""

    at_us: int
    filled_nl: int
    residual_nl: int
    accuracy_tenths: int | None
    uncertainty_tenths: int | None
    band: str
    missing_nl: int
    delivered_nl: int

    @property
    def verdict(self) -> Verdict:
        """The result of the refill."""
        return Verdict(self.accuracy_tenths, self.uncertainty_tenths, self.band, self.missing_nl, self.delivered_nl)
