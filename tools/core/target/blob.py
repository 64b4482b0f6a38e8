"""Vectors as a stream of words for the bare-metal runner (c_ext/baremetal/runner.c, which describes the format).

The stream holds the host's outcome of every call: the result, and a digest of all memory that the call may have
changed, without padding. Large memory, the rolling caps' history, is compared as a whole at the end of its sequence.
"""

import struct
from typing import NamedTuple

from tools.core.target.elf import Elf
from tools.core.target.mirror import Block, Call

MAGIC = 0x31564C52
END, WRITE, CLEAR, SET, CALL, CHECK = range(6)
SETS_MAX = 16
LARGE_BYTES = 1024
FNV_OFFSET, FNV_PRIME = 2166136261, 16777619
WORD = 4


class Mark(NamedTuple):
    """A place in the stream to return to."""

    words: int
    calls: int


def digest(content: bytes, begin: int = FNV_OFFSET) -> int:
    """FNV-1a over words, the last one padded with zero bytes, as in the runner."""
    total = begin
    content += bytes(-len(content) % WORD)
    for (word,) in struct.iter_unpack("<I", content):
        total = (total ^ word) * FNV_PRIME & 0xFFFFFFFF
    return total


class Blob:
    """A Sink that writes the stream for the image `elf`. `calls` and `sequences` count its contents."""

    def __init__(self, elf: Elf) -> None:
        self.elf = elf
        self.arena = (elf.addresses["arena"] + 7 & ~7, elf.addresses["arena_end"])
        self.words = [MAGIC]
        self.calls = 0
        self._sets: dict[tuple[tuple[int, int], ...], int] = {}
        self._large: dict[int, Block] = {}

    def mark(self) -> Mark:
        """Return the current place in the stream."""
        return Mark(len(self.words), self.calls)

    def cut(self, mark: Mark) -> None:
        """Drop everything after `mark`."""
        del self.words[mark.words :]
        self.calls = mark.calls
        self._sets, self._large = {}, {}

    def finish(self) -> bytes:
        """Return the stream."""
        self.check_large()
        return struct.pack(f"<{len(self.words) + 1}I", *self.words, END)

    def check_large(self) -> None:
        """Compare the large memory of the sequence that ends here."""
        for address, block in self._large.items():
            self.words += [CHECK, address, block.size, digest(block.content())]
        self._large = {}

    def begin(self) -> None:
        """Begin a new sequence."""
        self.check_large()
        self._sets = {}

    def write(self, address: int, content: bytes) -> None:
        """Record that the host has put this into memory."""
        if any(content):
            padded = content + bytes(-len(content) % WORD)
            self.words += [WRITE, address, len(content), *struct.unpack(f"<{len(padded) // WORD}I", padded)]
        else:
            self.words += [CLEAR, address, len(content)]

    def call(self, call: Call, result: int, blocks: list[Block]) -> None:
        """Record a call and the host's outcome."""
        small = [block for block in blocks if block.size <= LARGE_BYTES]
        self._large.update({block.address: block for block in blocks if block.size > LARGE_BYTES})
        regions = tuple((block.address + at, size) for block in small for at, size in block.target.runs())
        if regions not in self._sets:
            if len(self._sets) == SETS_MAX:
                self._sets = {}
            self._sets[regions] = len(self._sets)
            self.words += [SET, self._sets[regions], len(regions), *(word for region in regions for word in region)]
        total = FNV_OFFSET
        for block in small:
            content = block.content()
            for at, size in block.target.runs():
                total = digest(content[at : at + size], total)
        count = -(-call.result_bytes // WORD)
        mask = (1 << 8 * call.result_bytes) - 1
        halves = range(0, 32 * count, 32)
        self.words += [CALL, self._sets[regions], len(call.words), count, self.elf.addresses[call.name], *call.words]
        self.words += [mask >> at & 0xFFFFFFFF for at in halves]
        self.words += [result >> at & 0xFFFFFFFF for at in halves]
        self.words.append(total)
        self.calls += 1
