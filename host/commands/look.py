"""Commands that only read: identity, status, log, ledger, catheter, time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Annotated

import typer
from rich.console import Group
from rich.live import Live

from host.api.client import Programmer
from host.clock import clock_of
from host.console import UsageError, connected, show
from host.errors import LinkTimeout
from host.options import Json, Language, Options, options_of, part, spoken_of
from host.records import Status
from host.screens.clinic import time_table
from host.screens.history import deliveries_table, diagnosis_table, events_table
from host.screens.status import hello_table, status_table
from host.telling import Screen
from host.text import Text
from host.texts.alarms import language_of
from host.units import parse_minutes, parse_seconds, parse_whole

app = part()
_INTERVALS_S = Decimal(0), Decimal(86_400)
_FRAMES_S = 1, 60
_NUMBER_MAX = 0xFFFFFFFF


@app.command()
def status(ctx: typer.Context, language: Language = None, as_json: Json = False) -> None:
    """Show what the pump is doing: state, rates, boluses, alarms, ledgers, limits."""
    options = spoken_of(ctx, language, as_json)
    with connected(options) as pump:
        words = language_of(options.language)
        offset_min = 0 if options.as_json else pump.read_settings().utc_offset_min
        reply = pump.status()
        show(options, reply, status_table(reply, offset_min, words, development=pump.development))


@app.command()
def monitor(
    ctx: typer.Context,
    interval: Annotated[str, typer.Option(metavar="SECONDS", help="Between two readings, 0 to a day.")] = "1",
    count: Annotated[str, typer.Option(metavar="N", help="Stop after this many readings; 0: on Ctrl-C.")] = "0",
    language: Language = None,
    as_json: Json = False,
) -> None:
    """Show the status repeatedly, until Ctrl-C. With --json: one line per reading."""
    options = spoken_of(ctx, language, as_json)
    with connected(options) as pump:
        try:
            _watch(pump, options, parse_seconds(interval, *_INTERVALS_S), parse_whole(count, "readings"))
        except KeyboardInterrupt:
            pass


def _watch(pump: Programmer, options: Options, interval_s: float, count: int) -> None:
    with _shown(pump, options) as tell:
        readings = 0
        while True:
            tell(pump.status())
            readings += 1
            if readings == count:
                return
            time.sleep(interval_s)


@contextmanager
def _shown(pump: Programmer, options: Options) -> Iterator[Callable[[Status], None]]:
    """Yield what shows one status after another: in place on a terminal, else one below the other."""
    words = language_of(options.language)
    offset_min = 0 if options.as_json else pump.read_settings().utc_offset_min
    screen = Screen()
    if options.as_json or not screen.is_terminal:
        yield lambda found: show(options, found, status_table(found, offset_min, words))
        return
    with Live(console=screen, auto_refresh=False) as live:
        yield lambda found: live.update(status_table(found, offset_min, words), refresh=True)


@app.command()
def telemetry(
    ctx: typer.Context,
    interval: Annotated[str, typer.Option(metavar="SECONDS", help="Between two frames, 1 to 60.")] = "1",
    lasting: Annotated[str, typer.Option("--for", metavar="DURATION", help="For up to 1h; Ctrl-C ends it.")] = "1h",
    language: Language = None,
    as_json: Json = False,
) -> None:
    """Have the pump send its status unasked. With --json: one line per frame, with battery and timing."""
    options = spoken_of(ctx, language, as_json)
    with connected(options) as pump:
        interval_s, for_s = parse_whole(interval, "s", *_FRAMES_S), parse_minutes(lasting) * 60
        if not for_s:
            raise UsageError(Text("{!r} is no time at all", lasting))
        with _shown(pump, options) as tell:
            until_us = pump.telemetry(interval_s, for_s).until_us
            wait_s = 2.0 * interval_s + pump.timeout_s
            try:
                while (frame := pump.listen(wait_s)) is not None:
                    tell(frame)
                    if frame.now_us + interval_s * 1_000_000 > until_us:
                        return
                raise LinkTimeout("telemetry", 1, wait_s, 0)
            except KeyboardInterrupt:
                pump.telemetry(0, 0)


@app.command()
def log(
    ctx: typer.Context,
    since: Annotated[str, typer.Option(metavar="NUMBER", help="Only events numbered above this.")] = "0",
    count: Annotated[str, typer.Option(metavar="COUNT", help="Only the newest COUNT events; 0: all.")] = "0",
    as_json: Json = False,
) -> None:
    """Show the event log, oldest first."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        above, newest = (parse_whole(each, "events", 0, _NUMBER_MAX) for each in (since, count))
        page = pump.read_log(above, 1)
        if newest:
            above = max(above, page.newest_number - newest)
        events = list(pump.events(above))
        lost = max(0, page.oldest_number - 1 - above)
        table = events_table(events, 0 if options.as_json else pump.read_settings().utc_offset_min)
        show(options, events, Group(f"{lost} older events are lost.", table) if lost else table)


@app.command()
def deliveries(
    ctx: typer.Context,
    since: Annotated[str, typer.Option(metavar="NUMBER", help="Only those numbered above this.")] = "0",
    as_json: Json = False,
) -> None:
    """Show the delivery ledger, oldest first."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        above = parse_whole(since, "deliveries", 0, _NUMBER_MAX)
        lost = max(0, pump.read_deliveries(above, 1).oldest_id - 1 - above)
        records = list(pump.deliveries(above))
        table = deliveries_table(records, clock_of(pump))
        gone = f"{lost} older deliveries are not held any more: see pump log."
        show(options, records, Group(gone, table) if lost else table)


@app.command()
def diagnosis(ctx: typer.Context, as_json: Json = False) -> None:
    """Show the finding about the catheter: occlusion, air lock, backflow, stall, sensor."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        reply = pump.read_diagnosis()
        show(options, reply, diagnosis_table(reply, clock_of(pump)))


@app.command("time")
def show_time(ctx: typer.Context, as_json: Json = False) -> None:
    """Show the pump's clocks: the local time by which patterns run, UTC, device time."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        offset_min = pump.read_settings().utc_offset_min
        reply = pump.read_time()
        show(options, reply, time_table(reply, offset_min, round(time.time())))


@app.command()
def hello(ctx: typer.Context, as_json: Json = False) -> None:
    """Show the pump's identity and what runs on it."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        reply = pump.hello()
        show(options, reply, hello_table(reply))
