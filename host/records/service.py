"""Guided procedures, self-test, and what the battery has given."""

from __future__ import annotations

from dataclasses import dataclass

from host.records.history import Verdict


@dataclass(frozen=True, slots=True)
class Procedure:
    """The procedure under way ("none"), and what reservoir and catheter hold; `procedure_end` 255: none has ended."""

    procedure: str
    step: int
    procedure_delivering: bool
    procedure_strokes_left: int
    procedure_end: int
    fit: bool
    reservoir_holds: str
    catheter_buffer_nl: int
    catheter_naoh_nl: int
    until_insulin_nl: int


@dataclass(frozen=True, slots=True)
class ProcedureChange:
    """A procedure that was begun, gone on with or broken off, and where that has led."""

    at_us: int
    now: Procedure
    verdict: Verdict | None = None  # what a guided refill that has just been recorded has shown


@dataclass(frozen=True, slots=True)
class Check:
    """One check of the self-test; `value` is what was found, -1: the check itself failed."""

    check: str
    ok: bool
    value: int


@dataclass(frozen=True, slots=True)
class SelfTest:
    """A self-test: whether all that is required was there and has passed."""

    passed: bool
    duration_us: int
    checks: tuple[Check, ...]


@dataclass(frozen=True, slots=True)
class FaultCleared:
    """A latched fault that was cleared; strokes ordered and seen until then. The pump is stopped."""

    at_us: int
    commanded_strokes: int
    confirmed_strokes: int


@dataclass(frozen=True, slots=True)
class Energy:
    """The account of the battery, by count; not measured."""

    battery_used_nah: int
    battery_left_nah: int
    battery_left_s: int
    battery_mean_na: int
    battery_level: str
    wakes: int
