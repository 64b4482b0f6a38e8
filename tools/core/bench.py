"""The price of safety: instructions per stroke of the dose core, compared with the plainest scheduler without guards.

    python -m tools.core.bench

Both are compiled into one image with the release flags and run in one emulated Cortex-M0 through the same day of 40 U:
basal 1 U/h and a bolus of 4 U every six hours. Two figures are counted: the interrupt that starts a stroke (the query
when it is due, and the service), and all calls of the day, requests and the supervisor's part included, per stroke.
Writes build/core/bench.json and, with the figures of the other gates that are in build/core, the tables of
docs/performance.md.
"""

import json
import re
from pathlib import Path
from typing import Any, NamedTuple

from tools.console import ROOT, Problem, main_guard, say
from tools.core.cost.graph import Graphs
from tools.core.cost.meter import Meter
from tools.core.target.build import OUT, RUNNER, budget, build, compiler_version
from tools.core.target.elf import Elf
from tools.core.target.gate import runner
from tools.core.target.layout import TargetTypes
from tools.core.target.machine import ARENA, ARENA_BYTES
from tools.core.target.mirror import Call

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
# Stroke of 500 nl of U-400, default spacing, a small motor, room for 2500 strokes a day, from time 0.
NEW = (500, 400, 0, 3, 400, 20_000, 20_000, 2500, 0)
MANY = 1_000_000
# An otherwise unused place for the plain scheduler's state.
PLAIN = ARENA + ARENA_BYTES - 256


class Day(NamedTuple):
    """Instructions of a run: of each interrupt that started a stroke, and of all calls together."""

    interrupts: list[int]
    total: int

    def row(self) -> dict[str, float]:
        """Return means per stroke and the maximum."""
        strokes = len(self.interrupts)
        return {
            "strokes": strokes,
            "interrupt_mean": round(sum(self.interrupts) / strokes, 1),
            "interrupt_most": max(self.interrupts),
            "event_mean": round(self.total / strokes, 1),
        }


class Log(Meter):
    """A meter that records every call: name, result, instructions."""

    def __init__(self, elf: Elf, graphs: Graphs, types: TargetTypes) -> None:
        super().__init__(elf, TARGET, graphs, types, ())
        self.log: list[tuple[str, int, int]] = []

    def run(self, call: Call) -> int:
        """Make the call and record it."""
        result = super().run(call)
        self.log.append((call.name, result, self.taken))
        return result

    def day(self, next_name: str, service_name: str) -> Day:
        """Return the recorded day. An interrupt is the last query before a stroke is due, plus its service."""
        interrupts, looked = [], 0
        for name, result, took in self.log:
            if name == next_name:
                looked = took
            elif name == service_name and result == STROKE:
                interrupts.append(looked + took)
        total = sum(took for _, _, took in self.log)
        self.log = []
        return Day(interrupts, total)


def core_day(log: Log, player: Any) -> Day:
    """Run the day on the dose core, with the good board and supervisor of the vectors."""
    player.call("new", NEW)
    log.log = []
    player.call("set_basal", (0, RATE_MU_PER_H))
    player.call("permit", (1,))
    for begin_us in range(0, DAY_US, BOLUS_EVERY_US):
        player.call("bolus", (begin_us, BOLUS_STROKES))
        player.call("run", (begin_us, begin_us + BOLUS_EVERY_US - 1, MANY))
    return log.day("core_next_us", "core_service")


def plain_day(log: Log) -> Day:
    """Run the same day on the plain scheduler."""
    interval_us = HOUR_US * STROKE_MU // RATE_MU_PER_H
    log.run(Call("plain_init", (PLAIN, 0, 0, 0, interval_us, SPACING_US), 0))
    log.log = []
    for begin_us in range(0, DAY_US, BOLUS_EVERY_US):
        log.run(Call("plain_bolus", (PLAIN, 0, *halves(begin_us), BOLUS_STROKES), 0))
        while (due_us := log.run(Call("plain_next_us", (PLAIN,), 8))) < begin_us + BOLUS_EVERY_US:
            log.run(Call("plain_service", (PLAIN, 0, *halves(max(due_us, begin_us))), 4))
    return log.day("plain_next_us", "plain_service")


def halves(number: int) -> tuple[int, int]:
    """Return the low and high word."""
    return number & 0xFFFFFFFF, number >> 32


def measure() -> dict[str, Any]:
    """Return the content of bench.json."""
    limits = budget()
    elf = Elf(build(TARGET, program=(*RUNNER, "plain.c")).elf)
    types = TargetTypes(elf.path)
    log = Log(elf, Graphs(elf, limits["loops"]), types)
    player, _ = runner([elf], [log], log.arena)
    plain, core = plain_day(log), core_day(log, player)
    strokes = len(core.interrupts), len(plain.interrupts)
    if strokes[0] != strokes[1]:
        raise Problem(f"{strokes[0]} strokes of the core, {strokes[1]} of the plain scheduler: not the same day")
    return {
        "compiler": compiler_version(),
        "flags": limits["build"]["flags"],
        "plain": plain.row(),
        "core": core.row(),
        "ratio": round(core.total / plain.total, 1),
    }


def bench_table(found: dict[str, Any]) -> str:
    """Return the comparison in Markdown."""
    rows = ["| instructions per stroke, Cortex-M0 | plain, no guards | dose core |", "|---|---|---|"]
    for name, text in (
        ("interrupt_mean", "interrupt that starts it, mean"),
        ("interrupt_most", "interrupt that starts it, most"),
        ("event_mean", "all calls of the day for each stroke, the supervisor's too"),
    ):
        rows.append(f"| {text} | {found['plain'][name]} | {found['core'][name]} |")
    flags = " ".join(found["flags"])
    rows.append(f"\n{found['core']['strokes']} strokes in the day; {found['compiler']}, `{flags}`.")
    return "\n".join(rows)


def cost_table(found: dict[str, Any]) -> str:
    """Return the cost of every public function in Markdown."""
    rows = ["| function | measured | worst case | budget |", "|---|---|---|---|"]
    for name, row in found["worst_case_instructions"].items():
        rows.append(f"| {name} | {row['measured']} | {row['static']} | {row['budget']} |")
    for name, row in found["paths"].items():
        rows.append(f"| *path {name}* | {row['measured']} | {row['static']} | {row['budget']} |")
    return "\n".join(rows)


def size_table(found: dict[str, Any]) -> str:
    """Return code, memory and stack in Markdown."""
    rows = ["| bytes on Cortex-M0+ | now | budget | aim |", "|---|---|---|---|"]
    names = {"text_bytes_m0plus": "code", "ram_bytes": "one context", "stack_bytes": "stack, at worst"}
    for name, text in names.items():
        rows.append(f"| {text} | {found[name]} | {found['budget'][name]} | {found['aim'][name]} |")
    helpers = found["helper_bytes"]
    rows.append(f"\nLibrary helpers beside it: {sum(helpers.values())} bytes ({', '.join(sorted(helpers))}).")
    return "\n".join(rows)


def keep(page: str, name: str, table: str) -> str:
    """Return the page with the table between its marks `<!-- NAME -->` and `<!-- /NAME -->` replaced."""
    pattern = rf"(?s)(<!-- {name} -->\n).*?(<!-- /{name} -->)"
    text, count = re.subn(pattern, lambda m: f"{m[1]}{table}\n{m[2]}", page)
    if count != 1:
        raise Problem(f"{PAGE} has no place for the table {name}")
    return text


def write_page(found: dict[str, Any], path: Path = PAGE) -> None:
    """Update those tables of the page whose figures are available."""
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
