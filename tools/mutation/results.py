"""Known verdicts of each mutant, kept by file, so that a long run can be stopped and resumed.

build/mutation/results/FILE.json holds the verdicts on FILE's mutants. A verdict of killed or of a time-out holds while
its file and the test that killed it are unchanged. A survivor is judged again as soon as any code or test changes. A
kill may also depend on other files: --fresh judges everything again.
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
    """The verdicts kept in `folder`, and those added in this run."""

    def __init__(self, folder: Path | None = None, *, fresh: bool = False, whole: bool = True) -> None:
        """`fresh`: ignore kept verdicts. Not `whole`: not all tests judge, so survivors are not kept."""
        self._folder = folder or OUT / "results"
        self._fresh = fresh
        self._whole = whole
        self._files: dict[str, dict[str, list[str]]] = {}
        self._digests: dict[str, str] = {}
        self._unsaved: set[str] = set()
        self._all = ""

    def known(self, mutant: Mutant) -> str:
        """Return the verdict that still holds; empty if there is none."""
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
        """Write the added verdicts."""
        for file in sorted(self._unsaved):
            content = {"source": self._digest(file), "verdicts": self._files[file]}
            part = self._path(file).with_suffix(".part")
            write_json(part, content)
            part.replace(self._path(file))  # an interrupted write leaves the old file intact
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
        """Return the digest of the file; without a name, that of all code and tests."""
        if name not in self._digests:
            paths = [ROOT / name]
            if not name:
                paths = [each for place in (*PACKAGES, "tests") for each in sorted((ROOT / place).rglob("*.py"))]
            self._digests[name] = digest([], *(path.read_text(encoding="utf-8") for path in paths if path.is_file()))
        return self._digests[name]


def _key(mutant: Mutant) -> str:
    return json.dumps([mutant.line, mutant.code, mutant.old, mutant.to, mutant.nth], ensure_ascii=False)


def report(verdicts: Iterable[tuple[Mutant, str]], seconds: float) -> dict[str, Any]:
    """Return the content of mutation.json: counts, in total and for each file, and the mutants that need attention."""
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
    """Return the counts, one line for each file."""
    names = ("mutants", *NAMES, INVALID, "not_reached")
    rows: list[tuple[str, dict[str, int]]] = [*result["by_file"].items()]
    rows.append(("all", {name: sum(each.get(name, 0) for _, each in rows) for name in names}))
    shown = [name for name in names if rows[-1][1][name]]
    lines = [" ".join([f"{'file':40}", *(f"{name:>11}" for name in shown)])]
    lines += [" ".join([f"{file:40}", *(f"{each.get(name, 0) or '·':>11}" for name in shown)]) for file, each in rows]
    return "\n".join(lines)
