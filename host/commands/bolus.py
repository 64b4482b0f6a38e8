"""Commands for boluses: normal, square, dual; and their end."""

from __future__ import annotations

from typing import Annotated

import typer

from host.api.client import MESSAGES, Programmer
from host.clock import told
from host.commands.following import follow
from host.commands.running import asked_of
from host.console import NotNow, UsageError, agreed, confirm, connected, show
from host.options import Json, Options, Yes, options_of, part
from host.records.summaries import BolusSummary, DualSummary, SquareSummary
from host.screens.status import bolus_line, square_line
from host.units import amount, duration, parse_milli, parse_minutes, span, whole_steps

app = part()
_MOST_MU = next(field.high for field in MESSAGES["bolus"].request if field.name == "volume_mu")
_US_PER_S = 1_000_000


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
    def question(told: BolusSummary) -> str:
        new = f"[bold]{amount(told.volume_mu, 'mU')}[/], takes about {span(told.takes_s * _US_PER_S)}"
        return f"Bolus: none -> {new}{_comes_to(told)}"

    reply = agreed(options, pump.prepare("bolus", volume_mu=volume_mu), question, yes)
    when = told(pump, options).text(reply.at_us)
    text = f"Bolus no. {reply.delivery_id} of {amount(volume_mu, 'mU')}, {reply.strokes} strokes, started at {when}."
    show(options, reply, text)
    if wait:
        follow(pump, options, reply.delivery_id, 0, volume_mu)


def _square(pump: Programmer, options: Options, volume_mu: int, minutes: int, yes: bool, wait: bool) -> None:
    new = f"{amount(volume_mu, 'mU')} spread over {duration(minutes)}"

    def question(told: SquareSummary) -> str:
        shown = f"{amount(told.square_mu, 'mU')} spread over {duration(told.duration_min)}"
        return f"Square bolus: none -> [bold]{shown}[/]{_comes_to(told)}"

    prepared = pump.prepare("square_bolus", volume_mu=volume_mu, duration_min=minutes)
    reply = agreed(options, prepared, question, yes)
    when = told(pump, options).text(reply.at_us)
    show(options, reply, f"Square bolus no. {reply.delivery_id}: {new}, {reply.strokes} strokes, started at {when}.")
    if wait:
        follow(pump, options, 0, reply.delivery_id, volume_mu)


def _dual(
    pump: Programmer, options: Options, volume_mu: int, square_mu: int, minutes: int, yes: bool, wait: bool
) -> None:
    new = f"{amount(volume_mu, 'mU')} at once, {amount(square_mu, 'mU')} spread over {duration(minutes)}"

    def question(told: DualSummary) -> str:
        first, spread = amount(told.volume_mu, "mU"), amount(told.square_mu, "mU")
        shown = f"{first} at once, {spread} spread over {duration(told.duration_min)}"
        total = amount(told.volume_mu + told.square_mu, "mU")
        return f"Dual bolus of {total}: none -> [bold]{shown}[/]{_comes_to(told)}"

    values = {"volume_mu": volume_mu, "square_mu": square_mu, "duration_min": minutes}
    reply = agreed(options, pump.prepare("dual_bolus", **values), question, yes)
    when = told(pump, options).text(reply.at_us)
    numbers = f"nos. {reply.delivery_id} and {reply.square_id}"
    show(options, reply, f"Dual bolus {numbers}: {new}, {reply.strokes} strokes, started at {when}.")
    if wait:
        follow(pump, options, reply.delivery_id, reply.square_id, volume_mu + square_mu)


def _comes_to(told: BolusSummary | SquareSummary | DualSummary) -> str:
    """What the hour and the day come to, and what is left then, as the pump says."""
    basal = amount(told.in_force_mu_per_h, "mU/h")
    lines = [
        f"{what}: {amount(used_mu, 'mU')} -> {amount(then_mu, 'mU')} of at most {amount(most_mu, 'mU')}"
        for what, used_mu, then_mu, most_mu in (
            ("last 60 min", told.hour_mu, told.hour_then_mu, told.max_hour_mu),
            ("last 24 h", told.day_mu, told.day_then_mu, told.max_day_mu),
        )
    ]
    if told.left_mu is not None:
        lines.append(f"left in the reservoir: {amount(told.left_mu, 'mU')}")
    return f"\nBasal {basal} beside it. With the bolus, without basal to come:\n  " + "\n  ".join(lines)


def _whole_strokes(pump: Programmer, volume: str) -> int:
    """Return the volume in mU. Raises AmountError, which names the nearest allowed volumes."""
    milli = parse_milli(volume, "U")
    step_mu = (pump.identity or pump.hello()).smallest_dose_mu
    return whole_steps(milli, step_mu, "U", f"strokes of {amount(step_mu, 'mU')}", low=step_mu, high=_MOST_MU)
