"""Commands that suspend, stop and resume delivery."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import typer

from host.clock import told
from host.console import NotNow, agreed, confirm, connected, need_answer, show, spoken_by
from host.errors import HostError
from host.options import Json, Language, Yes, part, spoken_of
from host.records import Status
from host.records.summaries import ResumeSummary
from host.text import Text
from host.texts.spoken import in_language, number_said, said
from host.units import amount

app = part()
T = TypeVar("T")


def running_text(now: Status, language: str = "en") -> str:
    """Return what the pump delivers, in one line."""

    def part_of(text: str, value: int, unit: str = "mU") -> str:
        return said(text, language, dose(value, unit, language))

    parts = [said(now.state, language), part_of("basal {}", now.in_force_mu_per_h, "mU/h")]
    parts += [part_of("bolus with {} to come", now.bolus_remaining_mu)] * bool(now.bolus_remaining_mu)
    parts += [part_of("square bolus with {} to come", now.square_remaining_mu)] * bool(now.square_remaining_mu)
    return ", ".join(parts)


def dose(value: int, unit: str, language: str) -> str:
    """Return an amount as `language` writes it."""
    return number_said(amount(value, unit), language)


def asked_of(read: Callable[[], T], yes: bool) -> T | None:
    """Return what `read` returns, to show before asking about an order that reduces delivery. Returns None with `yes`,
    or if the pump does not answer: such an order can be given without it.
    """
    if yes:
        return None
    try:
        return read()
    except HostError:
        return None


def _change(now: Status | None, then: str, language: str) -> str:
    if now is None:
        return said("Delivery -> [bold]{}[/]", language, then)
    return said("Delivery: {} -> [bold]{}[/]", language, running_text(now, language), then)


@app.command()
def suspend(ctx: typer.Context, yes: Yes = False, language: Language = None, as_json: Json = False) -> None:
    """End boluses and a temporary rate; basal goes on at the least rate. The pump sounds reminders."""
    options = spoken_of(ctx, language, as_json)
    with connected(options) as pump:
        words = spoken_by(options)
        now = asked_of(pump.status, yes)
        if now is not None and now.state != "running":
            raise NotNow(Text("the pump is in the state '{}': only one that is running can be suspended", now.state))
        settings = asked_of(pump.read_settings, yes)
        then = said("suspended, basal at the least rate", words)
        if now is not None and settings is not None:
            least_mu_per_h = min(settings.suspend_rate_mu_per_h, now.in_force_mu_per_h)
            then = said("suspended, basal {}", words, dose(least_mu_per_h, "mU/h", words))
        confirm(options, _change(now, then, words), yes, language=words)
        reply = pump.suspend()
        when = in_language(told(pump, options).text(reply.at_us), words)
        rate = dose(reply.rate_mu_per_h, "mU/h", words)
        text = "Delivery suspended at {}, basal {}; {} waiting strokes given up."
        show(options, reply, said(text, words, when, rate, reply.abandoned_strokes))


@app.command()
def stop(ctx: typer.Context, yes: Yes = False, language: Language = None, as_json: Json = False) -> None:
    """Stop delivery altogether after the stroke in progress."""
    options = spoken_of(ctx, language, as_json)
    with connected(options) as pump:
        words = spoken_by(options)
        now = asked_of(pump.status, yes)
        if now is not None and now.state in ("stopped", "fault"):
            need_answer(yes)  # nothing to ask about; the pump says whether there is anything left to stop
        else:
            confirm(options, _change(now, said("stopped, nothing at all", words), words), yes, language=words)
        reply = pump.stop()
        when = in_language(told(pump, options).text(reply.at_us), words)
        text = "Delivery stopped at {}; {} waiting strokes given up."
        show(options, reply, said(text, words, when, reply.abandoned_strokes))


@app.command()
def resume(ctx: typer.Context, yes: Yes = False, language: Language = None, as_json: Json = False) -> None:
    """Resume delivery at the programmed basal rate after a suspend or a stop; boluses stay ended."""
    options = spoken_of(ctx, language, as_json)
    with connected(options) as pump:
        words = spoken_by(options)

        def question(summary: ResumeSummary) -> str:
            text = "Delivery: {}, basal {} -> [bold]running, basal {}[/]"
            rates = (summary.in_force_mu_per_h, summary.then_mu_per_h)
            return said(text, words, said(summary.state, words), *(dose(each, "mU/h", words) for each in rates))

        reply = agreed(options, pump.prepare("resume"), question, yes)
        when = in_language(told(pump, options).text(reply.at_us), words)
        rate = dose(reply.rate_mu_per_h, "mU/h", words)
        show(options, reply, said("Delivery resumed at {}: basal {}.", words, when, rate))
