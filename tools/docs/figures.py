"""Set figures into pages: each stands between marks that name its place in docs/figures, and is never typed.

    <!--=life.strokes-->584,961<!--/-->

`make figures` runs what is quick to run, keeps its figures in docs/figures, and rewrites the pages. With
`python -m tools.docs.figures` the pages alone are rewritten; a test compares them with the files.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "figures"
MARK = re.compile(r"<!--=([\w.]+)-->(.*?)<!--/-->", re.S)
# What is kept of each file of results: the figures that a run with the same seed gives again. Times are the machine's.
KEPT = {
    "life": (
        "build/life/summary.json",
        ("seed", "years", "strokes", "violations", "u_per_day", "worst_lateness_us", "worst_refill_accuracy_tenths"),
        ("heap_bytes", "memory", "battery"),
    ),
}


def keep(name: str, root: Path = ROOT) -> dict[str, Any]:
    """Return what is kept of a run, and the commit that it is of. Raises ValueError for a run that did not pass."""
    source, single, whole = KEPT[name]
    data = json.loads((root / source).read_text(encoding="utf-8"))
    if data["verdict"] != "pass":
        raise ValueError(f"{source} did not pass: its figures are not for a page")
    tested = data["run"]["tested"]
    commit = tested["commit"][:12] + (" and changes" if tested["changed"] else "")
    return {"commit": commit, "command": data["run"]["command"]} | {key: data[key] for key in (*single, *whole)}


def known(folder: Path = FOLDER) -> dict[str, Any]:
    """Return all figures by name of their file."""
    return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(folder.glob("*.json"))}


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
