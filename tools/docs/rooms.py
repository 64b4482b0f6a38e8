"""Writes the rooms of the house into docs/architecture.md: `python -m tools.docs.rooms`.

A room is a folder of modules; it stands on another if one of its modules imports from there. Drawn are the arrows that
do not follow from others. What is in a room, its __init__.py says in its first sentence.
"""

import ast
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "architecture.md"
PARTS = ("firmware", "host", "hil")

Arrows = dict[str, set[str]]


def modules(part: str, root: Path = ROOT) -> dict[str, Path]:
    """Each module of a part, by its dotted name."""
    found = {}
    for path in sorted((root / part).rglob("*.py")):
        if "node_modules" not in path.parts:
            found[".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__")] = path
    return found


def imported(path: Path, names: Mapping[str, Path]) -> set[str]:
    """Those of the modules `names` that this one imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {each.name for each in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            full = {f"{node.module}.{each.name}" for each in node.names}
            found |= {each if each in names else node.module for each in full}
    return found & set(names)


def rooms(part: str, root: Path = ROOT) -> Arrows:
    """Each room of a part, and the rooms that it stands on."""
    names = modules(part, root)

    def room(name: str) -> str:
        path = names[name].relative_to(root)
        return str(path.parent if len(path.parts) > 2 else path)

    arrows: Arrows = {room(name): set() for name in names}
    for name, path in names.items():
        arrows[room(name)] |= {room(each) for each in imported(path, names)} - {room(name)}
    return arrows


def reached(arrows: Arrows, start: str) -> set[str]:
    """Every room that `start` stands on, directly or not."""
    found: set[str] = set()
    waiting = list(arrows[start])
    while waiting:
        room = waiting.pop()
        if room not in found:
            found.add(room)
            waiting += arrows[room]
    return found


def circles(arrows: Arrows) -> set[str]:
    """Rooms that stand on themselves."""
    return {room for room in arrows if room in reached(arrows, room)}


def drawn(arrows: Arrows) -> Arrows:
    """Without the arrows that follow from others."""
    return {
        room: {each for each in onto if not any(each in reached(arrows, other) for other in onto - {each})}
        for room, onto in arrows.items()
    }
