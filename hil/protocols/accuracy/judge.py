"""Turns raw records into findings. Uses the instruments' records, calibration and blank; never the plant's truth."""

from __future__ import annotations

from collections.abc import Sequence

from hil.protocols.accuracy.basal import analyse_basal
from hil.protocols.accuracy.bolus import analyse_boluses
from hil.protocols.accuracy.continuous import analyse_long
from hil.protocols.accuracy.findings import Findings, weighing_of
from hil.protocols.accuracy.record import Record
from hil.results.limits import Limits
from hil.results.statistics import moments, strokes_before

_ANALYSES = {"bolus": analyse_boluses, "basal": analyse_basal, "long": analyse_long}


def _judge_owed(record: Record, findings: Findings) -> None:
    owed, job = record.owed, record.job.name
    findings.judge("controller.owed.least", f"controller.owed.{job}.least", owed.min_owed_uu)
    if record.boluses or record.priming:
        findings.tell(f"controller.owed.{job}.greatest", owed.max_owed_uu, "µU", "controller")
    else:
        findings.judge("controller.owed.greatest", f"controller.owed.{job}.greatest", owed.max_owed_uu)
    limit = "controller.lateness.board" if owed.tolerance_us else "controller.lateness"
    findings.judge(limit, f"controller.lateness.{job}", owed.worst_lateness_us)
    findings.judge("controller.violations", f"controller.violations.{job}", owed.violations)
    findings.judge("controller.refusals", f"controller.refusals.{job}", int(bool(record.refusal)))


def _tell_priming(record: Record, findings: Findings) -> None:
    """Report the start-up volume of a soft mechanism, which is delivered first: how much of it never came out."""
    given, identity = record.priming, record.identity
    if given is None:
        return
    volume = weighing_of(record).between(given.before_us, given.after_us)
    missing_u = given.volume_mu / 1000 - identity.u_from_nl(volume.volume_nl)
    uncertainty_u = identity.u_from_nl(volume.uncertainty_nl)
    findings.tell(f"delivery.start_up_deficit.{record.job.name}", missing_u, "U", "delivery", uncertainty_u)
    findings.figures["priming"].append(
        {
            "job": record.job.name,
            "programmed_u": given.volume_mu / 1000,
            "missing_u": round(missing_u, 5),
            "uncertainty_u": round(uncertainty_u, 5),
        }
    )


def _tell_stroke_volumes(findings: Findings) -> None:
    """Report the volumes of single strokes, weighed one by one: the smallest bolus is one stroke."""
    singles = [figure for figure in findings.figures["bolus"] if figure["bolus_mu"] == 200]
    for figure in singles:
        volume = moments(figure["mean_stroke_nl"])
        uncertainty_nl = max(figure["uncertainty_percent"]) / 100 * volume.mean
        findings.tell("delivery.stroke_volume.mean", volume.mean, "nL", "delivery", uncertainty_nl)
        findings.tell("delivery.stroke_volume.deviation", volume.deviation, "nL", "delivery")
        findings.figures["stroke_volume_nl"] = {
            "count": volume.count,
            "mean": round(volume.mean, 4),
            "deviation": round(volume.deviation, 4),
            "least": round(volume.least, 4),
            "greatest": round(volume.greatest, 4),
            "uncertainty": round(uncertainty_nl, 4),
        }


def _tell_intervals(record: Record, findings: Findings) -> None:
    """Report the times between strokes: for basal jobs from the first command on, for bolus jobs within each bolus."""
    starts, job = record.stroke_starts_us, record.job
    if job.kind == "bolus":
        spans = [(given.at_us, given.after_us) for given in record.boluses]
    else:
        spans = [(record.first_command_us, record.end_us)]
    intervals_us: list[int] = []
    for early_us, late_us in spans:
        inside = starts[strokes_before(starts, early_us) : strokes_before(starts, late_us)]
        intervals_us += [after - before for before, after in zip(inside, inside[1:], strict=False)]
    if not intervals_us:
        return
    interval = moments(intervals_us)
    findings.tell(f"controller.stroke_interval.{job.name}.mean", interval.mean, "µs", "controller")
    findings.tell(f"controller.stroke_interval.{job.name}.deviation", interval.deviation, "µs", "controller")
    findings.figures["intervals"].append(
        {
            "job": job.name,
            "count": interval.count,
            "mean_us": round(interval.mean, 3),
            "deviation_us": round(interval.deviation, 3),
            "least_us": interval.least,
            "greatest_us": interval.greatest,
        }
    )


def analyse(records: Sequence[Record], limits: Limits) -> Findings:
    """Return the findings of all records, in their order."""
    findings = Findings(limits)
    for record in records:
        findings.job = record.job.name
        _judge_owed(record, findings)
    for record in records:
        if record.refusal:
            continue
        findings.job = record.job.name
        _tell_priming(record, findings)
        _ANALYSES[record.job.kind](record, findings)
        _tell_intervals(record, findings)
    _tell_stroke_volumes(findings)
    return findings
