"""Commands for boluses: normal, square, dual; and their end."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from host.api.client import MESSAGES, Programmer
from host.clock import told
from host.commands.following import follow
from host.commands.running import asked_of
from host.console import NotNow, UsageError, confirm, connected, show
from host.options import Json, Options, Yes, options_of, part
from host.possible import need_bolus, programme
from host.records import Status
from host.screens.status import bolus_line, square_line
from host.units import amount, duration, parse_milli, parse_minutes, span, whole_steps

app = part()
_MOST_MU = next(field.high for field in MESSAGES["bolus"].request if field.name == "volume_mu")
_SPACING_US_PER_NL = 4000  # from stroke to stroke (DOSE-4); a test compares it with the firmware's
_HOUR_MIN = 60


@app.command(
    help="""Start a bolus of whole strokes.

\b
pump bolus 2.4                   normal: all at once
pump bolus 2.4 --over 1h30       square: all of it spread
pump bolus 3 --now 1 --over 2h   dual: 1 U at once, 2 U spread

The question tells how long it takes, and what the last hour and day come to with it."""
)
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
    wait: Annotated[
        bool,
        typer.Option("--wait", help="Follow it to its end; Ctrl-C leaves it running. Exit code 8 if it ends early."),
    ] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Start a bolus."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        if now is not None and over is None:
            raise UsageError("--now is the immediate part of a dual bolus; give the duration of the rest with --over")
        volume_mu = _whole_strokes(pump, volume)
        if over is None:
            _normal(pump, options, volume_mu, yes, wait)
        elif now is None:
            _square(pump, options, volume_mu, parse_minutes(over), yes, wait)
        else:
            now_mu = _whole_strokes(pump, now)
            if now_mu >= volume_mu:
                raise UsageError(f"--now {now} is not less than the whole bolus of {amount(volume_mu, 'mU')}")
            _dual(pump, options, now_mu, volume_mu - now_mu, parse_minutes(over), yes, wait)


@app.command()
def cancel(ctx: typer.Context, yes: Yes = False, as_json: Json = False) -> None:
    """End every running bolus and show what was delivered."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        now = asked_of(pump.status, yes)
        lines = ["Cancel whatever bolus is running"]
        if now is not None:
            lines = [f"Cancel bolus {bolus_line(now)} -> none"] * bool(now.bolus_remaining_mu)
            lines += [f"Cancel square bolus {square_line(now)} -> none"] * bool(now.square_remaining_mu)
            if not lines:
                raise NotNow("no bolus is running: there is nothing to cancel")
        confirm(options, "\n".join(lines), yes)
        reply = pump.cancel_bolus()
        when = told(pump, options).text(reply.at_us)
        ended = [
            f"Bolus no. {number} cancelled at {when}: "
            f"{amount(delivered, 'mU')} of {amount(programmed, 'mU')} delivered."
            for number, programmed, delivered in (
                (reply.delivery_id, reply.programmed_mu, reply.delivered_mu),
                (reply.square_id, reply.square_programmed_mu, reply.square_delivered_mu),
            )
            if number
        ]
        show(options, reply, "\n".join(ended))


def _normal(pump: Programmer, options: Options, volume_mu: int, yes: bool, wait: bool) -> None:
    pump.require("bolus", volume_mu=volume_mu)
    now = pump.status()
    if not yes:
        need_bolus(now, volume_mu, 0)
    new = f"[bold]{amount(volume_mu, 'mU')}[/], takes {_takes(pump, volume_mu)}"
    confirm(options, f"Bolus: none -> {new}{_comes_to(now, volume_mu, 0, 0)}", yes, held=partial(_held, pump))
    reply = pump.bolus(volume_mu)
    when = told(pump, options).text(reply.at_us)
    text = f"Bolus no. {reply.delivery_id} of {amount(volume_mu, 'mU')}, {reply.strokes} strokes, started at {when}."
    show(options, reply, text)
    if wait:
        follow(pump, options, reply.delivery_id, 0, volume_mu)


def _square(pump: Programmer, options: Options, volume_mu: int, minutes: int, yes: bool, wait: bool) -> None:
    pump.require("square_bolus", volume_mu=volume_mu, duration_min=minutes)
    now = pump.status()
    if not yes:
        need_bolus(now, 0, volume_mu)
    new = f"{amount(volume_mu, 'mU')} spread over {duration(minutes)}"
    come = _comes_to(now, 0, volume_mu, minutes)
    confirm(options, f"Square bolus: none -> [bold]{new}[/]{come}", yes, held=partial(_held, pump))
    reply = pump.square_bolus(volume_mu, minutes)
    when = told(pump, options).text(reply.at_us)
    show(options, reply, f"Square bolus no. {reply.delivery_id}: {new}, {reply.strokes} strokes, started at {when}.")
    if wait:
        follow(pump, options, 0, reply.delivery_id, volume_mu)


def _dual(
    pump: Programmer, options: Options, volume_mu: int, square_mu: int, minutes: int, yes: bool, wait: bool
) -> None:
    pump.require("dual_bolus", volume_mu=volume_mu, square_mu=square_mu, duration_min=minutes)
    now = pump.status()
    if not yes:
        need_bolus(now, volume_mu, square_mu)
    new = f"{amount(volume_mu, 'mU')} at once, {amount(square_mu, 'mU')} spread over {duration(minutes)}"
    total = amount(volume_mu + square_mu, "mU")
    text = f"Dual bolus of {total}: none -> [bold]{new}[/], the first part takes {_takes(pump, volume_mu)}"
    confirm(options, text + _comes_to(now, volume_mu, square_mu, minutes), yes, held=partial(_held, pump))
    reply = pump.dual_bolus(volume_mu, square_mu, minutes)
    when = told(pump, options).text(reply.at_us)
    numbers = f"nos. {reply.delivery_id} and {reply.square_id}"
    show(options, reply, f"Dual bolus {numbers}: {new}, {reply.strokes} strokes, started at {when}.")
    if wait:
        follow(pump, options, reply.delivery_id, reply.square_id, volume_mu + square_mu)


def _held(pump: Programmer) -> object:
    return programme(pump.status())


def _takes(pump: Programmer, volume_mu: int) -> str:
    """How long a bolus takes that nothing holds up."""
    found = pump.identity or pump.hello()
    strokes = volume_mu * 1000 // found.stroke_uu
    return f"about {span(strokes * found.stroke_nl * _SPACING_US_PER_NL)}"


def _comes_to(now: Status, at_once_mu: int, spread_mu: int, minutes: int) -> str:
    """What the hour and the day come to: what was used, what is still to come of boluses, and the new one."""
    waiting_mu = now.bolus_remaining_mu + now.square_remaining_mu
    within_hour_mu = spread_mu * min(_HOUR_MIN, minutes) // minutes if minutes else 0
    hour_mu = now.hour_mu + now.bolus_remaining_mu + at_once_mu + within_hour_mu
    day_mu = now.day_mu + waiting_mu + at_once_mu + spread_mu
    sums = []
    for what, used_mu, then_mu, most_mu in (
        ("last 60 min", now.hour_mu, hour_mu, now.max_hour_mu),
        ("last 24 h", now.day_mu, day_mu, now.max_day_mu),
    ):
        text = f"{what}: {amount(used_mu, 'mU')} -> {amount(then_mu, 'mU')} of at most {amount(most_mu, 'mU')}"
        sums.append(f"[yellow]{text}[/]" if then_mu > most_mu else text)
    return f"\nBasal {amount(now.in_force_mu_per_h, 'mU/h')} beside it. With the bolus, without basal to come:\n  " + (
        "\n  ".join(sums)
    )


def _whole_strokes(pump: Programmer, volume: str) -> int:
    """Return the volume in mU. Raises AmountError, which names the nearest allowed volumes."""
    milli = parse_milli(volume, "U")
    step_mu = (pump.identity or pump.hello()).smallest_dose_mu
    return whole_steps(milli, step_mu, "U", f"strokes of {amount(step_mu, 'mU')}", low=step_mu, high=_MOST_MU)
