"""A page for a run that writes one file of figures: what was judged, what went wrong, every figure of the file."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hil.backends.bench_file import load_bench
from hil.report.glance import number
from hil.report.index import fresh, judged
from hil.report.listed import listed
from hil.report.page import Head, render
from hil.results.files import write_text
from hil.results.tested import Run

# Shown elsewhere on the page.
_ELSEWHERE = ("schema", "run", "verdict", "measurements", "failures", "protocol", "violations_shown", "wrong", "spec")
_ROWS_MAX = 200


@dataclass(frozen=True)
class Table:
    """A list of the file, one row an entry."""

    title: str
    names: list[str]
    rows: list[list[str]]


class Recording:
    """A run in progress, from its old results' removal to its page."""

    def __init__(self, begun: Run, protocol: str, bench: str, seed: int | None, command: str) -> None:
        self._begun, self._protocol, self._bench = begun, protocol, bench
        self._seed, self._command = seed, command
        self.figures: dict[str, Any] = {}

    def take(self, figures: dict[str, Any], passed: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Return `figures` with what was tested in front, and with the verdict."""
        run = self._begun.facts(
            board=load_bench(self._bench).board, bench=self._bench, seed=self._seed, command=self._command
        )
        head = {"protocol": self._protocol, "run": run, "verdict": "pass" if passed(figures) else "fail"}
        self.figures = head | figures | head
        return self.figures

    @property
    def exit_code(self) -> int:
        """0 if the verdict on what was taken is a pass, else 1."""
        return 0 if self.figures["verdict"] == "pass" else 1


@contextmanager
def recorded(
    out: Path, protocol: str, *, bench: str = "virtual", seed: int | None = None, keep: bool = False
) -> Iterator[Recording]:
    """Record a run that writes its figures to `out`: its old results go first, its page lies beside it at the end."""
    with fresh(out, out.with_suffix(".html"), keep=keep) as begun:
        recording = Recording(begun, protocol, bench, seed, _command(protocol))
        yield recording
        write_text(out.with_suffix(".html"), page(recording.figures))


def _command(protocol: str) -> str:
    """Return the command line as it was given, or the make target of a run that had none."""
    if Path(sys.argv[0]).name not in ("pump-bench", "cli.py"):
        return listed(protocol).command
    return shlex.join(["pump-bench", *sys.argv[1:]])


def page(figures: Mapping[str, Any]) -> str:
    """Return the page."""
    run = listed(figures["protocol"])
    verdict, what = judged(dict(figures))
    wrong = [text(each) for each in [*figures.get("violations_shown", ()), *figures.get("wrong", ())]]
    pairs, tables = _sorted(figures)
    sections = [("wrong", "What went wrong")] * bool(wrong) + [("judged", "Judged")] * ("measurements" in figures)
    return render(
        "figures.html.j2",
        Head(
            kind=run.title.lower(),
            question=run.question,
            verdict=verdict,
            sentence=f"{what}." if what else "",
            sections=[*sections, ("figures", "Figures")],
            simulated=run.simulated,
        ),
        figures["run"],
        figures.get("failures", ()),
        wrong=wrong,
        measurements=figures.get("measurements", ()),
        figures=pairs,
        tables=tables,
    )


def _sorted(figures: Mapping[str, Any]) -> tuple[list[tuple[str, str]], list[Table]]:
    """Return the single figures, with those one level down, and the lists of rows as tables."""
    pairs: list[tuple[str, str]] = []
    tables: list[Table] = []
    for name, value in figures.items():
        if name in _ELSEWHERE:
            continue
        if isinstance(value, list) and value and all(isinstance(each, dict) for each in value):
            names = list(dict.fromkeys(key for each in value for key in each if not key.endswith("histogram_us")))
            rows = [[text(each.get(key, "")) for key in names] for each in value[:_ROWS_MAX]]
            more = f", the first {_ROWS_MAX} of {len(value)}" if len(value) > _ROWS_MAX else ""
            tables.append(Table(plain(name) + more, [plain(each) for each in names], rows))
        elif isinstance(value, dict):
            pairs += [(f"{plain(name)}: {plain(key)}", text(each)) for key, each in value.items()]
        else:
            pairs.append((plain(name), text(value)))
    return pairs, tables


def plain(name: str) -> str:
    """Return a name of the file with blanks for underscores."""
    return str(name).replace("_", " ")


def text(value: Any) -> str:
    """Return a figure for people."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, dict):
        return ", ".join(f"{plain(key)} {text(each)}" for key, each in value.items()) or "none"
    if isinstance(value, list | tuple):
        return ", ".join(text(each) for each in value) or "none"
    return "none" if value is None else str(value)
