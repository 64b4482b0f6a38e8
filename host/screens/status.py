"""Screens of the pump's identity and status."""

from __future__ import annotations

from rich.console import Group

from host.cuts import cut_note
from host.records import Hello, Status
from host.screens.common import fault_text, pairs, plain
from host.texts.alarms import title
from host.texts.spoken import number_said, said
from host.units import amount, local, span

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
        ("link", f"version {hello.protocol_version}, schema {hello.schema_hash:016x}"),
    ]
    return pairs("Pump", rows)


def status_table(status: Status, offset_min: int, language: str = "en", *, development: bool = False) -> Group:
    """The pump's status; its local clock is `offset_min` ahead of UTC. `development`: so is the image that it runs."""

    def dose(value: int, unit: str = "mU") -> str:
        return number_said(amount(value, unit), language)

    def of_at_most(used_mu: int, most_mu: int) -> str:
        return said("{} of at most {}", language, dose(used_mu), dose(most_mu))

    found = said(plain(status.diagnosis), language)
    if language == "fr" and status.diagnosis == "none":
        found = said("no finding", language)
    if status.diagnosis not in ("none", "not_watched"):
        found = said("{}, {} missed", language, f"[red]{found}[/]", dose(status.missed_mu))
        if status.released_mu:
            found = said("{}, {} released", language, found, dose(status.released_mu))
    due_us = status.next_due_in_us
    strokes = (status.strokes_commanded, status.strokes_delivered, status.strokes_abandoned)
    fault = f", {fault_text(status.fault, language)}" if status.fault else ""
    rows = [("image", f"[yellow]{said('development image, not a release', language)}[/]")] if development else []
    rows += [
        ("state", said(STATES[status.state], language) + fault),
        ("alarm", alarm_line(status, language)),
        ("basal", basal_line(status, language)),
        ("programmed", programmed_line(status, language)),
        ("bolus", bolus_line(status, language)),
        ("square bolus", square_line(status, language)),
        (
            "reservoir",
            dose(status.reservoir_mu) if status.reservoir_mu else said("no refill recorded, or empty", language),
        ),
        ("strokes", said("{} commanded, {} delivered, {} abandoned", language, *strokes)),
        ("last 60 min", of_at_most(status.hour_mu, status.max_hour_mu)),
        ("last 24 h", of_at_most(status.day_mu, status.max_day_mu)),
        ("pressure", f"{status.pressure_pa} Pa"),
        ("catheter", found),
        ("next stroke", _none(language) if due_us is None else said("in {}", language, span(due_us, language))),
        ("clock", local(status.utc_s, offset_min) if status.utc_s else said("[red]lost: set the time[/]", language)),
        ("memory", _memory(status, language)),
        (
            "link",
            said(
                "{} good frames, {} dropped, {} refusals",
                language,
                status.frames_good,
                status.frames_bad,
                status.requests_refused,
            ),
        ),
    ]
    if status.internal_errors:
        rows.append(("firmware", said("[red]{} internal errors[/]", language, status.internal_errors)))
    return pairs("Pump status", [(said(name, language), value) for name, value in rows], language)


def _none(language: str) -> str:
    """No stroke, of which a patient says it in the feminine."""
    return said("no stroke", language) if language == "fr" else "none"


def alarm_line(status: Status, language: str) -> str:
    """The title of the alarm that is shown first, and how many others there are."""
    if not status.alarms:
        return said("no alarm", language) if language == "fr" else "none"
    shown = f"[bold red]{title(status.alarm, language)}[/]"
    if status.alarms == 1:
        return said("{}: pump alarms", language, shown)
    return said("{}, and {} more: pump alarms", language, shown, status.alarms - 1)


def basal_line(status: Status, language: str = "en") -> str:
    """The basal rate in force, and why it differs from the programmed one."""
    now = number_said(amount(status.in_force_mu_per_h, "mU/h"), language)
    if status.state in ("stopped", "fault", "procedure"):
        return now
    if status.state == "suspended":
        return said("{}, the least rate", language, now)
    if status.temp_until_us is not None:
        left = span(status.temp_until_us - status.now_us, language)
        return said("{}, [yellow]temporary[/] for another {}", language, now, left)
    if status.recommended_until_us is not None:
        left = span(status.recommended_until_us - status.now_us, language)
        return said("{}, [yellow]recommended[/] for another {}", language, now, left)
    return now


def programmed_line(status: Status, language: str = "en") -> str:
    """The programmed rate, which returns when nothing replaces it."""
    by = said("set by hand", language) if status.pattern is None else said("pattern {}", language, status.pattern)
    rate = number_said(amount(status.basal_rate_mu_per_h, "mU/h"), language)
    return f"{rate}, {by}{cut_note(status.cut_by, language)}"


def bolus_line(status: Status, language: str = "en") -> str:
    """The latest normal bolus."""
    if not status.bolus_programmed_mu:  # none yet, or strokes of a procedure came after it
        return said("none", language)
    delivered, programmed = status.bolus_delivered_mu, status.bolus_programmed_mu
    return _bolus(
        status.bolus_id, delivered, programmed, status.bolus_remaining_mu, status.bolus_commanded_mu, language
    )


def square_line(status: Status, language: str = "en") -> str:
    """The latest square bolus."""
    if not status.square_programmed_mu:
        return said("none", language)
    delivered, programmed = status.square_delivered_mu, status.square_programmed_mu
    return _bolus(
        status.square_id, delivered, programmed, status.square_remaining_mu, status.square_commanded_mu, language
    )


def _bolus(
    number: int, delivered_mu: int, programmed_mu: int, remaining_mu: int, commanded_mu: int, language: str
) -> str:
    def dose(value: int) -> str:
        return number_said(amount(value, "mU"), language)

    coming = said("over", language)
    if remaining_mu:
        coming = said("{} to come", language, dose(remaining_mu))
    elif commanded_mu < programmed_mu:
        coming = said(
            "[yellow]cut short, {} given up: pump deliveries[/]", language, dose(programmed_mu - commanded_mu)
        )
    return said("no. {}: {} of {} delivered, {}", language, number, dose(delivered_mu), dose(programmed_mu), coming)


def _memory(status: Status, language: str) -> str:
    colour = {"whole": "green", "mended": "yellow", "caps_late": "yellow"}.get(status.memory, "red")
    state = f"[{colour}]{said(plain(status.memory), language)}[/]"
    return said("{}, {} resets, {} events", language, state, status.resets, status.newest_event)
