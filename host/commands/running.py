"""Commands that suspend, stop and resume delivery."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import typer

from host.console import Json, Yes, confirm, connected, options_of, show
from host.errors import HostError
from host.records import Status
from host.units import amount, uptime

app = typer.Typer()
T = TypeVar("T")
_PANEL = "Deliver"


def running_text(now: Status) -> str:
    """Return what the pump delivers, in one line."""
    parts = [now.state, f"basal {amount(now.in_force_mu_per_h, 'mU/h')}"]
    parts += [f"bolus with {amount(now.bolus_remaining_mu, 'mU')} to come"] * bool(now.bolus_remaining_mu)
    parts += [f"square bolus with {amount(now.square_remaining_mu, 'mU')} to come"] * bool(now.square_remaining_mu)
    return ", ".join(parts)


def asked_of(read: Callable[[], T], yes: bool) -> T | None:
    """Return what `read` returns, to show before asking about an order that reduces delivery. Returns None with `yes`,
    or if the pump does not answer: such an order can be given without it.
    """
    if yes:
        return None
    try:
        return read()
    except HostError:
        return None


def _change(now: Status | None, then: str) -> str:
    return f"Delivery{': ' + running_text(now) if now else ''} -> [bold]{then}[/]"


@app.command(rich_help_panel=_PANEL)
def suspend(ctx: typer.Context, yes: Yes = False, as_json: Json = False) -> None:
    """End boluses and a temporary rate; basal goes on at the least rate of the settings. The pump sounds reminders."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        now = asked_of(pump.status, yes)
        settings = asked_of(pump.read_settings, yes)
        then = "suspended, basal at the least rate"
        if now is not None and settings is not None:
            least_mu_per_h = min(settings.suspend_rate_mu_per_h, now.in_force_mu_per_h)
            then = f"suspended, basal {amount(least_mu_per_h, 'mU/h')}"
        confirm(options, _change(now, then), yes)
        reply = pump.suspend()
        text = f"Delivery suspended at {uptime(reply.at_us)}, basal {amount(reply.rate_mu_per_h, 'mU/h')};"
        show(options, reply, f"{text} {reply.abandoned_strokes} waiting strokes given up.")


@app.command(rich_help_panel=_PANEL)
def stop(ctx: typer.Context, yes: Yes = False, as_json: Json = False) -> None:
    """Stop delivery altogether after the stroke in progress."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        confirm(options, _change(asked_of(pump.status, yes), "stopped, nothing at all"), yes)
        reply = pump.stop()
        text = f"Delivery stopped at {uptime(reply.at_us)}; {reply.abandoned_strokes} waiting strokes given up."
        show(options, reply, text)


@app.command(rich_help_panel=_PANEL)
def resume(ctx: typer.Context, yes: Yes = False, as_json: Json = False) -> None:
    """Resume delivery at the programmed basal rate after a suspend or a stop; boluses stay ended."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        now = pump.status()
        programmed = amount(now.basal_rate_mu_per_h, "mU/h")
        confirm(options, f"Delivery: {running_text(now)} -> [bold]running, basal {programmed}[/]", yes)
        reply = pump.resume()
        show(options, reply, f"Delivery resumed at {uptime(reply.at_us)}: basal {amount(reply.rate_mu_per_h, 'mU/h')}.")
