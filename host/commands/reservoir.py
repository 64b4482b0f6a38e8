"""Commands for the reservoir: its content, and the record of a refill."""

from __future__ import annotations

from typing import Annotated

import typer

from host import console
from host.console import UsageError, agreed, ask, connected, show
from host.errors import IMPOSSIBLE, LIGHTER
from host.options import Json, Language, Yes, part, spoken_of
from host.records.summaries import RefillSummary
from host.screens.clinic import refilled_text, reservoir_table, verdict_text
from host.text import Text
from host.texts.alarms import language_of
from host.texts.spoken import number_said, said
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
def reservoir(ctx: typer.Context, language: Language = None, as_json: Json = False) -> None:
    """Show the reservoir's content, how long it lasts, and when the next refill is due."""
    options = spoken_of(ctx, language, as_json)
    with connected(options) as pump:
        words = language_of(options.language)
        reply = pump.read_reservoir()
        show(options, reply, reservoir_table(reply, pump.read_settings().utc_offset_min, words))


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
    language: Language = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Record a refill by weight, and show how well count and weight agree. Asks for values not given."""
    options = spoken_of(ctx, language, as_json)
    given = {
        "drawn_before": drawn_before,
        "drawn_after": drawn_after,
        "put_before": put_before,
        "put_after": put_after,
        "taken_back": taken_back,
    }
    with connected(options) as pump:
        words = language_of(options.language)
        found = {name: _read(name, text) for name, text in given.items() if text is not None}
        missing = [name for name in given if name not in found]
        if missing == ["taken_back"] and yes:
            found["taken_back"] = _read("taken_back", _TAKEN_BACK_ML)
        elif missing and not console.interactive():
            named = ", ".join("--" + name.replace("_", "-") for name in missing)
            raise UsageError(Text("not given: {}", named))
        else:
            found |= {name: _ask(name, words) for name in missing}
        weights = {
            "put_before_mg": found["put_before"],
            "put_after_mg": found["put_after"],
            "taken_back_nl": found["taken_back"],
            "drawn_before_mg": found["drawn_before"],
            "drawn_after_mg": found["drawn_after"],
        }

        def question(summary: RefillSummary) -> str:
            if summary.residual_nl < 0:
                raise UsageError(Text(IMPOSSIBLE, LIGHTER))
            counted = said("not known", words)
            if summary.refills:
                counted = said("{} by count", words, number_said(amount(summary.left_mu, "mU"), words))
            drawn, filled = (millilitres(each) for each in (summary.residual_nl, summary.filled_nl))
            text = "Reservoir: {}, {} drawn -> [bold]{}[/]"
            asked = said(text, words, counted, number_said(drawn, words), number_said(filled, words))
            return f"{asked}\n{verdict_text(summary, words)}"

        reply = agreed(options, pump.prepare("record_refill", **weights), question, yes)
        show(options, reply, refilled_text(reply, words))


def _read(name: str, text: str) -> int:
    """Return a weight in whole mg, or a volume in whole nL."""
    unit = QUESTIONS[name][1]
    milli = parse_milli(text, unit) * (1000 if unit == "mL" else 1)
    if milli != int(milli):
        raise AmountError(Text("{!r} {} has too many decimals", text, unit))
    return int(milli)


def _ask(name: str, language: str) -> int:
    question, unit = (said(each, language) for each in QUESTIONS[name])
    default = _TAKEN_BACK_ML if name == "taken_back" else None
    return ask(f"{question} ({unit})", lambda text: _read(name, text), language, default)
