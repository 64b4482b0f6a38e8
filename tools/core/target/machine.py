"""An image's code in an emulated processor (unicorn), called function by function and compared after every call.

Its instructions are exact. It has no cycles, interrupts or peripherals, and needs none: the core is plain integer code.
Errors: Mismatch, naming call, values and the expected values.
"""

import struct
from typing import Any

import unicorn
from unicorn import arm_const

from tools.console import Problem
from tools.core.target.elf import Elf
from tools.core.target.mirror import Block, Call

MODELS = {
    "m0": arm_const.UC_CPU_ARM_CORTEX_M0,
    "m3": arm_const.UC_CPU_ARM_CORTEX_M3,
    "m4": arm_const.UC_CPU_ARM_CORTEX_M4,
    "m33": arm_const.UC_CPU_ARM_CORTEX_M33,
}
PAGE = 0x1000
RAM_BYTES = 0x400000
# The arena lies above every image's memory. It is larger than a board's, for vectors with long histories.
ARENA = 0x40000000
ARENA_BYTES = 0x400000
# struct runner_mailbox of c_ext/baremetal/runner.c: function, eight argument words; after them, 8-aligned, the result.
ARGUMENTS_MAX = 8
MAILBOX = struct.Struct(f"<{1 + ARGUMENTS_MAX}I")
RESULT_OFFSET = 40
WORD = 4


class Mismatch(AssertionError):
    """Host and target differ."""


class Machine:
    """One emulated processor with an image loaded; a Sink for the mirror. Counts `calls` and `compared_bytes`."""

    def __init__(self, elf: Elf, target: str) -> None:
        self.elf = elf
        self.target = target
        engine_class: Any = unicorn.Uc  # type: ignore[attr-defined]
        self.engine: Any = engine_class(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
        self.engine.ctl_set_cpu_model(MODELS[target])
        ram = elf.addresses["data_start"]  # the linker script's first in RAM
        self.engine.mem_map(ram, RAM_BYTES)
        self.engine.mem_map(ARENA, ARENA_BYTES)
        mapped = set(range(ram // PAGE, (ram + RAM_BYTES) // PAGE))
        for address, content in elf.segments():
            self._map(address, len(content), mapped)
            self.engine.mem_write(address, content)
        self.arena = (ARENA, ARENA + ARENA_BYTES)
        self._mailbox = elf.addresses["runner_mailbox"]
        self._start = elf.addresses["runner_one"] | 1
        self._stop = elf.addresses["runner_stop"]
        self.calls = 0
        self.compared_bytes = 0
        self._raw: dict[int, bytes] = {}

    def _map(self, address: int, size: int, mapped: set[int]) -> None:
        for page in range(address // PAGE, (address + size - 1) // PAGE + 1):
            if page not in mapped:
                self.engine.mem_map(page * PAGE, PAGE)
                mapped.add(page)

    def run(self, call: Call) -> int:
        """Make the call. Return the result as an unsigned number of its size."""
        words = (*call.words, *(0,) * (ARGUMENTS_MAX - len(call.words)))
        self.engine.mem_write(self._mailbox, MAILBOX.pack(self.elf.addresses[call.name], *words))
        # Without a limit on instructions, because with one the emulator would stop at each of them. The host's call has
        # ended.
        self.engine.emu_start(self._start, self._stop)
        after = self.engine.mem_read(self._mailbox, RESULT_OFFSET + call.result_bytes)
        if any(after[:WORD]):
            raise Problem(f"{self.target}: {call.name} did not return")
        return int.from_bytes(after[RESULT_OFFSET:], "little")

    # Sink

    def begin(self) -> None:
        """Begin a new sequence."""
        self._raw = {}

    def write(self, address: int, content: bytes) -> None:
        """Put the host's bytes into memory."""
        self.engine.mem_write(address, content)
        self._raw[address] = content

    def call(self, call: Call, result: int, blocks: list[Block]) -> None:
        """Make the call. Raises Mismatch if result or memory differ from the host's."""
        got = self.run(call)
        self.calls += 1
        if got != result:
            raise Mismatch(f"{self.target}: {_shown(call)} gave {got}, the host {result}")
        for block in blocks:
            raw = bytes(self.engine.mem_read(block.address, block.size))
            self.compared_bytes += len(raw)
            # Nothing changed on either side, so equal memory is still equal.
            if block.moved or raw != self._raw.get(block.address):
                values = raw if block.plain else block.target.packer.unpack(raw)
                if values != block.expected:
                    raise Mismatch(f"{self.target}: after {_shown(call)} {'; '.join(block.names(raw))}")
                self._raw[block.address] = raw


def _shown(call: Call) -> str:
    return f"{call.name}({', '.join(f'{word:#x}' for word in call.words)})"
