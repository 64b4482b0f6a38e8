"""Facts from an ELF file of the core: functions, code and data ranges, source lines, inlined functions.

Symbols and DWARF are read once, with pyelftools. No fact about the core is written down here, so the tools that use
this module follow the core by themselves.
Errors: Problem if the file has no symbols.
"""

import bisect
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from elftools.dwarf.descriptions import describe_form_class
from elftools.elf.elffile import ELFFile
from elftools.elf.sections import SymbolTableSection

from tools.console import Problem

SHF_ALLOC = 0x2


class Function(NamedTuple):
    """A function's symbol; `address` without the Thumb bit."""

    name: str
    address: int
    size: int


class Range(NamedTuple):
    """Code that came from the source function `name`: [low, high)."""

    low: int
    high: int
    name: str


class Elf:
    """One linked ELF file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: Any = path.open("rb")
        self._elf: Any = ELFFile(self._file)
        tables = [s for s in self._elf.iter_sections() if isinstance(s, SymbolTableSection)]
        if not tables:
            raise Problem(f"{path} has no symbols")
        self._symbols: list[Any] = [symbol for table in tables for symbol in table.iter_symbols()]

    @cached_property
    def functions(self) -> dict[int, Function]:
        """Return the functions by address. Of several names for one address the shortest is used, the plainest."""
        found: dict[int, Function] = {}
        for symbol in sorted(self._symbols, key=lambda s: (len(s.name), s.name), reverse=True):
            if symbol["st_info"]["type"] == "STT_FUNC" and symbol["st_shndx"] != "SHN_UNDEF":
                address = symbol["st_value"] & ~1
                found[address] = Function(symbol.name, address, symbol["st_size"])
        return found

    @cached_property
    def addresses(self) -> dict[str, int]:
        """Return the address of every symbol by name, functions without the Thumb bit."""
        found = {}
        for symbol in self._symbols:
            if symbol.name and symbol["st_shndx"] != "SHN_UNDEF":
                thumb = symbol["st_info"]["type"] == "STT_FUNC"
                found[symbol.name] = symbol["st_value"] & ~1 if thumb else symbol["st_value"]
        return found

    def segments(self) -> Iterator[tuple[int, bytes]]:
        """Return (address, content) of everything that is in memory when the program starts."""
        for section in self._elf.iter_sections():
            if section["sh_flags"] & SHF_ALLOC and section["sh_size"]:
                empty = section["sh_type"] == "SHT_NOBITS"
                yield section["sh_addr"], bytes(section["sh_size"]) if empty else section.data()

    def code(self, address: int, size: int) -> bytes:
        """Return `size` bytes at `address`."""
        for start, content in self.segments():
            if start <= address < start + len(content):
                return content[address - start : address - start + size]
        raise Problem(f"{self.path}: nothing at {address:#x}")

    @cached_property
    def source_ranges(self) -> list[Range]:
        """Return the code of source functions, inlined too, widest first: the last with an address is innermost."""
        found: list[Range] = []
        if self._elf.has_dwarf_info():
            dwarf = self._elf.get_dwarf_info()
            for unit in dwarf.iter_CUs():
                for die in unit.iter_DIEs():
                    if die.tag in ("DW_TAG_subprogram", "DW_TAG_inlined_subroutine"):
                        name = _name(die)
                        found += [Range(low, high, name) for low, high in _ranges(dwarf, unit, die)]
        return sorted(found, key=lambda r: r.low - r.high)

    def source_names(self, address: int) -> list[str]:
        """Return the source functions whose code is at `address`, outermost first; without DWARF the symbol's name."""
        names = [r.name for r in self.source_ranges if r.low <= address < r.high]
        return names or [self.function_at(address).name]

    @cached_property
    def _definitions(self) -> dict[str, list[tuple[int, str]]]:
        """Return, by file, the lines at which functions are defined, including static and inlined ones."""
        found: dict[str, set[tuple[int, str]]] = {}
        if self._elf.has_dwarf_info():
            for unit in self._elf.get_dwarf_info().iter_CUs():
                program = unit.dwarfinfo.line_program_for_CU(unit)
                files, base = program["file_entry"], 0 if program["version"] >= 5 else 1
                for die in unit.iter_DIEs():
                    attributes = die.attributes
                    defined = "DW_AT_decl_line" in attributes and "DW_AT_declaration" not in attributes
                    if die.tag == "DW_TAG_subprogram" and defined and "DW_AT_name" in attributes:
                        file = files[attributes["DW_AT_decl_file"].value - base].name.decode()
                        found.setdefault(file, set()).add((attributes["DW_AT_decl_line"].value, _name(die)))
        return {file: sorted(lines) for file, lines in found.items()}

    def has_lines(self, address: int) -> bool:
        """Return True if the code at `address` comes from a C source."""
        return self.line_at(address)[0] in self._definitions

    def lexical_function(self, address: int) -> str:
        """Return the function whose source contains the code at `address`, even where it was inlined."""
        file, line = self.line_at(address)
        before = [name for start, name in self._definitions.get(file, ()) if start <= line]
        return before[-1] if before else self.function_at(address).name

    def function_at(self, address: int) -> Function:
        """Return the function whose symbol covers `address`; for assembler without sizes, the last one before it."""
        starts = sorted(self.functions)
        index = bisect.bisect_right(starts, address) - 1
        if index < 0:
            raise Problem(f"{self.path}: no function at {address:#x}")
        return self.functions[starts[index]]

    @cached_property
    def lines(self) -> list[tuple[int, str, int]]:
        """Return (address, file, line) in the order of addresses."""
        found = []
        if self._elf.has_dwarf_info():
            for unit in self._elf.get_dwarf_info().iter_CUs():
                program = unit.dwarfinfo.line_program_for_CU(unit)
                files = program["file_entry"]
                base = 0 if program["version"] >= 5 else 1
                for entry in program.get_entries():
                    if entry.state is not None and not entry.state.end_sequence:
                        name = files[entry.state.file - base].name.decode()
                        found.append((entry.state.address, name, entry.state.line))
        return sorted(found)

    def line_at(self, address: int) -> tuple[str, int]:
        """Return (file, line) of the code at `address`, ('', 0) if unknown."""
        index = bisect.bisect_right(self.lines, (address, "\U0010ffff", 0)) - 1
        return self.lines[index][1:] if index >= 0 else ("", 0)


def _name(die: Any) -> str:
    for attribute in ("DW_AT_abstract_origin", "DW_AT_specification"):
        if attribute in die.attributes:
            return _name(die.get_DIE_from_attribute(attribute))
    name = die.attributes.get("DW_AT_name")
    return name.value.decode() if name else ""


def _ranges(dwarf: Any, unit: Any, die: Any) -> list[tuple[int, int]]:
    attributes = die.attributes
    if "DW_AT_low_pc" in attributes and "DW_AT_high_pc" in attributes:
        low = attributes["DW_AT_low_pc"].value
        high = attributes["DW_AT_high_pc"]
        absolute = describe_form_class(high.form) == "address"
        return [(low, high.value if absolute else low + high.value)]
    if "DW_AT_ranges" not in attributes:
        return []
    top = unit.get_top_DIE().attributes.get("DW_AT_low_pc")
    base = top.value if top else 0
    found = []
    for entry in dwarf.range_lists().get_range_list_at_offset(attributes["DW_AT_ranges"].value, unit):
        if hasattr(entry, "base_address"):
            base = entry.base_address
        elif getattr(entry, "is_absolute", False):
            found.append((entry.begin_offset, entry.end_offset))
        else:
            found.append((base + entry.begin_offset, base + entry.end_offset))
    return found
