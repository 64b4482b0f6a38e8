"""Commands for guided procedures, self-test and battery."""

from __future__ import annotations

import time
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Group
from rich.progress import Progress

from firmware.protocol.procedures import Input, Step
from host import console
from host.api.client import Programmer
from host.console import Json, Language, Screen, UsageError, Yes, confirm, connected, need_answer, options_of, show
from host.records import Procedure
from host.screens.clinic import verdict_text
from host.screens.common import fault_text
from host.screens.service import energy_table, procedure_table, procedure_title, said, self_test_table, step_of
from host.texts.alarms import language_of
from host.units import AmountError, parse_milli, parse_whole, uptime
from host.units import plain as number

app = typer.Typer()
commands = typer.Typer(help="Refill, rinse, flush, stroke volume, patency: guided step by step.", no_args_is_help=True)
app.add_typer(commands, name="procedure", rich_help_panel="Clinic")
# The unit in which people enter a value, and how many of the link's units make a thousandth of it.
_UNITS = {"nl": ("mL", 1000)}
_SMALL_NL = 1_000_000
_POLL_S = 0.5


class Kind(StrEnum):
    """Which procedure."""

    refill = "refill"
    rinse = "rinse"
    flush = "flush"
    stroke_volume = "stroke-volume"
    patency = "patency"


@commands.command("show")
def show_procedure(ctx: typer.Context, language: Language = None, as_json: Json = False) -> None:
    """Show the procedure under way, its step, and the contents of reservoir and catheter."""
    options = options_of(ctx, as_json, language)
    with connected(options) as pump:
        words = language_of(options.language)
        reply = pump.read_procedure()
        show(options, reply, procedure_table(reply, words))


@commands.command("start")
def start(
    ctx: typer.Context,
    kind: Annotated[Kind, typer.Argument(metavar="refill|rinse|flush|stroke-volume|patency", case_sensitive=False)],
    yes: Yes = False,
    language: Language = None,
    as_json: Json = False,
) -> None:
    """Begin a procedure on a stopped pump and, at a terminal, go through it step by step."""
    options = options_of(ctx, as_json, language)
    with connected(options) as pump:
        words = language_of(options.language)
        name = kind.value.replace("-", "_")
        state = pump.status().state
        if state == "procedure":
            raise UsageError("a procedure is under way: pump procedure walk")
        if state != "stopped":
            raise UsageError(f"a procedure begins on a stopped pump, and this one is {state}: pump stop")
        confirm(options, f"Pump: {state} -> [bold]in a procedure[/]. {procedure_title(name, words)}", yes)
        reply = pump.start_procedure(name)
        if yes or options.as_json:
            show(options, reply, procedure_table(reply.now, words))
        else:
            _walk(pump, words, reply.now)


@commands.command("walk")
def walk(ctx: typer.Context, language: Language = None) -> None:
    """Continue the procedure under way, step by step."""
    options = options_of(ctx, language=language)
    with connected(options) as pump:
        words = language_of(options.language)
        need_answer(yes=False)
        _walk(pump, words, pump.read_procedure())


@commands.command("answer")
def answer(
    ctx: typer.Context,
    choice: Annotated[str, typer.Argument(metavar="CHOICE", help="One that the step offers: done, go, again, …")],
    value: Annotated[
        str | None, typer.Option(metavar="V", help="The value the step asks for: mL, µL below 1 mL, Pa, strokes.")
    ] = None,
    yes: Yes = False,
    language: Language = None,
    as_json: Json = False,
) -> None:
    """Answer the present step; at a step with strokes, go makes them. For scripts: walk asks instead."""
    options = options_of(ctx, as_json, language)
    with connected(options) as pump:
        words = language_of(options.language)
        now = pump.read_procedure()
        step = _needed(now)
        names = [name for name, _ in step.choices]
        if choice not in names:
            raise UsageError(f"the choices at '{step.name}' are: " + ", ".join(names))
        if value is not None and step.takes is None:
            raise UsageError("this step takes no value")
        if value is None and step.takes is not None:
            raise UsageError(f"this step asks for --value: {_asked(step)}")
        figure, with_unit = 0, ""
        if value is not None:
            figure, with_unit = _parse(step.takes, value), f", {value.strip()} {_unit(step.takes)[0]}"
        confirm(options, f"At '{step.name}': [bold]{choice}[/]{with_unit}", yes)
        reply = pump.answer_procedure(now.step, names.index(choice), figure)
        shown = procedure_table(reply.now, words)
        show(options, reply, Group(shown, verdict_text(reply.verdict)) if reply.verdict else shown)


@commands.command("interrupt")
def interrupt(ctx: typer.Context, yes: Yes = False, language: Language = None, as_json: Json = False) -> None:
    """Interrupt the procedure at the present step; docs/procedures.md shows where that leads."""
    options = options_of(ctx, as_json, language)
    with connected(options) as pump:
        words = language_of(options.language)
        now = pump.read_procedure()
        step = _needed(now)
        leads = "nowhere: it cannot be broken off here" if step.interrupt is None else str(step.interrupt)
        confirm(options, f"At '{step.name}': interrupt -> [bold]{leads.replace('_', ' ')}[/]", yes)
        reply = pump.interrupt_procedure(now.step)
        show(options, reply, procedure_table(reply.now, words))


@app.command("self-test", rich_help_panel="Service")
def self_test(ctx: typer.Context, as_json: Json = False) -> None:
    """Have the pump test itself; delivery goes on meanwhile. Exit code 3 if it does not pass."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        reply = pump.self_test()
        show(options, reply, self_test_table(reply))
        if not reply.passed:
            raise typer.Exit(console.EXIT_REFUSED)


@app.command("clear-fault", rich_help_panel="Service")
def clear_fault(ctx: typer.Context, yes: Yes = False, as_json: Json = False) -> None:
    """Clear a latched fault after its cause was removed. The pump must pass its self-test, and stays stopped."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        fault = pump.status().fault
        if not fault:
            raise UsageError("no fault is latched")
        confirm(options, f"{fault_text(fault)} -> [bold]cleared; stopped until it is resumed[/]", yes)
        reply = pump.clear_fault(fault)
        seen = f"{reply.confirmed_strokes} of {reply.commanded_strokes} strokes had been seen"
        show(options, reply, f"Fault cleared at {uptime(reply.at_us)}; {seen}. The pump is stopped: pump resume.")


@app.command(rich_help_panel="Service")
def energy(ctx: typer.Context, as_json: Json = False) -> None:
    """Show the charge used, by count and not measured, and how long the rest lasts."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        reply = pump.read_energy()
        show(options, reply, energy_table(reply))


def _walk(pump: Programmer, language: str, now: Procedure) -> None:
    screen = Screen()
    try:
        while (step := step_of(now)) is not None:
            if now.procedure_delivering:
                now = _wait(pump, now)
                continue
            screen.print(procedure_table(now, language))
            now = _step(pump, now, step)
        screen.print(procedure_table(now, language))
    except (KeyboardInterrupt, typer.Abort):
        screen.print("\nIt stays at this step. pump procedure walk continues it, pump procedure interrupt ends it.")


def _step(pump: Programmer, now: Procedure, step: Step) -> Procedure:
    """Ask for the answer to a step and send it."""
    names = [name for name, _ in step.choices]
    offered = names + ["interrupt"] * (step.interrupt is not None)
    word = typer.prompt(" / ".join(offered), value_proc=lambda text: _word(text, offered), err=True)
    if word == "interrupt":
        return pump.interrupt_procedure(now.step).now
    number = 0
    if step.takes is not None:
        number = typer.prompt(_asked(step), value_proc=lambda text: _number(step.takes, text), err=True)
    reply = pump.answer_procedure(now.step, names.index(word), number)
    if reply.verdict is not None:
        Screen().print(verdict_text(reply.verdict))
    return reply.now


def _wait(pump: Programmer, now: Procedure) -> Procedure:
    """Wait for the strokes of a step."""
    with Progress(transient=True) as progress:
        task = progress.add_task("strokes", total=now.procedure_strokes_left)
        total, step = now.procedure_strokes_left, now.step
        while now.procedure_delivering and now.step == step:
            time.sleep(_POLL_S)
            now = pump.read_procedure()
            if now.step == step:
                progress.update(task, completed=total - now.procedure_strokes_left)
    return now


def _needed(now: Procedure) -> Step:
    step = step_of(now)
    if step is None:
        raise UsageError("no procedure is under way: pump procedure start")
    if now.procedure_delivering:
        raise UsageError(said(step, now))
    return step


def _unit(takes: Input) -> tuple[str, int]:
    if takes.unit == "nl" and takes.high < _SMALL_NL:
        return "µL", 1
    return _UNITS.get(takes.unit, (takes.unit, 0))


def _asked(step: Step) -> str:
    name = step.takes.name.removesuffix("_nl").removesuffix("_pa").replace("_", " ")
    return f"{name}, {_range(step.takes)}"


def _range(takes: Input) -> str:
    unit, per_milli = _unit(takes)
    low, high = (number(Decimal(each) / per_milli) if per_milli else str(each) for each in (takes.low, takes.high))
    return f"{low} to {high} {unit}"


def _parse(takes: Input, text: str) -> int:
    unit, per_milli = _unit(takes)
    if per_milli:
        value = parse_milli(text, unit) * per_milli
    elif takes.low < 0 and text.strip().startswith("-"):  # a pressure may be below that of the air
        value = -Decimal(parse_whole(text.strip()[1:], unit))
    else:
        value = Decimal(parse_whole(text, unit))
    if value != int(value) or not takes.low <= value <= takes.high:
        raise AmountError(f"{text!r} {unit} is not within {_range(takes)}")
    return int(value)


def _number(takes: Input, text: str) -> int:
    try:
        return _parse(takes, text)
    except AmountError as error:
        raise typer.BadParameter(str(error)) from error


def _word(text: str, offered: list[str]) -> str:
    found = [word for word in offered if word.startswith(text.strip().lower())]
    if len(found) != 1 or not text.strip():
        raise typer.BadParameter("say one of: " + ", ".join(offered))
    return found[0]
