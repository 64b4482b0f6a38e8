"""A board's name and currents, from boards/BOARD/board.toml and the file of currents that it names, for its firmware.

Errors: Problem if a figure is missing.
"""

import tomllib
from pathlib import Path
from typing import Any

from tools.console import ROOT, Problem, write_if_changed

MODULE = "facts.py"


def currents(path: Path) -> tuple[int, ...]:
    """Return a board's figures in nA, µs and ns, in the order of FIGURES in firmware/upkeep/energy.py.

    Raises Problem if the file lacks one. A chip that stops its clocks between wake-ups is idle at `stop`.
    """
    read = tomllib.loads(path.read_text(encoding="utf-8"))
    try:
        ua, us = read["current_ua"], read["time_us"]
        idle_ua = ua.get("stop", ua["sleep"]) + ua["fram_idle"] + ua["clock_idle"] + ua["driver_idle"]
        drawn_ua = (idle_ua, *(ua[name] for name in ("run", "motor", "tone", "link", "fram_active")))
        times = (us["wake"], us["tone"], us["byte"] * 1000, us["link"])
    except KeyError as missing:
        raise Problem(f"{path} has no {missing.args[0]}") from missing
    return (*(round(each * 1000) for each in drawn_ua), *(round(each) for each in times))


def module(board: str, facts: dict[str, Any]) -> str:
    """Return the module's text."""
    return (
        f'"""Made from boards/{board}/board.toml and {facts["current"]} by the build. Do not edit."""\n\n'
        f'NAME = "{board}"\n'
        "# As FIGURES in firmware/upkeep/energy.py.\n"
        f"CURRENTS = {currents(ROOT / facts['current'])}\n"
    )


def write(folder: Path, board: str, facts: dict[str, Any]) -> None:
    """Write the module into `folder`. A board without currents is no pump and gets none."""
    if "current" in facts:
        write_if_changed(folder / MODULE, module(board, facts))
