"""Draws a board's wiring from its table of pins, between two marks in boards/BOARD/README.md.

    python3 -m tools.wiring BOARD            redraws it
    python3 -m tools.wiring BOARD --check    says whether it is up to date; exit status 1 if not

In boards/BOARD/board.toml, [pins] has the pins and [[parts]] the parts connected to them, in the order of the drawing.
Instead, `parts` may name a file that has the parts; a part in [[own_parts]] then takes the place of the one there that
has a pin of it. `header` names a board's header whose pins are numbered; without it
the GPIO numbers, as printed on most boards, must do.
Errors: Problem if a pin belongs to no part, or a part names a pin that is not in the table.
"""

import argparse
import tomllib
from pathlib import Path
from typing import Any

from tools.console import ROOT, Problem, main_guard
from tools.pins import checked

BEGIN = "<!-- made by tools/wiring.py from board.toml: begin -->"
END = "<!-- made by tools/wiring.py from board.toml: end -->"
# The 40-pin header of the Raspberry Pi Pico: its pin for each GPIO. Pico datasheet, figure 4.
PICO_HEADER = {
    **{0: 1, 1: 2, 2: 4, 3: 5, 4: 6, 5: 7, 6: 9, 7: 10, 8: 11, 9: 12, 10: 14, 11: 15, 12: 16, 13: 17, 14: 19, 15: 20},
    **{16: 21, 17: 22, 18: 24, 19: 25, 20: 26, 21: 27, 22: 29, 26: 31, 27: 32, 28: 34},
}
HEADERS = {"pico": PICO_HEADER}
_WIRE = 8


def facts_of(board: str) -> dict[str, Any]:
    """Return the content of boards/BOARD/board.toml. Raises Problem if there is none."""
    path = ROOT / "boards" / board / "board.toml"
    if not path.is_file():
        raise Problem(f"no board {board!r}: {path.relative_to(ROOT)} is missing")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def drawing(board: str, facts: dict[str, Any]) -> str:
    """Return the wiring as text. Raises Problem if pins and parts do not match."""
    pins = checked(board, facts)
    parts: list[dict[str, Any]] = parts_of(facts)
    wires = [(part, name, terminal) for part in parts for name, terminal in part["pins"].items()]
    unknown = [name for _, name, _ in wires if name not in pins]
    loose = [name for name in pins if name not in {each for _, each, _ in wires}]
    if unknown or loose:
        wrong = [f"{name}: no such pin" for name in unknown] + [f"{name}: belongs to no part" for name in loose]
        raise Problem(f"boards/{board}/board.toml: {'; '.join(wrong)}")
    labels = {name: _label(name, pin, facts) for name, pin in facts["pins"].items()}
    left = max(len(labels[name]) for _, name, _ in wires)
    right = max(len(text) for part in parts for text in (part["name"], *part["pins"].values(), *part.get("notes", ())))
    lines = [f"{facts['name']:^{left + 4}}"]
    for part in parts:
        lines.append(_edge(left, right))
        lines.append(f"| {'':{left}} |{'':{_WIRE}}| {part['name']:{right}} |")
        for name, terminal in part["pins"].items():
            lines.append(f"| {labels[name]:{left}} |{'-' * _WIRE}| {terminal:{right}} |")
        lines += [f"| {'':{left}} |{'':{_WIRE}}| {note:{right}} |" for note in part.get("notes", ())]
    lines.append(_edge(left, right))
    return "\n".join(line.rstrip() for line in lines)


def parts_of(facts: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the parts connected to the board, from its own table or the file that it names."""
    parts = facts.get("parts", [])
    if isinstance(parts, str):
        parts = tomllib.loads((ROOT / parts).read_text(encoding="utf-8"))["parts"]
    own = {name: part for part in facts.get("own_parts", []) for name in part["pins"]}
    return [next((own[name] for name in part["pins"] if name in own), part) for part in parts]


def _label(name: str, pin: Any, facts: dict[str, Any]) -> str:
    if isinstance(pin, str):
        own, _, place = pin.partition(" ")
        return f"{name:13} {own:4} {place:>8}"
    if "header" not in facts:
        return f"{name:13} GP{pin}"
    header = HEADERS[facts["header"]]
    place = f"pin {header[pin]:2}" if pin in header else "on board"
    return f"{name:13} GP{pin:<2} {place:>8}"


def _edge(left: int, right: int) -> str:
    return f"+{'-' * (left + 2)}+{'':{_WIRE}}+{'-' * (right + 2)}+"


def with_drawing(text: str, drawn: str) -> str:
    """Return a README with the drawing between the marks. Raises Problem if it has no marks."""
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise Problem(f"README.md: the drawing goes between {BEGIN} and {END}, each once")
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n\n```text\n{drawn}\n```\n\n{END}{rest.split(END)[1]}"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Draw a board's wiring from its table of pins.")
    parser.add_argument("board")
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    readme = Path(ROOT / "boards" / args.board / "README.md")
    old = readme.read_text(encoding="utf-8")
    new = with_drawing(old, drawing(args.board, facts_of(args.board)))
    if args.check and new != old:
        raise Problem(f"{readme.relative_to(ROOT)} is out of date: python3 -m tools.wiring {args.board}")
    readme.write_text(new, encoding="utf-8")


if __name__ == "__main__":
    main_guard(main)
