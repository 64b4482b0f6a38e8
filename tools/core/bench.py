"""The price of safety: instructions for a stroke, the dose core against the plainest scheduler without guards.

    python -m tools.core.bench

Both are compiled into one image with the release flags and run in one emulated Cortex-M0 through the same day of 40
U: basal 1 U/h and a bolus of 4 U every six hours. Counted are the interrupt that starts a stroke (when is it due;
service) and all calls that a stroke needs until the next one may follow. Writes build/core/bench.json and, with the
figures of the other gates that are in build/core, the tables of docs/performance.md.
"""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from tools.console import ROOT, Problem, main_guard, say
from tools.core.cost_graph import Graphs
from tools.core.cost_meter import Meter
from tools.core.target import runner
from tools.core.target_build import OUT, RUNNER, budget, build, compiler_version
from tools.core.target_elf import Elf
from tools.core.target_layout import TargetTypes
from tools.core.target_machine import RAM_BYTES, RAM_START
from tools.core.target_mirror import Call

RESULT = OUT / "bench.json"
PAGE = ROOT / "docs" / "performance.md"
TARGET = "m0"
HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US
RATE_MU_PER_H = 1000
STROKE_MU = 200
SPACING_US = 2_000_000
BOLUS_EVERY_US = 6 * HOUR_US
BOLUS_STROKES = 20
STROKE = 1
# A place for the plain scheduler's state that nothing else uses.
PLAIN = RAM_START + RAM_BYTES - 256


class Sum(NamedTuple):
    """Instructions of one kind of event over a run."""

    strokes: int
    interrupt_total: int
    interrupt_most: int
    event_total: int
    event_most: int

    def row(self) -> dict[str, float]:
        """Means and maxima."""
        return {
            "strokes": self.strokes,
            "interrupt_mean": round(self.interrupt_total / self.strokes, 1),
            "interrupt_most": self.interrupt_most,
            "event_mean": round(self.event_total / self.strokes, 1),
            "event_most": self.event_most,
        }


class Counts:
    """Adds up strokes."""

    def __init__(self) -> None:
        self.interrupts: list[int] = []
        self.events: list[int] = []

    def add(self, interrupt: int, rest: int) -> None:
        """One stroke: its interrupt, and all else that it needs."""
        self.interrupts.append(interrupt)
        self.events.append(interrupt + rest)

    def sum(self) -> Sum:
        """The result."""
        return Sum(
            len(self.events), sum(self.interrupts), max(self.interrupts), sum(self.events), max(self.events)
        )  # fmt: skip


def core_day(meter: Meter, player: Any) -> Sum:
    """The day on the dose core; calls as a board and its supervisor make them."""
    core = player.core_class(history=2500)
    counts = Counts()
    core.set_basal(0, RATE_MU_PER_H)
    number = 1
    core.permit(number)
    for begin_us in range(0, DAY_US, BOLUS_EVERY_US):
        core.bolus(begin_us, BOLUS_STROKES)
        while True:
            due_us = core.next_us()
            if due_us < 0 or due_us >= begin_us + BOLUS_EVERY_US:
                break
            interrupt = meter.taken
            if core.service(max(due_us, begin_us)) != STROKE:
                raise Problem(f"the core made no stroke at {due_us} µs")
            interrupt += meter.taken
            rest = 0
            core.confirmed()
            rest += meter.taken
            core.ended()
            rest += meter.taken
            number += 1
            core.permit(number)
            counts.add(interrupt, rest + meter.taken)
    return counts.sum()


def plain_day(meter: Meter) -> Sum:
    """The same day on the plain scheduler."""
    counts = Counts()
    interval_us = HOUR_US * STROKE_MU // RATE_MU_PER_H
    meter.run(Call("plain_init", (PLAIN, 0, 0, 0, interval_us, SPACING_US), 0))
    for begin_us in range(0, DAY_US, BOLUS_EVERY_US):
        meter.run(Call("plain_bolus", (PLAIN, 0, *halves(begin_us), BOLUS_STROKES), 0))
        while (due_us := meter.run(Call("plain_next_us", (PLAIN,), 8))) < begin_us + BOLUS_EVERY_US:
            interrupt = meter.taken
            now_us = max(due_us, begin_us)
            if meter.run(Call("plain_service", (PLAIN, 0, *halves(now_us)), 4)) != STROKE:
                raise Problem(f"the plain scheduler made no stroke at {due_us} µs")
            counts.add(interrupt + meter.taken, 0)
    return counts.sum()


def halves(number: int) -> tuple[int, int]:
    """Low and high word."""
    return number & 0xFFFFFFFF, number >> 32


def measure() -> dict[str, Any]:
    """The content of bench.json."""
    limits = budget()
    elf = Elf(build(TARGET, program=(*RUNNER, "plain.c")).elf)
    types = TargetTypes(elf.path)
    meter = Meter(elf, TARGET, Graphs(elf, limits["loops"]), types, ())
    player, _ = runner([elf], [meter], meter.arena)
    plain, core = plain_day(meter), core_day(meter, player)
    if plain.strokes != core.strokes:
        raise Problem(f"{core.strokes} strokes of the core, {plain.strokes} of the plain scheduler: not the same day")
    return {
        "compiler": compiler_version(),
        "flags": limits["build"]["flags"],
        "plain": plain.row(),
        "core": core.row(),
        "ratio": round(core.event_total / plain.event_total, 1),
    }


def bench_table(found: dict[str, Any]) -> str:
    """Markdown of the comparison."""
    rows = ["| instructions per stroke, Cortex-M0 | plain, no guards | dose core |", "|---|---|---|"]
    for name, text in (
        ("interrupt_mean", "interrupt that starts it, mean"),
        ("interrupt_most", "interrupt that starts it, most"),
        ("event_mean", "all calls until the next may follow, mean"),
        ("event_most", "all calls until the next may follow, most"),
    ):
        rows.append(f"| {text} | {found['plain'][name]} | {found['core'][name]} |")
    flags = " ".join(found["flags"])
    rows.append(f"\n{found['core']['strokes']} strokes in the day; {found['compiler']}, `{flags}`.")
    return "\n".join(rows)


def cost_table(found: dict[str, Any]) -> str:
    """Markdown of the cost of every public function."""
    rows = ["| function | measured | worst case | budget |", "|---|---|---|---|"]
    for name, row in found["worst_case_instructions"].items():
        rows.append(f"| {name} | {row['measured']} | {row['static']} | {row['budget']} |")
    for name, row in found["paths"].items():
        rows.append(f"| *path {name}* | {row['measured']} | {row['static']} | {row['budget']} |")
    return "\n".join(rows)


def size_table(found: dict[str, Any]) -> str:
    """Markdown of code, memory and stack."""
    rows = ["| bytes on Cortex-M0+ | now | budget | aim |", "|---|---|---|---|"]
    names = {"text_bytes_m0plus": "code", "ram_bytes": "one context", "stack_bytes": "stack, at worst"}
    for name, text in names.items():
        rows.append(f"| {text} | {found[name]} | {found['budget'][name]} | {found['aim'][name]} |")
    helpers = found["helper_bytes"]
    rows.append(f"\nLibrary helpers beside it: {sum(helpers.values())} bytes ({', '.join(sorted(helpers))}).")
    return "\n".join(rows)


def keep(page: str, name: str, table: str) -> str:
    """The page with the table between its marks `<!-- NAME -->` and `<!-- /NAME -->` replaced."""
    pattern = rf"(?s)(<!-- {name} -->\n).*?(<!-- /{name} -->)"
    text, count = re.subn(pattern, lambda m: f"{m[1]}{table}\n{m[2]}", page)
    if count != 1:
        raise Problem(f"{PAGE} has no place for the table {name}")
    return text


def write_page(found: dict[str, Any], path: Path = PAGE) -> None:
    """Brings the tables of the page up to date, those whose figures are there."""
    page = keep(path.read_text(encoding="utf-8"), "core-bench", bench_table(found))
    for name, table in (("cost", cost_table), ("size", size_table)):
        figures = OUT / f"{name}.json"
        if figures.exists():
            page = keep(page, f"core-{name}", table(json.loads(figures.read_text(encoding="utf-8"))))
    path.write_text(page, encoding="utf-8")


def main() -> None:
    """Command line."""
    found = measure()
    RESULT.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    write_page(found)
    core, plain = found["core"], found["plain"]
    say(
        f"a stroke costs {core['event_mean']} instructions, the plain scheduler's {plain['event_mean']}; "
        f"the interrupt {core['interrupt_mean']} against {plain['interrupt_mean']} ({RESULT})"
    )


if __name__ == "__main__":
    main_guard(main)
