"""build/index.html: every run whose results are there, with verdict, commit and date, and a link to its page.

`python -m hil.report.index build` writes it again.

Implements: HIL-6, HIL-8
"""

from __future__ import annotations

import datetime
import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hil.report.listed import RUNS, Listed
from hil.report.page import commit_text, date_text, environment, style
from hil.results.files import write_text
from hil.results.tested import Run, checkout

NAME = "index.html"
_GOOD = ("pass", "agrees", "same")
_NOT_JUDGED = "not judged"
_UNKNOWN = "not recorded"


@dataclass(frozen=True)
class Row:
    """One run of the table. Texts are for people; `link` and `data` are paths below the folder."""

    title: str
    command: str
    verdict: str
    what: str
    commit: str
    bench: str
    seed: str
    date: str
    link: str
    data: str


@contextmanager
def fresh(*paths: Path, keep: bool = False) -> Iterator[Run]:
    """Begin a run that will write `paths`: remove the old ones, and take them off the index. At the end, however it
    comes, list what is there. `keep`: the run goes on from its old results.
    """
    for path in () if keep else paths:
        path.unlink(missing_ok=True)
    refresh(paths[0])
    try:
        yield Run()
    finally:
        refresh(paths[0])


def refresh(path: Path, build: Path = Path("build")) -> None:
    """Write the index of `build` again if `path` lies in it; results elsewhere have none."""
    if build.resolve() in path.resolve().parents:
        write_index(build)


def write_index(folder: Path) -> None:
    """Write index.html of `folder`; remove it if there is no run to list."""
    rows = list(rows_of(folder))
    if rows:
        write_text(folder / NAME, render(rows))
    else:
        (folder / NAME).unlink(missing_ok=True)


def rows_of(folder: Path) -> Iterator[Row]:
    """Return a row for each file of results, in the order of RUNS."""
    for run in RUNS:
        for path in sorted(folder.glob(run.pattern)):
            yield _row(run, path, folder)


def render(rows: list[Row]) -> str:
    """Return the page."""
    here = checkout()
    there = {row.command for row in rows}
    failed = [row for row in rows if row.verdict == "fail"]
    page: str = (
        environment()
        .get_template("index.html.j2")
        .render(
            rows=rows,
            verdict="fail" if failed else "pass",
            passed=sum(row.verdict == "pass" for row in rows),
            failed=failed,
            here=commit_text(here),
            others=sum(row.commit != commit_text(here) for row in rows),
            missing=list(dict.fromkeys(run.command for run in RUNS if run.command not in there)),
            style=style(),
        )
    )
    return page.strip() + "\n"


def _row(run: Listed, path: Path, folder: Path) -> Row:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        return _plain(run, path, folder, "fail", "the file cannot be read")
    if not isinstance(data, dict):
        return _plain(run, path, folder, _NOT_JUDGED, "")
    verdict, what = judged(data)
    facts = data.get("run", {})
    if "tested" not in facts:
        return _plain(run, path, folder, verdict, what)
    seed = facts["seed"]
    return Row(
        run.title,
        run.command,
        verdict,
        what,
        commit_text(facts["tested"]),
        ", ".join(each for each in (facts["tested"]["board"], facts["bench"]) if each),
        "" if seed is None else str(seed),
        date_text(facts["date"]),
        _page(path, folder),
        path.relative_to(folder).as_posix(),
    )


def _plain(run: Listed, path: Path, folder: Path, verdict: str, what: str) -> Row:
    """A file that does not say what it was made from: its own date is all there is."""
    written = datetime.datetime.fromtimestamp(path.stat().st_mtime, datetime.UTC).isoformat()
    where = path.relative_to(folder).as_posix()
    date = date_text(written) + " (of the file)"
    return Row(run.title, run.command, verdict, what, _UNKNOWN, "", "", date, _page(path, folder), where)


def _page(path: Path, folder: Path) -> str:
    beside = [path.with_name("report.html"), path.with_suffix(".html")]
    found = [each for each in beside[path.parent == folder :] if each.is_file()]
    return (found or [path])[0].relative_to(folder).as_posix()


def judged(data: dict[str, Any]) -> tuple[str, str]:
    """Return the verdict of a file of results, and what it is a verdict on. A file that judges nothing has none."""
    if "measurements" in data:
        verdicts = [each["verdict"] for each in data["measurements"]]
        good = verdicts.count("pass")
        verdict = "pass" if verdicts and good == len(verdicts) else "fail"
        return data.get("verdict", verdict), f"{good} of {len(verdicts)} measurements"
    if isinstance(data.get("violations"), int):
        return data.get("verdict", "fail" if data["violations"] else "pass"), f"{data['violations']} violations"
    if "results" in data:
        good = sum(each.get("passed", each.get("verdict") in _GOOD) for each in data["results"])
        verdict = "pass" if good == len(data["results"]) > 0 else "fail"
        return data.get("verdict", verdict), f"{good} of {len(data['results'])}"
    return data.get("verdict", _NOT_JUDGED), ""


if __name__ == "__main__":
    write_index(Path(sys.argv[1]))
