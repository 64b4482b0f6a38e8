"""The same therapy with a flood on the line and with the line silent: the same strokes (LINK-4, SEC-4, DOSE-6).

Basal, a temporary rate, a square bolus and a normal one run at once. On a virtual board each stroke starts at the same
microsecond in both; on an emulated chip within 50 µs of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import lru_cache
from pathlib import Path
from typing import Any

from hil.bench import Bench
from hil.oracle import strokes
from hil.plant import Plant, load_mechanism
from hil.protocols.floods.attacks import FORGED_PRESENCE, listen
from hil.protocols.floods.drive import SPACING_US, START_US_MAX, flood
from hil.protocols.floods.requests import KINDS, Sender
from hil.results.files import write_json
from host.records import Limits, Status

US_PER_S = 1_000_000
SILENT = "silent"
STROKE_NL = 500
_LIMITS = Limits(max_basal_mu_per_h=35_000, max_bolus_mu=40_000, max_hour_mu=60_000, max_day_mu=500_000)
_AFTER_S = 10
_BAD = ("frames_overlong", "frames_bad_cobs", "frames_too_short", "frames_bad_crc", "frames_not_request")
_COUNTERS = ("frames_good", "sessions", "openings_refused", "frames_forged", "requests_refused", *_BAD)


@lru_cache(maxsize=4)
def silent(bench_name: str, seconds: float) -> tuple[int, ...]:
    """When each stroke starts if nobody speaks."""
    return dosed(SILENT, bench_name, seconds)[0]


def dosed(kind: str, bench_name: str, seconds: float) -> tuple[tuple[int, ...], dict[str, Any]]:
    """Dose under this flood for `seconds` and a while longer. Return when the strokes started, and what was found."""
    with Bench(Plant(load_mechanism(), 1), kind=bench_name) as bench:
        programmer = bench.programmer
        heard = listen(programmer)
        programmer.set_limits(_LIMITS)
        programmer.set_basal(18_000)
        programmer.temp_basal("percent", 190, 30)
        programmer.square_bolus(6_000, 30)
        programmer.bolus(12_000)
        now = programmer.read_time()
        before = programmer.status()
        sender = Sender(kind, programmer, now.life, now.now_us - bench.now_us, heard)
        begun_us = bench.now_us
        over_us = begun_us + round(seconds * US_PER_S)
        bench.board.presence = kind == FORGED_PRESENCE
        while kind != SILENT and bench.now_us < over_us:
            flood(bench, sender)
            bench.board.take_received()
        bench.board.presence = False
        bench.run_until_us(over_us + _AFTER_S * US_PER_S)
        bench.board.take_received()
        starts_us = tuple(bench.stroke_starts_us)
        owed = strokes.check(
            list(starts_us), bench.commands, stroke_uu=bench.board.stroke_uu, spacing_us=SPACING_US[STROKE_NL],
            end_us=bench.now_us, tolerance_us=bench.start_tolerance_us,
        )  # fmt: skip
        after = programmer.status()
    return starts_us, {
        "frames": sender.sent,
        "not_owed": len(owed.violations),
        "state": after.state,
        "internal_errors": after.internal_errors - before.internal_errors,
        "counted": _counted(before, after),
    }


def _counted(before: Status, after: Status) -> dict[str, int]:
    """What the pump itself says that it heard."""
    found = {name: getattr(after, name) - getattr(before, name) for name in _COUNTERS}
    found["frames_bad"] = sum(found.pop(name) for name in _BAD)
    return found


def compare(kind: str, bench_name: str, seconds: float) -> dict[str, Any]:
    """Dose under this flood and return how its strokes differ from those with the line silent."""
    wall_s = time.monotonic()
    wanted_us = silent(bench_name, seconds)
    starts_us, found = dosed(kind, bench_name, seconds)
    off_us = max((abs(each - one) for each, one in zip(starts_us, wanted_us, strict=False)), default=0)
    allowed_us = 0 if bench_name == "virtual" else START_US_MAX
    same = len(starts_us) == len(wanted_us) and off_us <= allowed_us
    sound = found["state"] == "running" and not found["not_owed"] and not found["internal_errors"]
    return {
        "kind": kind,
        "strokes": len(starts_us),
        "strokes_silent": len(wanted_us),
        "greatest_off_us": off_us,
        "allowed_us": allowed_us,
        **found,
        "wall_s": round(time.monotonic() - wall_s, 1),
        "passed": same and sound,
    }


def run(bench_name: str, seconds: float, workers: int, said: Callable[[str], None]) -> dict[str, Any]:
    """Compare every kind and return the figures."""
    found = []
    with ProcessPoolExecutor(workers) as pool:
        for each in as_completed([pool.submit(compare, kind, bench_name, seconds) for kind in KINDS]):
            found.append(each.result())
            said(told(found[-1]))
    found.sort(key=lambda each: KINDS.index(each["kind"]))
    return {
        "bench": bench_name,
        "seconds": seconds,
        "kinds": len(found),
        "frames": sum(each["frames"] for each in found),
        "strokes": sum(each["strokes"] for each in found),
        "greatest_off_us": max(each["greatest_off_us"] for each in found),
        "allowed_us": found[0]["allowed_us"],
        "passed": all(each["passed"] for each in found),
        "results": found,
    }


def passed(figures: dict[str, Any]) -> bool:
    """Were all strokes those of a silent line?"""
    return bool(figures["passed"])


def report(figures: dict[str, Any], out: Path) -> str:
    """Write the figures to `out`; return them as a sentence."""
    write_json(out, figures)
    return (
        f"{'PASS' if figures['passed'] else 'FAIL'}: {figures['kinds']} floods of {figures['seconds']:g} s on"
        f" {figures['bench']} (simulated), {figures['frames']} frames: {figures['strokes']} strokes, at most"
        f" {figures['greatest_off_us']} µs from those of a silent line, {figures['allowed_us']} allowed; written to"
        f" {out}"
    )


def told(result: dict[str, Any]) -> str:
    """One result in a line."""
    verdict = "pass" if result["passed"] else "FAIL"
    return (
        f"{verdict} {result['kind']}: {result['strokes']} strokes of {result['strokes_silent']}, at most"
        f" {result['greatest_off_us']} µs off, {result['frames']} frames"
    )
