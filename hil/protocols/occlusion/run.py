"""The whole campaign: runs it on all workers, judges it, writes build/occlusion.json.

Two runs with the same seed may differ only in `run`. Everything is simulated.

Implements: OCC-1, OCC-2, OCC-3, OCC-4, HIL-5
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

from firmware.occlusion.detector import Detector
from hil.plant import load_body, load_faults, load_mechanism
from hil.plant.parameters import Table
from hil.protocols.occlusion import jobs, judge, lives, whole_pump, years
from hil.protocols.occlusion.drive import THRESHOLDS
from hil.protocols.occlusion.html import page
from hil.results.files import passed, write_json, write_text
from hil.results.limits import load_limits
from hil.results.measurement import Measurement
from hil.results.tested import VIRTUAL, Run

EXIT_PASSED, EXIT_FAILED = 0, 1
SCHEMA = 2
# A patient-year of fine strokes takes four times as long to compute, so fewer are run.
FINE_YEARS = 0.125
# Without a single event in n years the rate lies below 3/n with 95 % confidence (rule of three).
_RULE_OF_THREE = 3.0
_Task = TypeVar("_Task")
_Result = TypeVar("_Result")


def run(
    seed: int,
    out: Path,
    *,
    patient_years: float,
    workers: int = 2,
    share: float = 1.0,
    detector: type[Detector] = Detector,
    say: Callable[[str], None] = print,
) -> int:
    """Run the campaign `seed`, write `out`, return the exit code. A `share` below 1 runs a part of the cases."""
    begun, start_s = Run(), time.perf_counter()
    limits = load_limits()
    with ProcessPoolExecutor(workers, get_context("fork")) as pool:
        outcomes = _each(pool, partial(lives.live, detector=detector), jobs.campaign(seed, share))
        say(f"{len(outcomes)} lives with faults, {time.perf_counter() - start_s:.0f} s")
        pairs = _each(pool, whole_pump.live, whole_pump.cases(seed, share)) if detector is Detector else []
        say(f"{len(pairs)} of such lives through the whole firmware, {time.perf_counter() - start_s:.0f} s")
        alarms = {}
        for name, quantum, part in (("coarse", jobs.COARSE, 1.0), ("fine", jobs.FINE, FINE_YEARS)):
            numbers = range(max(1, round(patient_years * part * years.LIVES_PER_YEAR)))
            live = partial(years.live, seed=seed, detector=detector, quantum=quantum)
            alarms[name] = _false_alarms(_each(pool, live, list(numbers)))
            lived = f"{alarms[name]['patient_years']} patient-years without a fault, {quantum.stroke_nl} nL"
            say(f"{lived}, {time.perf_counter() - start_s:.0f} s")
    measurements = judge.judge(outcomes, limits)
    for name, each in alarms.items():
        judged = f"detector.false_alarms.{name}"
        measurements.append(limits["detector.false_alarms"].judge(judged, each["found"]))
    if pairs:
        differ = sum(not pair.same for pair in pairs)
        name = "detector.whole_firmware_differs"
        measurements.append(limits[name].judge(name, differ))
    results = {
        "schema": SCHEMA,
        "run": _facts(begun, seed, patient_years, workers),
        "spec": _spec(seed, share, len(outcomes)),
        "verdict": "pass" if passed(measurements) else "fail",
        "measurements": [each.as_dict() for each in measurements],
        "detection": judge.detection(outcomes),
        "confusion": {kind: _confusion(outcomes, stroke_nl) for _, stroke_nl, kind in judge.KINDS[:2]},
        "confused_runs": [each.as_dict() for each in outcomes if each.verdict != each.truth],
        "false_alarms": alarms,
        "whole_firmware": {"runs": len(pairs), "differ": [_pair(each) for each in pairs if not each.same]},
    }
    text = page(results)
    write_json(out, results)
    write_text(out.with_suffix(".html"), text)
    say(summary(measurements, alarms))
    return EXIT_PASSED if passed(measurements) else EXIT_FAILED


def _facts(begun: Run, seed: int, patient_years: float, workers: int) -> dict[str, Any]:
    command = f"pump-bench occlusion --seed {seed} --patient-years {patient_years:g}"
    facts = begun.facts(board=VIRTUAL, bench="detector alone, and virtual", seed=seed, command=command)
    return facts | {"workers": workers}


def _each(pool: Executor, function: Callable[[_Task], _Result], tasks: Sequence[_Task]) -> list[_Result]:
    chunk = max(1, min(20, len(tasks) // 8))
    return list(pool.map(function, tasks, chunksize=chunk))


def _false_alarms(healthy: Sequence[years.Life]) -> dict[str, Any]:
    lived = sum(each.days for each in healthy) / 365.25
    named = Counter(name for each in healthy for name in each.found)
    strokes = sum(each.strokes for each in healthy)
    return {
        "patient_years": round(lived, 2),
        "lives": len(healthy),
        "strokes": strokes,
        "readings_per_stroke": round(sum(each.readings for each in healthy) / strokes, 3),
        "found": sum(named.values()),
        "found_by_name": dict(sorted(named.items())),
        "lives_with_a_finding": [each.number for each in healthy if each.found],
        "per_patient_year": round(sum(named.values()) / lived, 6),
        "per_patient_year_below_at_95_percent": None if named else round(_RULE_OF_THREE / lived, 6),
    }


def _confusion(outcomes: Sequence[lives.Outcome], stroke_nl: int) -> dict[str, dict[str, dict[str, int]]]:
    """At all rates, and at each."""
    rates = {judge.rate_name(rate): judge.confusion(outcomes, stroke_nl, rate) for rate in jobs.RATES_MU_PER_H}
    return {"all": judge.confusion(outcomes, stroke_nl)} | rates


def _pair(pair: whole_pump.Pair) -> dict[str, Any]:
    return {name: value for name, value in vars(pair).items() if name != "case"} | {"case": vars(pair.case)}


def _rows(table: Table) -> list[dict[str, Any]]:
    return list(table.as_dicts())


def _spec(seed: int, share: float, runs: int) -> dict[str, Any]:
    return {
        "protocol": "occlusion",
        "simulated": True,
        "seed": seed,
        "share": share,
        "runs": runs,
        "thresholds": {
            kind: {
                key: value
                for key, value in vars(THRESHOLDS[mechanism, jobs.QUANTA[stroke_nl]]).items()
                if key != "known"
            }
            for mechanism, stroke_nl, kind in judge.KINDS
        },
        "plant": _rows(load_mechanism()),
        "faults": _rows(load_faults()),
        "body": _rows(load_body()),
        "limits": [each for each in load_limits().as_dicts() if each["kind"] == "detector"],
    }


def summary(measurements: Sequence[Measurement], alarms: dict[str, dict[str, Any]]) -> str:
    """Return the summary for a person, verdict first."""
    failed = [each for each in measurements if each.verdict == "fail"]
    lines = [
        f"{'PASS' if not failed else 'FAIL'}: {len(measurements) - len(failed)} of {len(measurements)} (simulated)"
    ]
    for each in measurements:
        value = "no figure" if each.value is None else f"{each.value:g}"
        lines.append(f"  {each.verdict:4}  {each.name:54} {value} {each.unit}, at most {each.upper:g}, {each.req}")
    for name, lived in alarms.items():
        what = f"{lived['found']} findings in {lived['patient_years']} patient-years"
        lines.append(f"  {what}, {lived['strokes']} {name} strokes")
    return "\n".join(lines)
