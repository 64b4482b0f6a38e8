"""Commands for basal rates: by hand, temporary, recommended by a closed loop."""

from __future__ import annotations

from typing import Annotated

import typer

from firmware.protocol import TEMPS
from host.api.client import MESSAGES, Programmer
from host.clock import clock_of, told
from host.console import NotNow, UsageError, agreed, connected, show
from host.cuts import cut_note, cut_text
from host.day import parse_rate
from host.options import Json, Options, Yes, options_of, part
from host.records.summaries import BasalSummary, RecommendSummary, TempEndSummary, TempSummary
from host.units import AmountError, amount, duration, parse_minutes, parse_whole

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
        prepared = pump.prepare("set_basal", rate_mu_per_h=parse_rate(rate))

        def question(summary: BasalSummary) -> str:
            new = amount(summary.then_mu_per_h, "mU/h")
            if summary.old_pattern is None and summary.old_rate_mu_per_h == summary.then_mu_per_h and not yes:
                raise NotNow(f"the basal rate is {new} already, set by hand")
            cut = cut_note(summary.cut_by)
            return f"Basal rate: {_programmed(summary)} -> [bold]{new}, set by hand[/]{beside(summary.state)}{cut}"

        reply = agreed(options, prepared, question, yes)
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
        kind, number = _temp_value(value)
        values = {"kind": TEMPS.index(kind), "value": number, "duration_min": parse_minutes(lasting)}

        def question(summary: TempSummary) -> str:
            new = amount(summary.then_mu_per_h, "mU/h")
            if summary.kind == "percent":
                new = f"{summary.value} % of what is programmed, {new} now"
            nothing = "" if summary.then_mu_per_h else f", {NO_INSULIN}"
            lasts = f"{nothing}, for" if summary.kind == "percent" or nothing else " for"
            new += f"{lasts} {duration(summary.duration_min)}"
            return f"Basal rate: {_in_force(pump, summary)} -> [bold]{new}[/]{cut_note(summary.cut_by)}"

        reply = agreed(options, pump.prepare("temp_basal", **values), question, yes)
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
        values = {"rate_mu_per_h": parse_rate(rate), "valid_min": parse_minutes(lasting)}

        def question(summary: RecommendSummary) -> str:
            old, new = amount(summary.in_force_mu_per_h, "mU/h"), amount(summary.then_mu_per_h, "mU/h")
            nothing = "" if summary.then_mu_per_h else f", {NO_INSULIN}"
            back = f"then {amount(summary.programmed_mu_per_h, 'mU/h')} as programmed"
            return f"Basal rate: {old} -> [bold]{new} for {duration(summary.valid_min)}[/]{nothing}, {back}"

        reply = agreed(options, pump.prepare("recommend_rate", **values), question, yes)
        new = f"{amount(values['rate_mu_per_h'], 'mU/h')} for {duration(values['valid_min'])}"
        back = amount(reply.programmed_mu_per_h, "mU/h")
        clock = told(pump, options)
        text = f"Basal rate {new} from {clock.text(reply.at_us)} until {clock.text(reply.until_us)};"
        show(options, reply, f"{text} then {back} as programmed, unless renewed.")


def _programmed(summary: BasalSummary) -> str:
    """What is programmed before, and what is delivered in its place."""
    by = "set by hand" if summary.old_pattern is None else f"pattern {summary.old_pattern}"
    old = f"{amount(summary.old_rate_mu_per_h, 'mU/h')}, {by}"
    if summary.state != "running" or summary.in_force_mu_per_h == summary.old_rate_mu_per_h:
        return old
    return f"{old} ({amount(summary.in_force_mu_per_h, 'mU/h')} is delivered now)"


def beside(state: str) -> str:
    """What goes on in place of the programmed rate when that is changed."""
    if state in ("stopped", "procedure"):
        return f"; the pump is {'stopped' if state == 'stopped' else 'in a procedure'}, it holds after pump resume"
    return "; the pump is suspended, it holds after pump resume" if state == "suspended" else ""


def _in_force(pump: Programmer, summary: TempSummary | TempEndSummary) -> str:
    """What is delivered before, and until when if that is a temporary rate."""
    now = amount(summary.in_force_mu_per_h, "mU/h")
    if summary.temp_until_us is None:
        return now
    return f"{now}, temporary until {clock_of(pump).text(summary.temp_until_us)}"


def _cancel_temp(pump: Programmer, options: Options, yes: bool) -> None:
    def question(summary: TempEndSummary) -> str:
        then = f"{amount(summary.then_mu_per_h, 'mU/h')}, as programmed"
        return f"Basal rate: {_in_force(pump, summary)} -> [bold]{then}[/]{cut_note(summary.cut_by)}"

    reply = agreed(options, pump.prepare("cancel_temp"), question, yes)
    text = f"Temporary basal no. {reply.delivery_id} cancelled at {told(pump, options).text(reply.at_us)};"
    show(options, reply, f"{text} basal {amount(reply.in_force_mu_per_h, 'mU/h')}.")


def _temp_value(text: str) -> tuple[str, int]:
    """Return (kind, value)."""
    if not text.endswith("%"):
        rate_mu_per_h = parse_rate(text)
        if rate_mu_per_h > _GREATEST_MU_PER_H:
            raise UsageError(f"{text} U/h is beyond the hard limit of 35.00 U/h; a percentage is written {text}%")
        return "rate", rate_mu_per_h
    try:
        return "percent", parse_whole(text.removesuffix("%"), "%", high=_GREATEST_PERCENT)
    except AmountError as error:
        raise AmountError(f"{text!r} is not a percentage from 0% to {_GREATEST_PERCENT}%") from error
