"""The `pump` command: everything that the programmer link can do, for people and for scripts.

Implements: HOST-1
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Annotated

import typer
from rich.console import Group
from rich.live import Live

from host import screens
from host.client import Programmer
from host.console import Options, confirm, connected, show
from host.records import Limits
from host.units import amount, parse_milli, parse_time, uptime, utc, whole_steps

HELP = """Programmer of the Relève insulin pump platform.

This is a development platform, not a medical device. Not for use on people.

Exit codes: 0 done; 1 declined, nothing sent; 2 wrong usage, nothing sent; 3 refused by the pump; 4 port or link
failed; 5 pump and programmer speak different versions of the link. Errors go to stderr, as JSON with --json.
"""

BASAL_STEP_MU_PER_H = 50

app = typer.Typer(help=HELP, no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)

Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking (for scripts).")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.callback()
def _options(
    ctx: typer.Context,
    port: Annotated[
        str | None,
        typer.Option(envvar="RELEVE_PORT", help="Serial device, socket://host:port, or any pyserial URL."),
    ] = None,
    as_json: Json = False,
    timeout: Annotated[float, typer.Option(min=0.01, help="Seconds to wait for each reply.")] = 0.5,
) -> None:
    ctx.obj = Options(port, as_json, timeout)


def _of(ctx: typer.Context, as_json: bool) -> Options:
    options: Options = ctx.obj
    return replace(options, as_json=options.as_json or as_json)


@app.command()
def hello(ctx: typer.Context, as_json: Json = False) -> None:
    """Show who the pump is and what runs on it."""
    options = _of(ctx, as_json)
    with connected(options) as pump:
        reply = pump.hello()
        show(options, reply, screens.hello_table(reply))


@app.command()
def status(ctx: typer.Context, as_json: Json = False) -> None:
    """Show state, ledgers, limits and link counters."""
    options = _of(ctx, as_json)
    with connected(options) as pump:
        reply = pump.status()
        show(options, reply, screens.status_table(reply))


@app.command()
def diagnosis(ctx: typer.Context, as_json: Json = False) -> None:
    """Show what the pump has found out about its catheter: occlusion, air lock, backflow, stall, sensor."""
    options = _of(ctx, as_json)
    with connected(options) as pump:
        reply = pump.read_diagnosis()
        show(options, reply, screens.diagnosis_table(reply))


@app.command()
def monitor(
    ctx: typer.Context,
    interval: Annotated[float, typer.Option(min=0, help="Seconds between two readings.")] = 1.0,
    count: Annotated[int, typer.Option(min=0, help="Stop after so many readings; 0: on Ctrl-C.")] = 0,
    as_json: Json = False,
) -> None:
    """Show the status again and again, until Ctrl-C. With --json: one line a reading."""
    options = _of(ctx, as_json)
    with connected(options) as pump:
        try:
            _watch(pump, options, interval, count)
        except KeyboardInterrupt:
            pass


def _watch(pump: Programmer, options: Options, interval_s: float, count: int) -> None:
    with Live(auto_refresh=False) as live:
        readings = 0
        while True:
            reply = pump.status()
            if options.as_json:
                show(options, reply, "")
            else:
                live.update(screens.status_table(reply), refresh=True)
            readings += 1
            if readings == count:
                return
            time.sleep(interval_s)


@app.command("set-basal")
def set_basal(
    ctx: typer.Context,
    rate: Annotated[str, typer.Argument(metavar="RATE", help="New basal rate in U/h, for example 1.25.")],
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Set the basal rate (U/h, in steps of 0.05)."""
    options = _of(ctx, as_json)
    with connected(options) as pump:
        milli = parse_milli(rate, "U/h")
        rate_mu_per_h = whole_steps(milli, BASAL_STEP_MU_PER_H, "U/h", "steps of 0.05 U/h")
        old = amount(pump.status().basal_rate_mu_per_h, "mU/h")
        confirm(options, f"Basal rate: {old} -> [bold]{amount(rate_mu_per_h, 'mU/h')}[/]", yes)
        reply = pump.set_basal(rate_mu_per_h)
        before, now = amount(reply.old_rate_mu_per_h, "mU/h"), amount(reply.new_rate_mu_per_h, "mU/h")
        show(options, reply, f"Basal rate {before} -> {now} at {uptime(reply.at_us)}.")


@app.command()
def bolus(
    ctx: typer.Context,
    volume: Annotated[str, typer.Argument(metavar="VOLUME", help="How much in U, for example 2.4.")],
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Start a normal bolus (U, whole strokes)."""
    options = _of(ctx, as_json)
    with connected(options) as pump:
        milli = parse_milli(volume, "U")
        step_mu = pump.hello().smallest_dose_mu
        strokes = f"strokes of {amount(step_mu, 'mU')}"
        volume_mu = whole_steps(milli, step_mu, "U", strokes, low=step_mu, high=40000)
        now = pump.status()
        basal = f"basal rate {amount(now.basal_rate_mu_per_h, 'mU/h')}, {amount(now.hour_mu, 'mU')} in the last 60 min"
        running = f"{amount(now.bolus_remaining_mu, 'mU')} to come" if now.bolus_remaining_mu else "none"
        confirm(options, f"Bolus: {running} -> [bold]{amount(volume_mu, 'mU')}[/] ({basal})", yes)
        reply = pump.bolus(volume_mu)
        text = f"Bolus no. {reply.delivery_id} of {amount(volume_mu, 'mU')}, {reply.strokes} strokes, started"
        show(options, reply, f"{text} at {uptime(reply.at_us)}.")


@app.command()
def cancel(ctx: typer.Context, yes: Yes = False, as_json: Json = False) -> None:
    """End the running bolus and show what was delivered."""
    options = _of(ctx, as_json)
    with connected(options) as pump:
        now = pump.status()
        delivered, programmed = amount(now.bolus_delivered_mu, "mU"), amount(now.bolus_programmed_mu, "mU")
        remaining = amount(now.bolus_remaining_mu, "mU")
        confirm(
            options,
            f"Cancel bolus no. {now.bolus_id}: {delivered} of {programmed} delivered, {remaining} to come -> none",
            yes,
        )
        reply = pump.cancel_bolus()
        done = f"{amount(reply.delivered_mu, 'mU')} of {amount(reply.programmed_mu, 'mU')} delivered"
        show(options, reply, f"Bolus no. {reply.delivery_id} cancelled at {uptime(reply.at_us)}: {done}.")


@app.command()
def suspend(ctx: typer.Context, yes: Yes = False, as_json: Json = False) -> None:
    """Stop delivery; a running bolus ends."""
    options = _of(ctx, as_json)
    with connected(options) as pump:
        now = pump.status()
        rate, remaining = amount(now.basal_rate_mu_per_h, "mU/h"), amount(now.bolus_remaining_mu, "mU")
        confirm(
            options, f"Delivery: {now.state}, basal {rate}, bolus with {remaining} to come -> [bold]suspended[/]", yes
        )
        reply = pump.suspend()
        text = f"Delivery suspended at {uptime(reply.at_us)}; {reply.abandoned_strokes} waiting strokes given up."
        show(options, reply, text)


@app.command()
def resume(ctx: typer.Context, yes: Yes = False, as_json: Json = False) -> None:
    """Resume basal delivery after a suspend."""
    options = _of(ctx, as_json)
    with connected(options) as pump:
        now = pump.status()
        confirm(
            options, f"Delivery: {now.state} -> [bold]running, basal {amount(now.basal_rate_mu_per_h, 'mU/h')}[/]", yes
        )
        reply = pump.resume()
        show(options, reply, f"Delivery resumed at {uptime(reply.at_us)}: {amount(reply.rate_mu_per_h, 'mU/h')}.")


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
    """Show the clinician limits, or set those that are given."""
    options = _of(ctx, as_json)
    with connected(options) as pump:
        given = {"max_bolus_mu": max_bolus, "max_hour_mu": max_hour, "max_day_mu": max_day}
        changes = {
            name: whole_steps(parse_milli(text, "U"), 1, "U", "0.001 U")
            for name, text in given.items()
            if text is not None
        }
        if max_basal is not None:
            milli = parse_milli(max_basal, "U/h")
            changes["max_basal_mu_per_h"] = whole_steps(milli, BASAL_STEP_MU_PER_H, "U/h", "steps of 0.05 U/h")
        old = pump.status().limits
        if not changes:
            show(options, old, screens.limits_table(old))
            return
        new: Limits = replace(old, **changes)
        confirm(options, screens.limits_table(old, new), yes)
        reply = pump.set_limits(new)
        show(options, reply, f"Limits set at {uptime(reply.at_us)}.")


@app.command("set-time")
def set_time(
    ctx: typer.Context,
    when: Annotated[
        str | None, typer.Argument(metavar="TIME", help="ISO 8601, for example 2026-01-31T08:00+01:00; without: now.")
    ] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Set the pump's wall clock; after its loss basal goes back to the programmed rate."""
    options = _of(ctx, as_json)
    with connected(options) as pump:
        utc_s = parse_time(when) if when else round(time.time())
        now = pump.status()
        old = utc(now.utc_s) if now.utc_s else "lost"
        confirm(options, f"Clock: {old} -> [bold]{utc(utc_s)}[/]", yes)
        reply = pump.set_time(utc_s)
        show(options, reply, f"Clock set to {utc(reply.new_utc_s)} at {uptime(reply.at_us)}.")


@app.command("initialise-memory")
def initialise_memory(ctx: typer.Context, yes: Yes = False, as_json: Json = False) -> None:
    """Start anew with a memory that the pump cannot believe: suspended, no basal, today's use forgotten."""
    options = _of(ctx, as_json)
    with connected(options) as pump:
        confirm(options, f"Memory: {pump.status().memory} -> [bold]empty; rates, limits and caps forgotten[/]", yes)
        reply = pump.initialise_memory()
        show(options, reply, f"Memory initialised at {uptime(reply.at_us)}; delivery is suspended.")


@app.command()
def log(
    ctx: typer.Context,
    since: Annotated[int, typer.Option(min=0, help="Only events numbered above this.")] = 0,
    count: Annotated[int, typer.Option(min=0, help="Only the newest so many; 0: all.")] = 0,
    as_json: Json = False,
) -> None:
    """Show the event log, oldest first."""
    options = _of(ctx, as_json)
    with connected(options) as pump:
        page = pump.read_log(since, 1)
        if count:
            since = max(since, page.newest_number - count)
        events = list(pump.events(since))
        lost = max(0, page.oldest_number - 1 - since)
        show(options, events, Group(f"{lost} older events are lost." if lost else "", screens.events_table(events)))


@app.command()
def deliveries(
    ctx: typer.Context,
    since: Annotated[int, typer.Option(min=0, help="Only those numbered above this.")] = 0,
    as_json: Json = False,
) -> None:
    """Show the delivery ledger, oldest first."""
    options = _of(ctx, as_json)
    with connected(options) as pump:
        records = list(pump.deliveries(since))
        show(options, records, screens.deliveries_table(records))
