"""A board's pins, from the one table in boards/BOARD/board.toml: for C, for CMake and for Python.

Errors: Problem if a pin is named twice or is no number.
"""

from pathlib import Path
from typing import Any

from tools.console import Problem

NOTE = "Made from the table of pins in boards/{board}/board.toml by the build. Do not edit."


def checked(board: str, facts: dict[str, Any]) -> dict[str, int]:
    """The pins by name. Raises Problem if two names share one."""
    pins: dict[str, int] = facts.get("pins", {})
    seen: dict[int, str] = {}
    for name, pin in pins.items():
        if not isinstance(pin, int) or isinstance(pin, bool):
            raise Problem(f"boards/{board}/board.toml: pin {name} is {pin!r}, not a GPIO number")
        if pin in seen:
            raise Problem(f"boards/{board}/board.toml: GPIO {pin} is both {seen[pin]} and {name}")
        seen[pin] = name
    return pins


def header(board: str, pins: dict[str, int]) -> str:
    """The C header."""
    lines = [f"// {NOTE.format(board=board)}", "#ifndef RELEVE_PINS_H", "#define RELEVE_PINS_H", ""]
    lines += [f"#define PIN_{name} {pin}u" for name, pin in pins.items()]
    return "\n".join([*lines, "", "#endif", ""])


def variables(board: str, pins: dict[str, int]) -> str:
    """The same for CMake."""
    lines = [f"# {NOTE.format(board=board)}"] + [f"set(PIN_{name} {pin})" for name, pin in pins.items()]
    return "\n".join([*lines, ""])


def module(board: str, pins: dict[str, int]) -> str:
    """The Python module."""
    lines = [f'"""{NOTE.format(board=board)}"""', "", "from micropython import const", ""]
    lines += [f"{name} = const({pin})" for name, pin in pins.items()]
    return "\n".join([*lines, ""])


def write(folder: Path, board: str, facts: dict[str, Any]) -> None:
    """Put pins.h, pins.cmake and pins.py into `folder`, untouched if they are right, so that make sees no change."""
    pins = checked(board, facts)
    folder.mkdir(parents=True, exist_ok=True)
    for name, make in {"pins.h": header, "pins.cmake": variables, "pins.py": module}.items():
        path = folder / name
        text = make(board, pins)
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
