"""Commands for alarms."""

from __future__ import annotations

from typing import Annotated

import typer

from firmware.protocol.alarms import BY_NAME, LASTING
from host.clock import told
from host.console import NotNow, confirm, connected, show
from host.options import Json, Language, Yes, part, spoken_of
from host.screens.alarms import alarms_table
from host.text import Text
from host.texts.alarms import described, language_of, number_of
from host.texts.spoken import in_language, said

app = part()


@app.command()
def alarms(ctx: typer.Context, language: Language = None, as_json: Json = False) -> None:
    """Show the latched alarms, their meaning and what to do."""
    options = spoken_of(ctx, language, as_json)
    with connected(options) as pump:
        words = language_of(options.language)
        found = [described(each, words) for each in pump.read_alarms()]
        show(options, found, alarms_table(found, pump.read_time().now_us, words))


def _complete(incomplete: str) -> list[str]:
    return [name for name in BY_NAME if name.startswith(incomplete.lower())]


@app.command()
def acknowledge(
    ctx: typer.Context,
    alarm: Annotated[str, typer.Argument(metavar="ALARM", help="Its name, number or title.", autocompletion=_complete)],
    language: Language = None,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Clear an alarm whose cause is gone, or quiet one for a day. This does not restart delivery."""
    options = spoken_of(ctx, language, as_json)
    with connected(options) as pump:
        words = language_of(options.language)
        number = number_of(alarm)
        found = [described(each, words) for each in pump.read_alarms()]
        mine = [each for each in found if each.alarm == number]
        if not mine and not yes:
            raise NotNow(Text("there is no alarm '{}' now", alarm))
        if not yes and mine[0].cause_there and mine[0].name not in LASTING:
            there = Text("the cause of the alarm '{alarm}' is still there", alarm=mine[0].name)
            raise NotNow(Text("{}: {}", there, mine[0].do))
        confirm(options, alarms_table(mine, pump.read_time().now_us, words), yes, language=words)
        reply = pump.acknowledge_alarm(number)
        others = reply.alarms - reply.cause_there
        left = said("No other is latched.", words)
        if others:
            left = said("{} more are latched: pump alarms.", words, others)
        what = "Acknowledged"
        if reply.cause_there:
            what = "Its cause is still there: it stays, quiet for a day or until its next mark. Acknowledged"
        when = in_language(told(pump, options).text(reply.at_us), words)
        show(options, reply, said("{} at {}. {}", words, said(what, words), when, left))
