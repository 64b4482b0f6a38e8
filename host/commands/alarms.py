"""Commands for alarms."""

from __future__ import annotations

from typing import Annotated

import typer

from host.console import Json, Language, Yes, confirm, connected, options_of, show
from host.screens.alarms import alarms_table
from host.texts.alarms import described, language_of, number_of
from host.units import uptime

app = typer.Typer()
_PANEL = "Alarms"


@app.command(rich_help_panel=_PANEL)
def alarms(ctx: typer.Context, language: Language = None, as_json: Json = False) -> None:
    """Show the latched alarms, their meaning and what to do."""
    options = options_of(ctx, as_json, language)
    with connected(options) as pump:
        words = language_of(options.language)
        found = [described(each, words) for each in pump.read_alarms()]
        show(options, found, alarms_table(found, pump.read_time().now_us, words))


@app.command(rich_help_panel=_PANEL)
def acknowledge(
    ctx: typer.Context,
    alarm: Annotated[str, typer.Argument(metavar="ALARM", help="Its name, number or title; see pump alarms.")],
    language: Language = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Clear an alarm whose cause is gone, or quiet one for a day. This does not restart delivery."""
    options = options_of(ctx, as_json, language)
    with connected(options) as pump:
        number, words = number_of(alarm), language_of(options.language)
        found = [described(each, words) for each in pump.read_alarms()]
        mine = [each for each in found if each.alarm == number]
        table = alarms_table(mine, pump.read_time().now_us, words) if mine else f"There is no alarm '{alarm}'."
        confirm(options, table, yes)
        reply = pump.acknowledge_alarm(number)
        others = reply.alarms - reply.cause_there
        left = f"{others} more are latched: pump alarms." if others else "No other is latched."
        what = "Acknowledged"
        if reply.cause_there:
            what = "Its cause is still there: it stays, quiet for a day or until its next mark. Acknowledged"
        show(options, reply, f"{what} at {uptime(reply.at_us)}. {left}")
