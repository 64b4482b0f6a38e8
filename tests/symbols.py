"""Where a symbol of an image lies."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile


def in_image(elf: Path, name: str) -> tuple[int, int]:
    """The symbol's address and its size in bytes."""
    with elf.open("rb") as file:
        listed: Any = ELFFile(file).get_section_by_name(".symtab")
        found = listed.get_symbol_by_name(name)[0]
    return int(found["st_value"]), int(found["st_size"])
