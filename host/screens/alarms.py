"""The latched alarms, their meaning and what to do."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.table import Table

from host.screens.figures import figure_text
from host.texts.alarms import AlarmText
from host.texts.spoken import said
from host.units import span

_TEXT_COLUMNS = 20  # fewer would break the sentences into single words
_FRAME_COLUMNS = 7
_COLOURS = {"high": "bold red", "medium": "yellow", "low": "cyan"}


class AlarmsTable:
    """Names beside sentences; on a screen too narrow for it, above them."""

    def __init__(self, title: str, rows: Sequence[tuple[str, str]]) -> None:
        self._title = title
        self._rows = rows

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the title and the rows, as rich asks for them."""
        names = max(Measurement.get(console, options, console.render_str(left)).maximum for left, _ in self._rows)
        if names + _FRAME_COLUMNS + _TEXT_COLUMNS > options.max_width:
            yield f"[italic]{self._title}[/]"
            for left, right in self._rows:
                yield f"{left}\n{right}\n"
            return
        table = Table(title=self._title, title_justify="left", show_header=False, show_lines=True)
        table.add_column(no_wrap=True)
        for row in self._rows:
            table.add_row(*row)
        yield table


def alarms_table(alarms: Sequence[AlarmText], now_us: int, language: str) -> AlarmsTable | str:
    """Every latched alarm, oldest first; one line if there is none."""
    if not alarms:
        return said("Alarms: none.", language)
    rows = []
    for each in alarms:
        colour = _COLOURS[each.priority]
        left = f"[{colour}]{each.title}[/]\n{each.name}\n{said(each.priority, language)}"
        age = said("{} ago", language, span(now_us - each.since_us, language))
        cause = said("cause still there" if each.cause_there else "cause gone: can be acknowledged", language)
        cause += f"{' ' * (language == 'fr')}; {said('quiet', language)}" if each.quiet else ""
        figure = figure_text(each.alarm, each.detail, language)
        do = f"[bold]{said('To do:', language)}[/] {each.do}"
        right = f"{each.means}\n{do}\n[dim]{age}{figure and ', '}{figure}{' ' * (language == 'fr')}; {cause}[/]"
        rows.append((left, right))
    return AlarmsTable(said("Alarms", language), rows)
