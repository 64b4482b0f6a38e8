"""Floods with every kind of request and both quanta. They take hours and can be interrupted and resumed.

Results that passed on the same image with the same duration are kept and not measured again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor, as_completed
from hashlib import sha256
from pathlib import Path
from typing import Any

from hil.backends.emulator_process import IMAGE
from hil.protocols.floods.drive import QUANTA_NL, TURN_US_MAX, measure
from hil.protocols.floods.requests import KINDS
from hil.results.files import read_json, write_json


def run(
    out: Path,
    *,
    seconds: float,
    workers: int,
    kinds: Iterable[str] = KINDS,
    quanta_nl: Iterable[int] = QUANTA_NL,
    said: Callable[[str], None] = print,
) -> bool:
    """Measure every kind with these quanta and write `out`. Returns True if all have passed."""
    jobs = [(kind, stroke_nl) for kind in kinds for stroke_nl in quanta_nl]
    image = sha256(IMAGE.read_bytes()).hexdigest()
    results = kept(out, image, seconds)
    done = {(each["kind"], each["stroke_nl"]) for each in results}
    left = [job for job in jobs if job not in done]
    if len(left) < len(jobs):
        said(f"{len(jobs) - len(left)} of {len(jobs)} passed earlier on this image: {out}")
    with ProcessPoolExecutor(workers) as pool:
        for found in as_completed([pool.submit(measure, kind, stroke_nl, seconds) for kind, stroke_nl in left]):
            results.append(found.result())
            said(told(results[-1]))
            figures = {"image": image, "seconds": seconds, "asked": len(jobs), "turn_us_max": TURN_US_MAX}
            write_json(out, {**figures, "results": results})
    return all(each["passed"] for each in results if (each["kind"], each["stroke_nl"]) in jobs)


def kept(out: Path, image: str, seconds: float) -> list[dict[str, Any]]:
    """Return the results in `out` that passed on this image with this duration."""
    if not out.exists():
        return []
    figures = read_json(out)
    if figures.get("image") != image or figures["seconds"] != seconds:
        return []
    return [each for each in figures["results"] if each["passed"]]


def told(result: dict[str, Any]) -> str:
    """One result in a line."""
    turn_us = result["worst_turn_us"]
    verdict = "pass" if result["passed"] else "FAIL"
    return (
        f"{verdict} {result['kind']}, {result['stroke_nl']} nl: {result['strokes']} strokes, at most "
        f"{result['greatest_late_us']} µs late, {result['requests']} requests"
        + (f", longest turn {turn_us / 1000:.0f} ms" if turn_us else "")
    )
