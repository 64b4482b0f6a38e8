"""Flash, RAM and stack of this project's own C on an STM32L4, without MicroPython's port, which needs a checkout with
ST's headers.

The chip's folder, the service and the dose core are compiled as for the image. Flash and RAM are the sizes of their
sections. The stack is that of the worst path through an interrupt, from the compiler's call graph, plus the registers
that the processor saves.
Errors: Problem, with the compiler's message.
"""

import re
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from tools import pins
from tools.console import ROOT, Problem
from tools.micropython import board_job
from tools.ports.rp2 import core_flags

FLAGS = "-mcpu=cortex-m4 -mthumb -mfpu=fpv4-sp-d16 -mfloat-abi=hard -std=gnu11 -ffunction-sections".split()
# An exception's frame with the floating-point registers (ARM DDI 0403, B1.5.7), aligned.
FRAME_BYTES = 26 * 4 + 4
HANDLER = re.compile(r"(interrupts|link)\.c:\w*interrupt$")
_NODE = re.compile(r'node: \{ title: "([^"]+)" label: "[^"]*?\\n(\d+) bytes \(([\w,]+)\)')
_EDGE = re.compile(r'edge: \{ sourcename: "([^"]+)" targetname: "([^"]+)"')


class Glue(NamedTuple):
    """Sizes in bytes."""

    flash_bytes: int
    ram_bytes: int
    stack_bytes: int


def sources() -> list[Path]:
    """Return all our sources that are not part of MicroPython's own C."""
    folder = ROOT / "c_ext"
    shared = [folder / "board" / name for name in ("bus_clear.c", "image.c", "service.c", "start.c")]
    return sorted((folder / "stm32").glob("*.c")) + shared + sorted((folder / "core").glob("*.c"))


def sizes(objects: list[Path]) -> tuple[int, int]:
    """Return (flash, RAM) of the objects' sections. Initialised variables count in both."""
    listed = subprocess.run(["arm-none-eabi-size", *objects], capture_output=True, text=True, check=True).stdout
    rows = [[int(word) for word in line.split()[:3]] for line in listed.splitlines()[1:]]
    return sum(text + data for text, data, _ in rows), sum(data + bss for _, data, bss in rows)


def worst_stack(graphs: list[str], handler: re.Pattern[str] = HANDLER) -> int:
    """Return the deepest stack from the functions matched by `handler`. Raises Problem if there is none or no bound."""
    frames: dict[str, int] = {}
    calls: dict[str, set[str]] = {}
    for text in graphs:
        for name, frame, kind in _NODE.findall(text):
            if kind not in ("static", "dynamic,bounded"):
                raise Problem(f"{name} takes a stack that the compiler does not know ({kind})")
            frames[name] = int(frame)
        for source, target in _EDGE.findall(text):
            calls.setdefault(source, set()).add(target)
    roots = [name for name in frames if handler.search(name)]
    if not roots:
        raise Problem("no interrupt handler found in the compiler's call graph")

    def deepest(name: str, above: tuple[str, ...]) -> int:
        if name in above:
            raise Problem(f"{name} calls itself: the stack has no bound")
        below = [deepest(each, (*above, name)) for each in calls.get(name, ())]
        return frames.get(name, 0) + max(below, default=0)

    return max(deepest(root, ()) for root in roots) + FRAME_BYTES


def measure(board: str) -> Glue:
    """Return the figures of an STM32L4 board's own C. Raises Problem."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pins.write(folder, board, board_job(board).facts)
        objects = []
        for path in sources():
            objects.append(folder / f"{path.parent.name}-{path.stem}.o")
            own = core_flags().split() if path.parent.name == "core" or path.stem == "service" else ["-Os"]
            places = [f"-I{each}" for each in (folder, path.parent, ROOT / "c_ext" / "stm32")]
            command = ["arm-none-eabi-gcc", *FLAGS, *own, "-DRELEVE_RELEASE=1", *places]
            done = subprocess.run(
                [*command, "-fcallgraph-info=su", "-c", path, "-o", objects[-1]],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode != 0:
                raise Problem(f"{path.relative_to(ROOT)} does not compile for {board}:\n{done.stderr}")
        graphs = [path.with_suffix(".ci").read_text(encoding="utf-8") for path in objects]
        return Glue(*sizes(objects), worst_stack(graphs))
