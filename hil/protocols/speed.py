"""Speed of a virtual pump: simulated seconds per second of wall time, plant and bench included.

The load is a patient's: 40 U a day, 24 U of them basal at 1 U/h and 16 U in three boluses.
"""

from __future__ import annotations

import os
import platform
import statistics
import time
from pathlib import Path
from typing import Any

from hil.backends.pinning import pin
from hil.bench import Bench
from hil.plant import Plant, load_mechanism
from hil.results.files import write_json

TARGET_X_REAL_TIME = 2_000_000
BASAL_MU_PER_H = 1000
BOLUSES_MU = (6000, 5000, 5000)
HOURS_PER_DAY = 24


def measure(*, days: int = 120, repeats: int = 3, seed: int = 1) -> dict[str, Any]:
    """Run `days` simulated days `repeats` times. Return the figures as build/speed.json holds them."""
    pin()
    runs = [_live(days, seed + each) for each in range(repeats)]
    runs.sort(key=lambda run: run["x_real_time"])
    median = runs[len(runs) // 2]
    strokes = int(median["strokes"])
    plant_us = _plant_us_per_stroke(strokes, seed)
    micro = {
        name: 1e6 * median[name] / strokes
        for name in ("wall_s", "bench_s", "bench_system_s", "device_s", "device_system_s")
    }
    return {
        "x_real_time": round(statistics.median(run["x_real_time"] for run in runs)),
        "x_real_time_all": [round(run["x_real_time"]) for run in runs],
        "target_x_real_time": TARGET_X_REAL_TIME,
        "simulated_days": days,
        "u_per_day": (BASAL_MU_PER_H * HOURS_PER_DAY + sum(BOLUSES_MU)) / 1000,
        "strokes": strokes,
        "exchanges_per_stroke": round(median["exchanges"] / strokes, 3),
        "eight_years_s": round(8 * 365.25 * 86400 / median["x_real_time"], 1),
        "us_per_stroke": {
            "wall": round(micro["wall_s"], 2),
            "bench_python": round(micro["bench_s"] - plant_us, 2),
            "plant": round(plant_us, 2),
            "device_micropython": round(micro["device_s"], 2),
            "kernel_pipes_and_switches": round(micro["bench_system_s"] + micro["device_system_s"], 2),
        },
        "machine": {"processor": platform.machine(), "cores": os.cpu_count(), "python": platform.python_version()},
    }


def _live(days: int, seed: int) -> dict[str, float]:
    with Bench(Plant(load_mechanism(), seed)) as bench:
        bench.programmer.set_basal(BASAL_MU_PER_H)
        before = os.times()
        start_us, start_s = bench.now_us, time.perf_counter()
        for _ in range(days):
            for volume_mu in BOLUSES_MU:
                bench.programmer.bolus(volume_mu)
                bench.run_for(hours=HOURS_PER_DAY // len(BOLUSES_MU))
        wall_s = time.perf_counter() - start_s
        lived_s = (bench.now_us - start_us) / 1e6
        middle = os.times()
        strokes, exchanges = len(bench.stroke_starts_us), bench.board.exchanges
    after = os.times()  # the device's processor time counts only after its exit and includes its start-up of some ms
    return {
        "x_real_time": lived_s / wall_s,
        "wall_s": wall_s,
        "strokes": strokes,
        "exchanges": exchanges,
        "bench_s": middle.user - before.user,
        "bench_system_s": middle.system - before.system,
        "device_s": after.children_user - before.children_user,
        "device_system_s": after.children_system - before.children_system,
    }


def _plant_us_per_stroke(strokes: int, seed: int) -> float:
    plant = Plant(load_mechanism(), seed)
    start_s = time.perf_counter()
    for number in range(strokes):
        plant.stroke(number * 432_000_000, 96, 104_000)
        plant.pressure_counts(number * 432_000_000 + 104_000)
    return 1e6 * (time.perf_counter() - start_s) / strokes


def report(figures: dict[str, Any], path: Path) -> str:
    """Write `figures` to `path` as JSON and return them as text for a person."""
    write_json(path, figures)
    costs = "\n".join(
        f"  {name.replace('_', ' '):28}{value:8.2f} µs" for name, value in figures["us_per_stroke"].items()
    )
    verdict = "reached" if figures["x_real_time"] >= figures["target_x_real_time"] else "NOT reached"
    return (
        f"{figures['x_real_time']:,} x real time at {figures['u_per_day']:g} U/day"
        f" (median of {len(figures['x_real_time_all'])} lives of {figures['simulated_days']} days, simulated);"
        f" at least {figures['target_x_real_time']:,} required: {verdict}\n"
        f"eight years would take {figures['eight_years_s']} s; {figures['exchanges_per_stroke']} exchanges a stroke\n"
        f"time per stroke:\n{costs}\nwritten to {path}"
    )
