"""The calibration of the balance with its set-up, and the correction of readings by it and by a measured blank.

Method: U = a + b·m as the certificate states it. Evaporation and drift are subtracted with the blank's slope. The
volume follows from density and buoyancy. Components are combined as in the GUM; all uncertainties are expanded with k =
2.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from pathlib import Path

from hil.instruments.weighings import Weighings
from hil.plant.parameters import Parameter, ParameterError, Table

US_PER_H = 3_600_000_000
_DEFAULT = Path(__file__).parent / "microbalance-calibration.toml"


@dataclass(frozen=True)
class Calibration:
    """A certificate: the instrument, the date, and the figures known since (`table`, uncertainties with k = 2)."""

    instrument: str
    serial: str
    date: str
    certificate: str
    statement: str
    table: Table

    def as_dict(self) -> dict[str, object]:
        """Return the certificate as plain data, for results."""
        return {
            "instrument": self.instrument,
            "serial": self.serial,
            "date": self.date,
            "certificate": self.certificate,
            "statement": self.statement,
            "parameters": self.table.as_dicts(),
        }


def load_calibration(path: Path = _DEFAULT) -> Calibration:
    """Read a certificate. Raises ParameterError if a figure has no unit or source."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    heading = {key: str(value) for key, value in data.items() if not isinstance(value, dict)}
    try:
        rows = tuple(
            Parameter(name, fields["value"], fields["unit"], fields["source"])
            for name, fields in data.items()
            if isinstance(fields, dict)
        )
        return Calibration(table=Table(path.stem, heading["instrument"], rows), **heading)
    except (KeyError, TypeError) as error:
        raise ParameterError(f"{path.name}: {error}") from error


@dataclass(frozen=True)
class Blank:
    """The slope of a run without flow, the effect of evaporation and drift on the reading, with its uncertainty."""

    rate_ug_per_h: float
    uncertainty_ug_per_h: float


def evaluate_blank(weighings: Weighings, calibration: Calibration) -> Blank:
    """Return the slope of a blank, from its first to its last reading.

    Its uncertainty includes the repeatability from one filling to the next twice: the blank's own and the later run's.
    """
    hours = int(weighings.time_us[-1] - weighings.time_us[0]) / US_PER_H
    rate_ug_per_h = int(weighings.mass_ug[-1] - weighings.mass_ug[0]) / hours
    table = calibration.table
    return Blank(
        rate_ug_per_h,
        math.hypot(math.sqrt(2) * table["rate_repeatability_ug_per_h"], table["fixed_ug"] / hours),
    )


@dataclass(frozen=True)
class WeighedVolume:
    """A volume by weighing with its expanded uncertainty, k = 2."""

    volume_nl: float
    uncertainty_nl: float


class Weighing:
    """Converts two readings into the volume delivered between them."""

    def __init__(self, weighings: Weighings, calibration: Calibration, blank: Blank) -> None:
        self._weighings = weighings
        self._blank = blank
        table = calibration.table
        air = table["air_density_ug_per_ul"]
        liquid = table["density_ug_per_ul"]
        buoyancy = (1 - air / liquid) / (1 - air / table["reference_density_ug_per_ul"])
        self._nl_per_ug = 1000 / (liquid * buoyancy)
        self._fixed_ug = float(table["fixed_ug"])
        self._proportional = float(table["proportional"])
        self._density_relative = float(table["density_relative"])

    def between(self, from_us: int, to_us: int) -> WeighedVolume:
        """Return the volume delivered from `from_us` to `to_us`. Raises KeyError if one of the two has no reading."""
        hours = (to_us - from_us) / US_PER_H
        indicated_ug = self._weighings.at(to_us) - self._weighings.at(from_us)
        mass_ug = indicated_ug - self._blank.rate_ug_per_h * hours
        uncertainty_ug = math.hypot(
            self._fixed_ug + self._proportional * abs(mass_ug),
            self._blank.uncertainty_ug_per_h * hours,
            self._density_relative * mass_ug,
        )
        return WeighedVolume(mass_ug * self._nl_per_ug, uncertainty_ug * self._nl_per_ug)
