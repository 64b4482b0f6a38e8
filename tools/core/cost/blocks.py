"""The control-flow graphs of a program in Armv6-M code: straight blocks, jumps, calls, and named loops.

Code is accepted only if all of its jumps and calls can be followed.
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
    ARM_INS_LDR,
    ARM_INS_LSL,
    ARM_INS_MOV,
    ARM_INS_MOVS,
    ARM_INS_POP,
    ARM_OP_IMM,
    ARM_OP_MEM,
    ARM_OP_REG,
    ARM_REG_LR,
    ARM_REG_PC,
    ARM_REG_R2,
)

from tools.console import Problem
from tools.core.target.elf import Elf

EXITS = {ARM_REG_LR}


class Unbounded(Problem):
    """Code whose cost cannot be bounded."""


class Block(NamedTuple):
    """Straight code: the addresses of its instructions, its successors, its callees; `leaves` if it may return."""

    addresses: tuple[int, ...]
    successors: tuple[int, ...]
    calls: tuple[int, ...]
    leaves: bool


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
        return [next(self._machine.disasm(self.elf.code(at, 4), at, 1)) for at in block.addresses]

    def callees(self, address: int) -> set[int]:
        """Return the functions that the function at `address` calls."""
        return {call for block in self.blocks(address).values() for call in block.calls}

    def _read(self, address: int) -> dict[int, Block]:
        starts, seen, edges = {address}, {}, {}
        todo = [address]
        while todo:
            at = todo.pop()
            while at not in seen:
                instruction = next(self._machine.disasm(self.elf.code(at, 4), at, 1), None)
                if instruction is None:
                    raise Unbounded(f"{self.elf.function_at(address).name}: {at:#x} is not an instruction")
                step = self._step(instruction, address)
                seen[at] = (instruction.size, step)
                successors, _, _ = step
                if successors != (at + instruction.size,):
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
            if last.type == ARM_OP_IMM and instruction.id in (ARM_INS_MOV, ARM_INS_MOVS):
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
        if code == ARM_INS_BX and operands[0].reg in EXITS:
            return (), None, True
        if code == ARM_INS_POP and any(operand.reg == ARM_REG_PC for operand in operands):
            return (), None, True
        if ARM_REG_PC in i.regs_access()[1] or code == ARM_INS_BX:
            raise Unbounded(f"{name}: jump to a computed address at {after - 2:#x} (build with -fno-jump-tables)")
        return (after,), None, False

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
            _find_headers(blocks, set(blocks), address, None, found)
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
            if successors != (at,) or at in starts:
                break
        blocks[start] = Block(tuple(addresses), successors, tuple(calls), leaves)
    return blocks


def loop_header(blocks: Mapping[int, Block], component: set[int], entered: set[int]) -> int | None:
    """Return the block that every round passes: the loop's entry, or an entry whose removal breaks the loop."""
    if len(entered) == 1:
        return next(iter(entered))
    for node in sorted(component):
        cut = without_edges_to(blocks, component, node)
        if all(len(each) == 1 for start in entered for each in components(cut, component - {node}, start)):
            return node
    return None


def without_edges_to(blocks: Mapping[int, Block], component: set[int], header: int) -> dict[int, Block]:
    """Return the blocks of a component without the edges back to `header`."""
    return {
        node: blocks[node]._replace(successors=tuple(s for s in blocks[node].successors if s != header))
        for node in component
    }


def _find_headers(
    blocks: Mapping[int, Block],
    nodes: set[int],
    entry: int,
    outer: int | None,
    headers: dict[int, tuple[int | None, int]],
) -> None:
    """Find the headers of all loops, each with the header of the enclosing loop and the jump back to it (its `for` or
    `while`).
    """
    seen = {entry}
    for component in components(blocks, nodes, entry):
        members = set(component)
        if len(component) > 1 or component[0] in blocks[component[0]].successors:
            header = loop_header(blocks, members, seen & members)
            if header is not None:
                jumps = [blocks[node].addresses[-1] for node in members if header in blocks[node].successors]
                headers[header] = (outer, max(jumps))
                _find_headers(without_edges_to(blocks, members, header), members, header, header, headers)
        seen.update(s for node in component for s in blocks[node].successors if s not in members)


def components(blocks: Mapping[int, Block], nodes: set[int], entry: int) -> list[list[int]]:
    """Strongly connected components reachable from `entry` within `nodes`, in topological order (Tarjan)."""
    index: dict[int, int] = {}
    low: dict[int, int] = {}
    stack: list[int] = []
    found: list[list[int]] = []

    def visit(node: int) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for successor in blocks[node].successors:
            if successor in nodes:
                if successor not in index:
                    visit(successor)
                    low[node] = min(low[node], low[successor])
                elif successor in stack:
                    low[node] = min(low[node], index[successor])
        if low[node] == index[node]:
            at = stack.index(node)
            found.append(stack[at:])
            del stack[at:]

    if entry in nodes:
        visit(entry)
    return found[::-1]
