"""What the session costs on a Cortex-M0+: cycles and stack of the RPI_PICO image's own code, against budget.toml.

    python -m tools.core.session.cost [--raise-budget]

The image is run in unicorn, function by function (machine.py); nothing of the board around it runs. Writes
build/core/session.json. Exit status 1 if a figure is above its budget by more than one in a hundred.
"""

import argparse
import re
import tomllib
from pathlib import Path
from typing import Any

from tools.console import ROOT, Problem, main_guard, say
from tools.core.session.build import build
from tools.core.session.machine import EmulatedSession, Processor
from tools.core.session.programs import Costs, sessions
from tools.core.sources import OUT, write_json

BUDGET = Path(__file__).with_name("budget.toml")
IMAGE = ROOT / "build" / "RPI_PICO" / "firmware.elf"
RESULT = OUT / "session.json"
MHZ = 125
TOLERATED = 1.01


def processor(image: Path = IMAGE) -> Processor:
    """Return a processor that counts, with the board's image. Raises Problem if it has not been built."""
    if not image.is_file():
        raise Problem(f"{image} is missing: make firmware BOARD=RPI_PICO")
    return Processor(image, "m0", memory=build("m0"), count=True)


def measure(image: Path = IMAGE) -> Costs:
    """Return the figures of budget.toml, measured."""
    device = type("Device", (EmulatedSession,), {"processor": processor(image)})
    return sessions(device)


def compare(found: Costs, budget: dict[str, Any]) -> list[str]:
    """Return what is above its budget, or above the specification's limit."""
    wrong = []
    for kind, figures in (("cycles", found.cycles), ("stack_bytes", found.stack_bytes)):
        for name, figure in figures.items():
            if figure > TOLERATED * budget[kind][name]:
                wrong.append(f"{kind} of {name}: {figure}, committed {budget[kind][name]}")
    for name, aim in budget["aims_cycles"].items():
        if found.cycles[name] > aim:
            wrong.append(f"cycles of {name}: {found.cycles[name]}, and the specification allows {aim}")
    return wrong


def raised(text: str, found: Costs) -> str:
    """Return budget.toml with the measured figures."""
    head, aims = text.split("# The specification's limits")
    parts = head.split("[stack_bytes]")
    for place, figures in enumerate((found.cycles, found.stack_bytes)):
        for name, figure in figures.items():
            parts[place] = re.sub(rf"(?m)^{name} = \d+", f"{name} = {figure}", parts[place])
    return "[stack_bytes]".join(parts) + "# The specification's limits" + aims


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Cycles and stack of the session on a Cortex-M0+.")
    parser.add_argument("--raise-budget", action="store_true")
    options = parser.parse_args()
    found = measure()
    if options.raise_budget:
        BUDGET.write_text(raised(BUDGET.read_text(encoding="utf-8"), found), encoding="utf-8")
    budget = tomllib.loads(BUDGET.read_text(encoding="utf-8"))
    wrong = compare(found, budget)
    micros = {name: round(figure / MHZ) for name, figure in found.cycles.items()}
    write_json(RESULT, {"mhz": MHZ, "cycles": found.cycles, "us": micros, "stack_bytes": found.stack_bytes})
    for name, figure in found.cycles.items():
        say(f"{name:16} {figure:10} cycles {micros[name]:7} µs")
    for name, figure in found.stack_bytes.items():
        say(f"{name:16} {figure:10} bytes of stack")
    if wrong:
        raise Problem("\n".join(wrong))


if __name__ == "__main__":
    main_guard(main)
