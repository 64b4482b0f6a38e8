"""Draws the rooms of each part in docs/architecture.md: `python -m tools.docs.rooms`.

A room is a folder of modules, or a module at the root of its part. It stands on another room if one of its modules
imports from there. Arrows that follow from others are not drawn. The first sentence of a room's docstring describes it.
"""

import ast
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "architecture.md"
PARTS = ("firmware", "host", "hil")
BEGIN = "<!-- Made by `python -m tools.docs.rooms` from the sources: do not edit up to the end mark. -->\n"
END = "<!-- end -->\n"

Arrows = dict[str, set[str]]


def modules(part: str, root: Path = ROOT) -> dict[str, Path]:
    """Return each module of a part, by its dotted name."""
    found = {}
    for path in sorted((root / part).rglob("*.py")):
        if "node_modules" not in path.parts:
            found[".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")] = path
    return found


def named(path: Path) -> set[str]:
    """Return every name that a module imports, behind that of its module."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{each.name}" for each in node.names}
    return found


def imported(path: Path, names: Mapping[str, Path]) -> set[str]:
    """Return those of the modules `names` that this one imports."""
    return {each if each in names else each.rpartition(".")[0] for each in named(path)} & set(names)


def rooms(part: str, root: Path = ROOT) -> Arrows:
    """Return each room of a part, and the rooms that it stands on."""
    names = modules(part, root)

    def room(name: str) -> str:
        path = names[name].relative_to(root)
        return str(path.parent if len(path.parts) > 2 else path)

    arrows: Arrows = {room(name): set() for name in names}
    for name, path in names.items():
        arrows[room(name)] |= {room(each) for each in imported(path, names)} - {room(name)}
    return arrows


def reached(arrows: Arrows, start: str) -> set[str]:
    """Return every room that `start` stands on, directly or indirectly."""
    found: set[str] = set()
    waiting = list(arrows[start])
    while waiting:
        room = waiting.pop()
        if room not in found:
            found.add(room)
            waiting += arrows[room]
    return found


def circles(arrows: Arrows) -> set[str]:
    """Return the rooms that stand on themselves."""
    return {room for room in arrows if room in reached(arrows, room)}


def drawn(arrows: Arrows) -> Arrows:
    """Return the arrows without those that follow from others."""
    return {
        room: {each for each in onto if not any(each in reached(arrows, other) for other in onto - {each})}
        for room, onto in arrows.items()
    }


def holds(room: str, root: Path = ROOT) -> str:
    """Return the first sentence of the room's docstring."""
    path = root / room
    source = path if path.suffix else path / "__init__.py"
    text = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))) or ""
    return text.split("\n\n")[0].replace("\n", " ").partition(". ")[0].rstrip(".")


def picture(part: str, root: Path = ROOT) -> str:
    """Return one part: a diagram of the arrows, and a table of the rooms' contents, from the top down."""
    arrows = {room: onto for room, onto in rooms(part, root).items() if not room.endswith("__init__.py")}
    names = {room: f"r{number}" for number, room in enumerate(sorted(arrows))}
    lines = [f"### {part}", "", "```mermaid", "flowchart TD"]
    lines += [f'    {name}["{room.removeprefix(part + "/")}"]' for room, name in names.items()]
    for room, onto in sorted(drawn(arrows).items()):
        lines += [f"    {names[room]} --> {names[each]}" for each in sorted(onto)]
    lines += ["```", "", "| room | holds |", "|---|---|"]
    for room in sorted(arrows, key=lambda each: (-len(reached(arrows, each)), each)):
        lines.append(f"| [{room.removeprefix(part + '/')}](../{room}) | {holds(room, root)} |")
    count = sum(len(onto) for onto in arrows.values())
    return "\n".join([*lines, "", f"{len(arrows)} rooms, {count} arrows, drawn and implied."]) + "\n"


def page(text: str, root: Path = ROOT) -> str:
    """Return the page's text with the pictures regenerated from the sources."""
    before, _, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"the page lacks the marks of the rooms: {BEGIN.strip()} and {END.strip()}")
    return before + BEGIN + "\n" + "\n".join(picture(part, root) for part in PARTS) + END + after


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
