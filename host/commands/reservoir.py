"""Commands for the reservoir: its content, and the record of a refill."""

from __future__ import annotations

from typing import Annotated

import typer

from firmware.protocol import refill as made
from host import console
from host.console import NotNow, UsageError, confirm, connected, show
from host.options import Json, Yes, options_of, part
from host.screens.clinic import refilled_text, reservoir_table
from host.units import AmountError, amount, millilitres, parse_milli

app = part()
_TAKEN_BACK_ML = "2"
# The questions, in the order of the work (docs/procedures.md), and the unit of each answer.
QUESTIONS = {
    "drawn_before": ("Syringe for the remaining insulin, weighed before drawing it out", "g"),
    "drawn_after": ("The same syringe, weighed with the remaining insulin in it", "g"),
    "put_before": ("Syringe with fresh insulin, weighed before filling", "g"),
    "put_after": ("The same syringe, weighed after filling", "g"),
    "taken_back": ("Volume taken back to restore the vacuum", "mL"),
}


@app.command()
def reservoir(ctx: typer.Context, as_json: Json = False) -> None:
    """Show the reservoir's content, how long it lasts, and when the next refill is due."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        reply = pump.read_reservoir()
        show(options, reply, reservoir_table(reply, pump.read_settings().utc_offset_min))


@app.command()
def refill(
    ctx: typer.Context,
    drawn_before: Annotated[str | None, typer.Option(metavar="G", help="Syringe for the rest, before, g.")] = None,
    drawn_after: Annotated[str | None, typer.Option(metavar="G", help="The same with the rest, g.")] = None,
    put_before: Annotated[str | None, typer.Option(metavar="G", help="Syringe of fresh insulin, before, g.")] = None,
    put_after: Annotated[str | None, typer.Option(metavar="G", help="The same after, g.")] = None,
    taken_back: Annotated[
        str | None, typer.Option(metavar="ML", help="Taken back for the vacuum, mL; usually 2.")
    ] = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Record a refill by weight, and show how well count and weight agree. Asks for values not given."""
    options = options_of(ctx, as_json)
    given = {
        "drawn_before": drawn_before,
        "drawn_after": drawn_after,
        "put_before": put_before,
        "put_after": put_after,
        "taken_back": taken_back,
    }
    with connected(options) as pump:
        per_ml = pump.hello().concentration_u_per_ml
        found = {name: _read(name, text) for name, text in given.items() if text is not None}
        missing = [name for name in given if name not in found]
        if missing == ["taken_back"] and yes:
            found["taken_back"] = _read("taken_back", _TAKEN_BACK_ML)
        elif missing and not console.interactive():
            raise UsageError("not given: " + ", ".join("--" + name.replace("_", "-") for name in missing))
        else:
            found |= {name: _ask(name) for name in missing}
        weights = {
            "put_before_mg": found["put_before"],
            "put_after_mg": found["put_after"],
            "taken_back_nl": found["taken_back"],
            "drawn_before_mg": found["drawn_before"],
            "drawn_after_mg": found["drawn_after"],
        }
        pump.require("record_refill", **weights)
        rest_nl, filled_nl = _volumes(weights)
        old, new = pump.read_reservoir(), f"{millilitres(filled_nl)}, {amount(filled_nl * per_ml // 1000, 'mU')}"
        counted = f"{amount(old.left_mu, 'mU')} by count" if old.filled_mu else "not known"
        weighed = f"{millilitres(rest_nl)}, {amount(rest_nl * per_ml // 1000, 'mU')} drawn"
        if not yes and pump.status().state == "procedure":
            raise NotNow("the pump is in a procedure: pump procedure show")
        confirm(
            options,
            f"Reservoir: {counted}, {weighed} -> [bold]{new}[/]",
            yes,
            held=lambda: (pump.read_reservoir().filled_utc_s, pump.read_reservoir().filled_mu, pump.status().state),
        )
        reply = pump.record_refill(**weights)
        show(options, reply, refilled_text(reply))


def _read(name: str, text: str) -> int:
    """Return a weight in whole mg, or a volume in whole nL."""
    unit = QUESTIONS[name][1]
    milli = parse_milli(text, unit) * (1000 if unit == "mL" else 1)
    if milli != int(milli):
        raise AmountError(f"{text!r} {unit} has too many decimals")
    return int(milli)


def _ask(name: str) -> int:
    question, unit = QUESTIONS[name]

    def read(text: str) -> int:
        try:
            return _read(name, text)
        except AmountError as error:
            raise typer.BadParameter(str(error)) from error

    default = _TAKEN_BACK_ML if name == "taken_back" else None
    found: int = typer.prompt(f"{question} ({unit})", default=default, value_proc=read, err=True)
    return found


def _volumes(weights: dict[str, int]) -> tuple[int, int]:
    """Return (nL drawn, nL in the reservoir now). Raises UsageError if the weights are impossible."""
    try:
        put_in = made.weighed(weights["put_before_mg"], weights["put_after_mg"])
        filled = made.net_fill(put_in, made.read_off(weights["taken_back_nl"]))
        drawn = made.weighed(weights["drawn_after_mg"], weights["drawn_before_mg"])
    except made.Refused as error:
        text = "no more was filled in than was taken back for the vacuum"
        if error.limit == made.CAPACITY_NL:
            text = f"{millilitres(error.value)} would be in the reservoir, which holds up to {millilitres(error.limit)}"
        raise UsageError(f"impossible weights: {text}; weigh again") from error
    if drawn.nl < 0:
        raise UsageError(
            "impossible weights: the syringe with the remaining insulin is lighter than before; weigh again"
        )
    return int(drawn.nl), int(filled.nl)
