"""The stack that an interrupt takes at worst, from the linked image: its functions' frames along every chain of calls.

A frame is counted as if every instruction that pushes had run once, so the figure is an upper bound. The registers that
the processor saves at entry are added.
Errors: Problem if a handler is missing, calls itself or through a pointer, or moves the stack by an unknown amount.
"""

import re
import subprocess
from pathlib import Path

from tools.console import Problem
from tools.ports import in_ram

HANDLERS = ("interrupts.c:interrupt", "link.c:interrupt")
# Eight registers, and on a processor with floating point its 17 and a reserved word; a word to align either
# (ARM DDI 0419, B1.5.6; DDI 0553, B3.20).
SAVED_BYTES = {"RP2040": (8 + 1) * 4, "RP2350": (8 + 18 + 1) * 4}
_START = re.compile(r"^([0-9a-f]{8}) <[^>]+>:$")
_PUSH = re.compile(r"\t(v?push(?:\.w)?|v?stmdb(?:\.w)?\tsp!,)\s+\{([^}]*)\}")
_STORE = re.compile(r"\tstrd?(?:\.w)?\t.*\[sp, #-(\d+)\]!")
_SUB = re.compile(r"\tsub(?:\.w|w)?\tsp, (?:sp, )?#(\d+)")
_UNKNOWN = re.compile(r"\t(?:add|sub|mov)s?(?:\.w)?\tsp, (?!#|sp, #)")


def registers(listed: str) -> int:
    """Return the words of a list such as `r3, r4-r7, lr`; a double register is two."""
    words = 0
    for each in listed.replace(" ", "").split(","):
        first, _, last = each.partition("-")
        count = int(last[1:]) - int(first[1:]) + 1 if last else 1
        words += count * (2 if each.startswith("d") else 1)
    return words


def frames(listing: str) -> dict[int, int]:
    """Return the bytes of each function's frame, by address. -1: not known."""
    found: dict[int, int] = {}
    address = 0
    for line in listing.splitlines():
        start = _START.match(line)
        if start:
            address = int(start[1], 16)
            found.setdefault(address, 0)
        elif found.get(address, -1) >= 0:
            pushed, stored, lowered = _PUSH.search(line), _STORE.search(line), _SUB.search(line)
            found[address] += 4 * registers(pushed[2]) if pushed else 0
            found[address] += int(stored[1]) if stored else 0
            found[address] += int(lowered[1]) if lowered else 0
            if _UNKNOWN.search(line):
                found[address] = -1
    return found


def worst(elf: Path, chip: str, handlers: tuple[str, ...] = HANDLERS) -> int:
    """Return the bytes that the worse of the handlers takes, the saved registers included. Raises Problem."""
    command = ["arm-none-eabi-objdump", "-d", "--no-show-raw-insn", str(elf)]
    sizes = frames(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    known = in_ram.functions(elf)

    def deepest(address: int, above: tuple[int, ...]) -> int:
        function = known.get(address)
        if function is None:
            return 0  # a jump within the function
        if address in above or function.indirect or sizes[address] < 0:
            raise Problem(f"{elf.name}: {function.name}, which an interrupt runs, takes a stack without known bound")
        return sizes[address] + max((deepest(each, (*above, address)) for each in function.calls), default=0)

    return max(deepest(root, ()) for root in in_ram.roots_of(elf, handlers)) + SAVED_BYTES[chip]
