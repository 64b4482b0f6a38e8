"""Worst-case instruction count of functions, by the longest path through their control-flow graph (blocks.py).

Every instruction counts one, including the 32-bit BL. A call costs the callee's worst case, library helpers included. A
loop costs its declared bound times its longest round. Code without a bound is refused: a loop without a declared bound
or without one block that every round passes, recursion, and a jump or call whose target is not in the code.

The figure is an upper bound for any input. Paths that exclude each other by their conditions are not told apart, unless
a path is asked for `without` functions, whose code and calls are then left out.

Errors: Unbounded, naming the function, the address and what is not known.
"""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from tools.console import Problem
from tools.core.cost.blocks import Code, Unbounded
from tools.core.cost.flow import Block, components, loop_header, without_edges_to
from tools.core.target.elf import Elf

# Functions that GCC calls to copy or clear a struct; their length is nearly always a constant.
COPIES = ("memcpy", "memmove", "memset")


# Blocks, and how often each runs.
Path = tuple[tuple[int, int], ...]


class Cost(NamedTuple):
    """Worst-case instructions, and the blocks of that path with how often each runs; calls are not entered."""

    instructions: int
    path: Path


class Graphs:
    """The control-flow graphs of one ELF file and their longest paths.

    `bounds`: most rounds of each loop by its key (blocks.py). A round is one run of the loop's first block, including
    the last, unsuccessful test.
    """

    def __init__(self, elf: Elf, bounds: Mapping[str, int], code: Code | None = None) -> None:
        """`code` is the same program's, if it has been read already."""
        self.elf = elf
        self.bounds = bounds
        self.code = code or Code(elf)
        self._costs: dict[tuple[int, frozenset[str]], Cost] = {}
        self._copies: dict[tuple[str, int], int] = {}
        self._active: list[int] = []

    def cost(self, name: str, without: Collection[str] = ()) -> Cost:
        """Return the worst case of function `name`. Raises Unbounded, or Problem if there is no such function."""
        if name not in self.elf.addresses:
            raise Problem(f"{self.elf.path} has no function {name}")
        return self._cost(self.elf.addresses[name], frozenset(without))

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

    def _longest_path(self, address: int, without: frozenset[str]) -> Cost:
        blocks = self.code.blocks(address)
        own = self.elf.function_at(address).name
        weights = {}
        for start, block in blocks.items():
            callees = [self.elf.function_at(call).name for call in block.calls]
            inlined = set(self.elf.source_names(start)) - {own}
            if not without & (set(callees) | inlined):
                weights[start] = len(block.addresses) + sum(self._call_cost(block, c, without) for c in block.calls)
        costs, paths = self._longest(blocks, weights, set(weights), address)
        leaving = [start for start in costs if blocks[start].leaves]
        if not leaving:
            raise Unbounded(f"{own}: never returns")
        last = max(leaving, key=lambda start: costs[start])
        return Cost(costs[last], paths[last])

    def _call_cost(self, block: Block, callee: int, without: frozenset[str]) -> int:
        """Return the worst-case cost of a call; for a copy of a struct, by the number of bytes copied."""
        name = self.elf.function_at(callee).name
        if name not in COPIES:
            return self._cost(callee, without).instructions
        sizes = self.code.copied(block, callee)
        lengths = [size for size in sizes if size is not None]
        # Of several copies in one block, each is counted as the largest.
        bounds = {**self.bounds, name: max(lengths) + 1} if lengths and len(lengths) == len(sizes) else self.bounds
        key = (name, bounds.get(name, 0))
        if key not in self._copies:
            self._copies[key] = Graphs(self.elf, bounds, self.code)._cost(callee, frozenset()).instructions
        return self._copies[key]

    def _longest(
        self, blocks: Mapping[int, Block], weights: Mapping[int, int], nodes: set[int], entry: int
    ) -> tuple[dict[int, int], dict[int, Path]]:
        """Return the cost up to and including each node reachable from `entry` within `nodes`, and its path."""
        costs: dict[int, int] = {}
        paths: dict[int, Path] = {}
        best: dict[int, tuple[int, Path]] = {entry: (0, ())}
        for component in components(blocks, nodes, entry):
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
        header = loop_header(blocks, component, set(entered))
        if header is None:
            where = ", ".join(f"{each:#x}" for each in sorted(entered))
            raise Unbounded(f"{self.elf.function_at(min(component)).name}: loop without a head, entered at {where}")
        rounds = self._bound(header)
        cut = without_edges_to(blocks, component, header)
        inner, inner_paths = self._longest(cut, weights, component, header)
        longest = max((node for node in inner if header in blocks[node].successors), key=lambda node: inner[node])
        again = tuple((node, times * (rounds - 1)) for node, times in inner_paths[longest])
        # Entries of the loop: directly to its header, or through blocks that come before the header's first run.
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
        loop = self.code.loops.get(header)
        if loop is None or loop.key not in self.bounds:
            file, line = self.elf.line_at(header)
            key = loop.key if loop else f"{header:#x}"
            raise Unbounded(f"no bound is declared for the loop `{key}` ({file}:{line}, at {header:#x})")
        return self.bounds[loop.key]
