"""The latched alarms, their meaning and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from host.screens.figures import figure_text
from host.texts.alarms import AlarmText
from host.units import span

_COLOURS = {"high": "bold red", "medium": "yellow", "low": "cyan"}
# Heading, to do, how long ago, cause present, cause gone, no alarm, quieted.
_WORDS = {
    "en": ("Alarms", "To do:", "{} ago", "cause still there", "cause gone: can be acknowledged", "none", "quiet"),
    "fr": (
        "Alarmes",
        "Que faire :",
        "depuis {}",
        "cause toujours présente",
        "cause disparue : peut être acquittée",
        "aucune",
        "silencieuse",
    ),
}
_PRIORITIES: dict[str, dict[str, str]] = {"en": {}, "fr": {"high": "haute", "medium": "moyenne", "low": "basse"}}


def alarms_table(alarms: Sequence[AlarmText], now_us: int, language: str) -> Table | str:
    """Every latched alarm, oldest first; one line if there is none."""
    heading, do, ago, there, gone, none, quiet = _WORDS[language]
    if not alarms:
        return f"{heading}: {none}."
    table = Table(title=heading, title_justify="left", show_header=False, show_lines=True)
    table.add_column(no_wrap=True)
    for each in alarms:
        colour = _COLOURS[each.priority]
        priority = _PRIORITIES[language].get(each.priority, each.priority)
        left = f"[{colour}]{each.title}[/]\n{each.name}\n{priority}"
        age = ago.format(span(now_us - each.since_us))
        cause = (there if each.cause_there else gone) + (f"; {quiet}" if each.quiet else "")
        figure = figure_text(each.alarm, each.detail, language)
        right = f"{each.means}\n[bold]{do}[/] {each.do}\n[dim]{age}{figure and ', '}{figure}; {cause}[/]"
        table.add_row(left, right)
    return table
