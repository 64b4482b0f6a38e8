"""Curves as inline SVG without libraries or scripts. Colours come from the page's style sheet, so they follow light and
dark mode.

Every function takes the plain data of results.json (`figures`) and returns one `<svg>`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Any

Scale = Callable[[float], float]
Points = Sequence[tuple[float, float]]


def linear(low: float, high: float, start: float, end: float) -> Scale:
    """Return a scale that maps low … high linearly onto start … end."""
    return lambda value: start + (value - low) / (high - low) * (end - start)


def logarithmic(low: float, high: float, start: float, end: float) -> Scale:
    """Return a scale that maps low … high logarithmically onto start … end."""
    inner = linear(math.log(low), math.log(high), start, end)
    return lambda value: inner(math.log(value))


def arsinh(low: float, high: float, start: float, end: float, knee: float) -> Scale:
    """Return a scale that is linear within ± knee and logarithmic far outside: it shows ±5 % and +300 % on one axis."""
    inner = linear(math.asinh(low / knee), math.asinh(high / knee), start, end)
    return lambda value: inner(math.asinh(value / knee))


def path(points: Iterable[tuple[float, float]], kind: str) -> str:
    """Return a polyline of class `kind`."""
    return f'<polyline class="{kind}" points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in points)}"/>'


def stairs(points: Points) -> list[tuple[float, float]]:
    """Return the corners of a staircase: each value holds until the next one's time."""
    corners = list(points[:1])
    for (_, before), (x, after) in zip(points, points[1:], strict=False):
        corners += [(x, before), (x, after)]
    return corners


def _tick(value: float) -> str:
    return f"{value:g}".replace("-", "−")


class Frame:
    """A chart's box with its axes. Coordinates in px of a viewBox that scales with the page."""

    def __init__(self, title: str, width: int, height: int, left: int = 52, bottom: int = 40) -> None:
        self.title, self.width, self.height = title, width, height
        self.left, self.right, self.top, self.bottom = left, width - 12, 14, height - bottom
        self._parts: list[str] = []

    def add(self, *parts: str) -> None:
        """Add drawn parts, later ones on top."""
        self._parts += parts

    def line(self, x1: float, y1: float, x2: float, y2: float, kind: str) -> None:
        """Add a straight line."""
        self.add(f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>')

    def text(self, x: float, y: float, text: str, kind: str = "tick", anchor: str = "middle") -> None:
        """Add a text."""
        self.add(f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>')

    def x_axis(self, scale: Scale, ticks: Sequence[float], label: str) -> None:
        """Add ticks and label below."""
        self.line(self.left, self.bottom, self.right, self.bottom, "axis")
        for tick in ticks:
            self.line(scale(tick), self.bottom, scale(tick), self.bottom + 4, "axis")
            self.text(scale(tick), self.bottom + 17, _tick(tick))
        self.text((self.left + self.right) / 2, self.height - 4, label, "label")

    def y_axis(self, scale: Scale, ticks: Sequence[float], label: str) -> None:
        """Add grid lines, ticks at the left and the label along the axis."""
        for tick in ticks:
            self.line(self.left, scale(tick), self.right, scale(tick), "zero" if tick == 0 else "grid")
            self.text(self.left - 7, scale(tick) + 4, _tick(tick), anchor="end")
        middle = (self.top + self.bottom) / 2
        self.add(
            f'<text class="label" x="13" y="{middle:.1f}" text-anchor="middle" '
            f'transform="rotate(-90 13 {middle:.1f})">{escape(label)}</text>'
        )

    def svg(self) -> str:
        """Return the whole chart."""
        return (
            f'<svg class="chart" viewBox="0 0 {self.width} {self.height}" role="img" aria-label="{escape(self.title)}">'
            f"<title>{escape(self.title)}</title>{''.join(self._parts)}</svg>"
        )


def bullet(measurement: dict[str, Any]) -> str:
    """Return a bar that shows a value with its uncertainty between its limits; empty if the limits have no width."""
    value, lower, upper = measurement["value"], measurement["lower"], measurement["upper"]
    if None in (value, lower, upper) or lower == upper:
        return ""
    width = upper - lower
    scale = linear(lower - width / 6, upper + width / 6, 0, 160)

    def inside(x: float) -> float:
        return min(max(scale(x), 2), 158)

    uncertainty = measurement["uncertainty"]
    middle = (lower + upper) / 2
    return (
        '<svg class="bullet" viewBox="0 0 160 18" aria-hidden="true">'
        f'<rect class="band" x="{scale(lower):.1f}" y="5" width="{scale(upper) - scale(lower):.1f}" height="8" rx="2"/>'
        f'<line class="grid" x1="{scale(middle):.1f}" y1="3" x2="{scale(middle):.1f}" y2="15"/>'
        f'<line class="whisker" x1="{inside(value - uncertainty):.1f}" y1="9" '
        f'x2="{inside(value + uncertainty):.1f}" y2="9"/>'
        f'<circle class="dot {measurement["verdict"]}" cx="{inside(value):.1f}" cy="9" r="4"/></svg>'
    )


def bolus_strip(figure: dict[str, Any], lower: float, upper: float) -> str:
    """Return a chart of 25 weighed boluses in order, in % of programmed, with uncertainty bars and limits."""
    dose_u = figure["bolus_mu"] / 1000
    percents, bars = figure["delivered_percent"], figure["uncertainty_percent"]
    frame = Frame(f"25 boluses of {dose_u:g} U, weighed, in percent of programmed", 380, 230, left=48)
    weighed = list(zip(percents, bars, strict=True))
    reach = max(upper - 100, 100 - lower, *(abs(percent - 100) + bar for percent, bar in weighed))
    low, high = 100 - reach * 1.15, 100 + reach * 1.15
    y = linear(low, high, frame.bottom, frame.top)
    x = linear(0, len(percents) + 1, frame.left, frame.right)
    frame.add(
        f'<rect class="band" x="{frame.left}" y="{y(upper):.1f}" width="{frame.right - frame.left}" '
        f'height="{y(lower) - y(upper):.1f}"/>'
    )
    frame.y_axis(y, (lower, 100, upper), "% of programmed")
    frame.x_axis(x, (1, 5, 10, 15, 20, 25), "bolus, in order")
    for index, (percent, bar) in enumerate(weighed, start=1):
        frame.line(x(index), y(percent - bar), x(index), y(percent + bar), "whisker")
        verdict = "pass" if lower <= percent <= upper else "fail"
        frame.add(f'<circle class="dot {verdict}" cx="{x(index):.1f}" cy="{y(percent):.1f}" r="3.2"/>')
    return frame.svg()


def trumpet_chart(curves: dict[str, Any], rate_u_per_h: float, limit: tuple[float, float, float] | None) -> str:
    """Return a chart of extreme errors by window length. `limit`: a window (min), its lower and upper limit (%)."""
    windows = [row["window_min"] for row in curves["delivery"]]
    frame = Frame(f"Trumpet curve at {rate_u_per_h:g} U/h: extreme errors by window length", 560, 320)
    x = logarithmic(windows[0], windows[-1], frame.left + 10, frame.right - 10)
    y = arsinh(-140, 420, frame.bottom, frame.top, 4)
    frame.y_axis(y, (-100, -50, -20, -10, -5, 0, 5, 10, 20, 50, 100, 300), "error, % (compressed scale)")
    frame.x_axis(x, windows, "length of the observation window, min (logarithmic)")
    lows = [(x(row["window_min"]), y(row["least_percent"])) for row in curves["delivery"]]
    highs = [(x(row["window_min"]), y(row["greatest_percent"])) for row in curves["delivery"]]
    area = " ".join(f"{px:.1f},{py:.1f}" for px, py in lows + highs[::-1])
    frame.add(f'<polygon class="area" points="{area}"/>')
    for extreme in ("least_percent", "greatest_percent"):
        frame.add(path([(x(row["window_min"]), y(row[extreme])) for row in curves["controller"]], "controller"))
    frame.add(path(lows, "delivery"), path(highs, "delivery"))
    for row in curves["delivery"]:
        bar = row["uncertainty_percent"]
        for extreme in ("least_percent", "greatest_percent"):
            px, value = x(row["window_min"]), row[extreme]
            frame.line(px, y(value - bar), px, y(value + bar), "whisker")
            frame.add(f'<circle class="dot" cx="{px:.1f}" cy="{y(value):.1f}" r="3"/>')
    if limit is not None:
        window, lower, upper = limit
        for value in (lower, upper):
            frame.line(x(window) - 22, y(value), x(window) + 10, y(value), "limit")
        frame.text(x(window) - 26, y(upper) + 4, f"limit ±{upper:g} %", "limit-text", "end")
    return frame.svg()


def hours_chart(rows: Sequence[dict[str, Any]], rate_u_per_h: float) -> str:
    """Return a chart of the error of every 1-h window with its uncertainty, over 72 h."""
    frame = Frame(f"Error of every 1-h window at {rate_u_per_h:g} U/h", 560, 220)
    reach = max(16, *(abs(row["error_percent"]) + row["uncertainty_percent"] for row in rows))
    y = linear(-reach, reach, frame.bottom, frame.top)
    x = linear(0, len(rows) + 1, frame.left, frame.right)
    frame.add(
        f'<rect class="band" x="{frame.left}" y="{y(15):.1f}" width="{frame.right - frame.left}" '
        f'height="{y(-15) - y(15):.1f}"/>'
    )
    step = 5 if reach < 30 else 15 if reach < 60 else 50
    frame.y_axis(y, [tick for tick in range(-200, 201, step) if abs(tick) <= reach], "error, %")
    frame.x_axis(x, (1, 12, 24, 36, 48, 60, 72), "hour since the first command")
    for row in rows:
        px, value, bar = x(row["hour"]), row["error_percent"], row["uncertainty_percent"]
        frame.line(px, y(value - bar), px, y(value + bar), "whisker")
        frame.add(f'<circle class="dot" cx="{px:.1f}" cy="{y(value):.1f}" r="2.6"/>')
    return frame.svg()


def start_up_chart(rows: Sequence[Sequence[float]], rate_u_per_h: float) -> str:
    """Return a chart of programmed, commanded and weighed volume since the first command. Rows: min, and three in U."""
    frame = Frame(f"Start-up at {rate_u_per_h:g} U/h: volume since the first command", 560, 280)
    last_min = rows[-1][0]
    top_u = max(*(max(row[1:]) for row in rows), 0.2) * 1.06
    x = linear(0, last_min, frame.left, frame.right)
    y = linear(0, top_u, frame.bottom, frame.top)
    step_u = next(step for step in (0.2, 0.4, 0.5, 1, 2, 5, 10, 20, 50, 100) if top_u / step <= 8)
    frame.y_axis(y, [round(step_u * index, 3) for index in range(int(top_u / step_u) + 1)], "volume, U")
    step_min = next(step for step in (15, 30, 60, 120, 240, 480) if last_min / step <= 8)
    frame.x_axis(x, list(range(0, int(last_min) + 1, step_min)), "minutes since the first command")
    shown = [row for row in rows if row[0] >= 0]
    frame.add(path([(x(row[0]), y(row[1])) for row in shown], "programmed"))
    frame.add(path(stairs([(x(row[0]), y(row[2])) for row in shown]), "controller"))
    frame.add(path(stairs([(x(row[0]), y(max(row[3], 0))) for row in shown]), "delivery"))
    return frame.svg()


def histogram(counts: dict[str, int], title: str, limit_us: tuple[float, float], bin_us: float = 0.1) -> str:
    """Return a histogram of counts in bins of `bin_us`, keyed by lower ends in µs, with limits; heights logarithmic."""
    lows = sorted(float(each) for each in counts)
    low, high = min(*lows, limit_us[0]), max(lows[-1] + bin_us, limit_us[1])
    margin = (high - low) * 0.04
    frame = Frame(title, 560, 240, left=62)
    x = linear(low - margin, high + margin, frame.left, frame.right)
    top = 10 ** math.ceil(math.log10(max(counts.values()) + 1))
    y = logarithmic(0.5, top, frame.bottom, frame.top)
    frame.y_axis(y, [10**power for power in range(round(math.log10(top)) + 1)], "how many (logarithmic)")
    step = next(each for each in (0.25, 0.5, 1, 5, 10, 25) if (high - low) / each <= 10)
    ticks = [round(number * step, 2) for number in range(math.ceil(low / step), math.floor(high / step) + 1)]
    frame.x_axis(x, ticks, "µs")
    for name, count in counts.items():
        left, right = x(float(name)), x(float(name) + bin_us)
        size = f'width="{max(right - left - 0.5, 1.5):.1f}" height="{frame.bottom - y(count):.1f}"'
        frame.add(f'<rect class="bar" x="{left:.1f}" y="{y(count):.1f}" {size}/>')
    for value in limit_us:
        frame.line(x(value), frame.top, x(value), frame.bottom, "limit")
    return frame.svg()
