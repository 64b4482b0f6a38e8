"""Flash and RAM of a board's image against its committed figures: boards/BOARD/budget.toml.

    python3 -m tools.board_size BOARD                    builds the image if need be, compares, prints a table
    python3 -m tools.board_size BOARD --raise-budget     writes today's figures, on purpose

A figure above its budget fails; the commit that raises it says why. The figures come from the ELF file's symbols: the
flash that the image takes, the RAM that is statically allocated (code in RAM, variables, the programmer link's rings),
and the RAM that is left for Python's heap. The stack of the worst interrupt, an upper bound from the image's code, is
compared with boards/RP2/interrupt.toml. Boot time, stack and heap in use are measured where the image runs:
tests/suite/test_figures.py. For an STM32L4, whose image needs more than Debian has, only our own C is measured,
including its stack: tools/board_glue.py.
Errors: Problem, naming the figure.
"""

import argparse
import re
import subprocess
import tomllib
from pathlib import Path
from typing import NamedTuple

from tools import board_glue, interrupt_stack
from tools.board_glue import Glue
from tools.console import ROOT, Problem, main_guard
from tools.micropython import board_job, build_board

FLASH_START = 0x10000000
RAM_START = 0x20000000
INTERRUPT = ROOT / "boards" / "RP2" / "interrupt.toml"
SYMBOLS = ("__flash_binary_end", "__data_start__", "__data_end__", "__bss_end__", "__GcHeapStart", "__GcHeapEnd")


class Sizes(NamedTuple):
    """Sizes in bytes."""

    flash_bytes: int
    ram_bytes: int
    heap_bytes: int


# Figures that get worse when they fall; all others get worse when they rise.
WORSE_IF_LESS = frozenset({"heap_bytes"})


def measure(elf: Path) -> Sizes:
    """Return the sizes of an RP2040 or RP2350 image. Raises Problem if the ELF file lacks a symbol."""
    listed = subprocess.run(["arm-none-eabi-nm", str(elf)], capture_output=True, text=True, check=True).stdout
    found = {name: int(value, 16) for value, name in re.findall(r"^([0-9a-f]+) \w (\w+)$", listed, re.MULTILINE)}
    missing = [name for name in SYMBOLS if name not in found]
    if missing:
        raise Problem(f"{elf} has no symbol {', '.join(missing)}")
    return Sizes(
        found["__flash_binary_end"] - FLASH_START,
        found["__bss_end__"] - RAM_START,
        found["__GcHeapEnd"] - found["__GcHeapStart"],
    )


def worse_interrupt(elf: Path, chip: str) -> list[str]:
    """Return what is wrong with the stack of the worst interrupt, in words, and say how much it is."""
    limit = tomllib.loads(INTERRUPT.read_text(encoding="utf-8"))["stack_bytes"][chip]
    taken = interrupt_stack.worst(elf, chip)
    print(f"worst interrupt: {taken} bytes of stack, budget {limit}")
    return [] if taken <= limit else [f"an interrupt takes {taken} bytes of stack, more than {INTERRUPT.name} says"]


def worse(sizes: Sizes | Glue, budget: dict[str, int]) -> list[str]:
    """Return the figures that are worse than their budget, in words."""
    found = []
    for name, value in sizes._asdict().items():
        limit = budget[name]
        if value < limit if name in WORSE_IF_LESS else value > limit:
            found.append(f"{name} is {value}, {'less' if name in WORSE_IF_LESS else 'more'} than the {limit} committed")
    return found


def table(sizes: Sizes | Glue, budget: dict[str, int], available: dict[str, int]) -> str:
    """Return a table of figures and budgets."""
    lines = [f"{'':12}{'bytes':>10}{'budget':>10}{'of':>10}"]
    for name, value in sizes._asdict().items():
        lines.append(f"{name:12}{value:>10}{budget[name]:>10}{available.get(name, 0) or '':>10}")
    return "\n".join(lines)


def with_figures(text: str, sizes: Sizes | Glue) -> str:
    """Return the text of budget.toml with today's figures."""
    for name, value in sizes._asdict().items():
        text = re.sub(rf"(?m)^{name} = \d+", f"{name} = {value}", text, count=1)
    return text


def budget_file(board: str) -> Path:
    """Return the file of a board's budget; one serves every STM32L4."""
    return ROOT / "boards" / ("STM32L4" if board_job(board).facts["port"] == "stm32" else board) / "budget.toml"


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Flash and RAM of a board's image against its budget.")
    parser.add_argument("board")
    parser.add_argument("--raise-budget", action="store_true")
    args = parser.parse_args()
    known = board_job(args.board).facts
    stm32 = known["port"] == "stm32"
    path = budget_file(args.board)
    if not path.is_file():
        raise Problem(f"board {args.board} has no budget: {path.relative_to(ROOT)} is missing")
    elf = Path() if stm32 else build_board(args.board).with_suffix(".elf")
    sizes = board_glue.measure(args.board) if stm32 else measure(elf)
    if args.raise_budget:
        path.write_text(with_figures(path.read_text(encoding="utf-8"), sizes), encoding="utf-8")
    facts = tomllib.loads(path.read_text(encoding="utf-8"))
    print(table(sizes, facts["budget"], facts["available"]))
    beyond = worse(sizes, facts["budget"])
    if not stm32:
        beyond += worse_interrupt(elf, known["chip"])
    if beyond:
        command = f"python3 -m tools.board_size {args.board} --raise-budget"
        raise Problem(f"{args.board}: {'; '.join(beyond)}. If it must be so: {command}")


if __name__ == "__main__":
    main_guard(main)
