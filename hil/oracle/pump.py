"""The pump as specified: time passes, strokes start, rates begin and end, watchers act.

All times are exact and the device's own. lives.py describes the effect of a reset, orders.py that of orders. Where the
specification leaves a choice (GUARD-1's minute), the starts seen on the motor pins decide (`seen`).

Implements: DOSE-1 ... DOSE-5, GUARD-1 (the oracle's side)
"""

from __future__ import annotations

from copy import copy
from dataclasses import dataclass

from hil.oracle.accounts import Accounts
from hil.oracle.boluses import Bolus, Entry
from hil.oracle.caps import HOLD, MAY, Caps
from hil.oracle.exact import NEVER_US, US_PER_H, Quantum


@dataclass
class Stroke:
    """A stroke that must start at `at_us` of the device's time."""

    at_us: int
    bench_us: int
    entry: Entry


class Pump(Accounts):
    """State and time. Where a cap may or may not withhold a stroke, `seen` tells what the pump did."""

    def __init__(self, quantum: Quantum, edge_us: int, seen: Seen) -> None:
        super().__init__(quantum)
        self.edge_us = edge_us  # from a stroke's start to the stroke sensor's edge
        self.seen = seen
        self.caps = Caps(quantum.uu)
        self.unconfirmed: list[tuple[int, Entry]] = []
        self.last_start_us = -NEVER_US
        self.strokes: list[Stroke] = []
        self.commanded = self.confirmed = 0
        self.withheld = 0  # of those abandoned: by a cap
        self.watchers: list[Watcher] = []

    # Time

    def advance(self, to_us: int) -> None:
        """Advance to `to_us` and do what is due by then; at the same time in the order edges, strokes, changes."""
        change_us = self._next_change_us()
        while True:
            stroke_us, bolus = self._next()
            edge_us = self.unconfirmed[0][0] if self.unconfirmed else NEVER_US
            if edge_us <= stroke_us and edge_us <= change_us:
                if edge_us > to_us:
                    break
                self.pass_time(edge_us)
                self.confirm()
                change_us = self._next_change_us()
            elif stroke_us <= change_us:
                if stroke_us > to_us:
                    break
                self.pass_time(stroke_us)
                self._stroke(bolus)
            else:
                if change_us > to_us:
                    break
                self.pass_time(change_us)
                self.change()
                change_us = self._next_change_us()
        self.pass_time(to_us)

    def _next_change_us(self) -> int:
        """Return when a rate next begins or ends, or a watcher acts."""
        at_us = self.programme.next_change_us(self.now_us)
        for watcher in self.watchers:
            at_us = min(at_us, watcher.next_us(self))
        return at_us

    def pass_time(self, to_us: int) -> None:
        """Let time pass to `to_us`: basal accrues, and nothing else happens."""
        if to_us > self.now_us:
            volume_q = self._rate * (to_us - self.now_us)
            self.basal.owed_q += volume_q
            if self.basal_entry is not None:
                self.basal_entry.programmed_q += volume_q
            self.now_us = to_us

    def change(self) -> None:
        """Do what is due now besides strokes: rates begin and end, watchers act."""
        for what in self.programme.lapse(self.now_us):
            if what == "temp":
                if not self.dark:
                    self.end_basal("completed")
            else:
                self.note("rate_lapsed", a=self.programme.programmed(self.now_us))
        self.follow()
        for watcher in () if self.dark else self.watchers:
            if watcher.next_us(self) <= self.now_us:
                watcher.act(self)

    def fork(self, seen: Seen) -> Pump:
        """Return a pump with this programme, these boluses and what is owed, on its own way. Its caps start empty."""
        fork = Pump(self.quantum, self.edge_us, seen)
        fork.now_us, fork.bench_offset_us = self.now_us, self.bench_offset_us
        fork.programme = copy(self.programme)
        fork.basal.owed_q = self.basal.owed_q
        fork.last_start_us = self.last_start_us
        fork._rate = self._rate
        fork.normal, fork.square = [
            None if bolus is None else Bolus(copy(bolus.entry), bolus.strokes, bolus.over_us)
            for bolus in (self.normal, self.square)
        ]
        fork.entries += [bolus.entry for bolus in (fork.normal, fork.square) if bolus is not None]
        return fork

    # Strokes

    def _next(self) -> tuple[int, Bolus | None]:
        """Return when the next stroke starts if nothing changes (NEVER_US: never), and of which bolus (None: basal).

        A normal bolus goes first. If basal and the square bolus both wait already, basal is next; otherwise the one
        that is owed first.
        """
        now_us = self.now_us
        normal_us = NEVER_US if self.normal is None else self.normal.ready_us
        basal_us = self.basal.ready_us(now_us, self._rate, self.quantum.q)
        square_us = NEVER_US if self.square is None else self.square.ready_us
        first_us = min(normal_us, basal_us, square_us)
        if first_us == NEVER_US:
            return NEVER_US, None
        at_us = max(first_us, self.last_start_us + self.quantum.spacing_us, now_us)
        if normal_us <= at_us:
            return at_us, self.normal
        return at_us, None if basal_us <= max(square_us, now_us) else self.square

    def next_stroke_us(self) -> int:
        """Return when the next stroke starts if nothing changes; NEVER_US: never."""
        return self._next()[0]

    def next_stroke_after_change_us(self) -> int:
        """As next_stroke_us(), but with the next change of the rate if it comes first, and no later one."""
        fork, rate = self.fork(Seen([])), self.rate
        last_us = self.now_us + 48 * US_PER_H
        while fork.rate == rate:
            change_us = fork.programme.next_change_us(fork.now_us)
            if fork.next_stroke_us() <= change_us or change_us > last_us:
                break
            fork.pass_time(change_us)
            fork.change()
        return fork.next_stroke_us()

    def foreseen_stroke_us(self) -> int:
        """As next_stroke_us(), but with all changes of the programme up to it; NEVER_US: none within 48 h."""
        fork = self.fork(Seen([]))
        last_us = self.now_us + 48 * US_PER_H
        while True:
            due_us = fork.next_stroke_us()
            change_us = fork.programme.next_change_us(fork.now_us)
            if due_us <= change_us:
                return due_us
            if change_us > last_us:
                return NEVER_US
            fork.pass_time(change_us)
            fork.change()

    def _stroke(self, bolus: Bolus | None) -> None:
        entry = bolus.entry if bolus else self.basal_entry
        assert entry is not None
        verdict, caps = self.caps.verdict(self.bench_us)
        held = verdict == HOLD or (verdict == MAY and not self.seen.stroke_at(self.bench_us))
        if bolus is None:
            self.basal.owed_q -= self.quantum.q
        if held:
            self._withhold(bolus, entry, caps)
            return
        entry.commanded += 1
        self.commanded += 1
        self.last_start_us = self.now_us
        self.caps.count(self.bench_us)
        self.strokes.append(Stroke(self.now_us, self.bench_us, entry))
        self.unconfirmed.append((self.now_us + self.edge_us, entry))
        if bolus is not None and not bolus.left:
            self.drop(bolus, entry.withheld_by or "completed")

    def _withhold(self, bolus: Bolus | None, entry: Entry, caps: tuple[str, ...]) -> None:
        """Abandon a stroke beyond a cap: it is not saved up. If it was a bolus's last, the bolus ends for that cap."""
        self._abandon(entry, caps)
        if bolus is not None and not bolus.left:
            self.drop(bolus, entry.withheld_by)

    def _abandon(self, entry: Entry, caps: tuple[str, ...]) -> None:
        entry.abandoned += 1
        entry.withheld_by = caps[0]
        self.abandoned += 1
        self.withheld += 1
        self.note("withheld", caps=caps)

    def count_unmade(self, counted: bool = True) -> bool:
        """Count the stroke that is due now, whether it was made or not; False: a cap withholds it.

        Where GUARD-1's minute leaves it open, `counted` tells what the pump did.
        """
        _, bolus = self._next()
        entry = bolus.entry if bolus else self.basal_entry
        assert entry is not None
        if bolus is None:
            self.basal.owed_q -= self.quantum.q
        verdict, caps = self.caps.verdict(self.bench_us)
        if verdict == HOLD or (verdict == MAY and not counted):
            self._abandon(entry, caps)
            return False
        for each in (entry, self):
            each.commanded += 1
            each.confirmed += 1
        self.last_start_us = self.now_us
        self.caps.count(self.bench_us)
        if self.react is not None:
            self.react("counted", {})
        return True

    def confirm(self) -> None:
        """The stroke sensor has seen the stroke in progress."""
        _, entry = self.unconfirmed.pop(0)
        entry.confirmed += 1
        self.confirmed += 1
        self.recorded_us = self.now_us
        if self.react is not None:
            self.react("confirmed", {})

    def finish_stroke(self) -> None:
        """Stop the motor at once: a stroke in progress counts as delivered (DOSE-5). So does one that begins in this
        very microsecond, for which the motor does not turn.
        """
        if self.unconfirmed and self.last_start_us == self.now_us:
            self.strokes.pop()
        while self.unconfirmed:
            self.confirm()


class Seen:
    """The stroke starts seen on the motor pins, in the bench's time."""

    def __init__(self, strokes_us: list[int]) -> None:
        self._strokes_us = frozenset(strokes_us)

    def stroke_at(self, bench_us: int) -> bool:
        """Did a stroke start at this very µs?"""
        return bench_us in self._strokes_us


class Watcher:
    """Something that acts by itself at times of its own."""

    def next_us(self, pump: Pump) -> int:
        """Return when it acts next."""
        raise NotImplementedError

    def act(self, pump: Pump) -> None:
        """Act: its time has come."""
        raise NotImplementedError
