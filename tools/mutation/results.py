"""What is known of each mutant, kept by file, so that a long run can be stopped and gone on with.

build/mutation/results/FILE.json holds the verdicts on FILE's mutants. One that was killed, or ran without end, stays so
while its file and the test that killed it are as they were; one that lives is asked again as soon as anything is
another, tests or code. What killed a mutant may also hang on other files: --fresh asks everything anew.
"""

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tools.console import ROOT, digest
from tools.core.mutation.sites import Mutant
from tools.core.mutation.tiers import CRASHED, EQUIVALENT, INVALID, KILLED, SURVIVED, TIMEOUT
from tools.core.sources import write_json
from tools.mutation.covering import OUT, PACKAGES

NOT_COVERED = "not_covered"
NAMES = (KILLED, TIMEOUT, CRASHED, EQUIVALENT, SURVIVED, NOT_COVERED)
RED = (SURVIVED, NOT_COVERED)


class Results:
    """The verdicts kept in `folder`, and those added now."""

    def __init__(self, folder: Path | None = None, *, fresh: bool = False, whole: bool = True) -> None:
        """`fresh`: nothing that was kept counts. Not `whole`: not all tests are asked, so what lives is not kept."""
        self._folder = folder or OUT / "results"
        self._fresh = fresh
        self._whole = whole
        self._files: dict[str, dict[str, list[str]]] = {}
        self._digests: dict[str, str] = {}
        self._unsaved: set[str] = set()
        self._all = ""

    def known(self, mutant: Mutant) -> str:
        """The verdict that still holds; empty if there is none."""
        verdict, depends, was = self._of(mutant.file).get(_key(mutant), ("", "", ""))
        return verdict if verdict and self._digest(depends) == was else ""

    def add(self, mutant: Mutant, verdict: str, witness: str) -> None:
        """Keep this verdict; `witness` is the test that killed the mutant."""
        if verdict in RED and not self._whole:
            return
        depends = witness.partition("::")[0] or ("" if verdict in RED else mutant.file)
        self._of(mutant.file)[_key(mutant)] = [verdict, depends, self._digest(depends)]
        self._unsaved.add(mutant.file)

    def save(self) -> None:
        """Write what was added."""
        for file in sorted(self._unsaved):
            content = {"source": self._digest(file), "verdicts": self._files[file]}
            part = self._path(file).with_suffix(".part")
            write_json(part, content)
            part.replace(self._path(file))  # one that is stopped here leaves what was
        self._unsaved.clear()

    def _path(self, file: str) -> Path:
        return self._folder / f"{file}.json"

    def _of(self, file: str) -> dict[str, list[str]]:
        if file not in self._files:
            path = self._path(file)
            content = json.loads(path.read_text(encoding="utf-8")) if path.is_file() and not self._fresh else {}
            same = content.get("source") == self._digest(file)
            self._files[file] = content["verdicts"] if same else {}
        return self._files[file]

    def _digest(self, name: str) -> str:
        """Of the file; of all code and tests without one."""
        if name not in self._digests:
            paths = [ROOT / name]
            if not name:
                paths = [each for place in (*PACKAGES, "tests") for each in sorted((ROOT / place).rglob("*.py"))]
            self._digests[name] = digest([], *(path.read_text(encoding="utf-8") for path in paths if path.is_file()))
        return self._digests[name]


def _key(mutant: Mutant) -> str:
    return json.dumps([mutant.line, mutant.code, mutant.old, mutant.to, mutant.nth], ensure_ascii=False)


def report(verdicts: Iterable[tuple[Mutant, str]], seconds: float) -> dict[str, Any]:
    """What goes into mutation.json: the counts, of all and of each file, and what asks for an answer."""
    found = list(verdicts)
    counts = Counter(verdict for _, verdict in found)
    by_file: dict[str, Counter[str]] = {}
    for mutant, verdict in found:
        by_file.setdefault(mutant.file, Counter())[verdict or "not_reached"] += 1
    return {
        **{name: counts[name] for name in NAMES},
        "not_reached": counts[""],
        "mutants": len(found),
        "seconds": round(seconds),
        "by_file": {file: {"mutants": each.total(), **each} for file, each in sorted(by_file.items())},
        "survivors": [str(mutant) for mutant, verdict in found if verdict in RED],
        "crashes_and_timeouts": [str(mutant) for mutant, verdict in found if verdict in (CRASHED, TIMEOUT)],
    }


def table(result: dict[str, Any]) -> str:
    """The counts of each file, a line each."""
    names = ("mutants", *NAMES, INVALID, "not_reached")
    rows: list[tuple[str, dict[str, int]]] = [*result["by_file"].items()]
    rows.append(("all", {name: sum(each.get(name, 0) for _, each in rows) for name in names}))
    shown = [name for name in names if rows[-1][1][name]]
    lines = [" ".join([f"{'file':40}", *(f"{name:>11}" for name in shown)])]
    lines += [" ".join([f"{file:40}", *(f"{each.get(name, 0) or '·':>11}" for name in shown)]) for file, each in rows]
    return "\n".join(lines)
