"""The latched alarms, their meaning and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from host.screens.figures import figure_text
from host.texts.alarms import AlarmText
from host.texts.spoken import said
from host.units import span

_COLOURS = {"high": "bold red", "medium": "yellow", "low": "cyan"}


def alarms_table(alarms: Sequence[AlarmText], now_us: int, language: str) -> Table | str:
    """Every latched alarm, oldest first; one line if there is none."""
    if not alarms:
        return said("Alarms: none.", language)
    table = Table(title=said("Alarms", language), title_justify="left", show_header=False, show_lines=True)
    table.add_column(no_wrap=True)
    for each in alarms:
        colour = _COLOURS[each.priority]
        left = f"[{colour}]{each.title}[/]\n{each.name}\n{said(each.priority, language)}"
        age = said("{} ago", language, span(now_us - each.since_us, language))
        cause = said("cause still there" if each.cause_there else "cause gone: can be acknowledged", language)
        cause += f"{' ' * (language == 'fr')}; {said('quiet', language)}" if each.quiet else ""
        figure = figure_text(each.alarm, each.detail, language)
        do = f"[bold]{said('To do:', language)}[/] {each.do}"
        right = f"{each.means}\n{do}\n[dim]{age}{figure and ', '}{figure}{' ' * (language == 'fr')}; {cause}[/]"
        table.add_row(left, right)
    return table
