"""How long the processor of the emulated Pico is awake for each stroke, compared with another checkout.

Each checkout speaks its own version of the link, so its image is run by its own bench. This file is therefore also a
program, and uses only functions of the bench that have been there from the start.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from hil.bench import Bench
from hil.plant import Plant, load_mechanism

# Strokes close together, for so long that several collections of the heap are in it: one is 18 ms, and over 50 min it
# makes 6 % whether one falls in or not. And strokes far apart, where the hourly checks of clocks, reservoir and battery
# count as well, and times have outgrown MicroPython's small integers.
LOADS = ((25_000, 4.0), (5_000, 12.0))  # mU/h, hours
AWAKE_MS_MAX = 3.5  # of a stroke, strokes close together; the memory's 32 ms are slept through
RATIO_MAX = 1.05
REST_S = 2.0  # after the orders: the key pair of the next session is made then, once a session and not by stroke


def per_stroke(bench: Bench, hours: float) -> dict[str, Any]:
    """Let the pump run. Count strokes, and instructions and ms awake per stroke, with all its other work included."""
    before, strokes = bench.board.info(), len(bench.stroke_starts_us)
    bench.run_for(hours=hours)
    after = bench.board.info()
    strokes = len(bench.stroke_starts_us) - strokes
    awake_ns = after["now"] - before["now"] - (after["sleep"] - before["sleep"])
    return {
        "strokes": strokes,
        "instructions": round((after["instructions"] - before["instructions"]) / strokes),
        "awake_ms": round(awake_ns / strokes / 1e6, 3),
    }


def measure() -> list[dict[str, Any]]:
    """Measure all of LOADS, each on a freshly started pump."""
    figures = []
    for rate_mu_per_h, hours in LOADS:
        with Bench(Plant(load_mechanism(), 1), kind="emulated") as bench:
            bench.programmer.set_basal(rate_mu_per_h)
            bench.run_for(seconds=REST_S)
            figures.append({"rate_mu_per_h": rate_mu_per_h, "hours": round(hours, 2), **per_stroke(bench, hours)})
    return figures


def measure_beside(checkout: Path) -> list[dict[str, Any]]:
    """Measure the same in another checkout, with its own bench and the image built there."""
    found = subprocess.run(
        [sys.executable, "-P", str(Path(__file__).resolve())],
        cwd=checkout,
        env={**os.environ, "PYTHONPATH": str(checkout)},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    beside: list[dict[str, Any]] = json.loads(found.stdout)
    return beside


def compare(here: list[dict[str, Any]], beside: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return `here` with the figures of `beside` and the ratio of the awake times."""
    compared = []
    for this, that in zip(here, beside, strict=True):
        shares = {"before_" + name: that[name] for name in ("instructions", "awake_ms")}
        compared.append({**this, **shares, "ratio": round(this["awake_ms"] / that["awake_ms"], 3)})
    return compared


def good(figures: dict[str, Any]) -> bool:
    """Return whether close strokes keep the processor awake no longer than they may, nor longer than it was."""
    loads = figures["loads"]
    ratios = [each["ratio"] for each in loads if "ratio" in each]
    return loads[0]["awake_ms"] < AWAKE_MS_MAX and all(each <= RATIO_MAX for each in ratios)


def report(figures: dict[str, Any], path: Path) -> str:
    """Write `figures` to `path` as JSON and return them as text for a person."""
    from hil.results.files import write_json  # another checkout's bench may not have it

    write_json(path, figures)
    lines = []
    for each in figures["loads"]:
        line = (
            f"{each['rate_mu_per_h'] / 1000:g} U/h for {each['hours']:g} h, {each['strokes']} strokes:"
            f" {each['instructions']:,} instructions, {each['awake_ms']:.2f} ms awake for each"
        )
        if "ratio" in each:
            line += f"; there {each['before_instructions']:,}, {each['before_awake_ms']:.2f} ms: {each['ratio']:.3f}"
        lines.append(line)
    return "\n".join(lines) + f"\nwritten to {path}"


if __name__ == "__main__":
    print(json.dumps(measure()))
