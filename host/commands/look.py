"""Commands that only read: identity, status, log, ledger, catheter, time."""

from __future__ import annotations

import time
from decimal import Decimal
from typing import Annotated

import typer
from rich.console import Group
from rich.live import Live

from host.api.client import Programmer
from host.console import Json, Options, UsageError, connected, options_of, show
from host.errors import LinkTimeout
from host.screens.clinic import time_table
from host.screens.history import deliveries_table, diagnosis_table, events_table
from host.screens.status import hello_table, status_table
from host.texts.alarms import language_of
from host.units import parse_minutes, parse_seconds, parse_whole

app = typer.Typer()
_PANEL = "Look"
_INTERVALS_S = Decimal(0), Decimal(86_400)
_FRAMES_S = 1, 60


@app.command(rich_help_panel=_PANEL)
def status(ctx: typer.Context, as_json: Json = False) -> None:
    """Show what the pump is doing: state, rates, boluses, alarms, ledgers, limits."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        language = language_of(options.language)
        reply = pump.status()
        show(options, reply, status_table(reply, language))


@app.command(rich_help_panel=_PANEL)
def monitor(
    ctx: typer.Context,
    interval: Annotated[str, typer.Option(metavar="SECONDS", help="Between two readings, 0 to a day.")] = "1",
    count: Annotated[str, typer.Option(metavar="N", help="Stop after this many readings; 0: on Ctrl-C.")] = "0",
    as_json: Json = False,
) -> None:
    """Show the status repeatedly, until Ctrl-C. With --json: one line per reading."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        try:
            _watch(pump, options, parse_seconds(interval, *_INTERVALS_S), parse_whole(count, "readings"))
        except KeyboardInterrupt:
            pass


def _watch(pump: Programmer, options: Options, interval_s: float, count: int) -> None:
    language = language_of(options.language)
    with Live(auto_refresh=False) as live:
        readings = 0
        while True:
            reply = pump.status()
            if options.as_json:
                show(options, reply, "")
            else:
                live.update(status_table(reply, language), refresh=True)
            readings += 1
            if readings == count:
                return
            time.sleep(interval_s)


@app.command(rich_help_panel=_PANEL)
def telemetry(
    ctx: typer.Context,
    interval: Annotated[str, typer.Option(metavar="SECONDS", help="Between two frames, 1 to 60.")] = "1",
    lasting: Annotated[str, typer.Option("--for", metavar="DURATION", help="For up to 1h; Ctrl-C ends it.")] = "1h",
    as_json: Json = False,
) -> None:
    """Have the pump send its status unasked. With --json: one line per frame, with battery and timing."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        language = language_of(options.language)
        interval_s, for_s = parse_whole(interval, "s", *_FRAMES_S), parse_minutes(lasting) * 60
        if not for_s:
            raise UsageError(f"{lasting!r} is no time at all")
        until_us = pump.telemetry(interval_s, for_s).until_us
        wait_s = 2.0 * interval_s + options.timeout_s
        try:
            with Live(auto_refresh=False) as live:
                while (frame := pump.listen(wait_s)) is not None:
                    if options.as_json:
                        show(options, frame, "")
                    else:
                        live.update(status_table(frame, language), refresh=True)
                    if frame.now_us + interval_s * 1_000_000 > until_us:
                        return
            raise LinkTimeout("telemetry", 1, wait_s, 0)
        except KeyboardInterrupt:
            pump.telemetry(0, 0)


@app.command(rich_help_panel=_PANEL)
def log(
    ctx: typer.Context,
    since: Annotated[str, typer.Option(metavar="NUMBER", help="Only events numbered above this.")] = "0",
    count: Annotated[str, typer.Option(metavar="COUNT", help="Only the newest COUNT events; 0: all.")] = "0",
    as_json: Json = False,
) -> None:
    """Show the event log, oldest first."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        language = language_of(options.language)
        above, newest = parse_whole(since, "events"), parse_whole(count, "events")
        page = pump.read_log(above, 1)
        if newest:
            above = max(above, page.newest_number - newest)
        events = list(pump.events(above))
        lost = max(0, page.oldest_number - 1 - above)
        table = events_table(events, language)
        show(options, events, Group(f"{lost} older events are lost.", table) if lost else table)


@app.command(rich_help_panel=_PANEL)
def deliveries(
    ctx: typer.Context,
    since: Annotated[str, typer.Option(metavar="NUMBER", help="Only those numbered above this.")] = "0",
    as_json: Json = False,
) -> None:
    """Show the delivery ledger, oldest first."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        above = parse_whole(since, "deliveries")
        lost = max(0, pump.read_deliveries(above, 1).oldest_id - 1 - above)
        records = list(pump.deliveries(above))
        table = deliveries_table(records)
        gone = f"{lost} older deliveries are not held any more: see pump log."
        show(options, records, Group(gone, table) if lost else table)


@app.command(rich_help_panel=_PANEL)
def diagnosis(ctx: typer.Context, as_json: Json = False) -> None:
    """Show the finding about the catheter: occlusion, air lock, backflow, stall, sensor."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        reply = pump.read_diagnosis()
        show(options, reply, diagnosis_table(reply))


@app.command("time", rich_help_panel=_PANEL)
def show_time(ctx: typer.Context, as_json: Json = False) -> None:
    """Show the pump's clocks: the local time by which patterns run, UTC, device time."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        offset_min = pump.read_settings().utc_offset_min
        reply = pump.read_time()
        show(options, reply, time_table(reply, offset_min, round(time.time())))


@app.command(rich_help_panel=_PANEL)
def hello(ctx: typer.Context, as_json: Json = False) -> None:
    """Show the pump's identity and what runs on it."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        reply = pump.hello()
        show(options, reply, hello_table(reply))
