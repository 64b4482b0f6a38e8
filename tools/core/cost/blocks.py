"""The control-flow graphs of a program in Armv6-M or Armv8-M code: straight blocks, jumps, calls, and named loops.

Code is accepted only if all of its jumps and calls can be followed. An instruction whose condition may not hold (in an
IT block) counts as one that does, a call as one that is made.
Errors: Unbounded, naming the function and the address.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from capstone import CS_ARCH_ARM, CS_MODE_MCLASS, CS_MODE_THUMB, Cs
from capstone.arm import (
    ARM_CC_AL,
    ARM_CC_INVALID,
    ARM_INS_ADD,
    ARM_INS_B,
    ARM_INS_BL,
    ARM_INS_BLX,
    ARM_INS_BX,
    ARM_INS_CBNZ,
    ARM_INS_CBZ,
    ARM_INS_IT,
    ARM_INS_LDM,
    ARM_INS_LDR,
    ARM_INS_LSL,
    ARM_INS_MOV,
    ARM_INS_MOVS,
    ARM_INS_MOVW,
    ARM_INS_POP,
    ARM_INS_TBB,
    ARM_INS_TBH,
    ARM_OP_IMM,
    ARM_OP_MEM,
    ARM_OP_REG,
    ARM_REG_LR,
    ARM_REG_PC,
    ARM_REG_R2,
    ARM_REG_SP,
)

from tools.console import Problem
from tools.core.cost.flow import Block, find_headers
from tools.core.target.elf import Elf

EXITS = {ARM_REG_LR}
_IT_BYTES = 2 + 4 * 4  # of an IT instruction and the four that depend on it at most


class Unbounded(Problem):
    """Code whose cost cannot be bounded."""


class Loop(NamedTuple):
    """A loop: the `key` under which its bound is declared, its first block, and the loop around it."""

    key: str
    header: int
    outer: int | None


class Code:
    """The functions of one ELF file as graphs, read on demand, and all their `loops` by their first block.

    The key of a loop is the name of the function whose source contains it, even where that has been inlined. If a
    function has several loops, `.1`, `.2` … follow in the order of the source.
    """

    def __init__(self, elf: Elf) -> None:
        self.elf = elf
        self.loops: dict[int, Loop] = {}
        self._blocks: dict[int, dict[int, Block]] = {}
        self._decoded: dict[int, Any] = {}
        self._machine = Cs(CS_ARCH_ARM, CS_MODE_THUMB | CS_MODE_MCLASS)
        self._machine.detail = True
        self._find_loops()

    def blocks(self, address: int) -> dict[int, Block]:
        """The blocks of the function at `address` by their first instruction's address."""
        if address not in self._blocks:
            self._blocks[address] = self._read(address)
        return self._blocks[address]

    def instructions(self, block: Block) -> list[Any]:
        """Return the block's instructions, as capstone describes them."""
        return [self._decode(at) for at in block.addresses]

    def callees(self, address: int) -> set[int]:
        """Return the functions that the function at `address` calls."""
        return {call for block in self.blocks(address).values() for call in block.calls}

    def _decode(self, at: int) -> Any:
        """Return the instruction at an address, with its condition if the IT before it has been decoded; or None."""
        if at not in self._decoded:
            found = next(self._machine.disasm(self.elf.code(at, 4), at, 1), None)
            self._decoded[at] = found
            if found is not None and found.id == ARM_INS_IT:
                code = self.elf.code(at, _IT_BYTES)
                inside = list(self._machine.disasm(code, at, len(found.mnemonic)))[1:]  # `itte`: three
                self._decoded |= {each.address: each for each in inside}
        return self._decoded[at]

    def _read(self, address: int) -> dict[int, Block]:
        starts, seen, edges = {address}, {}, {}
        todo = [address]
        while todo:
            at = todo.pop()
            while at not in seen:
                instruction = self._decode(at)
                if instruction is None:
                    raise Unbounded(f"{self.elf.function_at(address).name}: {at:#x} is not an instruction")
                step = self._step(instruction, address)
                seen[at] = (instruction.size, step)
                successors, _, leaves = step
                if leaves or successors != (at + instruction.size,):
                    starts.update(successors)
                    todo.extend(successors)
                    edges[at] = successors
                    break
                at += instruction.size
        return _cut(starts, seen)

    def copied(self, block: Block, callee: int) -> list[int | None]:
        """Return the length, the third argument, of each call of `callee` in a block; None where it is not constant."""
        sizes: list[int | None] = []
        known: dict[int, int] = {}
        for instruction in self.instructions(block):
            if instruction.id == ARM_INS_BL and instruction.operands[0].imm & ~1 == callee:
                sizes.append(known.get(ARM_REG_R2))
            self.follow(instruction, known)
        return sizes

    def follow(self, instruction: Any, known: dict[int, int]) -> None:
        """Track the registers with constant content, by their numbers, over one instruction."""
        if instruction.id in (ARM_INS_BL, ARM_INS_BLX):
            known.clear()
            return
        operands = instruction.operands
        value = None
        if operands and operands[0].type == ARM_OP_REG:
            target, last = operands[0].reg, operands[-1]
            # With two operands the first is also a source.
            source = known.get(operands[1].reg if len(operands) == 3 else target)
            if instruction.cc not in (ARM_CC_AL, ARM_CC_INVALID):
                pass  # it may not be carried out
            elif last.type == ARM_OP_IMM and instruction.id in (ARM_INS_MOV, ARM_INS_MOVS, ARM_INS_MOVW):
                value = int(last.imm)
            elif instruction.id == ARM_INS_LDR and last.type == ARM_OP_MEM and last.mem.base == ARM_REG_PC:
                value = int.from_bytes(self.elf.code((instruction.address + 4 & ~3) + last.mem.disp, 4), "little")
            elif source is not None and last.type == ARM_OP_IMM and instruction.id == ARM_INS_LSL:
                value = source << int(last.imm)
            elif source is not None and last.type == ARM_OP_IMM and instruction.id == ARM_INS_ADD:
                value = source + int(last.imm)
        for register in instruction.regs_access()[1]:
            known.pop(register, None)
        if value is not None:
            known[operands[0].reg] = value & 0xFFFFFFFF

    def _step(self, instruction: Any, function: int) -> tuple[tuple[int, ...], int | None, bool]:
        """Return (successors, callee, may return) of one instruction."""
        i = instruction
        after = i.address + i.size
        code, operands = i.id, i.operands
        name = self.elf.function_at(function).name
        target = operands[0].imm if operands and operands[0].type == ARM_OP_IMM else None
        always = i.cc in (ARM_CC_AL, ARM_CC_INVALID)
        if code in (ARM_INS_BL, ARM_INS_BLX):
            if target is None:
                raise Unbounded(f"{name}: call through a pointer at {after - 2:#x}")
            return (after,), target & ~1, False
        if code == ARM_INS_B and target is not None:
            inside = self._inside(target, function)
            if not inside:
                # A jump out of the function is a tail call.
                return (() if always else (after,)), target, True
            return ((target,) if always else (target, after)), None, False
        if code in (ARM_INS_CBZ, ARM_INS_CBNZ):
            return (operands[1].imm, after), None, False
        if self._returns(i):
            return (() if always else (after,)), None, True
        if ARM_REG_PC in i.regs_access()[1] or code in (ARM_INS_BX, ARM_INS_TBB, ARM_INS_TBH):
            raise Unbounded(f"{name}: jump to a computed address at {after - 2:#x} (build with -fno-jump-tables)")
        return (after,), None, False

    @staticmethod
    def _returns(instruction: Any) -> bool:
        """Does the instruction end the function, if its condition holds?"""
        code, operands = instruction.id, instruction.operands
        if code == ARM_INS_BX:
            return bool(operands[0].reg in EXITS)
        if code == ARM_INS_LDR:
            return bool(operands[0].reg == ARM_REG_PC and operands[1].mem.base == ARM_REG_SP)
        registers = operands[1:] if code == ARM_INS_LDM and operands[0].reg == ARM_REG_SP else operands
        return code in (ARM_INS_POP, ARM_INS_LDM) and any(each.reg == ARM_REG_PC for each in registers)

    def _inside(self, target: int, function: int) -> bool:
        return self.elf.function_at(target).address == function

    def _find_loops(self) -> None:
        """Give every loop of the program its key."""
        found: dict[int, tuple[int | None, int]] = {}
        for address in self.elf.functions:
            try:
                blocks = self.blocks(address)
            except Unbounded:
                continue  # reported again to every caller that asks for its cost
            find_headers(blocks, set(blocks), address, None, found)
        lines: dict[str, set[tuple[int, int]]] = {}
        for _, jump in found.values():
            lines.setdefault(self.elf.lexical_function(jump), set()).add(self._place(jump))
        for header, (outer, jump) in found.items():
            name = self.elf.lexical_function(jump)
            number = sorted(lines[name]).index(self._place(jump)) + 1
            self.loops[header] = Loop(name if len(lines[name]) == 1 else f"{name}.{number}", header, outer)

    def _place(self, jump: int) -> tuple[int, int]:
        """Sort key for the loops of a function: by line; assembler without lines by address."""
        line = self.elf.line_at(jump)[1] if self.elf.has_lines(jump) else 0
        return line, 0 if line else jump


def _cut(
    starts: set[int], seen: Mapping[int, tuple[int, tuple[tuple[int, ...], int | None, bool]]]
) -> dict[int, Block]:
    """Build blocks from single instructions."""
    blocks = {}
    for start in starts:
        addresses: list[int] = []
        calls: list[int] = []
        at = start
        while True:
            size, (successors, callee, leaves) = seen[at]
            addresses.append(at)
            if callee is not None:
                calls.append(callee)
            at += size
            if leaves or successors != (at,) or at in starts:
                break
        blocks[start] = Block(tuple(addresses), successors, tuple(calls), leaves)
    return blocks
