"""Commands that suspend, stop and resume delivery."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import typer

from host.clock import told
from host.console import NotNow, confirm, connected, need_answer, show
from host.errors import HostError
from host.options import Json, Yes, options_of, part
from host.possible import need_state, programme
from host.records import Status
from host.units import amount

app = part()
T = TypeVar("T")


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


@app.command()
def suspend(ctx: typer.Context, yes: Yes = False, as_json: Json = False) -> None:
    """End boluses and a temporary rate; basal goes on at the least rate. The pump sounds reminders."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        now = asked_of(pump.status, yes)
        if now is not None and now.state != "running":
            raise NotNow(f"the pump is in the state '{now.state}': only one that is running can be suspended")
        settings = asked_of(pump.read_settings, yes)
        then = "suspended, basal at the least rate"
        if now is not None and settings is not None:
            least_mu_per_h = min(settings.suspend_rate_mu_per_h, now.in_force_mu_per_h)
            then = f"suspended, basal {amount(least_mu_per_h, 'mU/h')}"
        confirm(options, _change(now, then), yes)
        reply = pump.suspend()
        when = told(pump, options).text(reply.at_us)
        text = f"Delivery suspended at {when}, basal {amount(reply.rate_mu_per_h, 'mU/h')};"
        show(options, reply, f"{text} {reply.abandoned_strokes} waiting strokes given up.")


@app.command()
def stop(ctx: typer.Context, yes: Yes = False, as_json: Json = False) -> None:
    """Stop delivery altogether after the stroke in progress."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        now = asked_of(pump.status, yes)
        if now is not None and now.state == "stopped":
            need_answer(yes)  # nothing to ask about; the pump says whether there is anything left to stop
        else:
            confirm(options, _change(now, "stopped, nothing at all"), yes)
        reply = pump.stop()
        when = told(pump, options).text(reply.at_us)
        text = f"Delivery stopped at {when}; {reply.abandoned_strokes} waiting strokes given up."
        show(options, reply, text)


@app.command()
def resume(ctx: typer.Context, yes: Yes = False, as_json: Json = False) -> None:
    """Resume delivery at the programmed basal rate after a suspend or a stop; boluses stay ended."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        now = pump.status()
        if not yes:
            need_state(now, "suspended", "stopped")
        programmed = amount(now.basal_rate_mu_per_h, "mU/h")
        question = f"Delivery: {running_text(now)} -> [bold]running, basal {programmed}[/]"
        confirm(options, question, yes, held=lambda: programme(pump.status()))
        reply = pump.resume()
        when = told(pump, options).text(reply.at_us)
        show(options, reply, f"Delivery resumed at {when}: basal {amount(reply.rate_mu_per_h, 'mU/h')}.")
