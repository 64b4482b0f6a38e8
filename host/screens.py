"""Tables for people, made of the client's records."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields

from rich.console import Group
from rich.table import Table

from firmware import protocol
from host.records import Delivery, Diagnosis, Event, Hello, Limits, Status
from host.units import amount, uptime, utc

LIMIT_NAMES = {
    "max_basal_mu_per_h": ("basal rate", "mU/h"),
    "max_bolus_mu": ("one bolus", "mU"),
    "max_hour_mu": ("any 60 min", "mU"),
    "max_day_mu": ("any 24 h", "mU"),
}


def _pairs(title: str, rows: Iterable[tuple[str, str]]) -> Group:
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, value)
    return Group(f"[italic]{title}[/]", table)


def hello_table(hello: Hello) -> Group:
    """Who the pump is."""
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
    return _pairs("Pump (development platform, not a medical device)", rows)


def status_table(status: Status) -> Group:
    """What the pump is doing."""
    state = {"running": "[green]running[/]", "suspended": "[yellow]suspended[/]"}.get(status.state, "[red]FAULT[/]")
    bolus = "none yet"
    if status.bolus_id:
        delivered = amount(status.bolus_delivered_mu, "mU")
        programmed = amount(status.bolus_programmed_mu, "mU")
        remaining = amount(status.bolus_remaining_mu, "mU")
        bolus = f"no. {status.bolus_id}: {delivered} of {programmed} delivered, {remaining} to come"
    found = status.diagnosis.replace("_", " ")
    if status.diagnosis not in ("none", "not_watched"):
        found = f"[red]{found}[/], {amount(status.missed_mu, 'mU')} missed"
        found += f", {amount(status.released_mu, 'mU')} released" if status.released_mu else ""
    due_us = status.next_due_in_us
    strokes = f"{status.strokes_commanded} commanded, {status.strokes_delivered} delivered, "
    rows = [
        ("state", state + (f", fault {status.fault}" if status.fault else "")),
        ("basal", amount(status.basal_rate_mu_per_h, "mU/h")),
        ("bolus", bolus),
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
    return _pairs("Pump status (development platform, not a medical device)", rows)


def _memory(status: Status) -> str:
    colour = {"whole": "green", "mended": "yellow", "caps_late": "yellow"}.get(status.memory, "red")
    state = f"[{colour}]{status.memory.replace('_', ' ')}[/]"
    return f"{state}, {status.resets} resets, {status.newest_event} events"


def diagnosis_table(found: Diagnosis) -> Group:
    """What the occlusion detector has found."""
    rows = [("finding", found.diagnosis.replace("_", " "))]
    if found.at_us:
        rows += [
            ("settled by", f"the stroke at {uptime(found.at_us)}, {found.strokes} strokes after the first sign"),
            ("missed", amount(found.missed_mu, "mU")),
            ("in the catheter", f"{amount(found.stored_mu, 'mU')} waiting, {amount(found.released_mu, 'mU')} released"),
            ("pressure", f"{found.level_pa} Pa, {found.rise_pa} Pa a stroke"),
            ("compliance", f"{found.compliance_pl_per_pa} pL/Pa"),
        ]
    return _pairs("Catheter (development platform, not a medical device)", rows)


def limits_table(old: Limits, new: Limits | None = None) -> Table:
    """The clinician limits, beside the new ones if given."""
    table = Table(title="Clinician limits", title_justify="left")
    table.add_column("limit")
    table.add_column("now", justify="right")
    if new is not None:
        table.add_column("new", justify="right")
    for field in fields(Limits):
        label, unit = LIMIT_NAMES[field.name]
        row = [label, amount(getattr(old, field.name), unit)]
        if new is not None:
            row.append(amount(getattr(new, field.name), unit))
        table.add_row(*row)
    return table


def deliveries_table(deliveries: Iterable[Delivery]) -> Table:
    """The delivery ledger."""
    table = Table(title="Deliveries; strokes are commanded/delivered/abandoned", title_justify="left", box=None)
    for heading in ("no.", "kind", "start", "end", "programmed", "strokes", "ended"):
        table.add_column(
            heading, justify="right" if heading in ("no.", "programmed", "strokes") else "left", no_wrap=True
        )
    for each in deliveries:
        table.add_row(
            str(each.id),
            each.kind.replace("_", " "),
            uptime(each.start_us)[:-4],  # whole seconds
            uptime(each.end_us)[:-4] if each.end_us else "-",
            amount(each.programmed_mu, "mU"),
            f"{each.commanded_strokes}/{each.delivered_strokes}/{each.abandoned_strokes}",
            each.reason.replace("_", " "),
        )
    return table


def events_table(events: Iterable[Event]) -> Table:
    """The event log."""
    table = Table(title="Event log", title_justify="left", box=None)
    for heading in ("no.", "time", "class", "event", "what"):
        table.add_column(heading, justify="right" if heading == "no." else "left", no_wrap=heading != "what")
    for each in events:
        when = utc(each.time_s) if each.clock_known else f"+{each.time_s} s (clock lost)"
        event = each.event.replace("_", " ")
        table.add_row(str(each.number), when, each.category, event, _event_text(each))
    return table


def _event_text(event: Event) -> str:
    """What an event's values mean: docs/memory.md."""
    if event.event.startswith("delivery_"):
        kind, reason = protocol.KINDS[event.detail].replace("_", " "), protocol.REASONS[event.reason]
        return (
            f"no. {event.a}, {kind}: {amount(event.b, 'mU')} programmed,"
            f" {event.c} strokes delivered, {event.d} abandoned; {reason}"
        )
    if event.event in ("accepted", "refused"):
        message = protocol.BY_ID.get(event.detail)
        name = message.name.replace("_", " ") if message else f"message {event.detail:#04x}"
        if event.event == "refused":
            return f"{name}: {protocol.CODES[event.reason].replace('_', ' ')}, value {event.a}"
        return name + "".join(f" {value}" for value in (event.a, event.b, event.c, event.d) if value)
    if event.event == "reset":
        doubt = ", one stroke counted that may not have been delivered" if event.b else ""
        return f"no. {event.a}: without delivery for {event.c} s{doubt}"
    if event.event == "diagnosis":
        name = protocol.DIAGNOSES[event.detail].replace("_", " ")
        missed, stored, released = (amount(value, "mU") for value in (event.b, event.c, event.d))
        return f"{name} after {event.a} strokes: {missed} missed, {stored} in the catheter, {released} released"
    if event.event == "clock_set":
        return f"from {utc(event.a) if event.a else 'nothing'} to {utc(event.b)}"
    return ""
