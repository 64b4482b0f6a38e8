"""Screens of procedures, self-test and battery."""

from __future__ import annotations

from rich.console import Group
from rich.table import Table

from firmware.protocol import ENDS
from firmware.protocol.all_procedures import BY_NUMBER
from firmware.protocol.procedures import LEDGERS, Step
from host.records import Energy, Procedure, SelfTest
from host.screens.common import pairs, plain
from host.texts import procedures_en, procedures_fr
from host.texts.spoken import number_said, said
from host.units import milli_text

BY_NAME = {each.name: each for each in BY_NUMBER.values()}
_TITLES = {"en": procedures_en.TITLES, "fr": procedures_fr.TITLES}
_TEXTS = {"en": procedures_en.TEXTS, "fr": procedures_fr.TEXTS}
_DAY_S = 86_400
_ENDS = {
    "completed": "[green]completed[/]",
    "left": "left, as it was before",
    "unfit": "[red]broken off: no therapy before a refill or a rinse is completed[/]",
}


def step_of(now: Procedure) -> Step | None:
    """The present step of the procedure; None if none is under way."""
    found = BY_NAME.get(now.procedure)
    return None if found is None else found.steps[now.step]


def procedure_title(name: str, language: str) -> str:
    """The purpose of a procedure."""
    return _TITLES[language][name]


def procedure_table(now: Procedure, language: str) -> Group:
    """The procedure under way, its step's text in `language`, and the contents of reservoir and catheter."""
    step = step_of(now)
    if step is None:
        ended = "none yet"
        if now.procedure_end is not None:
            ended = _ENDS[ENDS[now.procedure_end]] if now.procedure_end < len(ENDS) else str(now.procedure_end)
        rows = [("under way", said("no procedure", language) if language == "fr" else "none")]
        rows.append(("latest", said(ended, language)))
    else:
        do, basis = _TEXTS[language][now.procedure, step.name]
        place, steps = now.step + 1, len(BY_NAME[now.procedure].steps)
        rows = [
            ("under way", procedure_title(now.procedure, language)),
            ("step", said("{} of {}: {}", language, place, steps, said(plain(step.name), language))),
            ("to do", f"[bold]{do}[/]"),
            ("basis", basis),
            ("say", answers(step, now, language)),
        ]
    rows += _contents(now, language)
    return pairs("Procedure", [(said(name, language), value) for name, value in rows], language)


def answers(step: Step, now: Procedure, language: str = "en") -> str:
    """The possible answers at a step."""
    if now.procedure_delivering:
        return said("nothing now: {} strokes are still to come", language, now.procedure_strokes_left)
    words = ", ".join(said(plain(name), language) for name, _ in step.choices)
    if step.delivers:
        outlet = said("side port" if step.outlet else "to the catheter", language).removeprefix("to the ")
        ledger = said(plain(LEDGERS[step.ledger]), language)
        words = said("go: {} strokes ({}) to the {}", language, now.procedure_strokes_left, ledger, outlet)
    if step.interrupt is None:
        return words
    return said("{}; or {}", language, words, said("interrupt", language))


def _contents(now: Procedure, language: str) -> list[tuple[str, str]]:
    catheter = said("insulin", language)
    if now.catheter_buffer_nl or now.catheter_naoh_nl:
        parts = [("buffer", now.catheter_buffer_nl), ("sodium hydroxide", now.catheter_naoh_nl)]
        catheter = ", ".join(
            said("{} µL {}", language, number_said(milli_text(volume_nl), language), said(name, language))
            for name, volume_nl in parts
            if volume_nl
        )
        until = number_said(milli_text(now.until_insulin_nl), language)
        catheter = said("{}; insulin reaches the tip after {} µL", language, catheter, until)
    fit = said("[green]may run[/]" if now.fit else "[red]may not run[/]", language)
    holds = said(plain(now.reservoir_holds), language)
    return [("reservoir holds", holds), ("catheter holds", catheter), ("therapy", fit)]


def self_test_table(found: SelfTest) -> Group:
    """Each check and its verdict."""
    table = Table(box=None, show_header=False, pad_edge=False)
    for each in found.checks:
        verdict = "[green]passed[/]" if each.ok else "[red]failed[/]"
        table.add_row(plain(each.check), verdict, "" if each.value is None else str(each.value))
    whole = "[green]passed[/]" if found.passed else "[bold red]failed: the pump does not dose[/]"
    title = pairs("Self-test", [("all", f"{whole}, {found.duration_us / 1e6:.2f} s")])
    return Group(title, table)


def energy_table(found: Energy) -> Group:
    """The charge used, and how long the rest lasts."""
    colour = {"good": "green", "low": "yellow"}.get(found.battery_level, "red")
    used, left = found.battery_used_nah / 1e6, found.battery_left_nah / 1e6
    lasts = "does not run down" if found.battery_left_s is None else f"{found.battery_left_s // _DAY_S} d"
    rows = [
        ("battery", f"[{colour}]{found.battery_level}[/]"),
        ("used", f"{used:.3f} mAh"),
        ("left", f"{left:.1f} mAh, {lasts} at {found.battery_mean_na / 1000:.1f} µA"),
        ("wake-ups", str(found.wakes)),
    ]
    return pairs("Battery, by count and not measured", rows)
