"""The gaps of a coverage measurement, and the file that justifies some of them.

A gap is named by the text of its line and of its condition, not by a line number. So edits above it do not invalidate
the entry, but a change of the line itself does.
"""

import tomllib
from pathlib import Path
from typing import Any, NamedTuple

from tools.console import Problem

REASON_LENGTH_MIN = 40


class Gap(NamedTuple):
    """An uncovered item. Kind 'branch': `condition` was never `outcome`. Kind 'condition': it never decided alone."""

    kind: str
    file: str
    line: int
    code: str
    condition: str
    outcome: str

    def __str__(self) -> str:
        what = f"is never {self.outcome}" if self.kind == "branch" else "has no independence pair"
        return f"{self.file}:{self.line}: `{self.condition}` {what}\n    {self.code}"


class Entry(NamedTuple):
    """One justified gap."""

    kind: str
    file: str
    code: str
    condition: str
    outcome: str
    reason: str

    def covers(self, gap: Gap) -> bool:
        """Return True if this entry justifies the gap."""
        return self[:5] == (gap.kind, gap.file, gap.code, gap.condition, gap.outcome)

    def __str__(self) -> str:
        return f"{self.file}: {self.kind} `{self.condition}` {self.outcome} in `{self.code}`"


class Source:
    """A source file, quoted by llvm-cov's line and column numbers (both from 1)."""

    def __init__(self, path: Path) -> None:
        self.name = path.name
        # llvm-cov counts columns in bytes.
        self.lines = path.read_bytes().splitlines()

    def text(self, place: list[Any]) -> str:
        """Return the text between (line, column, line, column), end excluded, with whitespace collapsed."""
        first, begin, last, end = place[:4]
        lines = self.lines[first - 1 : last]
        lines[-1] = lines[-1][: end - 1]
        lines[0] = lines[0][begin - 1 :]
        return " ".join(b" ".join(lines).decode().split())

    def branch_gap(self, branch: list[Any], side: bool) -> Gap:
        """Return the gap of a branch that was never `side`."""
        code = self.lines[branch[0] - 1].decode().strip()
        return Gap("branch", self.name, branch[0], code, self.text(branch), "true" if side else "false")

    def condition_gap(self, record: list[Any], place: int) -> Gap:
        """Return the gap of condition number `place` (from 0) of a decision."""
        code = self.lines[record[0] - 1].decode().strip()
        return Gap("condition", self.name, record[0], code, f"{place + 1} of {self.text(record)}", "pair")


def read_justified(path: Path) -> list[Entry]:
    """Return the entries of a justification file. Raises Problem if an entry is incomplete or has no real reason."""
    made = []
    for entry in tomllib.loads(path.read_text(encoding="utf-8")).get("gap", []):
        if set(entry) != set(Entry._fields):
            raise Problem(f"{path.name}: an entry has {', '.join(Entry._fields)}, not {sorted(entry)}")
        if len(entry["reason"]) < REASON_LENGTH_MIN:
            raise Problem(f"{path.name}: the reason is too short: {entry['reason']!r}")
        made.append(Entry(**entry))
    return made


def unused(entries: list[Entry], gaps: list[Gap]) -> list[Entry]:
    """Return the entries that justify no gap."""
    return [entry for entry in entries if not any(entry.covers(gap) for gap in gaps)]
