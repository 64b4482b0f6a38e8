"""Measures the most instructions that each function took, callees included, while vectors run on an emulated M0 or M33.

The emulator reports every run of straight code; an instruction whose condition does not hold counts like any other.
Calls are followed by return address, so nested functions are measured too. A public function that the compiler has
inlined everywhere is called separately, on copies of states that the vectors reach. The rounds of each loop are
compared with its declared bound as well.

Errors: Problem if a loop exceeds its bound.
"""

import random
from collections.abc import Collection
from typing import Any

import unicorn
from unicorn import arm_const

from tools.console import Problem
from tools.core.cost.graph import Graphs
from tools.core.target.elf import Elf
from tools.core.target.layout import TargetTypes
from tools.core.target.machine import ARENA, Machine
from tools.core.target.mirror import Block, Call

# A function without callers is probed once in this many calls.
PROBE_EVERY = 40
# First halfwords of the four-byte instructions of Thumb (Armv6-M architecture reference manual, A5.1).
WIDE = (0b11101, 0b11110, 0b11111)


class Frame:
    """A call in progress."""

    def __init__(self, name: str, began: int, returns_to: int) -> None:
        self.name, self.began, self.returns_to = name, began, returns_to
        self.rounds: dict[int, int] = {}


class Meter(Machine):
    """A machine that counts.

    `most` holds the maximum by function, `most_with` by (function, result), `taken` the instructions of the last call.
    """

    def __init__(self, elf: Elf, target: str, graphs: Graphs, types: TargetTypes, public: Collection[str]) -> None:
        super().__init__(elf, target)
        self.most: dict[str, int] = {}
        self.most_with: dict[tuple[str, int], int] = {}
        self.rounds: dict[str, int] = {}
        self.probed: set[str] = set()
        self._loops, self._bounds = graphs.code.loops, graphs.bounds
        self._types = types
        self._public = sorted(public)
        self._random = random.Random(0)
        self._entries = {address: function.name for address, function in elf.functions.items()}
        self._count = 0
        self._frames: list[Frame] = []
        self._known: dict[tuple[int, int], tuple[int, tuple[int, ...]]] = {}
        self._last: dict[str, int] = {}
        self.taken = 0
        self._values: dict[int, list[int]] = {4: [0, 1, 2], 8: [0]}
        self.engine.hook_add(unicorn.UC_HOOK_BLOCK, self._block)

    def run(self, call: Call) -> int:
        """Make the call and count its instructions."""
        self._frames = []
        result = super().run(call)
        took = self.taken = self._last.get(call.name, 0)
        key = (call.name, result)
        self.most_with[key] = max(took, self.most_with.get(key, 0))
        return result

    def call(self, call: Call, result: int, blocks: list[Block]) -> None:
        """As Machine; also probes a function without callers now and then."""
        super().call(call, result, blocks)
        self._remember(call)
        if self.calls % PROBE_EVERY == 0:
            unseen = [name for name in self._public if name not in self.most or name in self.probed]
            if unseen:
                self._probe(self._random.choice(unseen), blocks)

    def _block(self, _engine: Any, address: int, size: int, _data: Any) -> None:
        while self._frames and address == self._frames[-1].returns_to:
            self._leave(self._frames.pop())
        if address in self._entries:
            returns_to = self.engine.reg_read(arm_const.UC_ARM_REG_LR) & ~1
            name = self._entries[address]
            again = self._frames and self._frames[-1].name == name and self._frames[-1].returns_to == returns_to
            if not again:
                self._frames.append(Frame(name, self._count, returns_to))
        if (address, size) not in self._known:
            self._known[address, size] = self._look(address, size)
        count, headers = self._known[address, size]
        self._count += count
        if headers and self._frames:
            self._round(self._frames[-1].rounds, headers)

    def _look(self, address: int, size: int) -> tuple[int, tuple[int, ...]]:
        code = self.elf.code(address, size)
        at, count, headers = 0, 0, []
        while at < size:
            if address + at in self._loops:
                headers.append(address + at)
            at += 4 if code[at + 1] >> 3 in WIDE else 2
            count += 1
        return count, tuple(headers)

    def _round(self, rounds: dict[int, int], headers: tuple[int, ...]) -> None:
        for header in headers:
            for inner, loop in self._loops.items():
                if loop.outer == header:
                    rounds[inner] = 0
            rounds[header] = rounds.get(header, 0) + 1
            key = self._loops[header].key
            self.rounds[key] = max(rounds[header], self.rounds.get(key, 0))
            bound = self._bounds.get(key)
            if bound is not None and rounds[header] > bound:
                raise Problem(f"the loop `{key}` went round {rounds[header]} times; its declared bound is {bound}")

    def _leave(self, frame: Frame) -> None:
        took = self._count - frame.began
        self._last[frame.name] = took
        self.most[frame.name] = max(took, self.most.get(frame.name, 0))

    # Functions without callers

    def _remember(self, call: Call) -> None:
        """Remember numbers from calls, for plausible arguments."""
        words = iter(call.words[1:])
        for parameter in self._types.signatures[call.name].parameters[1:]:
            value = next(words, 0)
            if not parameter.pointer and parameter.size <= 4:
                self._values[4] = [*self._values[4][-9:], value]

    def _probe(self, name: str, blocks: list[Block]) -> None:
        signature = self._types.signatures[name]
        places = self._places(blocks)
        words: list[int] = []
        for parameter in signature.parameters:
            if parameter.pointer:
                if parameter.kind not in places:
                    return
                words.append(self._random.choice(places[parameter.kind]))
            elif parameter.size == 8:
                words.extend([0] * (len(words) % 2))
                value = self._random.choice(self._times(blocks))
                words += [value & 0xFFFFFFFF, value >> 32]
            else:
                words.append(self._random.choice(self._values[4]) & ((1 << 8 * parameter.size) - 1))
        used = max(block.address + block.size for block in blocks) - ARENA
        before = bytes(self.engine.mem_read(ARENA, used))
        self.probed.add(name)
        self.run(Call(name, tuple(words), signature.result.size))
        # The vectors continue with the state as it was.
        self.engine.mem_write(ARENA, before)

    def _places(self, blocks: list[Block]) -> dict[str, list[int]]:
        """Return the addresses of objects of each type, by the type's name."""
        found: dict[str, list[int]] = {}
        for block in blocks:
            for kind, offset in self._types.members(block.name):
                found.setdefault(kind, []).append(block.address + offset)
        return found

    def _times(self, blocks: list[Block]) -> list[int]:
        """Return times from the state, and times near them."""
        times = [
            value
            for block in blocks
            if not block.plain and not isinstance(block.expected, bytes)
            for leaf, value in zip(block.target.leaves, block.expected, strict=True)
            if leaf.size == 8
        ]
        return [time + self._random.choice((0, 1, 1_000_000, 7_200_000_000)) & (1 << 64) - 1 for time in times] or [0]
