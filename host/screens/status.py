"""Screens of the pump's identity and status."""

from __future__ import annotations

from rich.console import Group

from firmware.protocol import NEVER_US, NO_PATTERN, PATTERNS
from host.cuts import cut_note
from host.records import Hello, Status
from host.screens.common import fault_text, pairs, plain
from host.texts.alarms import title
from host.units import amount, span, uptime, utc

STATES = {
    "fault": "[red]FAULT[/]",
    "running": "[green]running[/]",
    "suspended": "[yellow]suspended: the least rate goes on, nothing else[/]",
    "stopped": "[red]stopped: nothing is delivered[/]",
    "procedure": "[yellow]in a procedure, no therapy: pump procedure show[/]",
}


def hello_table(hello: Hello) -> Group:
    """The pump's identity."""
    core = "native" if hello.native_core else "NOT native: a stand-in is running"
    rows = [
        ("board", hello.board),
        ("firmware", hello.firmware_version),
        ("image", hello.image or "none flashed"),
        ("dose core", f"{hello.core_version} ({core})"),
        ("stroke", f"{hello.stroke_uu} µU, {hello.stroke_nl} nL"),
        ("insulin", f"U-{hello.concentration_u_per_ml}"),
        ("schema", f"{hello.schema_hash:016x}, protocol {hello.protocol_version}"),
        ("device time", uptime(hello.now_us)),
    ]
    return pairs("Pump", rows)


def status_table(status: Status, language: str = "en") -> Group:
    """The pump's status."""
    found = plain(status.diagnosis)
    if status.diagnosis not in ("none", "not_watched"):
        found = f"[red]{found}[/], {amount(status.missed_mu, 'mU')} missed"
        found += f", {amount(status.released_mu, 'mU')} released" if status.released_mu else ""
    due_us = status.next_due_in_us
    strokes = f"{status.strokes_commanded} commanded, {status.strokes_delivered} delivered, "
    rows = [
        ("state", STATES[status.state] + (f", {fault_text(status.fault)}" if status.fault else "")),
        ("alarm", alarm_line(status, language)),
        ("basal", basal_line(status)),
        ("programmed", programmed_line(status)),
        ("bolus", bolus_line(status)),
        ("square bolus", square_line(status)),
        ("reservoir", amount(status.reservoir_mu, "mU") if status.reservoir_mu else "no refill recorded, or empty"),
        ("strokes", strokes + f"{status.strokes_abandoned} abandoned"),
        ("last 60 min", f"{amount(status.hour_mu, 'mU')} of at most {amount(status.max_hour_mu, 'mU')}"),
        ("last 24 h", f"{amount(status.day_mu, 'mU')} of at most {amount(status.max_day_mu, 'mU')}"),
        ("pressure", f"{status.pressure_pa} Pa"),
        ("catheter", found),
        ("next stroke", "none" if due_us is None else f"in {uptime(due_us)}"),
        ("device time", uptime(status.now_us)),
        ("clock", utc(status.utc_s) if status.utc_s else "[red]lost: set the time[/]"),
        ("memory", _memory(status)),
        ("link", f"{status.frames_good} good frames, {status.frames_bad} dropped, {status.requests_refused} refusals"),
    ]
    if status.internal_errors:
        rows.append(("firmware", f"[red]{status.internal_errors} internal errors[/]"))
    return pairs("Pump status", rows)


def alarm_line(status: Status, language: str) -> str:
    """The title of the alarm that is shown first, and how many others there are."""
    if not status.alarms:
        return "none"
    others = status.alarms - 1
    more = f", and {others} more" if others else ""
    return f"[bold red]{title(status.alarm, language)}[/]{more}: pump alarms"


def basal_line(status: Status) -> str:
    """The basal rate in force, and why it differs from the programmed one."""
    now = amount(status.in_force_mu_per_h, "mU/h")
    if status.state in ("stopped", "fault", "procedure"):
        return now
    if status.state == "suspended":
        return f"{now}, the least rate"
    if status.temp_until_us != NEVER_US:
        return f"{now}, [yellow]temporary[/] for another {span(status.temp_until_us - status.now_us)}"
    if status.recommended_until_us != NEVER_US:
        return f"{now}, [yellow]recommended[/] for another {span(status.recommended_until_us - status.now_us)}"
    return now


def programmed_line(status: Status) -> str:
    """The programmed rate, which returns when nothing replaces it."""
    by = "set by hand" if status.pattern == NO_PATTERN else f"pattern {PATTERNS[status.pattern]}"
    return f"{amount(status.basal_rate_mu_per_h, 'mU/h')}, {by}{cut_note(status.cut_by)}"


def bolus_line(status: Status) -> str:
    """The latest normal bolus."""
    if not status.bolus_programmed_mu:  # none yet, or strokes of a procedure came after it
        return "none"
    delivered, programmed = status.bolus_delivered_mu, status.bolus_programmed_mu
    return _bolus(status.bolus_id, delivered, programmed, status.bolus_remaining_mu, status.bolus_commanded_mu)


def square_line(status: Status) -> str:
    """The latest square bolus."""
    if not status.square_programmed_mu:
        return "none"
    delivered, programmed = status.square_delivered_mu, status.square_programmed_mu
    return _bolus(status.square_id, delivered, programmed, status.square_remaining_mu, status.square_commanded_mu)


def _bolus(number: int, delivered_mu: int, programmed_mu: int, remaining_mu: int, commanded_mu: int) -> str:
    delivered, programmed, remaining = (amount(each, "mU") for each in (delivered_mu, programmed_mu, remaining_mu))
    coming = "over"
    if remaining_mu:
        coming = f"{remaining} to come"
    elif commanded_mu < programmed_mu:
        coming = f"[yellow]cut short, {amount(programmed_mu - commanded_mu, 'mU')} given up: pump deliveries[/]"
    return f"no. {number}: {delivered} of {programmed} delivered, {coming}"


def _memory(status: Status) -> str:
    colour = {"whole": "green", "mended": "yellow", "caps_late": "yellow"}.get(status.memory, "red")
    state = f"[{colour}]{plain(status.memory)}[/]"
    return f"{state}, {status.resets} resets, {status.newest_event} events"
