"""Commands for basal rates: by hand, temporary, recommended by a closed loop."""

from __future__ import annotations

from typing import Annotated

import typer

from firmware.protocol import TEMPS
from host.api.client import MESSAGES, Programmer
from host.clock import told
from host.console import NotNow, UsageError, confirm, connected, show
from host.cuts import cut_by, cut_note, cut_text
from host.day import parse_rate
from host.options import Json, Options, Yes, options_of, part
from host.possible import need_rate, need_state, programme
from host.records import Status
from host.screens.status import basal_line, programmed_line
from host.units import AmountError, amount, duration, parse_minutes, parse_whole, span

app = part()
NO_INSULIN = "[bold red]no insulin[/]"
_GREATEST_MU_PER_H = next(field.high for field in MESSAGES["set_basal"].request if field.name == "rate_mu_per_h")
_GREATEST_PERCENT = 200


@app.command("set-basal")
def set_basal(
    ctx: typer.Context,
    rate: Annotated[str, typer.Argument(metavar="RATE", help="New basal rate in U/h, for example 1.25.")],
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Set one basal rate for the whole day (U/h, in steps of 0.05), in place of a pattern."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        rate_mu_per_h = parse_rate(rate)
        pump.require("set_basal", rate_mu_per_h=rate_mu_per_h)
        now = pump.status()
        cut = cut_note(cut_by([rate_mu_per_h], now.limits))
        new = f"[bold]{amount(rate_mu_per_h, 'mU/h')}, set by hand[/]"
        if not yes:
            need_state(now, "running", "suspended", "stopped", "procedure")
            need_rate(now, rate_mu_per_h)
        if now.pattern is None and now.basal_rate_mu_per_h == rate_mu_per_h and not yes:
            raise NotNow(f"the basal rate is {amount(rate_mu_per_h, 'mU/h')} already, set by hand")
        question = f"Basal rate: {programmed_line(now)} -> {new}{_beside(now)}{cut}"
        confirm(options, question, yes, held=lambda: programme(pump.status()))
        reply = pump.set_basal(rate_mu_per_h)
        before, after = amount(reply.old_rate_mu_per_h, "mU/h"), amount(reply.new_rate_mu_per_h, "mU/h")
        when = told(pump, options).text(reply.at_us)
        show(options, reply, f"Basal rate {before} -> {after} at {when}.{cut_text(reply.cut_by)}")


@app.command()
def temp(
    ctx: typer.Context,
    value: Annotated[
        str, typer.Argument(metavar="PERCENT%|RATE|cancel", help="50% of the programmed rate, or 0.8 U/h; or cancel.")
    ],
    lasting: Annotated[
        str | None, typer.Option("--for", metavar="DURATION", help="30min to 24h, for example 90min, 2h, 1h30.")
    ] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Run a temporary basal rate, or end it: temp 50% --for 2h, temp 0.8 --for 90min, temp cancel."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        if value == "cancel":
            if lasting is not None:
                raise UsageError("a temporary rate is cancelled at once; leave --for away")
            _cancel_temp(pump, options, yes)
            return
        if lasting is None:
            raise UsageError(f"say how long: pump temp {value} --for 2h")
        kind, number, shown = _temp_value(value)
        minutes = parse_minutes(lasting)
        pump.require("temp_basal", kind=TEMPS.index(kind), value=number, duration_min=minutes)
        now = pump.status()
        if not yes:
            need_state(now, "running")
        if now.temp_until_us is not None and not yes:
            raise NotNow(f"a temporary rate runs: {basal_line(now)}; wait, or pump temp cancel")
        if kind == "rate" and not yes:
            need_rate(now, number)
        if kind == "percent":
            makes_mu_per_h = now.basal_rate_mu_per_h * number // 100
            shown += f", {amount(makes_mu_per_h, 'mU/h')} now," + ("" if makes_mu_per_h else f" {NO_INSULIN},")
        elif not number:
            shown += f", {NO_INSULIN},"
        question = f"Basal rate: {basal_line(now)} -> [bold]{shown} for {duration(minutes)}[/]"
        confirm(options, question, yes, held=lambda: programme(pump.status()))
        reply = pump.temp_basal(kind, number, minutes)
        in_force, clock = amount(reply.in_force_mu_per_h, "mU/h"), told(pump, options)
        since, until = clock.text(reply.at_us), clock.text(reply.until_us)
        text = f"Temporary basal no. {reply.delivery_id}: {in_force} from {since} until {until}."
        text += "" if reply.in_force_mu_per_h else f" That is {NO_INSULIN}."
        show(options, reply, text + cut_text(reply.cut_by))


@app.command()
def recommend(
    ctx: typer.Context,
    rate: Annotated[str, typer.Argument(metavar="RATE", help="Basal rate in U/h, for example 1.2.")],
    lasting: Annotated[
        str, typer.Option("--for", metavar="DURATION", help="1min to 60min; then the programmed rate comes back.")
    ],
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Recommend a basal rate as a closed loop does; it lapses unless renewed."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        rate_mu_per_h, minutes = parse_rate(rate), parse_minutes(lasting)
        pump.require("recommend_rate", rate_mu_per_h=rate_mu_per_h, valid_min=minutes)
        now = pump.status()
        if not yes:
            need_state(now, "running")
            need_rate(now, rate_mu_per_h)
        if now.temp_until_us is not None and not yes:
            raise NotNow(f"a temporary rate runs: {basal_line(now)}; wait, or pump temp cancel")
        old, new = basal_line(now), f"{amount(rate_mu_per_h, 'mU/h')} for {duration(minutes)}"
        nothing = "" if rate_mu_per_h else f", {NO_INSULIN}"
        question = f"Basal rate: {old} -> [bold]{new}[/]{nothing}"
        confirm(options, question, yes, held=lambda: programme(pump.status()))
        reply = pump.recommend_rate(rate_mu_per_h, minutes)
        back = amount(reply.programmed_mu_per_h, "mU/h")
        clock = told(pump, options)
        text = f"Basal rate {new} from {clock.text(reply.at_us)} until {clock.text(reply.until_us)};"
        show(options, reply, f"{text} then {back} as programmed, unless renewed.")


def _beside(now: Status) -> str:
    """What goes on in place of the programmed rate when that is changed."""
    if now.state in ("stopped", "procedure"):
        return f"; the pump is {'stopped' if now.state == 'stopped' else 'in a procedure'}, it holds after pump resume"
    if now.state == "suspended":
        return "; the pump is suspended, it holds after pump resume"
    return ""


def _cancel_temp(pump: Programmer, options: Options, yes: bool) -> None:
    now = pump.status()
    old = "no temporary rate"
    if now.temp_until_us is not None:
        old = f"{amount(now.in_force_mu_per_h, 'mU/h')}, temporary for another {span(now.temp_until_us - now.now_us)}"
    elif not yes:
        raise NotNow("no temporary rate is running: there is nothing to cancel")
    question = f"Basal rate: {old} -> [bold]{programmed_line(now)}[/]"
    confirm(options, question, yes, held=lambda: programme(pump.status()))
    reply = pump.cancel_temp()
    text = f"Temporary basal no. {reply.delivery_id} cancelled at {told(pump, options).text(reply.at_us)};"
    show(options, reply, f"{text} basal {amount(reply.in_force_mu_per_h, 'mU/h')}.")


def _temp_value(text: str) -> tuple[str, int, str]:
    """Return (kind, value, text to show)."""
    if not text.endswith("%"):
        rate_mu_per_h = parse_rate(text)
        if rate_mu_per_h > _GREATEST_MU_PER_H:
            raise UsageError(f"{text} U/h is beyond the hard limit of 35.00 U/h; a percentage is written {text}%")
        return "rate", rate_mu_per_h, amount(rate_mu_per_h, "mU/h")
    try:
        percent = parse_whole(text.removesuffix("%"), "%", high=_GREATEST_PERCENT)
    except AmountError as error:
        raise AmountError(f"{text!r} is not a percentage from 0% to {_GREATEST_PERCENT}%") from error
    return "percent", percent, f"{percent} % of what is programmed"
