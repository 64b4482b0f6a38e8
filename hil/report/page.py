"""The one look of every page: header with verdict and identity, sections, how to do it again. No script, no external
resource.

A page is a template of its own on base.html.j2. It gets a `Head` and the file of results that its run wrote.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hil.report.glance import allowed, figure, number, subject

_FOLDER = Path(__file__).parent
_SHORT = 12  # hex digits of a hash in the header; the whole stands at the end of the page


@dataclass(frozen=True)
class Head:
    """The header of a page. `sections` are the ids and names of its sections, in their order."""

    kind: str
    question: str
    verdict: str  # "pass", "fail", or that nothing was judged
    sentence: str
    sections: Sequence[tuple[str, str]]
    simulated: str
    notice: str = ""


def identity(run: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the lines of the header: what was tested, on what, from what seed, when, how long."""
    tested = run["tested"]
    rows = [
        ("Commit", commit_text(tested)),
        ("Image", _short(tested["image"])),
        ("Dose core", _short(tested["core"])),
        ("MicroPython", tested["micropython"].split(" of ")[0] or "not known"),
    ]
    if tested["board"]:
        rows.append(("Board, bench", f"{tested['board']}, {run['bench']}" if run["bench"] else tested["board"]))
    if run["seed"] is not None:
        rows.append(("Seed", str(run["seed"])))
    workers = run.get("workers")
    took = f"{run['duration_s']:.1f} s" + (f", {workers} worker{'s' * (workers != 1)}" if workers else "")
    return [*rows, ("Date", date_text(run["date"])), ("Took", took)]


def identity_in_full(run: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the lines at the end of the page: every hash whole, and the machine."""
    tested = run["tested"]
    changed = "; the tree differs from it" if tested["changed"] else ""
    image = f"{tested['image']} ({tested['image_from']})" if tested["image"] else "not known"
    return [
        ("Commit", f"{tested['commit']} of {tested['commit_date']}{changed}" if tested["commit"] else "not known"),
        ("Image, SHA-256", image),
        ("Sources of the dose core, SHA-256", tested["core"]),
        ("MicroPython", tested["micropython"] or "not known"),
        ("Python of the bench", run["python"] + (f", numpy {run['numpy']}" if "numpy" in run else "")),
        ("Machine", run["system"]),
    ]


def commit_text(tested: Mapping[str, Any]) -> str:
    """Return the commit in short, and whether the tree differed from it."""
    if not tested["commit"]:
        return "not known"
    return _short(tested["commit"]) + (" and changes" if tested["changed"] else "")


def date_text(date: str) -> str:
    """Return an ISO time as a person reads it."""
    return f"{date[:10]}, {date[11:16]} UTC"


def _short(digest: str) -> str:
    return digest[:_SHORT] or "not known"


def environment() -> Any:
    """Return the templates with their filters."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # imported late: runs do without it

    made = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(number=number, figure=figure, allowed=allowed, subject=subject, date=date_text)
    made.tests.update(assumed=lambda source: source.startswith("assumption"))
    return made


def style() -> str:
    """Return the style sheet that every page holds."""
    return (_FOLDER / "style.css").read_text(encoding="utf-8")


def render(template: str, head: Head, run: Mapping[str, Any], failures: Sequence[Any] = (), **values: Any) -> str:
    """Return the page made from `template`. `failures` come first, each with its cause (hil/results/said.py)."""
    page: str = (
        environment()
        .get_template(template)
        .render(
            head=head,
            run=run,
            failures=failures,
            identity=identity(run),
            tested=identity_in_full(run),
            style=style(),
            **values,
        )
    )
    return page.strip() + "\n"
