"""Commands for basal patterns: show, edit (staged, confirmed, then committed at once), select."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Group, RenderableType

from firmware.protocol import PATTERNS
from host import day
from host.api.client import Programmer
from host.api.prepared import Prepared
from host.clock import told
from host.commands.basal import beside
from host.console import NotNow, UsageError, agreed, connected, need_answer, show
from host.cuts import cut_note, cut_text
from host.errors import BadReply
from host.options import Json, Yes, options_of, part
from host.records import Pattern, Status
from host.records.summaries import CommitSummary, SelectSummary
from host.screens.pattern import compared_table, pattern_table, patterns_table
from host.units import amount

app = part()
commands = part(help="Show, edit and select basal patterns.", no_args_is_help=True)
app.add_typer(commands, name="pattern")


def _complete(incomplete: str) -> list[str]:
    return [name for name in PATTERNS if name.startswith(incomplete.upper())]


Which = Annotated[str, typer.Argument(metavar="A|B|C|D", help="Which pattern.", autocompletion=_complete)]


@dataclass(frozen=True, slots=True)
class NamedPattern:
    """A pattern as printed with --json."""

    pattern: str
    fingerprint: int
    day_mu: int
    rates_mu_per_h: tuple[int, ...]


@commands.command("show")
def show_pattern(
    ctx: typer.Context,
    which: Annotated[
        str | None, typer.Argument(metavar="A|B|C|D", help="Which pattern; default: all.", autocompletion=_complete)
    ] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print lines 06:00,0.8, a file for edit --file.")] = False,
    as_json: Json = False,
) -> None:
    """Show one pattern, or all of them, one per line."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        runs = _running(pump.status())
        names = list(PATTERNS) if which is None else [_name(which)]
        if as_csv and which is None:
            raise UsageError("say which pattern: pump pattern show A --csv")
        found = {name: pump.read_pattern(name) for name in names}
        if as_csv:
            typer.echo(day.as_csv(found[names[0]].rates_mu_per_h), nl=False)
        elif which is None:
            rates = {name: each.rates_mu_per_h for name, each in found.items()}
            show(options, [_named(*each) for each in found.items()], patterns_table(rates, runs))
        else:
            (name, pattern), *_ = found.items()
            show(options, _named(name, pattern), pattern_table(name, pattern.rates_mu_per_h, running=name == runs))


@commands.command("edit")
def edit(
    ctx: typer.Context,
    which: Which,
    changes: Annotated[
        list[str] | None,
        typer.Argument(metavar="[TIME=RATE]...", help="06:00=0.8 22:30=0.45, or a stretch: 06:00-09:30=0.8. U/h."),
    ] = None,
    file: Annotated[
        str | None, typer.Option(metavar="FILE", help="A whole day: CSV (06:00,0.8) or JSON, as pattern show gives.")
    ] = None,
    whole: Annotated[bool, typer.Option("--whole", help="The changes are the whole day; the first is 00:00.")] = False,
    yes: Yes = False,
    as_json: Json = False,
) -> None:
    """Change a pattern: shows the old and the new one, as the pump holds them, asks, then stores it at once.

    A rate holds from its time until the next one given, or until the pattern's own next change; with --whole, until
    the next one given. A running pattern goes on unchanged until all of the new one is stored.
    """
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        name = _name(which)
        if bool(changes) == (file is not None):
            raise UsageError(f"give changes, pump pattern edit {name} 06:00=0.8 22:30=0.45, or --file")
        need_answer(yes)
        read = day.read_file(Path(file)) if file is not None else None

        def wanted(old: day.Rates) -> day.Rates:
            if read is not None:
                return read
            return day.whole(changes or ()) if whole else day.edited(old, changes or ())

        change = _Edit(pump, name, wanted)
        reply = agreed(options, change.prepare(), change.question, yes, "Nothing was changed.", change.prepare)
        total = f"{amount(reply.day_mu, 'mU')} a day"
        when = told(pump, options).text(reply.at_us)
        basal = f"; basal now {amount(reply.in_force_mu_per_h, 'mU/h')}" if change.running else ""
        show(options, reply, f"Pattern {name} stored at {when}: {total}{basal}.{cut_text(reply.cut_by)}")


@commands.command("select")
def select(ctx: typer.Context, which: Which, yes: Yes = False, as_json: Json = False) -> None:
    """Run a pattern by the pump's local clock, in place of another or of a rate set by hand."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        name = _name(which)

        def question(summary: SelectSummary) -> str:
            if summary.old_pattern == summary.pattern and not yes:
                raise NotNow(f"pattern {name} runs already")
            old = f"{amount(summary.old_rate_mu_per_h, 'mU/h')}, set by hand"
            if summary.old_pattern is not None:
                old = f"pattern {summary.old_pattern} ({amount(summary.old_day_mu, 'mU')} a day)"
            new = f"[bold]pattern {summary.pattern} ({amount(summary.day_mu, 'mU')} a day)[/]"
            new += f", {amount(summary.then_mu_per_h, 'mU/h')} now"
            return f"Basal: {old} -> {new}{beside(summary.state)}{cut_note(summary.cut_by)}"

        prepared = pump.prepare("select_pattern", pattern=PATTERNS.index(name))
        reply = agreed(options, prepared, question, yes)
        rate, when = amount(reply.rate_mu_per_h, "mU/h"), told(pump, options).text(reply.at_us)
        show(options, reply, f"Pattern {name} runs from {when} on: {rate} now.{cut_text(reply.cut_by)}")


def _name(text: str) -> str:
    """Return the name of a pattern. Raises UsageError."""
    if text.upper() not in PATTERNS:
        raise UsageError(f"there is no pattern {text!r}, only " + ", ".join(PATTERNS))
    return text.upper()


class _Edit:
    """A change of pattern `name`; `wanted` returns the new rates for those that the pump holds."""

    def __init__(self, pump: Programmer, name: str, wanted: Callable[[day.Rates], day.Rates]) -> None:
        self.running = False
        self._pump = pump
        self._name = name
        self._wanted = wanted
        self._old: day.Rates = ()
        self._new: day.Rates = ()

    def prepare(self) -> Prepared:
        """Stage the new rates, read them back, and have the pump say what storing them would do."""
        name = self._name
        self._old = self._pump.read_pattern(name).rates_mu_per_h
        wanted = self._wanted(self._old)
        if wanted == self._old:
            raise NotNow(f"pattern {name} already has these rates")
        self._pump.stage_pattern(name, wanted)
        staged = self._pump.read_pattern(name, staged=True)
        if staged.rates_mu_per_h != wanted or staged.fingerprint != day.fingerprint(wanted):
            raise BadReply(f"what the pump holds for pattern {name} is not what was sent; nothing was changed")
        self._new = staged.rates_mu_per_h
        return self._pump.prepare("commit_pattern", pattern=PATTERNS.index(name), fingerprint=staged.fingerprint)

    def question(self, summary: CommitSummary) -> RenderableType:
        """The rates side by side, which are those that the pump's summary speaks of."""
        if (day.fingerprint(self._old), day.fingerprint(self._new)) != (summary.old_fingerprint, summary.fingerprint):
            raise NotNow("not sent: the pump was changed meanwhile. Look at it and give the order again")
        self.running = summary.running
        lines: list[RenderableType] = [compared_table(self._name, self._old, self._new, running=summary.running)]
        if summary.running and summary.then_mu_per_h != summary.old_rate_mu_per_h:
            rates = (summary.old_rate_mu_per_h, summary.then_mu_per_h)
            lines.append("Programmed basal now: " + " -> ".join(amount(each, "mU/h") for each in rates))
        cut = cut_text(summary.cut_by).strip()
        return Group(*lines, *[cut] * bool(cut))


def _running(status: Status) -> str | None:
    return status.pattern


def _named(name: str, pattern: Pattern) -> NamedPattern:
    return NamedPattern(name, pattern.fingerprint, pattern.day_mu, pattern.rates_mu_per_h)
