"""Acceptance limits, read from limits.toml. They stand nowhere else, and each has its reason (HIL-7)."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

from hil.results.measurement import Kind, Measurement

_DEFAULT = Path(__file__).with_name("limits.toml")
_KINDS: dict[str, Kind] = {each: each for each in get_args(Kind)}


class LimitError(ValueError):
    """The limits file is incomplete, or an unknown limit was asked for."""


@dataclass(frozen=True)
class Limit:
    """Allowed from `lower` to `upper` (None: open) in `unit`; `reason` gives the origin of the numbers."""

    name: str
    kind: Kind
    lower: float | None
    upper: float | None
    unit: str
    req: str
    reason: str

    def judge(self, name: str, value: float | None, uncertainty: float = 0) -> Measurement:
        """Return the measurement `name` of `value` (in this limit's unit) under this limit."""
        return Measurement(name, value, self.unit, self.lower, self.upper, uncertainty, self.req, self.kind)


class Limits:
    """All limits by name."""

    def __init__(self, limits: dict[str, Limit]) -> None:
        self._limits = limits

    def __getitem__(self, name: str) -> Limit:
        if name not in self._limits:
            raise LimitError(f"no limit {name!r} in limits.toml")
        return self._limits[name]

    def __contains__(self, name: object) -> bool:
        return name in self._limits

    def as_dicts(self) -> list[dict[str, object]]:
        """Return all limits as plain data."""
        return [
            {"name": item.name, "kind": item.kind, "lower": item.lower, "upper": item.upper, "unit": item.unit,
             "req": item.req, "reason": item.reason}
            for item in self._limits.values()
        ]  # fmt: skip


def load_limits(path: Path = _DEFAULT) -> Limits:
    """Read the limits. Raises LimitError for one without reason, unit or requirement, or without any limit."""
    limits = {}
    for name, fields in tomllib.loads(path.read_text(encoding="utf-8")).items():
        kind = _KINDS.get(name.split(".", 1)[0])
        if kind is None or not {"unit", "req", "reason"} <= fields.keys() or not {"lower", "upper"} & fields.keys():
            kinds = ", ".join(_KINDS)
            raise LimitError(f"{path.name}: {name} begins with one of {kinds}, and has a limit, unit, req and reason")
        limits[name] = Limit(
            name, kind, fields.get("lower"), fields.get("upper"), fields["unit"], fields["req"], fields["reason"]
        )
    return Limits(limits)
