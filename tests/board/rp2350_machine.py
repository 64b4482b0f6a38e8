"""Functions of the RPI_PICO2 image, as it was linked, on an emulated Cortex-M33 (unicorn) with registers in memory.

No device works: a register keeps what is written, and every write is logged; only the timer's counter goes on, at each
look. So a test sees what the image asks of the chip, by the addresses of the RP2350 datasheet, not what the chip would
do. As after a reset, no coprocessor is on.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import unicorn
from elftools.elf.elffile import ELFFile
from unicorn import arm_const

from tools.core.target.elf import Elf

FLASH, FLASH_BYTES = 0x10000000, 0x400000
RAM, RAM_BYTES = 0x20000000, 0x82000
STOP = FLASH + FLASH_BYTES - 4
DEVICES = ((0x40000000, 0x200000), (0x50000000, 0x600000), (0xD0000000, 0x10000), (0xE0000000, 0x100000))
RESETS_DONE, TIMERAWL, VTOR = 0x40020008, 0x400B0028, 0xE000ED08
LOOK_US = 10_000
SIO_OUT, SIO_OE = 0xD0000010, 0xD0000030
LOOPS = 200_000
WFE = bytes.fromhex("20bf")


@cache
def image(path: Path) -> tuple[Elf, list[tuple[int, bytes]]]:
    """Return an ELF file's symbols, and what lies where: in flash, and in RAM once it has been copied there."""
    with path.open("rb") as file:
        segments = list(ELFFile(file).iter_segments("PT_LOAD"))
        contents = [(place, part.data()) for part in segments for place in {part["p_paddr"], part["p_vaddr"]}]
    elf = Elf(path)
    assert elf.addresses
    return elf, contents


class Chip:
    """One chip that has not started: RAM as the image has it at main(). `log` has the writes: (address, value)."""

    def __init__(self, path: Path) -> None:
        self.elf, contents = image(path)
        engine_class: Any = unicorn.Uc  # type: ignore[attr-defined]
        self.engine: Any = engine_class(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
        self.engine.ctl_set_cpu_model(arm_const.UC_CPU_ARM_CORTEX_M33)
        self.engine.mem_map(FLASH, FLASH_BYTES)
        self.engine.mem_map(RAM, RAM_BYTES)
        for place, content in contents:
            self.engine.mem_write(place, content)
        for base, size in DEVICES:
            self.engine.mmio_map(base, size, self._read, base, self._write, base)
        self.registers: dict[int, int] = {RESETS_DONE: 0xFFFFFFFF, VTOR: self.elf.addresses["ram_vector_table"]}
        self.log: list[tuple[int, int]] = []
        unhandled = self.elf.addresses["__unhandled_user_irq"] | 1
        for line in range(68):
            self.write_word(self.elf.addresses["ram_vector_table"] + 4 * line, unhandled)

    def _read(self, _engine: Any, offset: int, _size: int, base: int) -> int:
        if base + offset == TIMERAWL:
            self.registers[TIMERAWL] = self.registers.get(TIMERAWL, 0) + LOOK_US
        return self.registers.get(base + offset, 0)

    def _write(self, _engine: Any, offset: int, _size: int, value: int, base: int) -> None:
        address, way = base + offset, 0
        if address < 0xD0000000:  # aliases that write, flip, set and clear
            address, way = address & ~0x3000, address >> 12 & 3
        old = self.registers.get(address, 0)
        self.registers[address] = (value, old ^ value, old | value, old & ~value)[way]
        for place in (SIO_OUT, SIO_OE):
            if address in (place + 8, place + 16):
                kept = self.registers.get(place, 0)
                self.registers[place] = kept | value if address == place + 8 else kept & ~value
        self.log.append((address, self.registers[address]))

    def call(self, name: str, *words: int, loops: bool = False, frame: Sequence[int] = ()) -> int:
        """Call a function with `frame` on the stack, as an exception finds it; `loops`: it never returns, so end it
        after a while. Returns r0.
        """
        registers = (arm_const.UC_ARM_REG_R0, arm_const.UC_ARM_REG_R1, arm_const.UC_ARM_REG_R2, arm_const.UC_ARM_REG_R3)
        for register, word in zip(registers, words, strict=False):
            self.engine.reg_write(register, word)
        stack = RAM + RAM_BYTES - 4 * len(frame)
        self.engine.mem_write(stack, b"".join(word.to_bytes(4, "little") for word in frame))
        self.engine.reg_write(arm_const.UC_ARM_REG_SP, stack)
        self.engine.reg_write(arm_const.UC_ARM_REG_LR, STOP | 1)
        begin = self.elf.addresses[name]
        while begin != STOP:
            try:
                self.engine.emu_start(begin | 1, STOP, count=LOOPS if loops else 0)
                break
            except unicorn.UcError:
                # The emulator stops after a WFE: here the event has always come.
                begin = self.engine.reg_read(arm_const.UC_ARM_REG_PC) & ~1
                if self.engine.mem_read(begin - 2, 2) != WFE:
                    raise
        return int(self.engine.reg_read(arm_const.UC_ARM_REG_R0))

    def word(self, address: int) -> int:
        """Read a word of memory."""
        return int.from_bytes(self.engine.mem_read(address, 4), "little")

    def write_word(self, address: int, value: int) -> None:
        """Write a word of memory."""
        self.engine.mem_write(address, value.to_bytes(4, "little"))

    def at(self, address: int) -> list[int]:
        """Return what has been written to a register, in order, as it then stood."""
        return [value for place, value in self.log if place == address]
