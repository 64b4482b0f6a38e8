"""Commands for guided procedures, self-test and battery."""

from __future__ import annotations

import time
from typing import Annotated

import typer
from rich.console import Group
from rich.progress import Progress

from firmware.protocol import PROCEDURES
from firmware.protocol.procedures import Input, Step
from host.api.client import Programmer
from host.api.prepared import CHANGED
from host.clock import told
from host.commands import steps
from host.console import NotNow, UsageError, agreed, ask, connected, need_answer, show
from host.errors import OrderInterrupted, Refused
from host.options import EXIT_INTERRUPTED, EXIT_REFUSED, Json, Language, Yes, options_of, part, spoken_of
from host.records import Procedure, ProcedureChange, Verdict
from host.records.summaries import AnswerSummary, FaultSummary, InterruptSummary, StartSummary
from host.screens.clinic import verdict_text
from host.screens.common import fault_text, plain
from host.screens.service import answers, energy_table, procedure_table, procedure_title, self_test_table, step_of
from host.telling import Screen
from host.text import Text
from host.texts.alarms import language_of
from host.texts.spoken import said
from host.units import AmountError

app = part()
commands = part(help="Refill, rinse, flush, stroke volume, patency: guided step by step.", no_args_is_help=True)
app.add_typer(commands, name="procedure")
_POLL_S = 0.5


def _complete(incomplete: str) -> list[str]:
    return [name for name in _kinds() if name.startswith(incomplete.lower())]


def _kinds() -> dict[str, str]:
    """The procedures as people write them, and their names."""
    return {name.replace("_", "-"): name for name in PROCEDURES if name != "none"}


@commands.command("show")
def show_procedure(ctx: typer.Context, language: Language = None, as_json: Json = False) -> None:
    """Show the procedure under way, its step, and the contents of reservoir and catheter."""
    options = spoken_of(ctx, language, as_json)
    with connected(options) as pump:
        words = language_of(options.language)
        reply = pump.read_procedure()
        show(options, reply, procedure_table(reply, words))


@commands.command("start")
def start(
    ctx: typer.Context,
    kind: Annotated[
        str,
        typer.Argument(
            metavar="PROCEDURE", help="refill, rinse, flush, stroke-volume or patency.", autocompletion=_complete
        ),
    ],
    yes: Yes = False,
    language: Language = None,
    as_json: Json = False,
) -> None:
    """Begin a procedure on a stopped pump and, at a terminal, go through it step by step."""
    options = spoken_of(ctx, language, as_json)
    with connected(options) as pump:
        words = language_of(options.language)
        name = _kinds().get(kind.lower().replace("_", "-"), "")
        if not name:
            raise UsageError(Text("there is no procedure {!r}, only {}", kind, ", ".join(_kinds())))

        def question(summary: StartSummary) -> str:
            state, title = said(summary.state, words), procedure_title(summary.procedure, words)
            holds = said("The reservoir holds: {}.", words, said(plain(summary.reservoir_holds), words))
            return said("Pump: {} -> [bold]in a procedure[/]. {}", words, state, title) + f"\n{holds}"

        reply = agreed(options, pump.prepare("start_procedure", procedure=PROCEDURES.index(name)), question, yes)
        if yes or options.as_json:
            show(options, reply, procedure_table(reply.now, words))
        else:
            _walk(pump, words, reply.now)


@commands.command("walk")
def walk(ctx: typer.Context, language: Language = None) -> None:
    """Continue the procedure under way, step by step."""
    options = spoken_of(ctx, language)
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
    options = spoken_of(ctx, language, as_json)
    with connected(options) as pump:
        words = language_of(options.language)
        now = pump.read_procedure()
        step = _needed(now, words)
        names = [name for name, _ in step.choices]
        choice = steps.chosen(choice, names, words)
        if choice not in names:
            raise UsageError(Text("the choices at '{}' are: {}", plain(step.name), steps.words_of(names, words)))
        if value is not None and step.takes is None:
            raise UsageError("this step takes no value")
        if value is None and step.takes is not None:
            raise UsageError(Text("this step asks for --value: {}", steps.asked(step, words)))
        figure = 0 if value is None else steps.parse(step.takes, value)
        values = {"step": now.step, "choice": names.index(choice), "value": figure}
        try:
            prepared = pump.prepare("answer_procedure", **values)
            reply = agreed(options, prepared, lambda summary: steps.answered(summary, words), yes)
        except Refused as error:
            raise steps.in_units(step.takes, error) if step.takes else error from None
        shown = procedure_table(reply.now, words)
        show(options, reply, Group(shown, verdict_text(reply.verdict, words)) if reply.verdict else shown)


@commands.command("interrupt")
def interrupt(ctx: typer.Context, yes: Yes = False, language: Language = None, as_json: Json = False) -> None:
    """Interrupt the procedure at the present step; docs/procedures.md shows where that leads."""
    options = spoken_of(ctx, language, as_json)
    with connected(options) as pump:
        words = language_of(options.language)
        now = pump.read_procedure()
        step = _needed(now, words)
        if step.interrupt is None:
            raise NotNow(Text("the procedure cannot be broken off at '{}': pump procedure show", plain(step.name)))
        prepared = pump.prepare("interrupt_procedure", step=now.step)
        reply = agreed(options, prepared, lambda summary: steps.interrupted(summary, words), yes)
        show(options, reply, procedure_table(reply.now, words))


@app.command("self-test")
def self_test(ctx: typer.Context, as_json: Json = False) -> None:
    """Have the pump test itself; delivery goes on meanwhile. Exit code 3 if it does not pass."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        reply = pump.self_test()
        show(options, reply, self_test_table(reply))
        if not reply.passed:
            raise typer.Exit(EXIT_REFUSED)


@app.command("clear-fault")
def clear_fault(ctx: typer.Context, yes: Yes = False, as_json: Json = False) -> None:
    """Clear a latched fault after its cause was removed. The pump must pass its self-test, and stays stopped."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        fault = pump.status().fault
        if not fault:
            raise NotNow("no fault is latched")

        def question(summary: FaultSummary) -> str:
            strokes = f"{summary.confirmed_strokes} of {summary.commanded_strokes} strokes"
            cleared = f"{fault_text(summary.fault)} -> [bold]cleared; stopped until it is resumed[/]"
            return f"{cleared}\n{strokes} were seen; all count as seen then."

        reply = agreed(options, pump.prepare("clear_fault", fault=fault), question, yes)
        seen = f"{reply.confirmed_strokes} of {reply.commanded_strokes} strokes had been seen"
        when = told(pump, options).text(reply.at_us)
        show(options, reply, f"Fault cleared at {when}; {seen}. The pump is stopped: pump resume.")


@app.command()
def energy(ctx: typer.Context, as_json: Json = False) -> None:
    """Show the charge used, by count and not measured, and how long the rest lasts."""
    options = options_of(ctx, as_json)
    with connected(options) as pump:
        reply = pump.read_energy()
        show(options, reply, energy_table(reply))


def _walk(pump: Programmer, language: str, now: Procedure) -> None:
    screen = Screen()
    verdict: Verdict | None = None
    try:
        while (step := step_of(now)) is not None:
            if now.procedure_delivering:
                now = _wait(pump, now, language)
                continue
            screen.print(procedure_table(now, language))
            now, judged = _step(pump, now, step, language)
            verdict = judged or verdict
            if judged and step_of(now) is not None:
                screen.print(verdict_text(judged, language))
        screen.print(procedure_table(now, language))
        if verdict:  # the last that is seen of a guided refill is its accuracy
            screen.print(verdict_text(verdict, language))
    except OrderInterrupted:  # which tells itself what has become of the order
        raise
    except (KeyboardInterrupt, typer.Abort) as error:
        text = "It stays at this step. pump procedure walk continues it, pump procedure interrupt ends it."
        screen.print("\n" + said(text, language))
        raise typer.Exit(EXIT_INTERRUPTED) from error


def _step(pump: Programmer, now: Procedure, step: Step, language: str) -> tuple[Procedure, Verdict | None]:
    """Ask for the answer to a step and send it."""
    names = [name for name, _ in step.choices]
    offered = names + ["interrupt"] * (step.interrupt is not None)
    text = " / ".join(said(plain(each), language) for each in offered)
    word = ask(text, lambda given: steps.word(given, offered, language), language)
    values = {"step": now.step, "choice": offered.index(word), "value": 0}
    if word == "interrupt":
        reply = _given(pump, now, "interrupt_procedure", step=now.step)
    elif step.takes is None:
        reply = _given(pump, now, "answer_procedure", **values)
    else:
        takes = step.takes
        reply = ask(steps.asked(step, language), lambda text: _sent(pump, now, values, takes, text), language)
    if reply is None:
        Screen().print(said("The pump was changed meanwhile:", language))
        return pump.read_procedure(), None
    return reply.now, reply.verdict


def _sent(pump: Programmer, now: Procedure, values: dict[str, int], takes: Input, text: str) -> ProcedureChange | None:
    """Send the figure `text` of a step. Raises AmountError, as for one that cannot be read, if the pump finds it out of
    range: nothing has changed, and another can be typed.
    """
    try:
        return _given(pump, now, "answer_procedure", **values | {"value": steps.parse(takes, text)})
    except Refused as error:
        if error.code == "out_of_range":
            raise AmountError(str(steps.in_units(takes, error))) from error
        raise


def _given(pump: Programmer, now: Procedure, name: str, **values: int) -> ProcedureChange | None:
    """Give what was chosen at the step on the screen, whose choice is the consent; None: the pump says that it would do
    something else than the screen does.
    """
    prepared = pump.prepare(name, **values)
    summary: AnswerSummary | InterruptSummary = prepared.summary
    strokes = summary.strokes if isinstance(summary, AnswerSummary) else summary.strokes_left
    if (summary.procedure, strokes) != (now.procedure, now.procedure_strokes_left):
        return None
    try:
        reply: ProcedureChange = prepared.confirm()
    except Refused as error:
        if error.code != CHANGED:
            raise
        return None
    return reply


def _wait(pump: Programmer, now: Procedure, language: str) -> Procedure:
    """Wait for the strokes of a step."""
    with Progress(transient=True) as progress:
        task = progress.add_task(said("strokes", language), total=now.procedure_strokes_left)
        total, step = now.procedure_strokes_left, now.step
        while now.procedure_delivering and now.step == step:
            time.sleep(_POLL_S)
            now = pump.read_procedure()
            if now.step == step:
                progress.update(task, completed=total - now.procedure_strokes_left)
    return now


def _needed(now: Procedure, language: str) -> Step:
    step = step_of(now)
    if step is None:
        raise NotNow("no procedure is under way: pump procedure start")
    if now.procedure_delivering:
        raise NotNow(answers(step, now, language))
    return step
