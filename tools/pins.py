"""A board's pins, from the one table in boards/BOARD/board.toml, for C, for MicroPython's build and for Python.

A pin is a GPIO number (RP2040), or port and number, optionally followed by its place on the board: "PB3 D3" (STM32).
Errors: Problem if a pin is named twice or is neither.
"""

import re
from pathlib import Path
from typing import Any

from tools.console import Problem, write_if_changed

NOTE = "Made from the table of pins in boards/{board}/board.toml by the build. Do not edit."


_PORT_PIN = re.compile(r"P([A-H])(\d|1[0-5])(?: +(\S.*))?")


def number(pin: Any) -> int | None:
    """Return the GPIO number, for STM32 16 · port + number; None if it is no pin."""
    if isinstance(pin, int) and not isinstance(pin, bool):
        return pin
    found = _PORT_PIN.fullmatch(pin) if isinstance(pin, str) else None
    return (ord(found[1]) - ord("A")) * 16 + int(found[2]) if found else None


def checked(board: str, facts: dict[str, Any]) -> dict[str, int]:
    """Return the pins' numbers by name. Raises Problem if two names share one."""
    pins: dict[str, int] = {}
    seen: dict[int, str] = {}
    for name, pin in facts.get("pins", {}).items():
        place = number(pin)
        if place is None:
            raise Problem(f'boards/{board}/board.toml: pin {name} is {pin!r}, not a GPIO number, nor like "PB3"')
        if place in seen:
            raise Problem(f"boards/{board}/board.toml: GPIO {pin} is both {seen[place]} and {name}")
        seen[place] = name
        pins[name] = place
    return pins


def header(board: str, pins: dict[str, int]) -> str:
    """Return the C header."""
    lines = [f"// {NOTE.format(board=board)}", "#ifndef RELEVE_PINS_H", "#define RELEVE_PINS_H", ""]
    lines += [f"#define PIN_{name} {pin}u" for name, pin in pins.items()]
    return "\n".join([*lines, "", "#endif", ""])


def stm32_header(board: str, pins: dict[str, int], uarts: dict[str, int]) -> str:
    """Return the C header for an STM32, with the pins' names in MicroPython's port and the numbers of the UARTs."""
    names = [f"#define PINNAME_{name} pin_{chr(ord('A') + pin // 16)}{pin % 16}" for name, pin in pins.items()]
    numbers = [f"#define {name}_UART {uart}" for name, uart in uarts.items()]
    return header(board, pins).replace("\n#endif", "\n".join(["", *names, "", *numbers, "", "#endif"]))


def csv(pins: dict[str, int]) -> str:
    """Return pins.csv of MicroPython's port stm32: every pin under its name here."""
    return "".join(f"{name},P{chr(ord('A') + pin // 16)}{pin % 16}\n" for name, pin in pins.items())


def variables(board: str, pins: dict[str, int]) -> str:
    """Return the same for CMake."""
    lines = [f"# {NOTE.format(board=board)}"] + [f"set(PIN_{name} {pin})" for name, pin in pins.items()]
    return "\n".join([*lines, ""])


def module(board: str, pins: dict[str, int]) -> str:
    """Return the Python module."""
    lines = [f'"""{NOTE.format(board=board)}"""', "", "from micropython import const", ""]
    lines += [f"{name} = const({pin})" for name, pin in pins.items()]
    return "\n".join([*lines, ""])


def write(folder: Path, board: str, facts: dict[str, Any]) -> None:
    """Write pins.h, pins.py and the inputs of the port's build into `folder`."""
    pins = checked(board, facts)
    texts = {"pins.h": header(board, pins), "pins.cmake": variables(board, pins), "pins.py": module(board, pins)}
    if facts.get("port") == "stm32":
        texts = {"pins.h": stm32_header(board, pins, facts["uarts"]), "pins.csv": csv(pins)}
    for name, text in texts.items():
        write_if_changed(folder / name, text)
