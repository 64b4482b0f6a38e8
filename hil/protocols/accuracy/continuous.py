"""Analysis of 72 h of basal: total, 1-h windows, trumpet curves, start-up curve. No hour is excluded."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from hil.instruments import Weighing
from hil.protocols.accuracy.findings import Findings, percent_of, weighing_of
from hil.protocols.accuracy.jobs import US_PER_H, US_PER_MIN
from hil.protocols.accuracy.record import Record
from hil.results.measurement import Kind
from hil.results.statistics import (
    AMBULATORY_SAMPLE_MIN,
    AMBULATORY_WINDOWS_MIN,
    SHORT_SAMPLE_MIN,
    SHORT_WINDOWS_MIN,
    share_within_percent,
    strokes_before,
    trumpet,
)

START_UP_HOURS = {200: 12, 1_000: 3}  # long enough for a dozen strokes


def _hours(record: Record, weighing: Weighing, findings: Findings) -> list[dict[str, float]]:
    """Judge the total. Return the error of every 1-h window in % of programmed."""
    identity, job, edges = record.identity, record.job, record.edges_us["hour"]
    key = f"long_total.{job.rate_mu_per_h}_mu_per_h"
    programmed_u = job.rate_mu_per_h * job.hours / 1000
    strokes = strokes_before(record.stroke_starts_us, edges[-1]) - strokes_before(record.stroke_starts_us, edges[0])
    findings.judge("controller.long_total", f"controller.{key}", round(strokes - programmed_u / identity.stroke_u, 9))
    total = weighing.between(edges[0], edges[-1])
    error = percent_of(identity.u_from_nl(total.volume_nl) - programmed_u, programmed_u)
    uncertainty = percent_of(identity.u_from_nl(total.uncertainty_nl), programmed_u)
    findings.judge("delivery.long_total", f"delivery.{key}", error, uncertainty)

    rows = []
    hourly_u = job.rate_mu_per_h / 1000
    for hour, (early, late) in enumerate(zip(edges, edges[1:], strict=False), start=1):
        volume = weighing.between(early, late)
        count = strokes_before(record.stroke_starts_us, late) - strokes_before(record.stroke_starts_us, early)
        rows.append(
            {
                "hour": hour,
                "commanded_percent": round(percent_of(count * identity.stroke_u - hourly_u, hourly_u), 4),
                "error_percent": round(percent_of(identity.u_from_nl(volume.volume_nl) - hourly_u, hourly_u), 4),
                "uncertainty_percent": round(percent_of(identity.u_from_nl(volume.uncertainty_nl), hourly_u), 4),
            }
        )
    share = share_within_percent([row["error_percent"] for row in rows], 15)
    name = f"delivery.hours_within_15_percent.{job.rate_mu_per_h}_mu_per_h"
    findings.tell(name, share, "%", "delivery")
    return rows


def _trumpets(
    record: Record, weighing: Weighing, findings: Findings, name: str, sample_min: Fraction, windows: tuple[int, ...]
) -> dict[str, list[dict[str, float]]]:
    """Return the trumpet curves by strokes and by weighing. Judge the windows that have a limit."""
    identity, job, edges = record.identity, record.job, record.edges_us[name]
    per_sample_u = float(Fraction(job.rate_mu_per_h, 1000) * sample_min / 60)
    counted = [strokes_before(record.stroke_starts_us, edge) * identity.stroke_u for edge in edges]
    weighed = [identity.u_from_nl(weighing.between(edges[0], edge).volume_nl) for edge in edges]
    curves: dict[str, list[dict[str, float]]] = {}
    sources: tuple[tuple[Kind, list[float]], ...] = (("controller", counted), ("delivery", weighed))
    for kind, cumulative in sources:
        rows = curves.setdefault(kind, [])
        for point in trumpet(cumulative, per_sample_u, sample_min, windows):
            window_us = point.window_min * US_PER_MIN
            uncertainty = 0.0
            if kind == "delivery":
                # All windows of this length have the same weighing uncertainty; the first one stands for all.
                volume = weighing.between(edges[0], edges[edges.index(edges[0] + window_us)])
                programmed_u = job.rate_mu_per_h / 1000 * point.window_min / 60
                uncertainty = percent_of(identity.u_from_nl(volume.uncertainty_nl), programmed_u)
            limit = f"{kind}.trumpet_{point.window_min}_min.{job.rate_mu_per_h}_mu_per_h"
            for extreme, value in (("least", point.least_percent), ("greatest", point.greatest_percent)):
                findings.judge_or_tell(limit, f"{limit}.{extreme}", value, "%", kind, uncertainty)
            rows.append(
                {
                    "window_min": point.window_min,
                    "windows": point.windows,
                    "least_percent": round(point.least_percent, 4),
                    "greatest_percent": round(point.greatest_percent, 4),
                    "mean_absolute_percent": round(point.mean_absolute_percent, 4),
                    "uncertainty_percent": round(uncertainty, 4),
                }
            )
    return curves


def _start_up(record: Record, weighing: Weighing) -> list[list[float]]:
    """Return rows of minutes since the first command, programmed, commanded and weighed volume (U)."""
    identity, job = record.identity, record.job
    until_us = record.first_command_us + START_UP_HOURS.get(job.rate_mu_per_h, 3) * US_PER_H
    times = [time for time in record.weighings.time_us.tolist() if time <= until_us]
    first_us = max((time for time in times if time <= record.first_command_us), default=times[0])
    already = strokes_before(record.stroke_starts_us, first_us)
    rows = []
    for time_us in times:
        if time_us < first_us:
            continue
        minutes = (time_us - record.first_command_us) / US_PER_MIN
        commanded_u = (strokes_before(record.stroke_starts_us, time_us) - already) * identity.stroke_u
        weighed_u = identity.u_from_nl(weighing.between(first_us, time_us).volume_nl)
        programmed_u = max(minutes, 0) / 60 * job.rate_mu_per_h / 1000
        rows.append([round(minutes, 3), round(programmed_u, 5), round(commanded_u, 5), round(weighed_u, 5)])
    return rows


def analyse_long(record: Record, findings: Findings) -> None:
    """Add the measurements and figures of one 72-h job."""
    weighing = weighing_of(record)
    sets: list[tuple[str, Fraction, tuple[int, ...]]] = []
    sets.append(("ambulatory", AMBULATORY_SAMPLE_MIN, AMBULATORY_WINDOWS_MIN))
    if "short" in record.edges_us:
        sets.append(("short", SHORT_SAMPLE_MIN, SHORT_WINDOWS_MIN))
    figure: dict[str, Any] = {
        "rate_mu_per_h": record.job.rate_mu_per_h,
        "hours": _hours(record, weighing, findings),
        "trumpet": {name: _trumpets(record, weighing, findings, name, s, w) for name, s, w in sets},
        "start_up": _start_up(record, weighing),
    }
    findings.figures["long"].append(figure)
