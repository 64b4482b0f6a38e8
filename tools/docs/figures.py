"""Set figures into pages: each stands between marks that name its place in docs/figures, and is never typed.
`budget` are the budgets of the boards, which tools/board_size.py writes.

    <!--=life.strokes-->584,961<!--/-->

`make figures` runs what is quick to run, keeps its figures in docs/figures, and rewrites the pages. With
`python -m tools.docs.figures` the pages alone are rewritten; a test compares them with the files.
"""

from __future__ import annotations

import json
import re
import sys
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from hil.report.page import commit_text

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "figures"
MARK = re.compile(r"<!--=([\w.]+)-->(.*?)<!--/-->", re.S)


def _life(data: dict[str, Any]) -> dict[str, Any]:
    """The figures that a life with the same seed gives again; how long it takes is the machine's business."""
    single = ("years", "strokes", "violations", "u_per_day", "worst_lateness_us", "worst_refill_accuracy_tenths")
    return {key: data[key] for key in (*single, "heap_bytes", "memory", "battery")}


def _accuracy(data: dict[str, Any]) -> dict[str, Any]:
    """How many measurements were judged, and how finely some were weighed (expanded uncertainty, %)."""
    finely = {each["name"]: each["uncertainty"] for each in data["measurements"]}
    bolus = {f"bolus_{row['bolus_mu']}_mu": max(row["uncertainty_percent"]) for row in data["figures"]["bolus"]}
    total = "delivery.basal_total.35000_mu_per_h.12_h.typical"
    weighed = bolus | {"long_200_mu_per_h": finely["delivery.long_total.200_mu_per_h"], "basal_35000": finely[total]}
    return {"judged": len(finely), "weighed_percent": {name: round(value, 1) for name, value in weighed.items()}}


def _start_up(data: dict[str, Any]) -> dict[str, Any]:
    """The processor times of the programmer's start, and the machine that they are of."""
    return {name: data[name]["median"] for name in ("help_s", "status_s")} | {"machine": data["machine"]}


# The file of results of each run, and what is kept of it.
KEPT: dict[str, tuple[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "life": ("build/life/summary.json", _life),
    "accuracy": ("build/bench/results.json", _accuracy),
    "start_up": ("build/start-up.json", _start_up),
}


def keep(name: str, root: Path = ROOT) -> dict[str, Any]:
    """Return what is kept of a run, and the commit that it is of. Raises ValueError for a run that did not pass."""
    source, kept = KEPT[name]
    data = json.loads((root / source).read_text(encoding="utf-8"))
    verdicts = {data["verdict"]} if "verdict" in data else {each["verdict"] for each in data["measurements"]}
    if verdicts != {"pass"}:
        raise ValueError(f"{source} did not pass: its figures are not for a page")
    run = data["run"]
    return {"commit": commit_text(run["tested"]), "command": run["command"], "seed": run["seed"]} | kept(data)


def known(folder: Path = FOLDER) -> dict[str, Any]:
    """Return all figures by name of their file, and the boards' budgets."""
    found = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}
    budgets = sorted((ROOT / "boards").glob("*/budget.toml"))
    return found | {"budget": {path.parent.name: tomllib.loads(path.read_text())["budget"] for path in budgets}}


def with_figures(text: str, figures: Mapping[str, Any]) -> str:
    """Return `text` with every marked figure as its file has it. Raises KeyError for one that no file has."""
    return MARK.sub(lambda found: f"<!--={found[1]}-->{_shown(found[1], figures)}<!--/-->", text)


def _shown(place: str, figures: Mapping[str, Any]) -> str:
    value: Any = figures
    for key in place.split("."):
        if key not in value:
            raise KeyError(f"no figure {place} in docs/figures")
        value = value[key]
    if isinstance(value, float):
        return f"{value:,.2f}".rstrip("0").rstrip(".")
    return f"{value:,}" if isinstance(value, int) else str(value)


def pages() -> list[Path]:
    """Return the pages that may hold figures."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]


def main(names: list[str]) -> None:
    """Keep the figures of the runs `names`, and rewrite all pages."""
    for name in names:
        FOLDER.mkdir(exist_ok=True)
        text = json.dumps(keep(name), indent=1, ensure_ascii=False) + "\n"
        (FOLDER / f"{name}.json").write_text(text, encoding="utf-8")
    figures = known()
    for path in pages():
        before = path.read_text(encoding="utf-8")
        after = with_figures(before, figures)
        if after != before:
            path.write_text(after, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
