"""Repeats every call on the host's core on a target: arguments, memory before, results and memory after.

A Mirror replaces the cffi library of c_ext.host. A vector runner or test that calls the core through it drives the
target as well, without knowing. The target's part goes to a `Sink`, which executes it in an emulator (machine.py) or
writes it down for a bare-metal image (blob.py).

Memory passed to a call by pointer is a *block*, found by its host address and given a place in the target's arena.
Whole numbers are transferred as values; pointers within a state become the target's addresses of the same objects.

Errors: Problem if a type cannot be transferred or the arena is full.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from tools.console import Problem
from tools.core.target.layout import Format, Signature, TargetTypes, host_leaves, match

WORD = 4
ALIGNMENT = 8


class Call(NamedTuple):
    """A call on the target: its argument words by the procedure call standard, and the size of its result in bytes."""

    name: str
    words: tuple[int, ...]
    result_bytes: int


class Sink(Protocol):
    """Receiver of calls. `blocks` are all that the sequence has used; their `expected` holds the host's outcome."""

    def begin(self) -> None:
        """Begin a new sequence: the contents of the arena no longer matter."""

    def write(self, address: int, content: bytes) -> None:
        """Put the host's bytes into memory."""

    def call(self, call: Call, result: int, blocks: "list[Block]") -> None:
        """Make this call. It must return `result` and leave in `blocks` the same contents as the host has."""


class Block:
    """A piece of memory that exists on both sides."""

    def __init__(self, mirror: "Mirror", cdata: Any, start: int, kind: Any, address: int) -> None:
        self.cdata = cdata  # kept, so that the host does not reuse its memory
        self.start, self.address = start, address
        self.host, self.target, self.name = mirror.formats(kind)
        ffi = mirror.ffi
        self._view = ffi.buffer(ffi.cast("char *", start), self.host.size)
        self._mirror = mirror
        self.known = b""  # host bytes that the target already has
        self.moved = False  # whether the last call changed the host's bytes
        self.expected: tuple[int, ...] | bytes = ()
        self._places: dict[int, int] = {}

    @property
    def size(self) -> int:
        """Size on the target, in bytes."""
        return self.target.size

    @property
    def plain(self) -> bool:
        """True if both sides hold the same bytes: an array of numbers."""
        return self.host is self.target

    def place(self, offset: int) -> int:
        """Return the target's offset of the object at host offset `offset`."""
        if self.plain:
            return offset
        if not self._places:
            pairs = zip(self.host.leaves, self.target.leaves, strict=True)
            self._places = {ours.offset: theirs.offset for ours, theirs in pairs}
        return self._places[offset]

    def changed(self) -> bool:
        """Read the host's bytes. Return True if they have changed since the last time."""
        now = self._view[:]
        if now == self.known:
            return False
        self.known = now
        self.expected = now if self.plain else self._values(now)
        return True

    def content(self) -> bytes:
        """Return the required content of the target's memory, padding zero."""
        if isinstance(self.expected, bytes):
            return self.expected
        return self.target.packer.pack(*self.expected)

    def names(self, got: bytes) -> list[str]:
        """Return the values that differ from the expected ones, for people: 'guard.head.value: 3, expected 4'."""
        if isinstance(self.expected, bytes):
            at = next(i for i, pair in enumerate(zip(got, self.expected, strict=True)) if pair[0] != pair[1])
            return [f"byte {at} of {self.name}: {got[at]}, expected {self.expected[at]}"]
        values = self.target.packer.unpack(got)
        triples = zip(self.target.leaves, values, self.expected, strict=True)
        return [f"{leaf.path}: {value}, expected {right}" for leaf, value, right in triples if value != right]

    def _values(self, raw: bytes) -> tuple[int, ...]:
        values = self.host.packer.unpack(raw)
        if self.host.pointers:
            patched = list(values)
            for index in self.host.pointers:
                patched[index] = self._mirror.translate(values[index])
            return tuple(patched)
        return values


class Mirror:
    """A replacement for `module.lib` of the host's core. Counts the transferred `sequences` and `calls`."""

    def __init__(
        self, module: Any, types: Sequence[TargetTypes], arena: tuple[int, int], sinks: Sequence[Sink]
    ) -> None:
        """All `sinks` have their memory at `arena`, and their types have the same layout."""
        self.ffi, self._lib = module.ffi, module.lib
        self._types, self._sinks = types, sinks
        self._arena = arena
        self._free = arena[0]
        self._blocks: list[Block] = []
        self._allocated: list[Any] = []
        self._formats: dict[Any, tuple[Format, Format, str]] = {}
        self.sequences = 0
        self.calls = 0

    def begin(self) -> None:
        """Begin a new sequence: all blocks are forgotten."""
        self._blocks, self._allocated = [], []
        self._free = self._arena[0]
        self.sequences += 1
        for sink in self._sinks:
            sink.begin()

    def __getattr__(self, name: str) -> Any:
        """Return a function of the core, mirrored; a constant as it is."""
        value = getattr(self._lib, name)
        if name in self._types[0].signatures:
            value = self._mirrored(self._types[0].signatures[name], value)
        setattr(self, name, value)
        return value

    def allocated(self, cdata: Any) -> Any:
        """Note memory that the host binding has allocated: a state may point to it."""
        self._allocated.append(cdata)
        return cdata

    def formats(self, kind: Any) -> tuple[Format, Format, str]:
        """Return the layouts of a cffi type on host and target, and its name."""
        if kind not in self._formats:
            name, size = kind.cname, self.ffi.sizeof(kind)
            item = kind.item if kind.kind == "array" else kind
            if item.kind == "primitive":
                numbers = Format([], size)
                self._formats[kind] = (numbers, numbers, name)
            else:
                host = Format(list(host_leaves(self.ffi, kind)), size)
                targets = [types.format(name) for types in self._types]
                for target in targets:
                    match(host, target, name)
                    if target.leaves != targets[0].leaves:
                        raise Problem(f"{name} is laid out differently on the targets")
                self._formats[kind] = (host, targets[0], name)
        return self._formats[kind]

    def translate(self, pointer: int) -> int:
        """Return the target's address of the object that `pointer` points to on the host."""
        if pointer == 0:
            return 0
        for block in self._blocks:
            if 0 <= pointer - block.start < block.host.size:
                return block.address + block.place(pointer - block.start)
        for cdata in self._allocated:
            start = int(self.ffi.cast("uintptr_t", cdata))
            if start == pointer:
                return self._pointer(cdata)
        raise Problem(f"a pointer in the core's state points to {pointer:#x}, which the host's face has not allocated")

    def _mirrored(self, signature: Signature, function: Callable[..., Any]) -> Callable[..., Any]:
        def mirrored(*arguments: Any) -> Any:
            words: list[int] = []
            for parameter, argument in zip(signature.parameters, arguments, strict=True):
                if parameter.pointer:
                    words.append(self._pointer(argument))
                else:
                    value = int(argument)
                    if parameter.size == 2 * WORD:
                        # A double word starts at an even register or an even word of the stack.
                        words.extend([0] * (len(words) % 2))
                        words += [value & 0xFFFFFFFF, value >> 32 & 0xFFFFFFFF]
                    else:
                        words.append(value & 0xFFFFFFFF)
            # The memory that a block points to may change as well. It is found on the way: the list grows.
            for block in self._blocks:
                if block.changed():
                    for sink in self._sinks:
                        sink.write(block.address, block.content())
            touched = list(self._blocks)
            result = function(*arguments)
            for block in touched:
                block.moved = block.changed()
            size = signature.result.size
            expected = 0 if size == 0 else int(result) & ((1 << 8 * size) - 1)
            call = Call(signature.name, tuple(words), size)
            for sink in self._sinks:
                sink.call(call, expected, touched)
            self.calls += 1
            return result

        return mirrored

    def _pointer(self, argument: Any) -> int:
        ffi = self.ffi
        if argument is None or argument == ffi.NULL:
            return 0
        start = int(ffi.cast("uintptr_t", argument))
        for block in self._blocks:
            if 0 <= start - block.start < block.host.size:
                return block.address + block.place(start - block.start)
        kind = ffi.typeof(argument)
        if kind.kind == "pointer":
            kind = kind.item
        elif kind.length is None:
            kind = ffi.typeof(kind.item.cname + f"[{len(argument)}]")
        block = Block(self, argument, start, kind, self._free)
        self._free += -(-block.size // ALIGNMENT) * ALIGNMENT
        if self._free > self._arena[1]:
            raise ArenaFull(
                f"{self._free - self._arena[0]} bytes of memory needed, {self._arena[1] - self._arena[0]} there"
            )
        self._blocks.append(block)
        return block.address


class ArenaFull(Problem):
    """The target has too little memory for the data that the calls pass."""


def mirrored_core(core_class: Any, mirror: Mirror) -> Any:
    """Return the class Core on the mirror: the same interface, with the target driven alongside."""

    class Ffi:
        """cffi, watched."""

        def __getattr__(self, name: str) -> Any:
            return getattr(mirror.ffi, name)

        def new(self, *arguments: Any) -> Any:
            return mirror.allocated(mirror.ffi.new(*arguments))

        def from_buffer(self, *arguments: Any) -> Any:
            return mirror.allocated(mirror.ffi.from_buffer(*arguments))

    class Module:
        ffi = Ffi()
        lib = mirror

    def begin(self: Any, *arguments: Any, **named: Any) -> None:
        mirror.begin()
        core_class.__init__(self, *arguments, **named)

    return type("Core", (core_class,), {"module": Module, "__init__": begin})
