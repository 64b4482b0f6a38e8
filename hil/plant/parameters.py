"""A parameter of a model: name (unit last), value, unit, and the source of the value.

The tables are TOML files beside the models, and they are the single source. The models compute from them, and reports
and docs/plant.md print them, so that the origin of every number can be read.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

Number = int | float


class ParameterError(ValueError):
    """A parameter table is incomplete, names an unknown parameter or holds a value of the wrong kind."""


@dataclass(frozen=True)
class Parameter:
    """One parameter. `source` is a publication, "derived: …" or "assumption: …"; `note` says what the parameter is."""

    name: str
    value: Number
    unit: str
    source: str
    note: str = ""

    @property
    def assumed(self) -> bool:
        """True if nobody has measured this value: its source says "assumption"."""
        return self.source.startswith("assumption")


@dataclass(frozen=True)
class Table:
    """An ordered set of parameters. `table["name"]` is the value."""

    name: str
    title: str
    rows: tuple[Parameter, ...]

    def __getitem__(self, name: str) -> Number:
        for row in self.rows:
            if row.name == name:
                return row.value
        raise ParameterError(f"{self.name}: no parameter {name!r}")

    def __iter__(self) -> Iterator[Parameter]:
        return iter(self.rows)

    def names(self) -> tuple[str, ...]:
        """Return the names in order."""
        return tuple(row.name for row in self.rows)

    def with_value(self, name: str, value: Number, source: str = "assumption: changed for this run") -> Table:
        """Return a copy with one value changed. Raises ParameterError for an unknown name."""
        self[name]
        rows = tuple(replace(row, value=value, source=source) if row.name == name else row for row in self.rows)
        return replace(self, rows=rows)

    def as_dicts(self) -> list[dict[str, Number | str]]:
        """Return the rows as plain dicts, for JSON and templates."""
        return [
            {"name": row.name, "value": row.value, "unit": row.unit, "source": row.source, "note": row.note}
            for row in self.rows
        ]


def _parameter(path: Path, name: str, fields: object) -> Parameter:
    if not isinstance(fields, dict) or not {"value", "unit", "source"} <= fields.keys():
        raise ParameterError(f"{path.name}: {name} needs value, unit and source")
    value = fields["value"]
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ParameterError(f"{path.name}: {name} is {value!r}, not a number")
    return Parameter(name, value, str(fields["unit"]), str(fields["source"]), str(fields.get("note", "")))


def load_table(path: Path) -> Table:
    """Read the table at `path`. A key `base = "other"` takes over the entries of other.toml that this file does not
    have.

    Raises ParameterError for an entry without unit or source, or one that the base does not know.
    """
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    title = str(data.pop("title", path.stem))
    base = data.pop("base", None)
    own = {name: _parameter(path, name, fields) for name, fields in data.items()}
    if base is None:
        return Table(path.stem, title, tuple(own.values()))
    inherited = load_table(path.with_name(f"{base}.toml"))
    unknown = own.keys() - set(inherited.names())
    if unknown:
        raise ParameterError(f"{path.name}: not in {base}.toml: {', '.join(sorted(unknown))}")
    return Table(path.stem, title, tuple(own.get(row.name, row) for row in inherited))


def markdown(table: Table) -> str:
    """Return the table in Markdown, one row a parameter, as docs/plant.md holds it."""
    lines = ["| Parameter | Value | Unit | What it is | Source |", "|---|---:|---|---|---|"]
    lines += [f"| `{row.name}` | {row.value} | {row.unit} | {row.note} | {row.source} |" for row in table]
    return "\n".join(lines) + "\n"
