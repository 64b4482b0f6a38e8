"""A day of basal with one large bolus on any bench: how fast it runs, how many strokes, how late the latest starts."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from hil.bench import Bench
from hil.oracle import strokes
from hil.plant import Plant, load_mechanism
from hil.results.files import write_json
from host.records import Limits

RATE_MU_PER_H = 5_000
BOLUS_MU = 30_000
HOURS = 24.0
_LIMITS = Limits(35_000, 40_000, 60_000, 500_000)  # the basal and the bolus are more than the 150 U of a new pump
_SPACING_US = 2_000_000  # DOSE-4, strokes of 500 nl


def measure(bench_name: str, *, hours: float = HOURS, seed: int = 1) -> dict[str, Any]:
    """Run the day. Raises BenchError."""
    begun_s = time.monotonic()
    with Bench(Plant(load_mechanism(), seed), kind=bench_name) as bench:
        start_us = bench.now_us
        bench.programmer.set_limits(_LIMITS)
        bench.programmer.set_basal(RATE_MU_PER_H)
        bench.run_for(hours=hours / 2)
        bench.programmer.bolus(BOLUS_MU)
        bench.run_until_us(start_us + round(hours * 3_600_000_000))
        report = strokes.check(
            bench.stroke_starts_us,
            bench.commands,
            stroke_uu=bench.board.stroke_uu,
            spacing_us=_SPACING_US,
            end_us=bench.now_us,
            tolerance_us=bench.start_tolerance_us,
        )
        wall_s = time.monotonic() - begun_s
        shapes = [[edge - edges[0] for edge in edges] for edges in getattr(bench.board, "bursts_ns", [])]
        state = bench.programmer.status()
    return {
        "bench": bench_name,
        "hours": hours,
        "wall_s": round(wall_s, 1),
        "x_real_time": round(hours * 3600 / wall_s),
        "strokes": len(bench.stroke_starts_us),
        "worst_late_us": report.worst_lateness_us,
        "violations": len(report.violations),
        "edge_spread_ns": max((max(each) - min(each) for each in zip(*shapes, strict=True)), default=None),
        "state": state.state,
        "delivered": state.strokes_delivered,
    }


def report(figures: dict[str, Any], path: Path) -> str:
    """Write `figures` to `path` as JSON and return them as text for a person."""
    write_json(path, figures)
    return (
        f"{figures['hours']:g} h of {RATE_MU_PER_H / 1000:g} U/h and a bolus of {BOLUS_MU / 1000:g} U on"
        f" {figures['bench']}: {figures['wall_s']:g} s, {figures['x_real_time']} × real time; {figures['strokes']}"
        f" strokes, the latest {figures['worst_late_us']} µs after due\n{path}"
    )
