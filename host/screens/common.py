"""Shared by the screens: tables of names and values, and of old and new values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console, ConsoleOptions, Group, RenderResult
from rich.measure import Measurement
from rich.table import Table

from host.texts.spoken import said

# The faults that the dose core latches, by number (c_ext/core/guard.h).
FAULTS = {
    6: "a safety variable was damaged",
    7: "strokes ordered and strokes seen do not agree",
    8: "stopped from outside",
    9: "the supervisor broke its promise to be back",
}
_ANY_WIDTH = 10_000
_SENTENCE_COLUMNS = 22  # two columns between, and room for words
NOT_A_DEVICE = "(development platform, not a medical device)"


def fault_text(fault: int, language: str = "en") -> str:
    """Return the text of a fault of the dose core, by its number."""
    if fault not in FAULTS:
        return said("fault {}", language, fault)
    return said("fault {}, {}", language, fault, said(FAULTS[fault], language))


def pairs(title: str, rows: Iterable[tuple[str, str]], language: str = "en") -> Group:
    """Names and values under a title."""
    table = Table(show_header=False, box=None, pad_edge=False)
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in rows:
        table.add_row(name, value)
    return Group(f"[italic]{said(title, language)} {said(NOT_A_DEVICE, language)}[/]", table)


def old_and_new(title: str, rows: Iterable[tuple[str, str, str | None]]) -> Listing:
    """A table of present values beside new ones (None: no new value), with changes highlighted."""
    rows = list(rows)
    if all(new is None for _, _, new in rows):
        return Listing(title, ("", "now"), [(name, old) for name, old, _ in rows], ("now",))
    shown = []
    for name, old, new in rows:
        changed = new is not None and new != old
        shown.append((name, old, f"[bold yellow]{new}[/]" if changed else old, "[bold yellow]←[/]" if changed else ""))
    return Listing(title, ("", "now", "new", ""), shown, ("now", "new"))


class Listing:
    """Rows under headings: a table where it fits, else each row as lines of its own, so that nothing is cut.

    With `folding` the last column holds sentences, which may go on in the next line of a table.
    """

    def __init__(
        self,
        title: str,
        headings: Sequence[str],
        rows: Iterable[Sequence[str]],
        right: Sequence[str] = (),
        *,
        folding: bool = False,
    ) -> None:
        self._title = title
        self._headings = headings
        self._rows = [tuple(row) for row in rows]
        self._right = right
        self._folding = folding

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        """Yield the title and the rows, as rich asks for them."""
        yield f"[italic]{self._title}[/]"
        if self._needed(console, options) <= options.max_width:
            yield self._table(len(self._headings), folding=self._folding)
            return
        for row in self._rows:
            first, *others = [f"{head} {cell}".strip() for head, cell in zip(self._headings, row, strict=True) if cell]
            yield "\n".join([first, *(f"  {each}" for each in others)])

    def _needed(self, console: Console, options: ConsoleOptions) -> int:
        table = self._table(len(self._headings) - self._folding)
        measured = Measurement.get(console, options.update(width=_ANY_WIDTH), table).maximum
        return measured + (_SENTENCE_COLUMNS if self._folding else 0)

    def _table(self, columns: int, *, folding: bool = False) -> Table:
        table = Table(box=None, pad_edge=False)
        for place, heading in enumerate(self._headings[:columns], 1):
            folds = folding and place == columns
            table.add_column(
                heading,
                justify="right" if heading in self._right else "left",
                no_wrap=not folds,
                overflow="fold" if folds else "ellipsis",
            )
        for row in self._rows:
            table.add_row(*row[:columns])
        return table


def plain(word: str) -> str:
    """Return a name of the link with blanks for underscores."""
    return word.replace("_", " ")
