"""Analysis of 25 boluses in a row. Each is weighed, expressed in % of programmed, and counted into the eight bins."""

from __future__ import annotations

from hil.protocols.accuracy.findings import Findings, percent_of, weighing_of
from hil.protocols.accuracy.record import Record
from hil.results.statistics import bolus_bins, moments, share_within_percent, strokes_before

WITHIN_PERCENT = (5, 10, 15)


def analyse_boluses(record: Record, findings: Findings) -> None:
    """Add the measurements and figures of one bolus job."""
    identity, job = record.identity, record.job
    weighing = weighing_of(record)
    programmed_u = job.bolus_mu / 1000
    commanded, delivered, uncertainty, volumes_nl = [], [], [], []
    for given in record.boluses:
        strokes = strokes_before(record.stroke_starts_us, given.after_us)
        strokes -= strokes_before(record.stroke_starts_us, given.before_us)
        commanded.append(percent_of(strokes * identity.stroke_uu, job.bolus_mu * 1000))
        volume = weighing.between(given.before_us, given.after_us)
        volumes_nl.append(volume.volume_nl / given.strokes)
        delivered.append(percent_of(identity.u_from_nl(volume.volume_nl), programmed_u))
        uncertainty.append(percent_of(identity.u_from_nl(volume.uncertainty_nl), programmed_u))

    key = f"bolus.{job.bolus_mu}_mu"
    for extreme, choose in (("least", min), ("greatest", max)):
        findings.judge("controller.bolus", f"controller.{key}.{extreme}", choose(commanded))
        which = delivered.index(choose(delivered))
        findings.judge(f"delivery.{key}", f"delivery.{key}.{extreme}", delivered[which], uncertainty[which])
    spread = moments(delivered)
    findings.tell(f"delivery.{key}.mean", spread.mean, "%", "delivery", max(uncertainty))
    findings.tell(f"delivery.{key}.deviation", spread.deviation, "%", "delivery")
    errors = [percent - 100 for percent in delivered]
    for bound in WITHIN_PERCENT:
        share = share_within_percent(errors, bound)
        findings.tell(f"delivery.{key}.within_{bound}_percent", share, "%", "delivery")
    findings.figures["bolus"].append(
        {
            "bolus_mu": job.bolus_mu,
            "spacing_us": job.spacing_us,
            "commanded_percent": commanded,
            "delivered_percent": [round(value, 4) for value in delivered],
            "uncertainty_percent": [round(value, 4) for value in uncertainty],
            "bins_controller": bolus_bins(commanded),
            "bins_delivery": bolus_bins(delivered),
            "within_percent": {str(bound): share_within_percent(errors, bound) for bound in WITHIN_PERCENT},
            "mean_stroke_nl": [round(value, 4) for value in volumes_nl],
        }
    )
