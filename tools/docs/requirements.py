"""Make docs/requirements.md from docs/requirements.toml and the tests' own markers.

`python -m tools.docs.requirements docs/requirements.md`; a test compares the two, and the ids with those that code,
tests and limits name.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "docs" / "requirements.toml"
ID = re.compile(r"\b(?:DOSE|GUARD|STORE|THER|ALARM|OCC|LINK|SEC|LOG|PWR|SELF|HIL|HOST|BOARD)-\d+\b")
_NAMING = (".py", ".c", ".h", ".toml", ".md", ".js", ".mk", ".cmake")
_FOLDERS = ("boards", "c_ext", "docs", "firmware", "hil", "host", "tests", "tools")

HEAD = """# Requirements

What device, programmer and bench must do. Tests (`@pytest.mark.req("DOSE-1")`), measurements (`req`) and code
(`Implements:`) name these ids. A number is a default that a clinician or a board may set unless it is called *hard*:
hard limits are compiled into the dose core. [Glossary](glossary.md).

*Shown by* names the folders of [tests](../tests) that hold tests of a requirement; *limits* are judged measurements of
it. That a test is there does not say that it passes: `make trace` sets the results of the last `make test`, `make hil`
and `make bench` beside each requirement, in `build/requirements.html`.

Made by `python -m tools.docs.requirements docs/requirements.md` from [requirements.toml](requirements.toml).
"""


@dataclass(frozen=True)
class Requirement:
    """One requirement. `note` says what its tests do not show; `to_come`, why nothing is built yet."""

    id: str
    section: str
    text: str
    note: str
    to_come: str


def requirements(path: Path = SOURCE) -> dict[str, Requirement]:
    """Return all requirements by id, in their order. Raises KeyError for one without text or section."""
    data = tomllib.loads(path.read_text(encoding="utf-8"))
    return {
        name: Requirement(
            name,
            data["sections"][each["section"]]["title"],
            each["text"],
            each.get("note", ""),
            each.get("to_come", ""),
        )
        for name, each in data["requirements"].items()
    }


def marked(root: Path = ROOT) -> dict[str, set[str]]:
    """Return the tests of each id, as `tests.folder.module::function`, read from the `req` markers."""
    found: dict[str, set[str]] = {}
    for path in sorted((root / "tests").rglob("test_*.py")):
        module = ".".join(path.relative_to(root).with_suffix("").parts)
        for test, names in _tests(ast.parse(path.read_text(encoding="utf-8"))):
            for name in names:
                found.setdefault(name, set()).add(f"{module}::{test}")
    return found


def _tests(tree: ast.Module) -> Iterator[tuple[str, set[str]]]:
    whole = set()
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "pytestmark" for t in node.targets):
            whole = _ids(node.value)
    for each in ast.walk(tree):
        if isinstance(each, ast.FunctionDef) and each.name.startswith("test"):
            yield each.name, whole.union(*(_ids(mark) for mark in each.decorator_list))
        elif isinstance(each, ast.ClassDef) and any(_ids(mark) for mark in each.decorator_list):
            own = set().union(*(_ids(mark) for mark in each.decorator_list))
            yield from ((test.name, own) for test in each.body if isinstance(test, ast.FunctionDef))


def _ids(node: ast.AST) -> set[str]:
    """The ids of every `req(...)` below `node`."""
    calls = (each for each in ast.walk(node) if isinstance(each, ast.Call))
    of_req = (each for each in calls if isinstance(each.func, ast.Attribute) and each.func.attr == "req")
    return {str(arg.value) for each in of_req for arg in each.args if isinstance(arg, ast.Constant)}


def judged(root: Path = ROOT) -> dict[str, set[str]]:
    """Return the names of the limits that judge measurements of each id."""
    found: dict[str, set[str]] = {}
    for name, limit in tomllib.loads((root / "hil/results/limits.toml").read_text(encoding="utf-8")).items():
        found.setdefault(limit["req"], set()).add(name)
    return found


def named(root: Path = ROOT) -> dict[str, str]:
    """Return every id that a source or page names, with the first file that does."""
    found: dict[str, str] = {}
    for folder in _FOLDERS:
        for path in sorted((root / folder).rglob("*")):
            if path.suffix in _NAMING and "build" not in path.relative_to(root).parts:
                for name in ID.findall(path.read_text(encoding="utf-8", errors="ignore")):
                    found.setdefault(name, path.relative_to(root).as_posix())
    return found


def page(root: Path = ROOT) -> str:
    """Return the text of docs/requirements.md."""
    tests, limits = marked(root), judged(root)
    lines = [HEAD]
    section = ""
    for each in requirements(root / "docs" / "requirements.toml").values():
        if each.section != section:
            lines += [""] if section else []
            section = each.section
            lines += [f"## {section}\n", "| id | requirement | shown by | beyond the tests |", "|---|---|---|---|"]
        folders = sorted({test.split(".")[1].split("::")[0] for test in tests.get(each.id, ())})
        shown = ", ".join(folders + (["limits"] if each.id in limits else []))
        beyond = f"to come: {each.to_come}" if each.to_come else each.note
        lines.append(f"| {each.id} | {each.text} | {shown or '–'} | {beyond} |")
    return "\n".join(lines).rstrip() + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
