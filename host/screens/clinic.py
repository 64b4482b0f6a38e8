"""Screens for a clinic: limits, settings, clock, reservoir."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields

from rich.console import Group

from host.records import DeviceTime, Limits, Refilled, Reservoir, Settings, Verdict
from host.records.summaries import RefillSummary
from host.screens.common import Listing, old_and_new, pairs, plain
from host.texts.spoken import number_said, said
from host.units import amount, duration, local, millilitres, span, uptime, utc

_APART_S = 2  # both clocks are read in whole seconds
LIMIT_NAMES = {
    "max_basal_mu_per_h": ("basal rate", "mU/h"),
    "max_bolus_mu": ("one bolus", "mU"),
    "max_hour_mu": ("any 60 min", "mU"),
    "max_day_mu": ("any 24 h", "mU"),
}
_ACTS = {
    "good": "as counted",
    "watch": "refill sooner and look again",
    "rinse": "abnormal: measure the stroke volume, then rinse",
    "catheter": "abnormal: look at the catheter before a rinse",
    "over": "over-delivery, a leak or a weighing error: stop, weigh again",
    "interval_too_short": "too little was delivered to say anything",
    "first_refill": "nothing to compare with: the first refill, or the reservoir had been emptied before",
}


def utc_offset(minutes: int) -> str:
    """Minutes east of UTC as "UTC+01:00"."""
    hours, rest = divmod(abs(minutes), 60)
    return f"UTC{'-' if minutes < 0 else '+'}{hours:02d}:{rest:02d}"


SETTINGS: dict[str, tuple[str, Callable[[int], str]]] = {
    "suspend_rate_mu_per_h": ("basal while suspended", lambda value: amount(value, "mU/h")),
    "auto_off_min": ("auto-off without a programmer", lambda value: f"after {duration(value)}" if value else "never"),
    "utc_offset_min": ("local clock", utc_offset),
    "reservoir_low_mu": ("reservoir low", lambda value: amount(value, "mU")),
    "reservoir_empty_mu": ("reservoir empty", lambda value: amount(value, "mU")),
    "reservoir_stop_mu": ("delivery stops", lambda value: amount(value, "mU")),
    "in_use_days": ("insulin in use at most", lambda value: f"{value} d"),
    "stroke_tone": ("tone with every stroke", lambda value: "on" if value else "off"),
}


def time_table(found: DeviceTime, offset_min: int, here_s: int) -> Group:
    """The pump's clocks; `here_s` is this computer's, for comparison."""
    rows = [("device time", uptime(found.now_us))]
    if not found.utc_s:
        return pairs("Clock", [("clock", "[red]lost: set the time; patterns run at their lowest rate[/]"), *rows])
    off_s = found.utc_s - here_s
    compared = "as this computer's"
    if off_s >= _APART_S:
        compared = f"{span(off_s * 1_000_000)} ahead of this computer's"
    elif off_s <= -_APART_S:
        compared = f"{span(-off_s * 1_000_000)} behind this computer's"
    here = local(found.utc_s, offset_min)
    return pairs("Clock", [("local", here), ("clock", f"{utc(found.utc_s)}, {compared}"), *rows])


def limits_table(old: Limits, new: Limits | None = None) -> Listing:
    """The clinician limits, beside the new ones if given."""
    rows = []
    for field in fields(Limits):
        label, unit = LIMIT_NAMES[field.name]
        then = None if new is None else amount(getattr(new, field.name), unit)
        rows.append((label, amount(getattr(old, field.name), unit), then))
    return old_and_new("Clinician limits", rows)


def settings_table(old: Settings, new: Settings | None = None) -> Listing:
    """The settings, beside the new values if given."""
    rows = []
    for name, (label, shown) in SETTINGS.items():
        rows.append((label, shown(getattr(old, name)), None if new is None else shown(getattr(new, name))))
    return old_and_new("Settings", rows)


def reservoir_table(found: Reservoir, offset_min: int, language: str = "en") -> Group:
    """The computed content of the reservoir, by the pump's local clock."""

    def dose(value_mu: int) -> str:
        return number_said(amount(value_mu, "mU"), language)

    if not found.filled_mu:
        unknown = said("not known: no refill has been recorded", language)
        return pairs("Reservoir", [(said("content", language), unknown)], language)
    colour = {"enough": "green", "low": "yellow"}.get(found.level, "red")
    level = plain(found.level) if language == "en" else said(f"reservoir {found.level}", language)
    filled = said("at a time that is not known", language)
    if found.filled_utc_s:
        filled = local(found.filled_utc_s, offset_min)
    lasts = said("does not run out at the present use", language)
    if found.empty_h is not None:
        days, hours = divmod(found.empty_h, 24)
        left = said("{} d {} h", language, days, hours) if days else f"{hours} h"
        lasts = said("{} at the present use", language, left)
    due = said("not known: the clock is or was lost", language)
    if found.due_utc_s:
        due = said("by {}", language, local(found.due_utc_s, offset_min))
    rows = [
        ("content", f"{dose(found.left_mu)}, [{colour}]{level}[/]"),
        ("filled", f"{dose(found.filled_mu)}, {filled}"),
        ("lasts", lasts),
        ("next refill", due),
    ]
    named = [(said(name, language), value) for name, value in rows]
    return pairs("Reservoir, computed from what was delivered", named, language)


def refilled_text(found: Refilled, language: str = "en") -> str:
    """The result of a refill."""
    volumes = [number_said(millilitres(each), language) for each in (found.filled_nl, found.residual_nl)]
    text = said("{} are in the reservoir; {} were left.", language, *volumes)
    return f"{text}\n{verdict_text(found.verdict, language)}"


def verdict_text(found: Verdict | RefillSummary, language: str = "en") -> str:
    """The verdict of a refill on the interval before it."""
    lines = []
    if found.band == "over":
        missing = number_said(millilitres(found.missing_nl), language)
        lines.append(said("[bold red]{} are missing and were not delivered by strokes.[/]", language, missing))
    if found.band == "interval_too_short":
        lines.append(said("Refill accuracy: [bold]{}[/].", language, said(plain(found.band), language)))
    elif found.accuracy_tenths is not None and found.uncertainty_tenths is not None:
        figures = (f"{found.accuracy_tenths / 10:+.1f}", f"{found.uncertainty_tenths / 10:.1f}")
        values = [number_said(each, language) for each in (*figures, millilitres(found.delivered_nl))]
        text = "Refill accuracy {} % ± {} % (k = 2) over {} delivered: [bold]{}[/]."
        lines.append(said(text, language, *values, said(plain(found.band), language)))
    act = _ACTS.get(found.band, plain(found.band))
    return "\n".join([*lines, said("That is: {}.", language, said(act, language))])
