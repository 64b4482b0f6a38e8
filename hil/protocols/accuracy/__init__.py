"""Accuracy protocol: boluses, basal totals and 72 h of basal, weighed and judged.

Methods as published for insulin pumps (borrowed from IEC 60601-2-24 and 21 CFR 880.5730; no claim of compliance).
Implements: HIL-2, HIL-6, HIL-7
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy

from hil.instruments import evaluate_blank, load_balance_parameters, load_calibration
from hil.plant import load_mechanism
from hil.plant.parameters import Table
from hil.protocols.accuracy.bench_interface import BenchFactory, OwedCheck
from hil.protocols.accuracy.drive import Setting
from hil.protocols.accuracy.findings import Findings
from hil.protocols.accuracy.jobs import PRIMING_MU, Job, all_jobs
from hil.protocols.accuracy.judge import analyse
from hil.protocols.accuracy.pool import run_jobs
from hil.protocols.accuracy.progress import Progress, default_progress
from hil.protocols.accuracy.record import Record, write_records
from hil.protocols.said import failure
from hil.report.glance import allowed, figure
from hil.results.files import passed, records_digest, write_json, write_junit
from hil.results.limits import load_limits
from hil.results.measurement import Measurement
from hil.results.tested import Run

EXIT_PASSED = 0
EXIT_FAILED = 1
SCHEMA = 1

__all__ = ["EXIT_FAILED", "EXIT_PASSED", "all_jobs", "load_mechanism", "run"]


def _spec(setting: Setting, records: Sequence[Record], findings: Findings) -> dict[str, Any]:
    identity = records[0].identity
    blank = evaluate_blank(records[0].blank, records[0].calibration)
    return {
        "protocol": "accuracy",
        "simulated": True,
        "seed": setting.seed,
        "mechanism": setting.mechanism.name,
        "mechanism_title": setting.mechanism.title,
        "priming_mu": PRIMING_MU.get(setting.mechanism.name, 0),
        "short_windows": setting.short_windows,
        "pump": vars(identity),
        "jobs": [vars(record.job) for record in records],
        "plant": setting.mechanism.as_dicts(),
        "balance": load_balance_parameters().as_dicts(),
        "calibration": load_calibration().as_dict(),
        "blank": {
            "rate_ug_per_h": round(blank.rate_ug_per_h, 6),
            "uncertainty_ug_per_h": round(blank.uncertainty_ug_per_h, 6),
        },
        "limits": findings.limits.as_dicts(),
    }


def _run_facts(begun: Run, setting: Setting, records: Sequence[Record], bench: str, workers: int) -> dict[str, Any]:
    identity = records[0].identity
    command = f"make bench SEED={setting.seed}" + (f" BENCH={bench}" if bench not in ("", "virtual") else "")
    if setting.mechanism.name != "implant" or setting.short_windows:
        command = f"pump-bench bench --seed {setting.seed} --mechanism {setting.mechanism.name}"
        command += (f" --bench {bench}" if bench else "") + (" --short-windows" if setting.short_windows else "")
    facts = begun.facts(board=identity.board, bench=bench, seed=setting.seed, command=command, image=identity.image)
    return facts | {
        "numpy": numpy.__version__,
        "workers": workers,
        "job_duration_s": {record.job.name: round(record.wall_s, 3) for record in records},
    }


def _failures(records: Sequence[Record], findings: Findings) -> list[dict[str, Any]]:
    """Return the jobs in which something failed: what, the independent check's objections, and what the pump said."""
    failures = []
    for record in records:
        job = record.job.name
        what = [
            f"{each.name}: {figure(each.as_dict())}, allowed {allowed(each.as_dict())}"
            for each in findings.measurements
            if each.verdict == "fail" and findings.judged_in[each.name] == job
        ]
        if what:
            more = ([f"refused: {record.refusal}"] if record.refusal else []) + list(record.owed.examples)
            failures.append(failure(job, more + what, record.said).as_dict())
    return failures


def run(
    seed: int,
    out_dir: Path | str,
    bench_factory: BenchFactory,
    mechanism: str | Table = "implant",
    workers: int = 2,
    progress: Progress | None = None,
    *,
    jobs: Sequence[Job] | None = None,
    short_windows: bool = False,
    owed_check: OwedCheck | None = None,
    quiet: bool = False,
    bench: str = "",
) -> int:
    """Run the protocol and write results.json, results.xml, records/ and report.html into `out_dir`.

    `bench_factory(plant)` opens a bench; with more than one worker it must be a module-level function. `mechanism` is
    the name of one or a changed parameter table, `bench` the name that the results carry. Returns 0 if every judged
    measurement passes, 1 if one fails.
    Raises BenchError if the bench itself breaks; then nothing is written that could be taken for a result.
    """
    begun = Run()
    table = load_mechanism(mechanism) if isinstance(mechanism, str) else mechanism
    setting = Setting(seed, table, bench_factory, short_windows, owed_check)
    chosen = tuple(jobs) if jobs is not None else all_jobs()
    out = Path(out_dir)
    for name in ("results.json", "results.xml", "report.html"):
        (out / name).unlink(missing_ok=True)
    shutil.rmtree(out / "records", ignore_errors=True)

    with progress or default_progress() as told:
        told.begin(chosen)
        records = run_jobs(chosen, setting, workers, told)
    findings = analyse(records, load_limits())

    (out / "records").mkdir(parents=True)
    write_records(records, out / "records")
    results: dict[str, Any] = {
        "schema": SCHEMA,
        "run": _run_facts(begun, setting, records, bench, workers),
        "spec": _spec(setting, records, findings),
        "failures": _failures(records, findings),
        "measurements": [measurement.as_dict() for measurement in findings.measurements],
        "information": [measurement.as_information() for measurement in findings.information],
        "figures": findings.figures,
        "records": records_digest(out / "records"),
    }
    write_json(out / "results.json", results)
    write_junit(out / "results.xml", "hil.accuracy", findings.measurements)
    return _report(out, results, findings.measurements, quiet)


def _report(out: Path, results: dict[str, Any], measurements: Sequence[Measurement], quiet: bool) -> int:
    from hil.report import print_verdicts, write_html  # imported late: only the report needs jinja2 and rich

    write_html(out / "report.html", results)
    if not quiet:
        print_verdicts(results, out, file=sys.stdout)
    return EXIT_PASSED if passed(measurements) else EXIT_FAILED
