"""Worst-case stack of the core's functions on Cortex-M0+, in bytes, including their callees and library helpers.

The depth is followed through the machine code (push, pop, changes of sp) along every path, and at each call the
callee's worst case is added. There is no recursion and no call through a pointer, or graph.py refuses. GCC's own
figures (-fstack-usage) are read as well, and must agree for every function that is compiled separately.

Errors: Problem if sp is changed in a way that cannot be followed, or GCC disagrees.
"""

import re
from collections.abc import Collection, Mapping

from capstone.arm import ARM_INS_ADD, ARM_INS_BL, ARM_INS_POP, ARM_INS_PUSH, ARM_INS_SUB, ARM_OP_IMM, ARM_REG_SP

from tools.console import Problem
from tools.core.cost.flow import Block
from tools.core.cost.graph import Graphs
from tools.core.target.build import Image
from tools.core.target.elf import Elf

WORD = 4


class Stacks:
    """Stack of the functions of one program."""

    def __init__(self, elf: Elf, graphs: Graphs) -> None:
        self.elf, self._graphs = elf, graphs
        self._worst: dict[int, tuple[int, int]] = {}

    def worst(self, name: str) -> int:
        """Return the most bytes below the stack pointer with which function `name` is called."""
        return self._of(self.elf.addresses[name])[1]

    def frame(self, name: str) -> int:
        """Return the bytes of the function's own frame."""
        return self._of(self.elf.addresses[name])[0]

    def _of(self, address: int) -> tuple[int, int]:
        if address not in self._worst:
            self._graphs.cost(self.elf.function_at(address).name)  # refuses recursion
            blocks = self._graphs.code.blocks(address)
            depths = {address: 0}
            todo = [address]
            frame = worst = 0
            while todo:
                start = todo.pop()
                depth, deepest, calls = self._through(blocks[start], depths[start])
                frame = max(frame, deepest)
                worst = max([worst, deepest, *(at + self._of(callee)[1] for callee, at in calls)])
                for successor in blocks[start].successors:
                    if successor not in depths:
                        depths[successor] = depth
                        todo.append(successor)
                    elif depths[successor] != depth:
                        raise Problem(f"{self.elf.function_at(address).name}: uneven stack at {successor:#x}")
            self._worst[address] = (frame, worst)
        return self._worst[address]

    def _through(self, block: Block, depth: int) -> tuple[int, int, list[tuple[int, int]]]:
        """Return (depth after, deepest, calls with the depth at which they are made)."""
        deepest, calls, callees = depth, [], list(block.calls)
        known: dict[int, int] = {}
        for instruction in self._graphs.code.instructions(block):
            operands = instruction.operands
            if instruction.id == ARM_INS_BL:
                calls.append((callees.pop(0), depth))
            elif instruction.id == ARM_INS_PUSH:
                depth += WORD * len(operands)
            elif instruction.id == ARM_INS_POP:
                depth -= WORD * len(operands)
            elif operands and operands[0].reg == ARM_REG_SP and instruction.id in (ARM_INS_ADD, ARM_INS_SUB):
                last = operands[-1]
                # Large frames are made and removed with a constant from a register; a negative one makes the frame.
                moved = last.imm if last.type == ARM_OP_IMM else known.get(last.reg)
                if moved is None:
                    raise Problem(f"sp moves by an unknown amount at {instruction.address:#x}")
                moved = moved - (1 << 32) if moved >> 31 == 1 else moved
                depth += moved if instruction.id == ARM_INS_SUB else -moved
            elif ARM_REG_SP in instruction.regs_access()[1] and instruction.id not in (ARM_INS_PUSH, ARM_INS_POP):
                raise Problem(f"sp is set at {instruction.address:#x}")
            self._graphs.code.follow(instruction, known)
            deepest = max(deepest, depth)
        # The remaining calls are the function's last instruction, a tail call: its frame is gone by then.
        calls += [(callee, depth) for callee in callees]
        return depth, deepest, calls


def compiler_frames(image: Image) -> dict[str, int]:
    """Return GCC's frame sizes of the core's functions (-fstack-usage), by name."""
    frames = {}
    for compiled in image.objects:
        text = compiled.with_suffix(".su").read_text(encoding="utf-8")
        for name, size, kind in re.findall(r"^[^\t]*:(\w[\w.]*)\t(\d+)\t(\w+)", text, re.MULTILINE):
            if kind != "static":
                raise Problem(f"{name}: stack of {kind} size")
            frames[name] = int(size)
    return frames


def stack_bytes(image: Image, bounds: Mapping[str, int], names: Collection[str]) -> dict[str, int]:
    """Return the worst stack of the functions `names`. Raises Problem if code and compiler disagree about a frame."""
    elf = Elf(image.elf)
    stacks = Stacks(elf, Graphs(elf, bounds))
    said = compiler_frames(image)
    for name in names:
        if stacks.frame(name) != said[name]:
            raise Problem(f"{name}: {stacks.frame(name)} bytes of stack in its code, but GCC says {said[name]}")
    return {name: stacks.worst(name) for name in names}
