"""The verdict table on the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TextIO

from hil.report.glance import allowed, figure, glance

_HEADINGS = {
    "controller": "Controller, by strokes",
    "delivery": "Delivery, by weighing",
}


def print_verdicts(results: dict[str, Any], out_dir: Path, file: TextIO | None = None) -> None:
    """Print the groups, each failure in full, the verdict, and where the files are."""
    from rich.box import SIMPLE_HEAD
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(file=file, highlight=False)
    if not console.is_terminal:
        console.width = max(console.width, 100)  # a log file has no edge to wrap at
    measurements, spec = results["measurements"], results["spec"]
    title = f"Accuracy, seed {spec['seed']}, mechanism {spec['mechanism']} (simulated)"
    table = Table(title=title, title_justify="left", box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("Judged")
    for name in ("Passed", "Nearest to a limit"):
        table.add_column(name, justify="right", no_wrap=True)
    for name in ("Allowed", "Verdict"):
        table.add_column(name, no_wrap=True)
    kind = ""
    for row in glance(measurements):
        if row.kind != kind:
            table.add_row(Text(_HEADINGS[row.kind], style="bold"))
            kind = row.kind
        verdict = Text(row.verdict, style="green" if row.verdict == "pass" else "bold red")
        table.add_row(f"  {row.title}", f"{row.passed} of {row.count}", figure(row.worst), allowed(row.worst), verdict)
    console.print(table)
    failed = [measurement for measurement in measurements if measurement["verdict"] == "fail"]
    for measurement in failed:
        text = f"{figure(measurement)}, allowed {allowed(measurement)} ({measurement['req']})"
        console.print(f"FAIL {measurement['name']}: {text}", style="red", soft_wrap=True)
    good = len(measurements) - len(failed)
    style, word = ("bold green", "PASS") if not failed and measurements else ("bold red", "FAIL")
    console.print(f"{word}: {good} of {len(measurements)} judged measurements within their limits", style=style)
    console.print("Simulated plant and balance. A development platform, not a medical device.")
    console.print(f"Report: {out_dir / 'report.html'}", soft_wrap=True)
