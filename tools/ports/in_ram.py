"""Checks that all code run by the stroke's interrupt lies in RAM, from the ELF file, through every call.

Flash is slow after a cache miss, and unavailable while it is erased.
Errors: Problem, naming the function that lies in flash and its caller.
"""

import re
import subprocess
from pathlib import Path

from tools.console import Problem

RAM_START = 0x20000000
# The handler of the stroke timer and the stroke sensor, that of the programmer link, and the function that stops the
# motor.
ROOTS = ("interrupts.c:interrupt", "link.c:interrupt", "stroke_abort")
_FUNCTION = re.compile(r"^([0-9a-f]{8}) <([^>]+)>:$")
# On Armv8-M calls and returns may have a condition too (IT), and a jump may test a register.
_IF = "(?:eq|ne|cs|cc|hs|lo|mi|pl|vs|vc|hi|ls|ge|lt|gt|le)?"
_CALL = re.compile(rf"\t(?:cbn?z\t\w+, |(?:blx?|b){_IF}(?:\.n|\.w)?\t)([0-9a-f]+) <[^>]+")
_INDIRECT = re.compile(rf"\t(blx{_IF}\t(r\d+|ip|lr)|bx{_IF}\t(r\d+|ip)|(mov|ldr){_IF}(\.w)?\tpc)")
# A call from RAM to flash or back is too far: the linker inserts a jump.
_VENEER = re.compile(r"^__(.+)_(?:veneer|from_thumb|from_arm)$")


class Function:
    """A function of the image: its address and its callees."""

    def __init__(self, name: str, address: int):
        self.name = name
        self.address = address
        self.calls: set[int] = set()
        self.indirect = False


def functions(elf: Path) -> dict[int, Function]:
    """Return all functions by address."""
    command = ["arm-none-eabi-objdump", "-d", "--no-show-raw-insn", str(elf)]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found: dict[int, Function] = {}
    current = Function("", 0)
    for line in listed.splitlines():
        start = _FUNCTION.match(line)
        if start:
            current = found.setdefault(int(start[1], 16), Function(start[2], int(start[1], 16)))
            continue
        call = _CALL.search(line)
        if call:
            current.calls.add(int(call[1], 16))
        elif _INDIRECT.search(line):
            current.indirect = True
    return found


def roots_of(elf: Path, names: tuple[str, ...]) -> list[int]:
    """Return the addresses of `names`; FILE:NAME is a static function of a file. Raises Problem if one is missing."""
    table = subprocess.run(
        ["arm-none-eabi-readelf", "-sW", str(elf)], capture_output=True, text=True, check=True
    ).stdout
    places: dict[str, int] = {}
    source = ""
    for line in table.splitlines():
        words = line.split()
        if len(words) < 8 or not words[0].rstrip(":").isdigit():
            continue
        if words[3] == "FILE":
            source = Path(words[7]).name
        elif words[3] == "FUNC":
            name = words[7]
            places[f"{source}:{name}" if words[4] == "LOCAL" else name] = int(words[1], 16) & ~1
    missing = [name for name in names if name not in places]
    if missing:
        raise Problem(f"{elf.name} lacks {', '.join(missing)}, whose place in RAM should be checked")
    return [places[name] for name in names]


def check(elf: Path, names: tuple[str, ...]) -> int:
    """Raise Problem if anything that `names` call, directly or not, lies in flash. Return how many do not."""
    known = functions(elf)
    places = {each.name: each.address for each in known.values()}
    waiting = [(address, "an interrupt") for address in roots_of(elf, names)]
    seen: set[int] = set()
    while waiting:
        address, caller = waiting.pop()
        if address in seen:
            continue
        seen.add(address)
        function = known.get(address)
        name = function.name if function else f"{address:#x}"
        if address < RAM_START:
            raise Problem(f"{elf.name}: {name} lies in flash and is called by {caller}, which must run from RAM")
        if function is None:
            continue
        veneer = _VENEER.match(function.name)
        if veneer and veneer[1] in places:
            waiting.append((places[veneer[1]], caller))
            continue
        if function.indirect:
            raise Problem(
                f"{elf.name}: {name}, which an interrupt runs, calls through a pointer: that cannot be checked"
            )
        waiting += [(each, function.name) for each in function.calls]
    return len(seen)
