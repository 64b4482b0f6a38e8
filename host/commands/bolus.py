"""Commands for boluses: normal, square, dual; and their end."""

from __future__ import annotations

from typing import Annotated

import typer

from host.api.client import MESSAGES, Programmer
from host.commands.running import asked_of
from host.console import Json, Options, UsageError, Yes, confirm, connected, options_of, show
from host.records import Status
from host.screens.status import bolus_line, square_line
from host.units import amount, duration, parse_milli, parse_minutes, uptime, whole_steps

app = typer.Typer()
_PANEL = "Deliver"
_MOST_MU = next(field.high for field in MESSAGES["bolus"].request if field.name == "volume_mu")


@app.command(rich_help_panel=_PANEL)
def bolus(
    ctx: typer.Context,
    volume: Annotated[str, typer.Argument(metavar="VOLUME", help="Total volume in U, for example 2.4.")],
    over: Annotated[
        str | None,
        typer.Option("--over", "--square", metavar="DURATION", help="Square: spread evenly, 30min to 8h, e.g. 1h30."),
    ] = None,
    now: Annotated[
        str | None,
        typer.Option("--now", "--dual", metavar="U", help="Dual: this part of VOLUME at once, the rest spread --over."),
    ] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Start a bolus of whole strokes.

    - pump bolus 2.4: normal, all at once
    - pump bolus 2.4 --over 1h30: square, all of it spread
    - pump bolus 3 --now 1 --over 2h: dual, 1 U at once and 2 U spread
    """
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        if now is not None and over is None:
            raise UsageError("--now is the immediate part of a dual bolus; give the duration of the rest with --over")
        volume_mu = _whole_strokes(pump, volume)
        if over is None:
            _normal(pump, options, volume_mu, yes)
        elif now is None:
            _square(pump, options, volume_mu, parse_minutes(over), yes)
        else:
            now_mu = _whole_strokes(pump, now)
            if now_mu >= volume_mu:
                raise UsageError(f"--now {now} is not less than the whole bolus of {amount(volume_mu, 'mU')}")
            _dual(pump, options, now_mu, volume_mu - now_mu, parse_minutes(over), yes)


@app.command(rich_help_panel=_PANEL)
def cancel(ctx: typer.Context, yes: Yes = False, as_json: Json = False) -> None:
    """End every running bolus and show what was delivered."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        now = asked_of(pump.status, yes)
        lines = ["Cancel whatever bolus is running"]
        if now is not None:
            lines = [f"Cancel bolus {bolus_line(now)} -> none"] * bool(now.bolus_remaining_mu)
            lines += [f"Cancel square bolus {square_line(now)} -> none"] * bool(now.square_remaining_mu)
        confirm(options, "\n".join(lines) or "Cancel: no bolus is running", yes)
        reply = pump.cancel_bolus()
        ended = [
            f"Bolus no. {number} cancelled at {uptime(reply.at_us)}: "
            f"{amount(delivered, 'mU')} of {amount(programmed, 'mU')} delivered."
            for number, programmed, delivered in (
                (reply.delivery_id, reply.programmed_mu, reply.delivered_mu),
                (reply.square_id, reply.square_programmed_mu, reply.square_delivered_mu),
            )
            if number
        ]
        show(options, reply, "\n".join(ended))


def _normal(pump: Programmer, options: Options, volume_mu: int, yes: bool) -> None:
    pump.require("bolus", volume_mu=volume_mu)
    now = pump.status()
    running = f"{amount(now.bolus_remaining_mu, 'mU')} to come" if now.bolus_remaining_mu else "none"
    confirm(options, f"Bolus: {running} -> [bold]{amount(volume_mu, 'mU')}[/] ({_beside(now)})", yes)
    reply = pump.bolus(volume_mu)
    text = f"Bolus no. {reply.delivery_id} of {amount(volume_mu, 'mU')}, {reply.strokes} strokes, started"
    show(options, reply, f"{text} at {uptime(reply.at_us)}.")


def _square(pump: Programmer, options: Options, volume_mu: int, minutes: int, yes: bool) -> None:
    pump.require("square_bolus", volume_mu=volume_mu, duration_min=minutes)
    now = pump.status()
    new = f"{amount(volume_mu, 'mU')} spread over {duration(minutes)}"
    confirm(options, f"Square bolus: {_square_now(now)} -> [bold]{new}[/] ({_beside(now)})", yes)
    reply = pump.square_bolus(volume_mu, minutes)
    text = f"Square bolus no. {reply.delivery_id}: {new}, {reply.strokes} strokes, started"
    show(options, reply, f"{text} at {uptime(reply.at_us)}.")


def _dual(pump: Programmer, options: Options, volume_mu: int, square_mu: int, minutes: int, yes: bool) -> None:
    pump.require("dual_bolus", volume_mu=volume_mu, square_mu=square_mu, duration_min=minutes)
    now = pump.status()
    running = f"{amount(now.bolus_remaining_mu, 'mU')} to come" if now.bolus_remaining_mu else "none"
    new = f"{amount(volume_mu, 'mU')} at once, {amount(square_mu, 'mU')} spread over {duration(minutes)}"
    total = amount(volume_mu + square_mu, "mU")
    old = f"at once {running}, spread {_square_now(now)}"
    confirm(options, f"Dual bolus of {total}: {old} -> [bold]{new}[/] ({_beside(now)})", yes)
    reply = pump.dual_bolus(volume_mu, square_mu, minutes)
    text = f"Dual bolus nos. {reply.delivery_id} and {reply.square_id}: {new}, {reply.strokes} strokes, started"
    show(options, reply, f"{text} at {uptime(reply.at_us)}.")


def _square_now(now: Status) -> str:
    return f"{amount(now.square_remaining_mu, 'mU')} to come" if now.square_remaining_mu else "none"


def _beside(now: Status) -> str:
    return f"basal {amount(now.in_force_mu_per_h, 'mU/h')}, {amount(now.hour_mu, 'mU')} in the last 60 min"


def _whole_strokes(pump: Programmer, volume: str) -> int:
    """Return the volume in mU. Raises AmountError, which names the nearest allowed volumes."""
    milli = parse_milli(volume, "U")
    step_mu = (pump.identity or pump.hello()).smallest_dose_mu
    return whole_steps(milli, step_mu, "U", f"strokes of {amount(step_mu, 'mU')}", low=step_mu, high=_MOST_MU)
