"""`make life`: a month for comparison, then the whole life; summary.json and a page for people.

The month comes first. After eight years the heap may hold no more than after this month.
"""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from hil.backends.pinning import pin
from hil.protocols.life import plan as habits
from hil.protocols.life.acts import Outcome
from hil.protocols.life.drive import Life
from hil.protocols.life.page import page
from hil.protocols.said import failure
from hil.results.files import write_json, write_text
from hil.results.tested import VIRTUAL, Run

MONTH_DAYS = 30
BURST_US = 104_000
# boards/VIRTUAL/current.toml, and PWR-1's cell with its loss of 1 % a year. A test compares the values.
IDLE_NA, MOTOR_NA, CAPACITY_NAH, SELF_DISCHARGE = 9445, 40_000_000, 2_000_000_000, 0.01
LINK_NA, MEMORY_NA, BYTE_NS = 3_000_000, 2_600_000, 800
# A closed catheter's alarm sounds six tones a minute, 150 ms each, until somebody sees to it, hours later.
TONE_NA, TONE_SHARE = 5_000_000, 6 * 0.15 / 60
# Other consumers that the device may account for: wake-ups, 0.05 µA, and the tones of other alarms.
OTHERS_SHARE = 0.01
RATED_WRITES = 10**12  # MB85RC256V; docs/memory.md
LIMIT_S = 120
# The last exchange leaves some blocks of 32 bytes more or less. One lost block a day would be 93 KB.
HEAP_SLACK_BYTES = 1024

# Events that can occur in eight years and that this life has not shown.
NOT_EXERCISED = (
    "procedures that are interrupted, or that get a repeated answer",
    "alarms of reservoir, refill, auto-off and battery: their causes do not occur",
    "a percentage across a change of the pattern: the device does not record when it changed",
    "tones and their energy: alarms are acknowledged as soon as they are seen",
    "power cuts: make powerloss; after one the device's clock runs up to a second ahead of the bench's, and the life's"
    " accounts use a single clock",
    "coughs, posture and altitude: make occlusion",
    "replacement of catheter or pump: the encapsulating catheter's resistance only grows, its compliance stays",
)


def battery(outcome: Outcome) -> dict[str, Any]:
    """Return the device's account at the end of a life, and the part of it that follows from the bench's own counts:
    idle, motor, the cell itself, time on the link, bytes to the memory, a closed catheter's alarm.
    """
    told = outcome.energy
    hours = outcome.simulated_s / 3600
    idle_nah = IDLE_NA * hours
    motor_nah = outcome.strokes * MOTOR_NA * BURST_US / 3.6e9
    own_nah = CAPACITY_NAH * SELF_DISCHARGE * hours / 8766
    link_nah = LINK_NA * outcome.link_s / 3600
    memory_nah = MEMORY_NA * outcome.memory["bytes_written"] * BYTE_NS / 3.6e12
    tone_nah = TONE_NA * TONE_SHARE * outcome.sounded_s / 3600
    least_nah = idle_nah + motor_nah + own_nah + link_nah + memory_nah + tone_nah
    return {
        "capacity_mah": CAPACITY_NAH / 1e6,
        "left_mah": round(told["battery_left_nah"] / 1e6, 1),
        "level": told["battery_level"],
        "wakes_per_day": round(told["wakes"] / outcome.days),
        "mean_ua": round(told["battery_used_nah"] / 1000 / hours, 2),
        "mean_ua_by_arithmetic_at_least": round(least_nah / 1000 / hours, 2),
        "link_s_per_day": round(outcome.link_s / outcome.days, 1),
        "link_ua": round(link_nah / 1000 / hours, 3),
        "memory_ua": round(memory_nah / 1000 / hours, 3),
        "budget_ua": round(CAPACITY_NAH / 1000 / (habits.DAYS * 24), 2),
        "years_in_all": round(CAPACITY_NAH / (told["battery_used_nah"] / hours) / 8766, 2),
    }


def summary(outcome: Outcome, month: Outcome, begun: Run) -> dict[str, Any]:
    """Return the content of build/life/summary.json."""
    violations = list(outcome.violations.shown)
    count = outcome.violations.count + month.violations.count
    violations += [f"in the month before: {text}" for text in month.violations.shown]
    if outcome.heap_bytes > month.heap_bytes + HEAP_SLACK_BYTES:
        count += 1
        violations.append(f"heap: {month.heap_bytes} bytes in use after a month, {outcome.heap_bytes} at the end")
    power = battery(outcome)
    if power["mean_ua"] > power["budget_ua"]:
        count += 1
        violations.append(f"battery: {power['mean_ua']} µA on average, the budget is {power['budget_ua']}")
    least_ua = power["mean_ua_by_arithmetic_at_least"]
    if not least_ua <= power["mean_ua"] + 0.01 <= least_ua * (1 + OTHERS_SHARE):
        count += 1
        violations.append(f"battery: {power['mean_ua']} µA by the device's account, at least {least_ua} by arithmetic")
    most = outcome.memory["most_writes_of_a_cell"]
    if most > RATED_WRITES:
        count += 1
        violations.append(f"memory: a cell has been written to {most} times, rated for {RATED_WRITES}")
    days = f" --days {outcome.days}" if outcome.days != habits.DAYS else ""
    command = f"pump-bench life --seed {outcome.seed}{days}" if days else f"make life SEED={outcome.seed}"
    return {
        "run": begun.facts(board=VIRTUAL, bench="virtual", seed=outcome.seed, command=command),
        "verdict": "fail" if count else "pass",
        "failures": _failures(outcome, month, violations, count),
        "years": round(outcome.simulated_s / 86_400 / 365.25, 3),
        "strokes": outcome.strokes,
        "wall_s": round(outcome.wall_s, 1),
        "cpu_s": round(outcome.cpu_s, 1),
        "x_real_time": round(outcome.simulated_s / outcome.wall_s),
        "violations": count,
        "violations_shown": violations,
        "seed": outcome.seed,
        "u_per_day": round(outcome.strokes * 0.2 / outcome.days, 2),
        "counts": outcome.counts,
        "strokes_by_kind": outcome.strokes_by_kind,
        "occlusions": outcome.occlusions,
        "alarms": outcome.alarms,
        "worst_refill_accuracy_tenths": outcome.worst_refill_tenths,
        "worst_lateness_us": outcome.worst_lateness_us,
        "heap_bytes": {"after_a_month": month.heap_bytes, "at_the_end": outcome.heap_bytes},
        "memory": outcome.memory | {"rated_writes": RATED_WRITES},
        "battery": power,
        "not_exercised": list(NOT_EXERCISED),
        "simulated": "virtual board in logical time; nothing here is measured on hardware",
        "machine": {"cores": os.cpu_count(), "processor": platform.machine(), "python": platform.python_version()},
    }


def _failures(outcome: Outcome, month: Outcome, violations: list[str], count: int) -> list[dict[str, Any]]:
    """Return the days on which something went wrong, with what the pump said in the evening; then all other violations,
    which are found at the end.
    """
    told = [each for life in (month, outcome) for each in life.failures]
    shown = {text for each in told for text in each.what}
    left = [text for text in violations if text.removeprefix("in the month before: ") not in shown]
    failures = [each.as_dict() for each in outcome.failures]
    failures += [each.as_dict() | {"where": f"{each.where} of the month before"} for each in month.failures]
    if left:
        failures.append(failure("the whole life, found at its end", left, outcome.said_last).as_dict())
    missing = count - sum(len(each["what"]) + each["more"] for each in failures)
    if failures and missing > 0:
        failures[-1]["more"] += missing
    return failures


def run(seed: int, out: Path, *, days: int = habits.DAYS, console: Console | None = None) -> dict[str, Any]:
    """Live `days` days from `seed`; write summary.json and report.html to `out` and return the summary."""
    begun = Run()
    pin()
    month = Life(min(MONTH_DAYS, days), seed).live()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TextColumn("days"))
    with Progress(*columns, TimeElapsedColumn(), TimeRemainingColumn(), console=console) as progress:
        task = progress.add_task("one life", total=days)
        tell: Callable[[int], None] = lambda day: progress.update(task, completed=day)  # noqa: E731
        outcome = Life(days, seed, tell).live()
    figures = summary(outcome, month, begun)
    write_json(out / "summary.json", figures)
    write_text(out / "report.html", page(figures, outcome.series))
    return figures


def told(figures: dict[str, Any], out: Path) -> str:
    """Return the summary as text for a person."""
    power, memory = figures["battery"], figures["memory"]
    shown = "".join(f"  {text}\n" for text in figures["violations_shown"])
    return (
        f"{figures['years']:g} years, {figures['strokes']:,} strokes at {figures['u_per_day']:g} U/day (simulated):"
        f" {figures['violations']} violations\n{shown}"
        f"{figures['wall_s']} s ({figures['cpu_s']} s of processor time), {figures['x_real_time']:,} x real time\n"
        f"heap in use: {figures['heap_bytes']['after_a_month']:,} bytes after a month,"
        f" {figures['heap_bytes']['at_the_end']:,} at the end\n"
        f"most writes of a cell: {memory['most_writes_of_a_cell']:,} of {memory['rated_writes']:.0e} rated;"
        f" {memory['events']:,} events logged\n"
        f"battery: {power['mean_ua']} µA on average of {power['budget_ua']}, {power['left_mah']:,} of"
        f" {power['capacity_mah']:,.0f} mAh left (reckoned)\n"
        f"not exercised: {len(figures['not_exercised'])} things, listed in {out / 'summary.json'} and report.html"
    )
