"""Traces one life of the script: the writes with their times, the motor, and the state that the pump must remember."""

from __future__ import annotations

import os
from dataclasses import dataclass, field, replace

from firmware.protocol import MANUAL, PATTERNS
from hil.backends.backed import EPOCH_S, TRACE, Backed
from hil.bench import Bench
from hil.keys import KEYS_AT, Provisioned
from hil.plant import Plant, load_mechanism
from hil.protocols.powerloss.script import Step
from host.records import Status

# 32 KiB, as on the boards: 4 million cells would only cost time to copy.
MEMORY_BYTES = 32768
BURST_US = 104_000  # a stroke is in progress for at least so long


@dataclass(frozen=True, slots=True)
class Write:
    """A write of `data` at `address`, after request `exchange` and before the next."""

    exchange: int
    address: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Memory:
    """The state that the pump must remember after a step that began before request `begins + 1` and ended by `ends`."""

    begins: int
    ends: int
    rate_mu_per_h: int
    state: str
    pattern: int
    limits: tuple[int, int, int, int]
    filled_mu: int  # put in by a refill, plus all that was delivered before it; 0: no refill yet
    alarms: int
    clock_ahead_s: int  # ahead of the clock that the bench's time 0 began with
    by_alarm: bool = False  # the pump had stopped by itself

    @property
    def what(self) -> tuple[object, ...]:
        """Return the values that must be the same after a restart."""
        # A pattern's rate depends on the time of day; PATTERN_MU_PER_H lists its possible values.
        rate = self.rate_mu_per_h if self.pattern == MANUAL else -1
        return rate, self.state, self.pattern, self.limits, self.filled_mu


@dataclass(frozen=True, slots=True)
class Bolus:
    """A bolus of the uncut life."""

    id: int
    start_us: int
    programmed_strokes: int
    commanded_strokes: int


@dataclass
class Life:
    """The trace. Request n was received at `times_us[n - 1]`, when `started[n - 1]` strokes had started. `cells` are
    the memory before the first write.
    """

    cells: bytes = bytes(MEMORY_BYTES)
    writes: list[Write] = field(default_factory=list)
    times_us: list[int] = field(default_factory=list)
    started: list[int] = field(default_factory=list)
    strokes_us: list[int] = field(default_factory=list)
    memories: list[Memory] = field(default_factory=list)
    boluses: dict[int, Bolus] = field(default_factory=dict)
    squares: dict[int, tuple[int, int]] = field(default_factory=dict)  # known from request, strokes programmed
    stroke_uu: int = 0
    writes_per_cell_max: int = 0
    bytes_written: int = 0


def remembered(status: Status, begins: int, ends: int, stroke_uu: int) -> Memory:
    """Return the state that a pump with this status must remember."""
    limits = (status.max_basal_mu_per_h, status.max_bolus_mu, status.max_hour_mu, status.max_day_mu)
    filled_mu = status.reservoir_mu and status.reservoir_mu + status.strokes_commanded * stroke_uu // 1000
    return Memory(
        begins,
        ends,
        status.basal_rate_mu_per_h,
        status.state,
        MANUAL if status.pattern is None else PATTERNS.index(status.pattern),
        limits,
        filled_mu,
        status.alarms,
        round(status.utc_s - EPOCH_S - status.now_us / 1_000_000) if status.utc_s else 0,
    )


def traced(script: tuple[Step, ...], *, seed: int = 1) -> Life:
    """Run `script` on a virtual board with nothing in its memory but its keys."""
    trace_fd = os.memfd_create("trace")
    memory = Backed(MEMORY_BYTES)
    memory.put(KEYS_AT, Provisioned().cells)
    life = Life(memory.image())
    bench = Bench(Plant(load_mechanism(), seed), memory=memory, trace_fd=trace_fd)
    board = bench.board

    def watch(sequence: int, now_us: int) -> None:
        while len(life.times_us) < sequence:
            life.times_us.append(now_us)
            life.started.append(len(board.stroke_starts_us))

    watch(2, 0)  # hello and the first request came before this
    board.watch = watch
    with bench:
        uu = life.stroke_uu = board.stroke_uu
        life.memories.append(remembered(bench.programmer.status(), 0, 0, uu))
        for step in script:
            since = life.memories[-1].ends
            bench.run_until_us(round(step.at_s * 1_000_000))
            # Changes without an order since the last step: a pattern boundary, the end of a temporary rate, an alarm.
            by_itself = remembered(bench.programmer.status(), since, len(life.times_us), uu)
            if by_itself.what != life.memories[-1].what:
                life.memories.append(replace(by_itself, by_alarm=by_itself.state in ("stopped", "fault")))
            begins = len(life.times_us)
            step.do(bench)
            ends = len(life.times_us)
            life.memories.append(remembered(bench.programmer.status(), begins, ends, uu))
            for each in bench.programmer.deliveries():
                strokes = each.programmed_mu * 1000 // uu
                if each.kind in ("normal_bolus", "dual_normal"):
                    life.boluses[each.id] = Bolus(each.id, each.start_us, strokes, each.commanded_strokes)
                elif each.kind in ("square_bolus", "dual_square"):
                    life.squares.setdefault(each.id, (ends, strokes))
        life.strokes_us = list(bench.stroke_starts_us)
    life.writes = read_trace(trace_fd)
    life.writes_per_cell_max = int(memory.writes_per_cell.max())
    life.bytes_written = int(memory.writes_per_cell.sum())
    os.close(trace_fd)
    memory.close()
    return life


def read_trace(trace_fd: int) -> list[Write]:
    """Return the writes in a trace that a board has left."""
    raw = os.pread(trace_fd, os.fstat(trace_fd).st_size, 0)
    writes = []
    at = 0
    while at < len(raw):
        exchange, address, size = TRACE.unpack_from(raw, at)
        at += TRACE.size
        writes.append(Write(exchange, address, raw[at : at + size]))
        at += size
    return writes
