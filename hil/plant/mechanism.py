"""The reference mechanisms as parameter tables, and the few quantities derived from them."""

from __future__ import annotations

import math
from pathlib import Path

from hil.plant.parameters import ParameterError, Table, load_table

PUMPS = ("typical", "least", "most")
_FOLDER = Path(__file__).parent / "mechanisms"
PA_PER_MMHG = 133.322


def mechanisms() -> tuple[str, ...]:
    """Return the names of the available mechanisms."""
    return tuple(sorted(path.stem for path in _FOLDER.glob("*.toml")))


def load_mechanism(name: str = "implant") -> Table:
    """Return the parameter table of mechanism `name`. Raises ParameterError if there is no such mechanism."""
    if name not in mechanisms():
        raise ParameterError(f"no mechanism {name!r}; there are {', '.join(mechanisms())}")
    return load_table(_FOLDER / f"{name}.toml")


def mean_stroke_pl(table: Table, pump: str) -> int:
    """Return the mean stroke volume in picolitres of one of the three `PUMPS`."""
    if pump not in PUMPS:
        raise ParameterError(f"no pump {pump!r}; there are {', '.join(PUMPS)}")
    return round(table["stroke_volume_nl"] * table[f"pump_factor_{pump}"] * 1000)


def catheter_length_mm(table: Table) -> float:
    """Return the length of a round bore that holds the dead volume."""
    bore_mm = table["catheter_bore_um"] / 1000
    return table["catheter_dead_volume_nl"] / 1000 / (math.pi / 4 * bore_mm**2)


def resistance_pa_s_per_ul(table: Table) -> float:
    """Return the flow resistance of the catheter: Hagen-Poiseuille, 128 η L / (π d⁴)."""
    bore_mm = table["catheter_bore_um"] / 1000
    viscosity_pa_s = table["viscosity_upa_s"] * 1e-6
    return 128 * viscosity_pa_s * catheter_length_mm(table) / (math.pi * bore_mm**4)


def compliance_pl_per_pa(table: Table) -> float:
    """Return the compliance of the catheter in picolitres a pascal."""
    return table["catheter_compliance_nl_per_mmhg"] * 1000 / PA_PER_MMHG


def time_constant_us(table: Table) -> float:
    """Return τ = R·C of the catheter in microseconds."""
    return resistance_pa_s_per_ul(table) * compliance_pl_per_pa(table)  # Pa·s/µL × pL/Pa = 1e-6 s
