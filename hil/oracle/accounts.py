"""The pump's delivery accounts: which deliveries run, what basal owes, what is abandoned when a delivery ends.

Implements: DOSE-3, DOSE-5 (the oracle's side)
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hil.oracle.boluses import Basal, Bolus, Entry
from hil.oracle.exact import US_PER_S, Quantum
from hil.oracle.programme import Programme

IN_PROCEDURES = ("insulin_test", "buffer", "naoh", "diagnostic")
NORMALS = ("normal_bolus", "dual_normal", *IN_PROCEDURES)


@dataclass
class Event:
    """An event, with its time by the device and by the bench."""

    at_us: int
    bench_us: int
    time_s: int  # as in the log: UTC, or the device's time while the clock is lost
    what: str
    values: dict[str, object] = field(default_factory=dict)


class Accounts:
    """The accounts and the programme that they follow, at the device's time `now_us`; basal's is open at first."""

    def __init__(self, quantum: Quantum) -> None:
        self.quantum = quantum
        self.now_us = 0
        self.bench_offset_us = 0  # the bench's time less the device's
        self.programme = Programme()
        self.basal = Basal()
        self.normal: Bolus | None = None
        self.square: Bolus | None = None
        self.entries: list[Entry] = []
        self.basal_entry: Entry | None = None
        self.normal_entry: Entry | None = None  # the latest, as the status shows it
        self.square_entry: Entry | None = None
        self.dark = False  # without power: rates change without a new account
        self.recorded_us = 0  # when the memory last took a record for certain
        self.written_us = 0  # when it may have taken one: of a refused order
        self.abandoned = 0
        self.events: list[Event] = []
        self.react: Callable[[str, dict[str, object]], None] | None = None
        self._rate = 0
        self._open_basal("basal")

    @property
    def bench_us(self) -> int:
        """The bench's time."""
        return self.now_us + self.bench_offset_us

    @property
    def state(self) -> str:
        """running, suspended, stopped, procedure."""
        return self.programme.state

    @property
    def rate(self) -> int:
        """The basal rate in force, mU/h."""
        return self._rate

    # What begins, goes on and ends

    def new_entry(self, kind: str, programmed_q: int = 0) -> Entry:
        """Open the next account."""
        self.recorded_us = self.now_us
        entry = Entry(len(self.entries) + 1, kind, self.now_us, programmed_q)
        self.entries.append(entry)
        return entry

    def begin(self, kind: str, strokes: int, over_us: int = 0) -> Entry:
        """Start a bolus of this kind."""
        assert strokes > 0, "a bolus without a stroke"
        entry = self.new_entry(kind, strokes * self.quantum.q)
        bolus = Bolus(entry, strokes, over_us)
        if over_us:
            self.square, self.square_entry = bolus, entry
        else:
            self.normal, self.normal_entry = bolus, None if kind in IN_PROCEDURES else entry
        return entry

    def follow(self) -> None:
        """Take the rate from the programme; another basal rate, or a temporary rate, has an account of its own."""
        rate = self.programme.in_force(self.now_us)
        if self.dark:
            self._rate = rate
            return
        kind = "temp_basal" if self.programme.temp is not None else "basal"
        entry = self.basal_entry
        if entry is not None and (kind != entry.kind or (kind == "basal" and rate != self._rate)):
            self.end_basal("superseded")
        self._rate = rate
        if self.basal_entry is None and self.state != "stopped":
            self._open_basal(kind)

    def _open_basal(self, kind: str) -> None:
        self.basal_entry = self.new_entry(kind)

    def end_basal(self, reason: str) -> None:
        """End the basal account, if one is open."""
        if self.basal_entry is not None:
            self.basal_entry.end(self.now_us, reason)
            self.note("delivery_ended", entry=self.basal_entry)
            self.basal_entry = None

    def drop(self, bolus: Bolus, reason: str) -> int:
        """End a bolus; return the number of strokes abandoned."""
        left = bolus.left
        bolus.entry.abandoned += left
        self.abandoned += left
        bolus.entry.end(self.now_us, reason)
        if bolus is self.normal:
            self.normal = None
        else:
            self.square = None
        self.note("delivery_ended", entry=bolus.entry)
        return left

    def cut(self, reason: str) -> int:
        """End the boluses and basal; return the number of strokes abandoned. Basal's fraction stays owed."""
        waiting = self.give_up_waiting()
        self.end_basal(reason)
        for bolus in (self.normal, self.square):
            if bolus is not None:
                waiting += self.drop(bolus, reason)
        return waiting

    def give_up_waiting(self) -> int:
        """Abandon the whole basal strokes that wait, and return their number; the fraction stays owed."""
        waiting = self.basal.waiting(self.quantum.q)
        self.basal.owed_q -= waiting * self.quantum.q
        if self.basal_entry is not None:
            self.basal_entry.abandoned += waiting
        self.abandoned += waiting
        return waiting

    def take_back(self, volume_q: int) -> None:
        """Undo the accrual of so much basal."""
        self.basal.owed_q -= volume_q
        if self.basal_entry is not None:
            self.basal_entry.programmed_q -= volume_q

    def in_last_stroke(self, entry: Entry | None) -> bool:
        """Is the last stroke of this bolus in progress?"""
        return entry is not None and not entry.runs and entry.confirmed < entry.commanded

    def note(self, what: str, **values: object) -> None:
        """Record an event; a log entry or an alarm may follow from it."""
        if what == "refused":
            self.written_us = self.now_us
        utc_s = self.programme.utc_s(self.now_us)
        self.events.append(Event(self.now_us, self.bench_us, utc_s or self.now_us // US_PER_S, what, values))
        if self.react is not None:
            self.react(what, values)
