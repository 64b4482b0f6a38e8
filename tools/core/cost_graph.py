"""Worst-case instruction count of functions, by the longest path through their control-flow graph (Armv6-M code).

Every instruction counts one, also the 32-bit BL. Calls cost what the callee costs at worst, library helpers included. A
loop costs its declared bound times its longest round. What cannot be bounded is refused: a loop without a declared
bound or without one block that every round passes, recursion, and a jump or call whose target is not in the code.

The figure is an upper bound for any input: paths that exclude each other by their conditions are not told apart,
unless a path is asked for `without` functions, whose code and calls are then left out.

Errors: Unbounded, naming the function, the address and what is not known.
"""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from capstone import CS_ARCH_ARM, CS_MODE_MCLASS, CS_MODE_THUMB, Cs
from capstone.arm import (
    ARM_CC_AL,
    ARM_CC_INVALID,
    ARM_INS_B,
    ARM_INS_BL,
    ARM_INS_BLX,
    ARM_INS_BX,
    ARM_INS_POP,
    ARM_OP_IMM,
    ARM_REG_LR,
    ARM_REG_PC,
)

from tools.console import Problem
from tools.core.target_elf import Elf

EXITS = {ARM_REG_LR}


class Unbounded(Problem):
    """Code whose cost cannot be bounded."""


class Block(NamedTuple):
    """Straight code: its instructions' addresses, where it may go on, whom it calls; `leaves` if it may return."""

    addresses: tuple[int, ...]
    successors: tuple[int, ...]
    calls: tuple[int, ...]
    leaves: bool


class Loop(NamedTuple):
    """A loop: the `key` under which its bound is declared, its first block, and the loop around it."""

    key: str
    header: int
    outer: int | None


# Blocks with how often each runs.
Path = tuple[tuple[int, int], ...]


class Cost(NamedTuple):
    """Instructions at worst, and the blocks of that path with how often each runs, calls not entered."""

    instructions: int
    path: Path


class Graphs:
    """The control-flow graphs of one ELF file and their longest paths.

    `bounds`: most rounds of each loop by key: the name of the function in whose source it is written, wherever that
    has been inlined, with `.1`, `.2` … in the order of the source if there are several. A round is one run of the
    loop's first block, the last, unsuccessful test included.
    """

    def __init__(self, elf: Elf, bounds: Mapping[str, int]) -> None:
        self.elf = elf
        self.bounds = bounds
        self.loops: dict[int, Loop] = {}
        self.unbounded: set[str] = set()
        self._blocks: dict[int, dict[int, Block]] = {}
        self._costs: dict[tuple[int, frozenset[str]], Cost] = {}
        self._active: list[int] = []
        self._machine = Cs(CS_ARCH_ARM, CS_MODE_THUMB | CS_MODE_MCLASS)
        self._machine.detail = True
        self._find_loops()

    def cost(self, name: str, without: Collection[str] = ()) -> Cost:
        """Worst case of function `name`. Raises Unbounded, or Problem if there is no such function."""
        if name not in self.elf.addresses:
            raise Problem(f"{self.elf.path} has no function {name}")
        return self._cost(self.elf.addresses[name], frozenset(without))

    def blocks(self, address: int) -> dict[int, Block]:
        """The blocks of the function at `address` by their first instruction's address."""
        if address not in self._blocks:
            self._blocks[address] = self._read(address)
        return self._blocks[address]

    def instructions(self, block: Block) -> list[Any]:
        """The block's instructions, as capstone describes them."""
        return [next(self._machine.disasm(self.elf.code(at, 4), at, 1)) for at in block.addresses]

    def callees(self, address: int) -> set[int]:
        """Whom the function at `address` calls."""
        return {call for block in self.blocks(address).values() for call in block.calls}

    def _cost(self, address: int, without: frozenset[str]) -> Cost:
        key = (address, without)
        if key not in self._costs:
            name = self.elf.function_at(address).name
            if address in self._active:
                raise Unbounded(f"{name} calls itself: recursion has no bound")
            self._active.append(address)
            try:
                self._costs[key] = self._longest_path(address, without)
            finally:
                self._active.pop()
        return self._costs[key]

    # Reading the code

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

    def _step(self, instruction: Any, function: int) -> tuple[tuple[int, ...], int | None, bool]:
        """(successors, callee, may return) of one instruction."""
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
                # A jump out of the function is a call in its last place.
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
        """Gives every loop of the program its key."""
        found: dict[int, tuple[int | None, int]] = {}
        for address in self.elf.functions:
            try:
                blocks = self.blocks(address)
            except Unbounded:
                continue  # said again, to whoever asks for its cost
            _find_headers(blocks, set(blocks), address, None, found)
        lines: dict[str, set[tuple[int, int]]] = {}
        for _, jump in found.values():
            lines.setdefault(self.elf.lexical_function(jump), set()).add(self._place(jump))
        for header, (outer, jump) in found.items():
            name = self.elf.lexical_function(jump)
            number = sorted(lines[name]).index(self._place(jump)) + 1
            self.loops[header] = Loop(name if len(lines[name]) == 1 else f"{name}.{number}", header, outer)

    def _place(self, jump: int) -> tuple[int, int]:
        """Orders the loops of a function: by line, assembler without lines by address."""
        line = self.elf.line_at(jump)[1] if self.elf.has_lines(jump) else 0
        return line, 0 if line else jump

    # Longest path

    def _longest_path(self, address: int, without: frozenset[str]) -> Cost:
        blocks = self.blocks(address)
        own = self.elf.function_at(address).name
        weights = {}
        for start, block in blocks.items():
            callees = [self.elf.function_at(call).name for call in block.calls]
            inlined = set(self.elf.source_names(start)) - {own}
            if not without & (set(callees) | inlined):
                weights[start] = len(block.addresses) + sum(self._cost(c, without).instructions for c in block.calls)
        costs, paths = self._longest(blocks, weights, set(weights), address)
        leaving = [start for start in costs if blocks[start].leaves]
        if not leaving:
            raise Unbounded(f"{own}: never returns")
        last = max(leaving, key=lambda start: costs[start])
        return Cost(costs[last], paths[last])

    def _longest(
        self, blocks: Mapping[int, Block], weights: Mapping[int, int], nodes: set[int], entry: int
    ) -> tuple[dict[int, int], dict[int, Path]]:
        """Cost up to and including each node reachable from `entry` within `nodes`, and the path that costs it."""
        costs: dict[int, int] = {}
        paths: dict[int, Path] = {}
        best: dict[int, tuple[int, Path]] = {entry: (0, ())}
        for component in _components(blocks, nodes, entry):
            if len(component) == 1 and component[0] not in blocks[component[0]].successors:
                node = component[0]
                before, path = best[node]
                costs[node] = before + weights[node]
                paths[node] = (*path, (node, 1))
            else:
                entered = {node: best[node] for node in component if node in best}
                self._loop(blocks, weights, set(component), entered, costs, paths)
            for node in component:
                for successor in blocks[node].successors:
                    leads_out = successor in nodes and successor not in component
                    if leads_out and (successor not in best or costs[node] > best[successor][0]):
                        best[successor] = (costs[node], paths[node])
        return costs, paths

    def _loop(
        self,
        blocks: Mapping[int, Block],
        weights: Mapping[int, int],
        component: set[int],
        entered: Mapping[int, tuple[int, Path]],
        costs: dict[int, int],
        paths: dict[int, Path],
    ) -> None:
        header = _header(blocks, component, set(entered))
        if header is None:
            where = ", ".join(f"{each:#x}" for each in sorted(entered))
            raise Unbounded(f"{self.elf.function_at(min(component)).name}: loop without a head, entered at {where}")
        rounds = self._bound(header)
        cut = _without_edges_to(blocks, component, header)
        inner, inner_paths = self._longest(cut, weights, component, header)
        longest = max((node for node in inner if header in blocks[node].successors), key=lambda node: inner[node])
        again = tuple((node, times * (rounds - 1)) for node, times in inner_paths[longest])
        # Ways into the loop: to its header at once, or through blocks that come before the header's first run.
        arrived = entered.get(header, (-1, ()))
        for start, (before, path) in entered.items():
            if start != header:
                first, first_paths = self._longest(cut, weights, component - {header}, start)
                for node, cost in first.items():
                    if before + cost > costs.get(node, -1):
                        costs[node], paths[node] = before + cost, (*path, *first_paths[node])
                    if header in blocks[node].successors and before + cost > arrived[0]:
                        arrived = (before + cost, (*path, *first_paths[node]))
        for node, cost in inner.items():
            total = arrived[0] + (rounds - 1) * inner[longest] + cost
            if total > costs.get(node, -1):
                costs[node], paths[node] = total, (*arrived[1], *again, *inner_paths[node])

    def _bound(self, header: int) -> int:
        loop = self.loops.get(header)
        if loop is None or loop.key not in self.bounds:
            file, line = self.elf.line_at(header)
            key = loop.key if loop else f"{header:#x}"
            self.unbounded.add(key)
            raise Unbounded(f"no bound is declared for the loop `{key}` ({file}:{line}, at {header:#x})")
        return self.bounds[loop.key]


def _cut(
    starts: set[int], seen: Mapping[int, tuple[int, tuple[tuple[int, ...], int | None, bool]]]
) -> dict[int, Block]:
    """Blocks out of single instructions."""
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


def _header(blocks: Mapping[int, Block], component: set[int], entered: set[int]) -> int | None:
    """The block that every round passes: the loop's entry, or of several entries one without which nothing loops."""
    if len(entered) == 1:
        return next(iter(entered))
    for node in sorted(component):
        cut = _without_edges_to(blocks, component, node)
        if all(len(each) == 1 for start in entered for each in _components(cut, component - {node}, start)):
            return node
    return None


def _without_edges_to(blocks: Mapping[int, Block], component: set[int], header: int) -> dict[int, Block]:
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
    """The headers of all loops, each with that of the loop around it, and the jump back to it: its `for` or `while`."""
    seen = {entry}
    for component in _components(blocks, nodes, entry):
        members = set(component)
        if len(component) > 1 or component[0] in blocks[component[0]].successors:
            header = _header(blocks, members, seen & members)
            if header is not None:
                jumps = [blocks[node].addresses[-1] for node in members if header in blocks[node].successors]
                headers[header] = (outer, max(jumps))
                _find_headers(_without_edges_to(blocks, members, header), members, header, header, headers)
        seen.update(s for node in component for s in blocks[node].successors if s not in members)


def _components(blocks: Mapping[int, Block], nodes: set[int], entry: int) -> list[list[int]]:
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
