"""Records of guided procedures, self-test and battery."""

from __future__ import annotations

from dataclasses import dataclass

from host.records.history import Verdict


@dataclass(frozen=True, slots=True)
class Procedure:
    """The procedure under way (or "none"), and the contents of reservoir and catheter; `procedure_end` is None if none
    has ended yet.
    """

    procedure: str
    step: int
    procedure_delivering: bool
    procedure_strokes_left: int
    procedure_end: int | None
    fit: bool
    reservoir_holds: str
    catheter_buffer_nl: int
    catheter_naoh_nl: int
    until_insulin_nl: int


@dataclass(frozen=True, slots=True)
class ProcedureChange:
    """A procedure that was begun, continued or interrupted, and its state after that."""

    at_us: int
    now: Procedure
    verdict: Verdict | None = None  # the result of a guided refill that has just been recorded


@dataclass(frozen=True, slots=True)
class Check:
    """One check of the self-test; `value` is what was found, None if the check itself failed."""

    check: str
    ok: bool
    value: int | None


@dataclass(frozen=True, slots=True)
class SelfTest:
    """A self-test; `passed` if all required checks were there and passed."""

    passed: bool
    duration_us: int
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class FaultCleared:
    """A latched fault that was cleared, with the strokes ordered and seen until then. The pump is stopped."""

    at_us: int
    commanded_strokes: int
    confirmed_strokes: int


@dataclass(frozen=True, slots=True)
class Energy:
    """The battery's account, by count and not measured; `battery_left_s` is None if it does not run down."""

    battery_used_nah: int
    battery_left_nah: int
    battery_left_s: int | None
    battery_mean_na: int
    battery_level: str
    wakes: int
