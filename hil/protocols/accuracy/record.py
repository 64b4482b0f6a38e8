"""Raw records of one job, and the marks that say where the analysis looks. No judgement.

The records of a job are files under `records/<job>/`. They hold whole numbers, with the unit in the column's name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hil.instruments import Calibration, Weighings
from hil.protocols.accuracy.jobs import Job


@dataclass(frozen=True)
class Identity:
    """The identity of the pump under test, as its hello reports it."""

    board: str
    firmware_version: str
    core_version: str
    stroke_uu: int
    stroke_nl: int
    concentration_u_per_ml: int
    image: str = ""  # empty: the board cannot tell

    def u_from_nl(self, volume_nl: float) -> float:
        """Return the insulin in a volume, in U."""
        return volume_nl * self.concentration_u_per_ml / 1_000_000

    @property
    def stroke_u(self) -> float:
        """Insulin in one stroke, in U."""
        return self.stroke_uu / 1_000_000


@dataclass(frozen=True)
class Given:
    """One bolus: weighed at `before_us`, accepted at `at_us`, weighed again at `after_us`; `strokes` as announced."""

    before_us: int
    at_us: int
    after_us: int
    volume_mu: int
    strokes: int


@dataclass(frozen=True)
class Owed:
    """Result of the independent check of the raw strokes (DOSE-1)."""

    min_owed_uu: float
    max_owed_uu: float
    worst_lateness_us: int
    violations: int
    examples: tuple[str, ...]
    tolerance_us: int = 0


@dataclass
class Record:
    """One job's raw record. Times are device microseconds; `edges_us` names lists of window edges."""

    job: Job
    identity: Identity
    calibration: Calibration
    start_us: int
    end_us: int
    first_command_us: int
    stroke_starts_us: list[int]
    commands: list[tuple[int, str, dict[str, int]]]
    weighings: Weighings
    blank: Weighings
    owed: Owed
    plant_strokes: list[tuple[int, int, int]]
    said: dict[str, Any] = field(default_factory=dict)  # by the pump, after the last measurement
    refusal: str = ""  # set if the pump refused a command of the protocol: the record ends there
    priming: Given | None = None
    boluses: list[Given] = field(default_factory=list)
    edges_us: dict[str, list[int]] = field(default_factory=dict)
    wall_s: float = 0.0


def _write_csv(path: Path, header: str, rows: Iterable[Sequence[object]]) -> None:
    lines = [header, *(",".join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8", newline="\n")


def _weighing_rows(weighings: Weighings) -> Iterable[tuple[int, int]]:
    return zip(weighings.time_us.tolist(), weighings.mass_ug.tolist(), strict=True)


def write_records(records: Sequence[Record], folder: Path) -> None:
    """Write the raw records of all jobs below `folder`. The blank is written once, since it was taken once."""
    for record in records:
        place = folder / record.job.name
        place.mkdir(parents=True, exist_ok=True)
        _write_csv(place / "strokes.csv", "start_us", ((start,) for start in record.stroke_starts_us))
        _write_csv(place / "weighings.csv", "time_us,mass_ug", _weighing_rows(record.weighings))
        _write_csv(
            place / "commands.csv",
            "at_us,command,values",
            (
                (at_us, name, " ".join(f"{key}={values[key]}" for key in sorted(values)))
                for at_us, name, values in record.commands
            ),
        )
        _write_csv(
            place / "boluses.csv",
            "before_us,at_us,after_us,volume_mu,strokes",
            ((b.before_us, b.at_us, b.after_us, b.volume_mu, b.strokes) for b in record.boluses),
        )
        # Known in simulation only. The analysis does not use it; it is kept to investigate a surprising run.
        _write_csv(place / "plant.csv", "start_us,duration_us,volume_pl", record.plant_strokes)
    if records:
        _write_csv(folder / "blank.csv", "time_us,mass_ug", _weighing_rows(records[0].blank))
