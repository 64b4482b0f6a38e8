"""How much of MicroPython's heap is taken, by its table of blocks in a board's memory (MicroPython's py/gc.c)."""

from __future__ import annotations

import tomllib
from pathlib import Path

BLOCK_BYTES = 16
SAID = Path(__file__).resolve().parents[1] / "boards" / "heap.toml"


def table_bytes(area_bytes: int) -> int:
    """The length of the table at the begin of an area: for 64 bytes of heap a byte of it and half a byte of another."""
    return area_bytes * 2 // 131


def heap_bytes(tables: bytes) -> int:
    """The heap that the tables are for."""
    return 4 * BLOCK_BYTES * len(tables)


def in_use_bytes(tables: bytes) -> int:
    """What is taken of it, garbage included."""
    return BLOCK_BYTES * sum(bool(byte >> place & 3) for byte in tables for place in (0, 2, 4, 6))


def piece_bytes(tables: bytes) -> int:
    """The longest stretch that is free."""
    taken = "".join(" x"[bool(byte >> place & 3)] for byte in tables for place in (0, 2, 4, 6))
    return BLOCK_BYTES * max(len(each) for each in taken.split("x"))


def said_bytes(family: str) -> int:
    """What boards/heap.toml says of a family of boards."""
    return int(tomllib.loads(SAID.read_text(encoding="utf-8"))["in_use_bytes"][family])
