"""Checks that the session's 64-bit multiplication takes the same time for all numbers, from the ELF file.

A Cortex-M0+ has no such instruction, so the compiler calls __aeabi_lmul. The compiler library's branches on a carry, so
the time of a handshake would depend on its secrets. The Pico SDK wraps it in code without branches, and the image must
use that one wherever the session is computed.
Errors: Problem, naming the function and what is wrong with it.
"""

import re
import subprocess
from pathlib import Path

from tools.console import Problem
from tools.ports.in_ram import _FUNCTION, _VENEER, functions, roots_of

# Whatever computes with secrets.
ROOTS = ("primitive_curve", "primitive_seal", "primitive_open")
OURS = "__wrap___aeabi_lmul"
_MULTIPLY = re.compile(r"lmul$")
_BRANCH = re.compile(r"\t(?:b(?!x\tlr|ics?\b|kpt\b)\w*(?:\.n|\.w)?|cbn?z|it[te]*)\t")


def _lines(elf: Path, name: str) -> list[str]:
    command = ["arm-none-eabi-objdump", "-d", "--no-show-raw-insn", str(elf)]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    found: list[str] = []
    inside = False
    for line in listed.splitlines():
        start = _FUNCTION.match(line)
        if start:
            inside = start[2] == name
        elif inside and line:
            found.append(line)
    return found


def check(elf: Path, roots: tuple[str, ...] = ROOTS) -> int:
    """Return how many multiplications `roots` call. Raises Problem unless each is the SDK's, without a branch."""
    known = functions(elf)
    places = {each.name: each.address for each in known.values()}
    waiting, seen, multiplications = roots_of(elf, roots), set[int](), 0
    while waiting:
        address = waiting.pop()
        function = known.get(address)
        if address in seen or function is None:
            continue
        seen.add(address)
        veneer = _VENEER.match(function.name)
        if veneer:
            waiting.append(places.get(veneer[1], places.get(veneer[1].removeprefix("_"), address)))
        elif _MULTIPLY.search(function.name):
            multiplications += 1
            if function.name != OURS:
                raise Problem(f"{elf.name}: the session multiplies with {function.name}, not with the SDK's {OURS}")
            branches = [line.strip() for line in _lines(elf, function.name) if _BRANCH.search(line)]
            if branches:
                raise Problem(f"{elf.name}: {function.name} branches, so its time may depend on secrets: {branches[0]}")
        else:
            waiting += function.calls
    if multiplications == 0:
        raise Problem(f"{elf.name}: {roots[0]} calls no 64-bit multiplication, so this check looks at nothing")
    return multiplications
