"""Graphs of straight blocks: their strongly connected components, loops and the heads of loops."""

from collections.abc import Mapping
from typing import NamedTuple


class Block(NamedTuple):
    """Straight code: the addresses of its instructions, its successors, its callees; `leaves` if it may return."""

    addresses: tuple[int, ...]
    successors: tuple[int, ...]
    calls: tuple[int, ...]
    leaves: bool


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


def find_headers(
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
                find_headers(without_edges_to(blocks, members, header), members, header, header, headers)
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
