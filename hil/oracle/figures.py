"""The figures that the pump shows: status, deliveries, reservoir, alarms, procedure, settings, time.

Each figure is one value, or the set or range of values that the specification allows.

Implements: DOSE-3, GUARD-1, THER-4 (the oracle's side)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from hil.oracle.alarms import NUMBERS
from hil.oracle.boluses import Bolus, Entry
from hil.oracle.exact import DAY_US, HOUR_US, NEVER_US, whole_mu
from hil.oracle.settings import LIMITS

if TYPE_CHECKING:
    from hil.oracle.device import Device

Expected = dict[str, Any]
NEVER_H = 0xFFFFFFFF


def allows(expected: Any, seen: Any) -> bool:
    """Is `seen` the expected value, or one of the values allowed?"""
    if isinstance(expected, (range, set, frozenset, tuple)):
        return seen in expected
    return bool(expected == seen)


def differences(expected: Expected, seen: Mapping[str, Any]) -> Iterable[tuple[str, Any, Any]]:
    """Yield (name, expected, seen) of each wrong figure."""
    for name, value in expected.items():
        if not allows(value, seen.get(name)):
            yield name, value, seen.get(name)


def status(device: Device) -> Expected:
    """Return the status expected now."""
    pump, programme = device.pump, device.pump.programme
    latched = device.alarms
    open_alarms = latched.open_count()
    return {
        "now_us": pump.now_us,
        "state": programme.state,
        "fault": 0,
        "basal_rate_mu_per_h": min(programme.programmed(pump.now_us), programme.max_mu_per_h),
        "in_force_mu_per_h": pump.rate,
        "pattern": programme.pattern,
        "temp_until_us": programme.temp.until_us if programme.temp else NEVER_US,
        "recommended_until_us": programme.recommended_until_us,
        "strokes_commanded": pump.commanded,
        "strokes_delivered": pump.confirmed,
        "strokes_abandoned": pump.abandoned,
        "hour_mu": _used(device, HOUR_US),
        "day_mu": _used(device, DAY_US),
        "next_due_us": _next_due(device),
        "utc_s": programme.utc_s(pump.now_us),
        "memory": "whole",
        "resets": device.resets,
        "alarm": latched.speaks(),
        "alarms": open_alarms,
        "reservoir_mu": _left(device),
        "internal_errors": 0,
        **_bolus(device, "bolus", pump.normal_entry, pump.normal),
        **_bolus(device, "square", pump.square_entry, pump.square),
        **{name: device.settings.limits[name] for name in LIMITS},
    }


def _bolus(device: Device, prefix: str, entry: Entry | None, bolus: Bolus | None) -> Expected:
    quantum = device.pump.quantum
    figures = {
        f"{prefix}_id": entry.id if entry else 0,
        f"{prefix}_programmed_mu": entry.programmed_mu if entry else 0,
        f"{prefix}_delivered_mu": quantum.mu(entry.confirmed) if entry else 0,
        f"{prefix}_remaining_mu": quantum.mu(bolus.left) if bolus and entry else 0,  # a procedure's are none
    }
    figures[f"{prefix}_commanded_mu"] = quantum.mu(entry.commanded) if entry else 0
    return figures


def _used(device: Device, window_us: int) -> range:
    exact, most = device.pump.caps.used(device.pump.bench_us, window_us)
    mu = device.pump.quantum.mu
    return range(mu(exact), mu(most) + 1)


def _left(device: Device) -> set[int]:
    """Return the volume left in mU, with and without the stroke in progress."""
    content, pump = device.reservoir, device.pump
    if not content.known:
        return {0}
    strokes = {content.since, max(content.since, pump.commanded - content.filled_strokes)}
    return {content.left_nl(each) * device.concentration // 1000 for each in strokes}


def _next_due(device: Device) -> set[int]:
    """Return the next start by the present rate, with its next change, and with all changes of the programme."""
    pump = device.pump
    return {pump.next_stroke_us(), pump.next_stroke_after_change_us(), pump.foreseen_stroke_us()}


def delivery(device: Device, entry: Entry, seen: Mapping[str, Any]) -> Expected:
    """Return a row of the list of deliveries. One that a reset ended has ended with the memory's last record."""
    expected: Expected = {
        "id": entry.id,
        "kind": entry.kind,
        "start_us": entry.start_us,
        "commanded_strokes": entry.commanded,
        "delivered_strokes": entry.confirmed,
        "abandoned_strokes": entry.abandoned,
        "end_us": entry.end_us,
        "programmed_mu": entry.programmed_mu,
        "reason": entry.reason,
    }
    if not entry.runs and entry.confirmed < entry.commanded:
        # Its last stroke is in progress: it may be shown as running. Basal counts that stroke as delivered at once.
        expected |= {"reason": {entry.reason, "running"}, "end_us": {entry.end_us, 0}}
    if entry.confirmed < entry.commanded:
        expected["delivered_strokes"] = {entry.confirmed, entry.commanded} if not entry.runs else entry.confirmed
    if seen["end_us"] in entry.ends_us:
        expected["end_us"] = seen["end_us"]
        past_q = entry.rate_at_end * (entry.end_us - seen["end_us"])
        expected["programmed_mu"] = {whole_mu(entry.programmed_q - past_q)}
        if entry.steady_q is not None:
            expected["programmed_mu"].add(whole_mu(entry.steady_q))
    return expected


def reservoir(device: Device) -> Expected:
    """Return the reservoir's figures. The time to empty is in whole hours to the *stop* level, at the use of the last
    24 h or at the programmed daily volume, whichever is more.
    """
    content = device.reservoir
    expected: Expected = {
        "now_us": device.pump.now_us,
        "level": content.level,
        "left_mu": _left(device),
        "filled_mu": content.filled_nl * device.concentration // 1000,
        "filled_utc_s": content.filled_utc_s,
        "due_utc_s": content.due_utc_s,
    }
    exact, most = device.pump.caps.used(device.pump.bench_us, DAY_US)
    expected["empty_h"] = {NEVER_H}
    if content.known:
        programmed, mu = device.pump.programme.day_mu(), device.pump.quantum.mu
        # A stroke in progress may count as gone. Strokes may still count that are in the day only by the safe side.
        above = {max(0, left - device.settings["reservoir_stop_mu"]) for left in _left(device)}
        uses = {max(programmed, mu(used)) for used in range(exact, most + 1)}
        expected["empty_h"] = {each * 24 // use if use and each else 0 if not each else NEVER_H
                               for each in above for use in uses}  # fmt: skip
    return expected


def alarm_problems(device: Device, seen: Iterable[Mapping[str, Any]]) -> Iterable[tuple[str, Any, Any]]:
    """Yield (what, expected, seen) of alarms that are missing, must not be there, or have a wrong time or figure."""
    rows = {row["alarm"]: row for row in seen}
    names = {number: name for name, number in NUMBERS.items()}
    now_us = device.pump.now_us
    for name, latched in device.alarms.latched.items():
        row = rows.pop(NUMBERS[name], None)
        if row is None:
            if latched.must_us <= now_us:
                yield f"alarm {name}", "latched", "not there"
            continue
        if not latched.may_us <= row["since_us"] <= max(latched.may_us, latched.must_us):
            yield f"alarm {name} since_us", (latched.may_us, latched.must_us), row["since_us"]
        if latched.figure is not None and not allows(latched.figure, row["detail"]):
            yield f"alarm {name} figure", latched.figure, row["detail"]
        if not latched.quiet and row.get("quiet"):
            yield f"alarm {name} quiet", False, True
        there = device.alarms.cause_there(name)
        if there is not None and bool(row["cause_there"]) != there:
            yield f"alarm {name} cause_there", there, row["cause_there"]
    for number in rows:
        yield f"alarm {names.get(number, number)}", "not there", "latched"
