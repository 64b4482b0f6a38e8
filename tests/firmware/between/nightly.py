"""Every order, event, state and fault: `make between-nightly`; figures: build/between.json."""

from __future__ import annotations

import argparse
import gc
import json
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from hil.usage import count
from tests.firmware.between.asked import ORDERS, QUESTIONS
from tests.firmware.between.events import EVENTS, OF_A_STROKE, sweep_event
from tests.firmware.between.faults import event_faults, order_faults, start_faults
from tests.firmware.between.faulty import FAULTY_EVENTS
from tests.firmware.between.scenes import INSTANTS, SCENES
from tests.firmware.between.sweep import each_line, every, sweep, touches

IMPOSSIBLE = [("out_of_memory", "commit_pattern")]  # nothing can be staged
CHOICES = {"every": every, "lines": each_line, "touches": touches}


def orders(job: tuple[str, str, str, str]) -> dict[str, Any]:
    """One order in one scene, an instant at the places chosen."""
    scene, order, instant, choice = job
    counted: list[int] = []

    def choose(lines: list[str]) -> list[int]:
        counted.extend(CHOICES[choice](lines))
        return counted

    wrong = sweep(scene, order, instant, choose)
    return {"what": f"{scene}, {order}, {instant}", "runs": len(counted), "wrong": wrong}


def events(job: tuple[str, str, str]) -> dict[str, Any]:
    """One event, an instant of a stroke at the places chosen."""
    event, what, choice = job
    counted: list[int] = []

    def choose(lines: list[str]) -> list[int]:
        counted.extend(CHOICES[choice](lines))
        return counted

    wrong = sweep_event(event, what, choose)
    return {"what": f"{event}, {what}", "runs": len(counted), "wrong": wrong}


def faults(job: tuple[str, str]) -> dict[str, Any]:
    """An exception at every line, a failed write, a cut in every write of one order in one scene."""
    scene, order = job
    runs, wrong = order_faults(scene, order)
    return {"what": f"faults: {scene}, {order}", "runs": runs, "wrong": wrong}


def faults_of_events(event: str) -> dict[str, Any]:
    """The same of one event."""
    runs, wrong = event_faults(event)
    return {"what": f"faults: {event}", "runs": runs, "wrong": wrong}


def faults_of_starts(scene: str) -> dict[str, Any]:
    """The same of a start-up after one scene."""
    runs, wrong = start_faults(scene)
    return {"what": f"faults: start after {scene}", "runs": runs, "wrong": wrong}


def main() -> int:
    """Run them all; 1 if something went wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=count, default=2)
    parser.add_argument("--out", type=Path, default=Path("build/between.json"))
    parser.add_argument("--places", choices=CHOICES, default="touches")
    parser.add_argument("--scenes", nargs="+", choices=list(SCENES), default=list(SCENES))
    parts = ["orders", "events", "faults", "starts"]
    parser.add_argument("--parts", nargs="+", choices=parts, default=parts)
    asked = parser.parse_args()
    begun_s = time.monotonic()
    all_orders = list(ORDERS | QUESTIONS)
    results: list[dict[str, Any]] = []
    # The firmware collects garbage after an exception; what is imported need not be searched each time: 3 times faster.
    with ProcessPoolExecutor(asked.workers, initializer=gc.freeze) as pool:
        if "orders" in asked.parts:
            jobs = [(s, o, i, asked.places) for s in asked.scenes for o in all_orders for i in INSTANTS]
            results += pool.map(orders, jobs)
        if "events" in asked.parts:
            results += pool.map(events, [(e, w, asked.places) for e in EVENTS for w in OF_A_STROKE])
        if "faults" in asked.parts:
            jobs = [(s, o) for s in asked.scenes for o in all_orders if (s, o) not in IMPOSSIBLE]
            results += pool.map(faults, jobs)
            results += pool.map(faults_of_events, FAULTY_EVENTS)
        if "starts" in asked.parts:
            results += pool.map(faults_of_starts, asked.scenes)
    wrong = [each for each in results if each["wrong"]]
    figures = {
        "runs": sum(each["runs"] for each in results),
        "sweeps": len(results),
        "places": asked.places,
        "wrong": wrong,
        "wall_s": round(time.monotonic() - begun_s),
    }
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    print(f"{figures['runs']} runs in {figures['sweeps']} sweeps, {len(wrong)} sweeps wrong; {asked.out}")
    for each in wrong:
        place, where, found = each["wrong"][0]
        print(f"WRONG {each['what']}: {len(each['wrong'])} places, first {place} ({where}): {found[0]}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
