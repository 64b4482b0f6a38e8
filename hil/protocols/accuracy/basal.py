"""Analysis of basal totals 1, 6 and 12 h from the first command, without warm-up.

Both edges of a window lie half a stroke interval after the hour, so no stroke falls on an edge. A window of 1 h then
holds exactly the strokes that 1 h programs.
"""

from __future__ import annotations

from hil.protocols.accuracy.findings import Findings, percent_of, weighing_of
from hil.protocols.accuracy.jobs import BASAL_MARKS_H
from hil.protocols.accuracy.record import Record
from hil.results.statistics import strokes_before

JUDGED_HOURS = (6, 12)


def analyse_basal(record: Record, findings: Findings) -> None:
    """Add the measurements and figures of one basal job: strokes against programmed, weighed against programmed."""
    identity, job = record.identity, record.job
    weighing = weighing_of(record)
    first_us, *marks_us = record.edges_us["total"]
    limit = f"delivery.basal_total.{job.rate_mu_per_h}_mu_per_h"
    for hours, mark_us in zip(BASAL_MARKS_H, marks_us, strict=True):
        key = f"basal_total.{job.rate_mu_per_h}_mu_per_h.{hours}_h.{job.pump}"
        programmed_u = job.rate_mu_per_h * hours / 1000
        strokes = strokes_before(record.stroke_starts_us, mark_us) - strokes_before(record.stroke_starts_us, first_us)
        off = strokes - programmed_u / identity.stroke_u
        findings.judge("controller.basal_total", f"controller.{key}", round(off, 9))

        volume = weighing.between(first_us, mark_us)
        weighed_u = identity.u_from_nl(volume.volume_nl)
        uncertainty_u = identity.u_from_nl(volume.uncertainty_nl)
        unit = findings.limits[limit].unit
        scale = 1 if unit == "U" else 100 / programmed_u
        error, uncertainty = (weighed_u - programmed_u) * scale, uncertainty_u * scale
        if hours in JUDGED_HOURS:
            findings.judge(limit, f"delivery.{key}", error, uncertainty)
        else:
            findings.tell(f"delivery.{key}", error, unit, "delivery", uncertainty)
        findings.figures["basal"].append(
            {
                "rate_mu_per_h": job.rate_mu_per_h,
                "pump": job.pump,
                "hours": hours,
                "programmed_u": programmed_u,
                "commanded_u": round(strokes * identity.stroke_u, 6),
                "weighed_u": round(weighed_u, 6),
                "uncertainty_u": round(uncertainty_u, 6),
                "error_percent": round(percent_of(weighed_u - programmed_u, programmed_u), 4),
                "uncertainty_percent": round(percent_of(uncertainty_u, programmed_u), 4),
                "judged": hours in JUDGED_HOURS,
            }
        )
