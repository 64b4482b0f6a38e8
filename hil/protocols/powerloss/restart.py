"""Restarts a board on the memory that a cut has left, and checks that its counts are right and that nothing is
repeated.

Implements: STORE-2, STORE-3, LOG-1
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import Any

from firmware.protocol import MANUAL
from hil.backends.backed import EPOCH_S, Backed
from hil.bench import Bench
from hil.plant import Plant, load_mechanism
from hil.protocols.powerloss.cuts import Cut, Truth
from hil.protocols.powerloss.script import PATTERN_MU_PER_H
from hil.protocols.powerloss.traced import MEMORY_BYTES, Life, Write, read_trace, remembered
from hil.protocols.said import ask
from host.errors import HostError
from host.records import Status

WATCHED_S = 600  # how long the restarted board is observed
SUSPENDED_MU_PER_H = 200  # a new pump's setting
_Q_PER_UU = 3_600_000  # for a mU/h during a µs


@dataclass
class Outcome:
    """Results of one restart. `counted_more` is the number of strokes counted that had not started."""

    violations: list[str] = field(default_factory=list)
    counted_more: int = 0
    strokes_after: int = 0
    said: dict[str, Any] | None = None  # by the pump, if something is wrong


class Restarter:
    """Starts boards one after the other on one memory."""

    def __init__(self, life: Life) -> None:
        self._life = life
        self._memory = Backed(MEMORY_BYTES)

    def recovery_writes(self, cells: bytearray, cut: Cut) -> list[Write]:
        """Return the writes of a board that starts on `cells`, up to its first sleep."""
        trace_fd = os.memfd_create("trace")
        bench = self._open(cells, cut, cut.at_us + cut.off_us, trace_fd)
        bench.board.kill()
        writes = read_trace(trace_fd)
        os.close(trace_fd)
        return writes

    def judge(self, cells: bytearray, cut: Cut, truth: Truth, *, off_us: int = 0, permits: int = 1) -> Outcome:
        """Restart on `cells` after the cut's own time without power plus `off_us`, and check.

        `permits` is the number of permits written, each before a cut, whose strokes may or may not have been made.
        """
        outcome = Outcome()
        bench = self._open(cells, cut, cut.at_us + cut.off_us + off_us)
        try:
            self._look(bench, truth, permits, outcome)
        except HostError as error:
            outcome.violations.append(f"the pump does not answer: {error}")
        if outcome.violations:
            outcome.said = ask(bench.programmer)
        bench.board.kill()
        return outcome

    def close(self) -> None:
        """Release the memory."""
        self._memory.close()

    def _open(self, cells: bytearray, cut: Cut, start_us: int, trace_fd: int = 0) -> Bench:
        self._memory.load(cells)
        self._memory.set_clock(EPOCH_S + cut.clock_ahead_s if cut.clock_kept else None)
        return Bench(Plant(load_mechanism(), 1), memory=self._memory, start_us=start_us, trace_fd=trace_fd)

    def _look(self, bench: Bench, truth: Truth, permits: int, outcome: Outcome) -> None:
        bad = outcome.violations.append
        programmer = bench.programmer
        status = programmer.status()
        counted = status.strokes_commanded
        outcome.counted_more = counted - truth.started
        if counted < truth.started:
            bad(f"{truth.started} strokes had started, {counted} are counted: too few")
        if counted > truth.completed + permits:
            bad(f"{truth.completed} strokes were completed, {counted} are counted: too many for {permits} permits")
        if status.memory not in ("whole", "mended"):
            bad(f"the memory is {status.memory}")
        if status.bolus_remaining_mu or status.square_remaining_mu:
            bad(f"a bolus goes on with {status.bolus_remaining_mu} and {status.square_remaining_mu} mU")
        _look_at_memory(status, truth, outcome, self._life.stroke_uu)
        rate = status.in_force_mu_per_h
        start_us = bench.now_us
        bench.run_for(seconds=WATCHED_S)
        outcome.strokes_after = len(bench.stroke_starts_us)
        # A fraction of a stroke may have been owed before. A pattern boundary may come, a temporary rate of 150 % may
        # end.
        if status.pattern is not None and status.state == "running":
            rate = max(rate, max(PATTERN_MU_PER_H) * (150 if status.temp_until_us is not None else 100) // 100)
        most = 1 + rate * (bench.now_us - start_us) // (self._life.stroke_uu * _Q_PER_UU)
        if outcome.strokes_after > most:
            bad(f"{outcome.strokes_after} strokes in {WATCHED_S} s after the restart, basal explains {most}")
        after = programmer.status()
        if status.state != "fault" and after.strokes_commanded - status.strokes_commanded != outcome.strokes_after:
            bad("the strokes after the restart are not counted one by one")
        _look_at_log(bench, self._life, truth, outcome)


def _look_at_memory(status: Status, truth: Truth, outcome: Outcome, stroke_uu: int) -> None:
    found = remembered(status, 0, 0, stroke_uu)
    if found.what not in [each.what for each in truth.memories]:
        known = [each.what for each in truth.memories]
        outcome.violations.append(f"the remembered state is wrong: {found.what}; possible: {known}")
    if found.pattern != MANUAL and found.rate_mu_per_h not in PATTERN_MU_PER_H:
        outcome.violations.append(f"the pattern runs at {found.rate_mu_per_h} mU/h")
    if found.state == "suspended" and status.in_force_mu_per_h != SUSPENDED_MU_PER_H:
        outcome.violations.append(f"suspended at {status.in_force_mu_per_h} mU/h")
    if found.alarms < min(each.alarms for each in truth.memories):
        outcome.violations.append(f"{found.alarms} alarms are latched, of {[each.alarms for each in truth.memories]}")


def _look_at_log(bench: Bench, life: Life, truth: Truth, outcome: Outcome) -> None:
    bad = outcome.violations.append
    events = list(bench.programmer.events())
    if [each.number for each in events] != list(range(1, len(events) + 1)):
        bad(f"the log's numbers have gaps: {[each.number for each in events]}")
    if any(each.category == "unreadable" for each in events):
        bad("an event cannot be read")
    ended = [each for each in events if each.event == "delivery_ended"]
    if len({each.a for each in ended}) != len(ended):
        bad("a delivery has ended twice")
    # Strokes ordered, which include those that the stroke sensor has not seen.
    ordered = {each.a: each.b * 1000 // life.stroke_uu - each.d for each in ended}
    for number, started in truth.bolus_started.items():
        if number not in ordered:
            bad(f"bolus {number} with {started} strokes has no end in the log")
        elif not started <= ordered[number] <= started + 1:
            bad(f"bolus {number}: {started} strokes had started, the log says {ordered[number]}")
    for number, programmed in truth.squares.items():
        if number not in ordered:
            bad(f"square bolus {number} has no end in the log")
        elif not 0 <= ordered[number] <= programmed:
            bad(f"square bolus {number} of {programmed} strokes: the log says {ordered[number]}")
