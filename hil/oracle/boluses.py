"""The ledgers, and which stroke comes when: normal bolus first, then basal that waits, then the square bolus.

DOSE-1, DOSE-3: what is owed is paid at the first instant that spacing allows; each delivery has its own account.

Implements: DOSE-1, DOSE-3, THER-2 (the oracle's side)
"""

from __future__ import annotations

from dataclasses import dataclass

from hil.oracle.exact import NEVER_US, US_PER_MIN, Quantum, up, whole_mu

RUNNING = "running"


@dataclass
class Entry:
    """One delivery's account. A bolus is programmed whole; of basal, `programmed_q` grows with time.

    `end_us` 0: it runs. A stroke in progress is commanded and not yet confirmed.
    """

    id: int
    kind: str
    start_us: int
    programmed_q: int = 0
    end_us: int = 0
    commanded: int = 0
    confirmed: int = 0
    abandoned: int = 0
    reason: str = RUNNING
    withheld_by: str = ""  # the cap that has withheld one of its strokes last
    ends_us: frozenset[int] = frozenset()  # ended by a reset: at the memory's last record, which may be any of these
    rate_at_end: int = 0
    steady_q: int | None = None  # what is programmed if the rate had not changed in the dark: the memory knows no other

    @property
    def runs(self) -> bool:
        """It has not ended."""
        return self.reason == RUNNING

    @property
    def programmed_mu(self) -> int:
        """In whole milliunits."""
        return whole_mu(self.programmed_q)

    def end(self, at_us: int, reason: str) -> None:
        """It ends here."""
        self.end_us = at_us
        self.reason = reason


@dataclass
class Bolus:
    """A bolus that runs: `strokes` in all, at once (`over_us` 0) or spread evenly over `over_us` from its start."""

    entry: Entry
    strokes: int
    over_us: int = 0

    @property
    def left(self) -> int:
        """Strokes still to come."""
        return self.strokes - self.entry.commanded - self.entry.abandoned

    @property
    def ready_us(self) -> int:
        """When the next stroke is owed: stroke k of n when k/n of the time is over."""
        done = self.entry.commanded + self.entry.abandoned
        return self.entry.start_us + up((done + 1) * self.over_us, self.strokes)

    def owed_q(self, now_us: int, stroke_q: int) -> int:
        """What is owed by now and not made, the fraction of a stroke included, rounded down."""
        if not self.over_us:
            return self.left * stroke_q
        over_us = min(now_us - self.entry.start_us, self.over_us)
        return self.strokes * over_us * stroke_q // self.over_us - (self.strokes - self.left) * stroke_q

    def waiting(self, now_us: int) -> int:
        """Whole strokes that are owed by now and not made."""
        if not self.over_us:
            return self.left
        over_us = min(now_us - self.entry.start_us, self.over_us)
        return self.strokes * over_us // self.over_us - (self.strokes - self.left)

    def promised_us(self, now_us: int, spacing_us: int) -> list[int]:
        """When its strokes come if nothing holds them back but spacing."""
        done = self.strokes - self.left
        first_us = max(self.entry.start_us, now_us)
        if not self.over_us:
            return [first_us + i * spacing_us for i in range(self.left)]
        return [self.entry.start_us + up((done + 1 + i) * self.over_us, self.strokes) for i in range(self.left)]


@dataclass
class Basal:
    """The basal account: what is owed over all changes of the rate."""

    owed_q: int = 0

    def ready_us(self, now_us: int, rate_mu_per_h: int, stroke_q: int) -> int:
        """When a whole stroke is owed at this rate; never: NEVER_US."""
        if self.owed_q >= stroke_q:
            return now_us
        if not rate_mu_per_h:
            return NEVER_US
        return now_us + up(stroke_q - self.owed_q, rate_mu_per_h)

    def waiting(self, stroke_q: int) -> int:
        """Whole strokes owed."""
        return self.owed_q // stroke_q


def spread(quantum: Quantum, volume_mu: int, minutes: int) -> tuple[int, int]:
    """Strokes and µs of a square bolus."""
    return volume_mu * 1000 // quantum.uu, minutes * US_PER_MIN
