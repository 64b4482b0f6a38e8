"""report.html of a life: verdict, figures, four curves, list of what was not exercised. Made from the summary alone."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

from hil.report import charts
from hil.report.charts import Frame, linear, path

_STYLE = (Path(charts.__file__).parent / "style.css").read_text(encoding="utf-8")
_GRID = "display:grid;grid-template-columns:1fr 1fr;gap:0.5rem"
_YEAR_DAYS = 365.25
_POINTS = 400


def _curve(title: str, label: str, points: Sequence[tuple[float, float]]) -> str:
    """Return a curve over the years."""
    frame = Frame(title, 560, 220, left=64)
    top = max([value for _, value in points] + [1e-9]) * 1.06
    last = points[-1][0] if points else 1.0
    x, y = linear(0, last, frame.left, frame.right), linear(0, top, frame.bottom, frame.top)
    step = next(each for power in range(-3, 9) for each in (10**power, 2 * 10**power, 5 * 10**power) if top / each <= 6)
    frame.y_axis(y, [step * each for each in range(int(top / step) + 1)], label)
    frame.x_axis(x, list(range(int(last) + 1)), "years")
    thin = max(1, len(points) // _POINTS)
    frame.add(path([(x(at), y(value)) for at, value in points[::thin]], "delivery"))
    return f"<figure><figcaption>{escape(title)}</figcaption>{frame.svg()}</figure>"


def _curves(series: Sequence[dict[str, float]]) -> str:
    years = [row["day"] / _YEAR_DAYS for row in series]
    columns = (
        ("Reservoir of the plant, weekly", "ml", [row["reservoir_ml"] for row in series]),
        ("Writes to the most used cell", "thousands", [row["most_writes"] / 1000 for row in series]),
        ("Battery left, reckoned", "mAh", [row.get("battery_mah", 0.0) for row in series]),
        ("Catheter's time constant: encapsulation", "ms", [row["tau_ms"] for row in series]),
    )
    return "".join(_curve(title, label, list(zip(years, values, strict=True))) for title, label, values in columns)


def _rows(pairs: Sequence[tuple[str, object]]) -> str:
    return "".join(f"<tr><th>{escape(name)}</th><td>{escape(str(value))}</td></tr>" for name, value in pairs)


def page(figures: dict[str, Any], series: Sequence[dict[str, float]]) -> str:
    """Return the whole page."""
    good = figures["violations"] == 0
    power, memory, heap = figures["battery"], figures["memory"], figures["heap_bytes"]
    verdict = "no violation" if good else f"{figures['violations']} violations"
    happened = ", ".join(f"{count:,} {name.replace('_', ' ')}" for name, count in figures["counts"].items())
    occlusions = "; ".join(
        f"day {each['day']}: found after {each['strokes']} strokes, {each['seconds']} s, {each['missed_mu']} mU missed"
        for each in figures["occlusions"]
    )
    table = _rows(
        [
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
        ]
    )  # fmt: skip
    violations = "".join(f"<li>{escape(text)}</li>" for text in figures["violations_shown"])
    missing = "".join(f"<li>{escape(text)}</li>" for text in figures["not_exercised"])
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>A life of {figures["years"]:g} years</title>'
        f"<style>{_STYLE}</style><body><main><h1>A life of {figures['years']:g} years: {verdict}</h1>"
        f"<p>The firmware on a virtual board, seed {figures['seed']}: {escape(figures['simulated'])}. A development"
        f" platform, not a medical device.</p>{f'<ul>{violations}</ul>' if violations else ''}"
        f"<table>{table}</table><div style='{_GRID}'>{_curves(series)}</div><h2>Not exercised</h2><ul>{missing}</ul>"
        f"<p>Again: <code>make life SEED={figures['seed']}</code></p></main></body></html>\n"
    )
