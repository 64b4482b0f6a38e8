"""Collects the results of the analysis: judged measurements, figures without a limit, and data for curves."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from hil.instruments import Weighing, evaluate_blank
from hil.protocols.accuracy.record import Record
from hil.results.limits import Limits
from hil.results.measurement import Kind, Measurement

REQ = "HIL-2"
FIGURES = ("bolus", "basal", "long", "priming", "intervals")


@dataclass
class Findings:
    """Grows job by job. `figures` holds the data that the report draws, as plain data. What is judged is noted under
    `job`: `judged_in` holds the job of each measurement.
    """

    limits: Limits
    measurements: list[Measurement] = field(default_factory=list)
    information: list[Measurement] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=lambda: {name: [] for name in FIGURES})
    job: str = ""
    judged_in: dict[str, str] = field(default_factory=dict)

    def judge(self, limit: str, name: str, value: float | None, uncertainty: float = 0) -> Measurement:
        """Add the measurement `name` under the limit named `limit`."""
        measurement = self.limits[limit].judge(name, value, uncertainty)
        self.measurements.append(measurement)
        self.judged_in[name] = self.job
        return measurement

    def tell(self, name: str, value: float | None, unit: str, kind: Kind, uncertainty: float = 0) -> Measurement:
        """Add a figure that has no limit."""
        measurement = Measurement(name, value, unit, None, None, uncertainty, REQ, kind)
        self.information.append(measurement)
        return measurement

    def judge_or_tell(
        self, limit: str, name: str, value: float | None, unit: str, kind: Kind, uncertainty: float = 0
    ) -> Measurement:
        """Judge the value if the limit exists, else add it as a figure without a limit."""
        if limit in self.limits:
            return self.judge(limit, name, value, uncertainty)
        return self.tell(name, value, unit, kind, uncertainty)


def weighing_of(record: Record) -> Weighing:
    """Return the record's readings, corrected as far as the certificate and the blank allow."""
    return Weighing(record.weighings, record.calibration, evaluate_blank(record.blank, record.calibration))


def percent_of(value: float, whole: float) -> float:
    """Return `value` in % of `whole`."""
    return 100 * value / whole
