"""A few lines of assembly, run by the emulated processor with its devices and nothing else around."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from hil.emulator_stm32.chip import Chip
from hil.emulator_stm32.device import CYCLES_A_SECOND
from hil.emulator_stm32.memory import SRAM1_AT, Memory
from hil.emulator_stm32.processor import Processor

FLASH, STACK, RESULTS = 0x08000000, 0x20018000, SRAM1_AT
LINES = 16 + 82
HEAD = """
.syntax unified
.cpu cortex-m4
.fpu fpv4-sp-d16
.thumb
.equ RESULTS, 0x20000000
.macro put number, register
    ldr r7, =RESULTS + 4 * \\number
    str \\register, [r7]
.endm
.macro poke address, value
    ldr r6, =\\address
    ldr r7, =\\value
    str r7, [r6]
.endm
.word 0x20018000
"""


def assemble(text: str, handlers: dict[int, str]) -> bytes:
    """An image: vectors, then the program, from the label `start` on."""
    vectors = "\n".join(f".word {handlers.get(n, 'start' if n == 1 else 'other')}" for n in range(1, LINES))
    labels = "\n".join(f".thumb_func\n.type {each}, %function" for each in {"start", "other", *handlers.values()})
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "p.s").write_text(f"{HEAD}{vectors}\n{labels}\nother: b other\n{text}\n.ltorg\n", encoding="utf-8")
        subprocess.run(["arm-none-eabi-as", "-o", place / "p.o", place / "p.s"], check=True)
        subprocess.run(
            ["arm-none-eabi-ld", f"-Ttext={FLASH:#x}", "-e", f"{FLASH:#x}", "-o", place / "p.elf", place / "p.o"],
            check=True,
        )
        subprocess.run(["arm-none-eabi-objcopy", "-O", "binary", place / "p.elf", place / "p.bin"], check=True)
        return (place / "p.bin").read_bytes()


class Program:
    """The program, running. `word(n)` is what it has put at RESULTS + 4 · n."""

    def __init__(self, text: str, **handlers: str) -> None:
        numbers = {int(name.removeprefix("v")): label for name, label in handlers.items()}
        self.memory = Memory(assemble(text, numbers))
        self.chip = Chip(self.memory.bytes_at, since_reset=True)
        self.processor = Processor(self.chip, self.memory)
        self.memory.set_words(RESULTS, [0] * 64)

    def run(self, us: int) -> None:
        """Let time pass."""
        self.processor.run(self.chip.now + us * CYCLES_A_SECOND // 1_000_000)

    def word(self, number: int) -> int:
        """A result."""
        return self.memory.word(RESULTS + 4 * number)
