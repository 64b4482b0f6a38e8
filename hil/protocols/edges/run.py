"""Edges and stroke starts on the emulated Pico under load, compared with their ideal times (DOSE-6).

*Start*: the first step edge against the microsecond at which the stroke is due. *Edge*: every step of a stroke, counted
from its first, against the exact ramp of motion.h, which is computed here independently. Strokes come from a bolus, one
every 2.0 s. Without load they come from 100 h of basal, so that the run has a million steps.
"""

from __future__ import annotations

import ast
import math
import re
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from hil.bench import Bench
from hil.errors import BenchError
from hil.plant import Plant, load_mechanism
from hil.protocols.edges.loads import LOADS, Flood, Load, start
from hil.results.files import write_json
from hil.results.limits import load_limits
from hil.results.measurement import Measurement
from host.records import Limits

NS_PER_US = 1_000
US_PER_S = 1_000_000
SPACING_US = 2 * US_PER_S
STROKE_UU = 200_000
STEPS_TOTAL = 1_000_000
BASAL_MU_PER_H = 20_800  # 104 strokes an hour, 499.2 U a day: just within the hard day cap
BOLUS_MU = 40_000
MOST_STROKES_OF_A_BOLUS = 200
HARD_LIMITS = Limits(max_basal_mu_per_h=35_000, max_bolus_mu=40_000, max_hour_mu=60_000, max_day_mu=500_000)
BIN_NS = 100
BOARD_SOURCE = Path(__file__).resolve().parents[3] / "boards" / "RP2" / "board.py"
NOT_MODELLED = (
    "misses of the flash cache and bus contention (busy code runs a little too fast); "
    "the PIO's input synchronisers; jitter and drift of the crystal; rise times of pins and drivers"
)


def motor_hz(source: Path = BOARD_SOURCE) -> tuple[int, int, int]:
    """Read the motor's start rate, top rate (Hz) and acceleration (Hz/s) from the board's source. Raises BenchError."""
    found = re.search(r"^_MOTOR_HZ = (\(.*\))$", source.read_text(encoding="utf-8"), re.M)
    if found is None:
        raise BenchError(f"{source} has no _MOTOR_HZ")
    start_hz, max_hz, accel = ast.literal_eval(found[1])
    return int(start_hz), int(max_hz), int(accel)


def ideal_edges_us(steps: int, start_hz: int, max_hz: int, accel: int) -> list[float]:
    """Ideal times of a stroke's edges after its first, µs: up the ramp, and down the same way (motion.h)."""
    fastest_us = math.ceil(US_PER_S / max_hz)

    def ramp_us(k: int) -> float:
        return 2e6 * k / (start_hz + math.sqrt(start_hz * start_hz + 2 * accel * k))

    half = [max(ramp_us(k + 1) - ramp_us(k), fastest_us) for k in range((steps + 1) // 2)]
    periods = half + half[: steps // 2][::-1]
    edges = [0.0]
    for period in periods[:-1]:
        edges.append(edges[-1] + period)
    return edges


def _histogram(values_ns: Iterable[float]) -> dict[str, int]:
    """Count values in bins of 100 ns, keyed by the lower end of the bin in µs."""
    counts = Counter(math.floor(value / BIN_NS) for value in values_ns)
    return {f"{index * BIN_NS / NS_PER_US:.1f}": counts[index] for index in sorted(counts)}


def _deliver(bench: Bench, load: Load, strokes: int) -> list[int]:
    """Have `strokes` strokes made under `load`. Return when they were due (µs)."""
    programmer = bench.programmer
    programmer.set_limits(HARD_LIMITS)
    if load.name == "idle":
        at_us = programmer.set_basal(BASAL_MU_PER_H).at_us
        quanta = STROKE_UU * 3_600_000
        due_us = [at_us - (-quanta * n // BASAL_MU_PER_H) for n in range(1, strokes + 1)]
        bench.run_until_us(due_us[-1] + SPACING_US)
        return due_us
    accepted = programmer.bolus(strokes * STROKE_UU // 1000)
    due_us = [accepted.at_us + n * SPACING_US for n in range(strokes)]
    flood = Flood(programmer.link, seed=1)
    while bench.now_us < due_us[-1] + SPACING_US:
        if load.flood:
            flood.feed(bench.board, 0.5)
        bench.run_for(seconds=0.5)
        bench.board.take_received()
    return due_us


def measure_load(load: Load, strokes: int, *, seed: int = 1) -> dict[str, Any]:
    """Measure the starts and edges of `strokes` strokes under `load`."""
    wall_s = time.monotonic()
    plant = Plant(load_mechanism(), seed)
    steps_per_stroke = int(plant.parameters["steps_per_stroke"])
    ideal_us = ideal_edges_us(steps_per_stroke, *motor_hz())
    bench = Bench(plant, kind="emulated", flash_timing=load.flash_timing)
    try:
        start(bench.board, load)
        bench.check_link()
        before = bench.board.info()
        image = bench.programmer.hello().image
        due_us = _deliver(bench, load, strokes)
        bursts_ns, info, flagged = bench.board.bursts_ns, bench.board.info(), bench.board.flagged()
        short = len(bench.board.short_bursts)
    finally:
        bench.board.kill()
    start_ns = [burst[0] - due * NS_PER_US for burst, due in zip(bursts_ns, due_us, strict=False)]
    edge_ns = [
        edge - burst[0] - ideal * NS_PER_US for burst in bursts_ns for edge, ideal in zip(burst, ideal_us, strict=False)
    ]
    emulated_ns = info["now"] - before["now"]
    return {
        "load": load.name,
        "flash_timing": load.flash_timing,
        "image": image,
        "strokes": len(bursts_ns),
        "strokes_due": len(due_us),
        "steps": info["steps"],
        "steps_due": len(due_us) * steps_per_stroke,
        "short_strokes": short,
        "start_us": {"least": min(start_ns) / NS_PER_US, "greatest": max(start_ns) / NS_PER_US},
        "start_histogram_us": _histogram(start_ns),
        "edge_us": {"least": min(edge_ns) / NS_PER_US, "greatest": max(edge_ns) / NS_PER_US},
        "edge_histogram_us": _histogram(edge_ns),
        "flagged": flagged,
        "erases": info["erases"] - before["erases"],
        "link_bytes_received": info["received"][0],
        "link_bytes_lost": info["overruns"][0],
        "busy_percent": round(100 * (1 - (info["sleep"] - before["sleep"]) / emulated_ns), 2),
        "emulated_s": round(emulated_ns / 1e9, 3),
        "wall_s": round(time.monotonic() - wall_s, 2),
    }


def judge(results: list[dict[str, Any]]) -> list[Measurement]:
    """Return the measurements judged against their limits."""
    limits = load_limits()
    found = []
    for each in results:
        name = each["load"].replace(", ", "-").replace(" ", "-")
        for end in ("least", "greatest"):
            found.append(limits["controller.start"].judge(f"controller.start.{name}.{end}", each["start_us"][end]))
            found.append(limits["controller.edge"].judge(f"controller.edge.{name}.{end}", each["edge_us"][end]))
        wrong = abs(each["steps"] - each["steps_due"]) + each["short_strokes"]
        found.append(limits["controller.steps_wrong"].judge(f"controller.steps_wrong.{name}", wrong))
        found.append(limits["controller.flagged"].judge(f"controller.flagged.{name}", len(each["flagged"])))
    return found


def measure(*, strokes: int = 30, steps_total: int = STEPS_TOTAL, seed: int = 1, workers: int = 1) -> dict[str, Any]:
    """Measure all loads: `strokes` strokes under each, and enough without load to reach `steps_total` steps."""
    busy = [load for load in LOADS if load.name != "idle"]
    count = min(strokes, MOST_STROKES_OF_A_BOLUS)
    if workers > 1:
        with ProcessPoolExecutor(workers) as pool:
            results = list(pool.map(partial(measure_load, strokes=count, seed=seed), busy))
    else:
        results = [measure_load(load, count, seed=seed) for load in busy]
    left = steps_total - sum(each["steps"] for each in results)
    idle = next(load for load in LOADS if load.name == "idle")
    results.insert(0, measure_load(idle, max(strokes, math.ceil(left / 96)), seed=seed))
    return {
        "emulated": True,
        "image": results[0]["image"],
        "not_modelled": NOT_MODELLED,
        "steps": sum(each["steps"] for each in results),
        "loads": results,
        "measurements": [each.as_dict() for each in judge(results)],
    }


def report(figures: dict[str, Any], out: Path) -> str:
    """Write the figures to `out` and return a table."""
    write_json(out, figures)
    return table(figures)


def table(figures: dict[str, Any]) -> str:
    """Return the figures as a table in Markdown."""
    lines = [
        "| load | strokes | start after due, µs | edge off ideal, µs | processor busy | flagged |",
        "|---|---|---|---|---|---|",
    ]
    for each in figures["loads"]:
        starts = f"{each['start_us']['least']:.2f} to {each['start_us']['greatest']:.2f}"
        edges = f"{each['edge_us']['least']:+.2f} to {each['edge_us']['greatest']:+.2f}"
        busy, flagged = f"{each['busy_percent']:.0f} %", len(each["flagged"])
        lines.append(f"| {each['load']} | {each['strokes']} | {starts} | {edges} | {busy} | {flagged} |")
    lines.append(f"\n{figures['steps']} steps in all. Emulated; not modelled: {figures['not_modelled']}.")
    return "\n".join(lines)
