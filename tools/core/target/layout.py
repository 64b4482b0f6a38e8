"""Layout of the core's types on host and target, so that a state can be transferred and compared value by value.

Pointers are wider on the host, enums narrower on the target, and padding differs. A type is taken apart into its plain
values, by cffi's description on the host and by DWARF on the target. The paths must be the same; otherwise Problem
names the differences.
"""

import struct
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from elftools.elf.elffile import ELFFile

from tools.console import Problem

UNSIGNED = {1: "B", 2: "H", 4: "I", 8: "Q"}


class Leaf(NamedTuple):
    """A plain value within a type: its path, place and size in bytes, and whether it is a pointer."""

    path: str
    offset: int
    size: int
    pointer: bool


class Parameter(NamedTuple):
    """A parameter or a result; size 0: none. `kind` is the name of the type that a pointer points to."""

    name: str
    size: int
    pointer: bool
    kind: str


class Signature(NamedTuple):
    """A public function."""

    name: str
    parameters: tuple[Parameter, ...]
    result: Parameter


class Format:
    """Converts a type's plain values to and from its bytes, as a tuple."""

    def __init__(self, leaves: list[Leaf], size: int) -> None:
        """Empty `leaves` mean an array of numbers, with the same bytes on both sides."""
        self.leaves = leaves
        self.size = size
        self.pointers = tuple(index for index, leaf in enumerate(leaves) if leaf.pointer)
        text, at = "<", 0
        for leaf in leaves:
            text += f"{leaf.offset - at}x{UNSIGNED[leaf.size]}"
            at = leaf.offset + leaf.size
        self.packer = struct.Struct(f"{text}{size - at}x")

    def runs(self) -> tuple[tuple[int, int], ...]:
        """Return (offset, bytes) of the stretches that hold values: everything but padding."""
        if not self.leaves:
            return ((0, self.size),)
        found: list[tuple[int, int]] = []
        for leaf in self.leaves:
            if found and sum(found[-1]) == leaf.offset:
                found[-1] = (found[-1][0], found[-1][1] + leaf.size)
            else:
                found.append((leaf.offset, leaf.size))
        return tuple(found)


def host_leaves(ffi: Any, kind: Any, path: str = "", offset: int = 0) -> Iterator[Leaf]:
    """Return the plain values of a cffi type."""
    if kind.kind == "struct":
        for name, field in kind.fields:
            yield from host_leaves(ffi, field.type, f"{path}.{name}" if path else name, offset + field.offset)
    elif kind.kind == "array":
        size = ffi.sizeof(kind.item)
        for index in range(kind.length):
            yield from host_leaves(ffi, kind.item, f"{path}[{index}]", offset + index * size)
    elif kind.kind in ("primitive", "enum", "pointer"):
        yield Leaf(path, offset, ffi.sizeof(kind), kind.kind == "pointer")
    else:
        raise Problem(f"{path}: the target's tools know no {kind.kind}")


class TargetTypes:
    """Types and functions of an image, from its DWARF."""

    def __init__(self, path: Path) -> None:
        self._file: Any = path.open("rb")
        elf: Any = ELFFile(self._file)
        self.path = path
        self._dies = [die for unit in elf.get_dwarf_info().iter_CUs() for die in unit.iter_DIEs()]

    @cached_property
    def _types(self) -> dict[str, Any]:
        tags = ("DW_TAG_typedef", "DW_TAG_base_type")
        return {_text(die): die for die in self._dies if die.tag in tags and "DW_AT_name" in die.attributes}

    @cached_property
    def signatures(self) -> dict[str, Signature]:
        """Return the functions with external linkage, by name."""
        found = {}
        for die in self._dies:
            attributes = die.attributes
            if die.tag == "DW_TAG_subprogram" and "DW_AT_external" in attributes and "DW_AT_name" in attributes:
                parameters = [child for child in die.iter_children() if child.tag == "DW_TAG_formal_parameter"]
                if "DW_AT_declaration" not in attributes:
                    found[_text(die)] = Signature(
                        _text(die), tuple(self._parameter(each) for each in parameters), self._parameter(die)
                    )
        return found

    def source_file(self, name: str) -> str:
        """Return the name of the file that defines function `name`."""
        for die in self._dies:
            if die.tag == "DW_TAG_subprogram" and _named(die, name) and "DW_AT_declaration" not in die.attributes:
                return Path(die.cu.get_top_DIE().attributes["DW_AT_name"].value.decode()).name
        return ""

    def format(self, name: str) -> Format:
        """Return the layout of the type called `name`."""
        if name not in self._types:
            raise Problem(f"{self.path} has no type {name}")
        die = self._types[name]
        return Format(list(self._leaves(die, "", 0)), self._size(die))

    def _leaves(self, die: Any, path: str, offset: int) -> Iterator[Leaf]:
        die = _bare(die)
        if die.tag == "DW_TAG_structure_type":
            for child in die.iter_children():
                if child.tag == "DW_TAG_member":
                    name = _text(child)
                    inner = offset + child.attributes["DW_AT_data_member_location"].value
                    yield from self._leaves(_type(child), f"{path}.{name}" if path else name, inner)
        elif die.tag == "DW_TAG_array_type":
            item = _type(die)
            for index in range(_count(die)):
                yield from self._leaves(item, f"{path}[{index}]", offset + index * self._size(item))
        elif die.tag in ("DW_TAG_base_type", "DW_TAG_enumeration_type", "DW_TAG_pointer_type"):
            yield Leaf(path, offset, self._size(die), die.tag == "DW_TAG_pointer_type")
        else:
            raise Problem(f"{path}: the target's tools know no {die.tag}")

    def _size(self, die: Any) -> int:
        die = _bare(die)
        if die.tag == "DW_TAG_array_type":
            return _count(die) * self._size(_type(die))
        return int(die.attributes["DW_AT_byte_size"].value)

    def _parameter(self, die: Any) -> Parameter:
        name = _text(die) if "DW_AT_name" in die.attributes else ""
        if "DW_AT_type" not in die.attributes:
            return Parameter(name, 0, False, "")
        bare = _bare(_type(die))
        if bare.tag in ("DW_TAG_structure_type", "DW_TAG_union_type"):
            raise Problem(f"{name}: a struct handed over by value; the target's tools know pointers and integers")
        pointer = bare.tag == "DW_TAG_pointer_type"
        kind = _kind(_type(bare)) if pointer and "DW_AT_type" in bare.attributes else ""
        return Parameter(name, self._size(bare), pointer, kind)

    def members(self, name: str) -> Iterator[tuple[str, int]]:
        """Return (type, offset) of everything with a named type within the type `name`, itself included."""
        if name in self._types:
            yield from self._members(self._types[name], 0)

    def _members(self, die: Any, offset: int) -> Iterator[tuple[str, int]]:
        yield _kind(die), offset
        bare = _bare(die)
        if bare.tag == "DW_TAG_structure_type":
            for child in bare.iter_children():
                if child.tag == "DW_TAG_member":
                    yield from self._members(
                        _type(child), offset + child.attributes["DW_AT_data_member_location"].value
                    )
        elif bare.tag == "DW_TAG_array_type":
            item = _type(bare)
            for index in range(_count(bare)):
                yield from self._members(item, offset + index * self._size(item))


def match(host: Format, target: Format, name: str) -> None:
    """Raises Problem unless both layouts hold the same values in the same order."""
    ours, theirs = [leaf.path for leaf in host.leaves], [leaf.path for leaf in target.leaves]
    if ours != theirs:
        raise Problem(f"{name} differs between host and target: {sorted(set(ours) ^ set(theirs)) or 'in its order'}")


def _text(die: Any) -> str:
    return str(die.attributes["DW_AT_name"].value.decode())


def _named(die: Any, name: str) -> bool:
    return "DW_AT_name" in die.attributes and _text(die) == name


def _type(die: Any) -> Any:
    return die.get_DIE_from_attribute("DW_AT_type")


def _kind(die: Any) -> str:
    """Return the name of a type without its qualifiers; '' if it has none."""
    while die.tag in ("DW_TAG_const_type", "DW_TAG_volatile_type"):
        if "DW_AT_type" not in die.attributes:
            return ""
        die = _type(die)
    return _text(die) if "DW_AT_name" in die.attributes else ""


def _bare(die: Any) -> Any:
    while die.tag in ("DW_TAG_typedef", "DW_TAG_const_type", "DW_TAG_volatile_type", "DW_TAG_restrict_type"):
        die = _type(die)
    return die


def _count(die: Any) -> int:
    total = 1
    for child in die.iter_children():
        if child.tag == "DW_TAG_subrange_type":
            attributes = child.attributes
            total *= attributes["DW_AT_count"].value if "DW_AT_count" in attributes else _upper(attributes) + 1
    return total


def _upper(attributes: Any) -> int:
    return int(attributes["DW_AT_upper_bound"].value)
