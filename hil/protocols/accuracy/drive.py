"""Runs one job from power-up to its raw record: drives the programmer and triggers the balance. Judges nothing.

Implements: HIL-2
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from fractions import Fraction

from hil.instruments import BenchStrokeCapture, SimulatedBalance
from hil.plant import Plant
from hil.plant.parameters import Table
from hil.protocols.accuracy.bench_interface import AccuracyBench, BenchFactory, OwedCheck, project_owed_check
from hil.protocols.accuracy.jobs import (
    BASAL_MARKS_H,
    HARD_LIMITS,
    PRIMING_MU,
    SETTLE_US,
    US_PER_H,
    US_PER_MIN,
    Job,
)
from hil.protocols.accuracy.record import Given, Identity, Owed, Record
from hil.protocols.said import ask
from hil.results.statistics import AMBULATORY_SAMPLE_MIN, SHORT_SAMPLE_MIN, edge_offset
from host.errors import Refused

SPACING_US_PER_NL = 4_000  # DOSE-4: 2.0 s for 500 nL, 0.5 s for 125 nL


@dataclass(frozen=True)
class Setting:
    """Settings that all jobs of a run share. `owed_check` None selects the project's own independent check."""

    seed: int
    mechanism: Table
    bench_factory: BenchFactory
    short_windows: bool = False
    owed_check: OwedCheck | None = None


def _identity(bench: AccuracyBench) -> Identity:
    hello = bench.programmer.hello()
    return Identity(
        hello.board,
        hello.firmware_version,
        hello.core_version,
        hello.stroke_uu,
        hello.stroke_nl,
        hello.concentration_u_per_ml,
        hello.image,
    )


def _give(bench: AccuracyBench, balance: SimulatedBalance, volume_mu: int, spacing_us: int) -> Given:
    """Weigh, give a bolus, let it settle, and weigh again."""
    before_us = bench.now_us
    accepted = bench.programmer.bolus(volume_mu)
    after_us = accepted.at_us + accepted.strokes * spacing_us + SETTLE_US
    balance.plan((before_us, after_us))
    return Given(before_us, accepted.at_us, after_us, volume_mu, accepted.strokes)


def _grid(first_us: int, step: Fraction | int, span_us: int) -> list[int]:
    """Return edges from `first_us` on, `step` µs apart, as far as whole steps fit into `span_us`."""
    return [first_us + int(index * step) for index in range(int(span_us / step) + 1)]


def basal_edges_us(job: Job, stroke_uu: int, first_us: int, short_windows: bool) -> dict[str, list[int]]:
    """Return the window edges of a basal job, shifted away from the strokes (`edge_offset`)."""
    interval_us = Fraction(stroke_uu * US_PER_H, job.rate_mu_per_h * 1000)

    def shifted(window_us: Fraction | int) -> int:
        return first_us + int(edge_offset(interval_us, Fraction(window_us)))

    hourly_us = shifted(US_PER_H)
    if job.kind == "basal":
        return {"total": [hourly_us + hours * US_PER_H for hours in (0, *BASAL_MARKS_H)]}
    span_us = job.hours * US_PER_H
    samples = {"ambulatory": AMBULATORY_SAMPLE_MIN} | ({"short": SHORT_SAMPLE_MIN} if short_windows else {})
    edges = {name: _grid(shifted(s * US_PER_MIN), s * US_PER_MIN, span_us) for name, s in samples.items()}
    return edges | {"hour": _grid(hourly_us, US_PER_H, span_us)}


@dataclass
class _Marks:
    """Times of the job's weighings and windows, filled in while the job runs."""

    first_us: int
    priming: Given | None = None
    boluses: list[Given] = field(default_factory=list)
    edges_us: dict[str, list[int]] = field(default_factory=dict)


def _drive(
    job: Job, setting: Setting, bench: AccuracyBench, balance: SimulatedBalance, identity: Identity, marks: _Marks
) -> None:
    """Send the job's commands and let time pass. Raises Refused if the pump refuses one."""
    programmer = bench.programmer
    spacing_us = identity.stroke_nl * SPACING_US_PER_NL
    if job.needs_hard_limits:
        programmer.set_limits(HARD_LIMITS)
    priming_mu = PRIMING_MU.get(setting.mechanism.name, 0)
    if priming_mu or job.kind == "bolus":
        programmer.set_basal(0)
    if priming_mu:
        marks.priming = _give(bench, balance, priming_mu, spacing_us)
        bench.run_until_us(marks.priming.after_us)
    if job.kind == "bolus":
        marks.first_us = bench.now_us
        for index in range(job.count):
            bench.run_until_us(marks.first_us + index * job.spacing_us)
            marks.boluses.append(_give(bench, balance, job.bolus_mu, spacing_us))
        bench.run_until_us(marks.boluses[-1].after_us)
    else:
        marks.first_us = programmer.set_basal(job.rate_mu_per_h).at_us
        marks.edges_us = basal_edges_us(job, identity.stroke_uu, marks.first_us, setting.short_windows)
        for edges in marks.edges_us.values():
            balance.plan(edges)
        bench.run_until_us(max(edges[-1] for edges in marks.edges_us.values()))


def _check_owed(setting: Setting, identity: Identity, starts_us: list[int], bench: AccuracyBench, end_us: int) -> Owed:
    """Have the independent check judge the raw strokes."""
    check = setting.owed_check or project_owed_check()
    delivery = [command for command in bench.commands if command.name != "set_limits"]
    spacing_us = identity.stroke_nl * SPACING_US_PER_NL
    report = check(
        starts_us,
        delivery,
        stroke_uu=identity.stroke_uu,
        spacing_us=spacing_us,
        end_us=end_us,
        tolerance_us=bench.start_tolerance_us,
    )
    return Owed(
        float(report.min_owed_uu),
        float(report.max_owed_uu),
        report.worst_lateness_us,
        report.violation_count,
        tuple(report.violations[:5]),
        bench.start_tolerance_us,
    )


def live(job: Job, setting: Setting) -> Record:
    """Run `job` on a fresh plant and bench and return its raw record.

    A pump that refuses a command of the protocol has failed the test: its record ends there and holds the refusal. All
    other errors of the bench and the programmer propagate, because they say nothing about the pump.
    """
    wall_s = time.perf_counter()
    plant = Plant(setting.mechanism, setting.seed, pump=job.pump, life=job.name)
    balance = SimulatedBalance(plant, setting.seed, job.name)
    refusal = ""
    with setting.bench_factory(plant) as bench:
        identity = _identity(bench)
        start_us = bench.now_us
        marks = _Marks(start_us)
        try:
            _drive(job, setting, bench, balance, identity, marks)
        except Refused as error:
            refusal = str(error)
        end_us = bench.now_us
        starts_us = [start for start in BenchStrokeCapture(bench).starts_us() if start < end_us]
        commands = [(command.at_us, command.name, dict(command.values)) for command in bench.commands]
        owed = _check_owed(setting, identity, starts_us, bench, end_us)
        said = ask(bench.programmer)

    strokes = plant.strokes
    return Record(
        job=job,
        identity=identity,
        calibration=balance.calibration,
        start_us=start_us,
        end_us=end_us,
        first_command_us=marks.first_us,
        stroke_starts_us=starts_us,
        commands=commands,
        weighings=balance.readings(start_us, end_us),
        blank=balance.blank(),
        owed=owed,
        said=said,
        plant_strokes=list(zip(strokes.start_us, strokes.duration_us, strokes.volume_pl, strict=True)),
        refusal=refusal,
        priming=marks.priming,
        boluses=marks.boluses,
        edges_us=marks.edges_us,
        wall_s=time.perf_counter() - wall_s,
    )
