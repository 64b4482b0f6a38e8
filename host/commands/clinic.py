"""Commands for a clinic: limits, settings, clock, memory."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from typing import Annotated, Any

import typer
from rich.console import Group, RenderableType

from host.api.prepared import Prepared
from host.clock import told
from host.console import NotNow, agreed, connected, show
from host.cuts import cut_note, cut_text
from host.day import parse_rate
from host.options import Json, Yes, options_of, part
from host.records.summaries import LimitsSummary, MemorySummary, SettingsSummary, TimeSummary
from host.screens.clinic import limits_table, settings_table
from host.screens.common import plain
from host.units import AmountError, amount, local, parse_milli, parse_minutes, parse_time, parse_whole, utc, whole_steps

app = part()
_OFFSET = re.compile(r"(?:UTC)?([+-])([0-9]{1,2})(?::([0-5][0-9]))?")


@app.command()
def limits(
    ctx: typer.Context,
    max_basal: Annotated[
        str | None, typer.Option(metavar="U", help="Greatest basal rate, U/h, in steps of 0.05.")
    ] = None,
    max_bolus: Annotated[str | None, typer.Option(metavar="U", help="Greatest single bolus, U.")] = None,
    max_hour: Annotated[str | None, typer.Option(metavar="U", help="Greatest use in any 60 min, U.")] = None,
    max_day: Annotated[str | None, typer.Option(metavar="U", help="Greatest use in any 24 h, U.")] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Show the clinician limits, or set those given."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        given = {"max_bolus_mu": max_bolus, "max_hour_mu": max_hour, "max_day_mu": max_day}
        changes = {name: _volume(text) for name, text in given.items() if text is not None}
        if max_basal is not None:
            changes["max_basal_mu_per_h"] = parse_rate(max_basal)
        if not changes:
            old = pump.status().limits
            show(options, old, limits_table(old))
            return

        def prepare() -> Prepared:
            return pump.prepare("set_limits", **asdict(replace(pump.status().limits, **changes)))

        def question(summary: LimitsSummary) -> RenderableType:
            if summary.new == summary.old and not yes:
                raise NotNow("these are the limits already")
            cut = cut_note(summary.cut_by)
            table = limits_table(summary.old, summary.new)
            return Group(table, f"programmed basal{cut}") if cut else table

        reply = agreed(options, prepare(), question, yes, again=prepare)
        show(options, reply, f"Limits set at {told(pump, options).text(reply.at_us)}.{cut_text(reply.cut_by)}")


@app.command()
def settings(
    ctx: typer.Context,
    suspend_rate: Annotated[
        str | None, typer.Option(metavar="U/h", help="Basal rate while suspended, 0 to 1; 0: none.")
    ] = None,
    auto_off: Annotated[
        str | None, typer.Option(metavar="DURATION|never", help="Stop after this time without a programmer, to 168h.")
    ] = None,
    utc_offset: Annotated[
        str | None, typer.Option(metavar="±HH:MM", help="Local clock minus UTC, for example +01:00.")
    ] = None,
    reservoir_low: Annotated[str | None, typer.Option(metavar="U", help="Below this the reservoir is low.")] = None,
    reservoir_empty: Annotated[str | None, typer.Option(metavar="U", help="Below this it counts as empty.")] = None,
    reservoir_stop: Annotated[str | None, typer.Option(metavar="U", help="Below this delivery stops.")] = None,
    in_use_days: Annotated[
        str | None, typer.Option(metavar="DAYS", help="How long insulin may be in the reservoir, 1 to 90.")
    ] = None,
    stroke_tone: Annotated[
        bool | None, typer.Option("--stroke-tone/--no-stroke-tone", help="A tone with every stroke.")
    ] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Show the settings of what the pump does by itself, or set those given."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        given: dict[str, Any] = {
            "suspend_rate_mu_per_h": _read(parse_rate, suspend_rate),
            "auto_off_min": _read(_auto_off, auto_off),
            "utc_offset_min": _read(_offset, utc_offset),
            "reservoir_low_mu": _read(_volume, reservoir_low),
            "reservoir_empty_mu": _read(_volume, reservoir_empty),
            "reservoir_stop_mu": _read(_volume, reservoir_stop),
            "in_use_days": _read(_days, in_use_days),
            "stroke_tone": stroke_tone,
        }
        changes = {name: value for name, value in given.items() if value is not None}
        if not changes:
            old = pump.read_settings()
            show(options, old, settings_table(old))
            return

        def prepare() -> Prepared:
            return pump.prepare("set_settings", **asdict(replace(pump.read_settings(), **changes)))

        def question(summary: SettingsSummary) -> RenderableType:
            if summary.new == summary.old and not yes:
                raise NotNow("these are the settings already")
            return settings_table(summary.old, summary.new)

        reply = agreed(options, prepare(), question, yes, again=prepare)
        show(options, reply, f"Settings stored at {told(pump, options).text(reply.at_us)}.")


@app.command("set-time")
def set_time(
    ctx: typer.Context,
    when: Annotated[
        str | None,
        typer.Argument(
            metavar="TIME", help="2026-01-31T08:00 by the pump's own local clock, or with +01:00 or Z; default: now."
        ),
    ] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Set the pump's wall clock; basal goes on as programmed for that time."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        offset_min = pump.read_settings().utc_offset_min
        utc_s = round(time.time()) if when is None else parse_time(when, offset_min)

        def question(summary: TimeSummary) -> str:
            known = summary.clock_known and summary.old_utc_s is not None
            old = local(summary.old_utc_s or 0, summary.utc_offset_min) if known else "lost"
            new = f"[bold]{local(summary.new_utc_s, summary.utc_offset_min)}[/], the pump's own local time"
            lines = [f"Clock: {old} -> {new}, by which patterns run; {utc(summary.new_utc_s)}"]
            if summary.then_mu_per_h != summary.old_rate_mu_per_h:
                rates = (summary.old_rate_mu_per_h, summary.then_mu_per_h)
                lines.append("Programmed basal: " + " -> ".join(amount(each, "mU/h") for each in rates))
            return "\n".join(lines)

        reply = agreed(options, pump.prepare("set_time", utc_s=utc_s), question, yes)
        show(options, reply, f"Clock set to {local(reply.new_utc_s, offset_min)}, {utc(reply.new_utc_s)}.")


@app.command("initialise-memory")
def initialise_memory(ctx: typer.Context, yes: Yes = False, as_json: Json = False) -> None:
    """Initialise a memory that the pump cannot believe; the pump is stopped and forgets today's use."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:

        def question(summary: MemorySummary) -> str:
            return f"Memory: {plain(summary.memory)} -> [bold]empty; rates, patterns, limits and caps forgotten[/]"

        reply = agreed(options, pump.prepare("initialise_memory"), question, yes)
        show(options, reply, f"Memory initialised at {told(pump, options).text(reply.at_us)}; delivery is stopped.")


def _read(parse: Callable[[str], int], text: str | None) -> int | None:
    return None if text is None else parse(text)


def _auto_off(text: str) -> int:
    return 0 if text == "never" else parse_minutes(text)


def _days(text: str) -> int:
    return parse_whole(text, "days")


def _volume(text: str) -> int:
    return whole_steps(parse_milli(text, "U"), 1, "U", "0.001 U")


def _offset(text: str) -> int:
    found = _OFFSET.fullmatch(text.strip())
    if not found:
        raise AmountError(f"{text!r} is not an offset from UTC; write for example +01:00")
    minutes = int(found[2]) * 60 + int(found[3] or 0)
    return -minutes if found[1] == "-" else minutes
