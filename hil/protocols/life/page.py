"""report.html of a life: verdict, figures, four curves, list of what was not exercised. Made from the summary alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hil.report.charts import Frame, linear, path
from hil.report.page import Head, render

_YEAR_DAYS = 365.25
_POINTS = 400


def _curve(title: str, label: str, points: Sequence[tuple[float, float]], unit: str) -> str:
    """Return a curve over time."""
    frame = Frame(title, 560, 220, left=64)
    top = max([value for _, value in points] + [1e-9]) * 1.06
    last = points[-1][0] if points else 1.0
    x, y = linear(0, last, frame.left, frame.right), linear(0, top, frame.bottom, frame.top)
    step = _step(top, 6)
    frame.y_axis(y, [step * each for each in range(int(top / step) + 1)], label)
    frame.x_axis(x, list(range(0, int(last) + 1, max(1, int(_step(last, 10))))), unit)
    thin = max(1, len(points) // _POINTS)
    frame.add(path([(x(at), y(value)) for at, value in points[::thin]], "delivery"))
    return frame.svg()


def _step(top: float, most: int) -> Any:
    """Return the least round step, whole from 1 on, of which at most `most` make up `top`."""
    return next(
        each for power in range(-3, 9) for each in (10**power, 2 * 10**power, 5 * 10**power) if top / each <= most
    )


def _curves(series: Sequence[dict[str, float]]) -> list[tuple[str, str]]:
    """Return title and curve of each, over years, or over days in a short life."""
    short = bool(series) and series[-1]["day"] < 2 * _YEAR_DAYS
    times = [row["day"] / (1 if short else _YEAR_DAYS) for row in series]
    unit = "days" if short else "years"
    columns = (
        ("Reservoir of the plant, weekly", "ml", [row["reservoir_ml"] for row in series]),
        ("Writes to the most used cell", "thousands", [row["most_writes"] / 1000 for row in series]),
        ("Battery left, reckoned", "mAh", [row.get("battery_mah", 0.0) for row in series]),
        ("Catheter's time constant: encapsulation", "ms", [row["tau_ms"] for row in series]),
    )
    return [
        (title, _curve(title, label, list(zip(times, values, strict=True)), unit)) for title, label, values in columns
    ]


def _rows(figures: dict[str, Any]) -> list[tuple[str, str]]:
    power, memory, heap = figures["battery"], figures["memory"], figures["heap_bytes"]
    happened = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in figures["counts"].items())
    occlusions = "; ".join(
        f"day {each['day']}: found after {each['strokes']} strokes, {each['seconds']} s, {each['missed_mu']} mU missed"
        for each in figures["occlusions"]
    )
    return [
        ("strokes", f"{figures['strokes']:,}, at most {figures['worst_lateness_us']} µs after they were due"),
        ("a day", f"{figures['u_per_day']} U"),
        ("what happened", happened),
        ("closed catheters", occlusions or "none"),
        ("refill accuracy, worst", f"{figures['worst_refill_accuracy_tenths'] / 10} %"),
        ("log", f"{memory['events']:,} events"),
        ("heap in use", f"{heap['after_a_month']:,} bytes after a month, {heap['at_the_end']:,} at the end"),
        ("most writes of a cell", f"{memory['most_writes_of_a_cell']:,} of {memory['rated_writes']:,} rated"),
        ("battery, by the device's account", f"{power['mean_ua']} µA on average, budget {power['budget_ua']};"
         f" {power['left_mah']:,} of {power['capacity_mah']:,.0f} mAh left"),
        ("speed", f"{figures['wall_s']} s, {figures['cpu_s']} s of processor time;"
         f" {figures['x_real_time']:,} times real time"),
    ]  # fmt: skip


def page(figures: dict[str, Any], series: Sequence[dict[str, float]]) -> str:
    """Return the whole page."""
    count, years = figures["violations"], figures["years"]
    length = f"{years:g} years" if years >= 2 else f"{years * _YEAR_DAYS:.0f} days"
    return render(
        "life.html.j2",
        Head(
            kind="a life",
            question=f"Does the pump live through {length} of one patient?",
            verdict="fail" if count else "pass",
            sentence=f"{count or 'no'} violation{'' if count == 1 else 's'} in {figures['strokes']:,} strokes.",
            sections=[("figures", "Figures"), ("curves", "Curves"), ("missing", "Not exercised")],
            simulated=f"The firmware and its dose core are the real ones: {figures['simulated']}.",
        ),
        figures["run"],
        figures["failures"],
        rows=_rows(figures),
        curves=_curves(series),
        missing=figures["not_exercised"],
    )
