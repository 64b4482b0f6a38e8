"""The size gate: code, memory and stack of the core on Cortex-M0+, compared with committed figures.

    python -m tools.core.cost.size [--raise-budget]

Code: all sections of the core's objects that are in flash, constants included. The compiler's library helpers that it
calls are counted separately (`helper_bytes`), since a program contains them only once. Memory: one full context,
without the rolling caps' history, which the board provides. Stack: tools/core/cost/stack.py. The core must have no
static data at all.

A figure above its budget in tools/core/cost/budget.toml fails. Writes build/core/size.json.
"""

import argparse
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from elftools.elf.elffile import ELFFile

from tools.console import Problem, main_guard, say
from tools.core.cost.blocks import Code
from tools.core.cost.gate import public_functions
from tools.core.cost.stack import stack_bytes
from tools.core.target.build import BUDGET, CORE_DIR, OUT, budget, build, compiler_version
from tools.core.target.elf import Elf
from tools.core.target.layout import TargetTypes

RESULT = OUT / "size.json"
TARGET = "m0"
CONTEXT = "core_t"
SHF_WRITE, SHF_ALLOC = 0x1, 0x2
UNWINDING = (".ARM.exidx", ".ARM.extab")  # dropped by a linker script: C needs no unwinding


def section_bytes(compiled: Path) -> tuple[int, int]:
    """Return (code and constants, static data) of an object."""
    code = data = 0
    with compiled.open("rb") as file:
        for section in ELFFile(file).iter_sections():
            flags = section["sh_flags"]
            if flags & SHF_ALLOC and not section.name.startswith(UNWINDING):
                if flags & SHF_WRITE:
                    data += section["sh_size"]
                else:
                    code += section["sh_size"]
    return code, data


def helper_bytes(elf: Elf, code: Code, own: set[str]) -> dict[str, int]:
    """Return the sizes of the functions outside the core that its functions call, directly or indirectly."""
    found: dict[str, int] = {}
    todo = [elf.addresses[name] for name in own]
    seen: set[int] = set()
    while todo:
        address = todo.pop()
        if address not in seen:
            seen.add(address)
            todo += code.callees(address)
            function = elf.function_at(address)
            if function.name not in own and elf.line_at(address)[0] not in _core_files():
                # Assembler may leave out the size; then the function ends at the next one.
                after = min((start for start in elf.functions if start > address), default=address)
                found[function.name] = function.size or after - address
    return found


def _core_files() -> set[str]:
    return {path.name for path in CORE_DIR.glob("*.[ch]")}


def report(limits: Mapping[str, Any], core_dir: Path = CORE_DIR) -> dict[str, Any]:
    """Return everything measured and judged: the content of size.json."""
    image = build(TARGET, core_dir)
    elf = Elf(image.elf)
    types = TargetTypes(image.elf)
    names = public_functions(types, core_dir)
    sizes = [section_bytes(compiled) for compiled in image.objects]
    stacks = stack_bytes(image, limits["loops"], names)
    helpers = helper_bytes(elf, Code(elf), set(names))
    figures = {
        "text_bytes_m0plus": sum(code for code, _ in sizes),
        "ram_bytes": types.format(CONTEXT).size,
        "stack_bytes": max(stacks.values()),
    }
    wrong = [
        f"{name} is {value}, its budget {limits['size'][name]}"
        for name, value in figures.items()
        if value > limits["size"][name]
    ]
    wrong += [
        f"{name} is {value}, the specification allows {limits['aims'][name]}"
        for name, value in figures.items()
        if value > limits["aims"][name]
    ]
    static = sum(data for _, data in sizes)
    if static:
        wrong.append(f"the core has {static} bytes of static data; a context is handed in, there is no other state")
    return {
        "compiler": compiler_version(),
        "flags": limits["build"]["flags"],
        **figures,
        "helper_bytes": helpers,
        "stack_by_function": stacks,
        "budget": limits["size"],
        "aim": limits["aims"],
        "wrong": wrong,
    }


def raise_budget(found: Mapping[str, Any], path: Path = BUDGET) -> None:
    """Write today's figures into the file as its budgets."""
    text = path.read_text(encoding="utf-8")
    for name in found["budget"]:
        text, count = re.subn(rf"(?ms)(^\[size\]$.*?^{name} = )\d+", rf"\g<1>{found[name]}", text, count=1)
        if count != 1:
            raise Problem(f"{path} has no {name} in [size]")
    path.write_text(text, encoding="utf-8")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description="Compare the core's size on Cortex-M0+ with its budget.")
    parser.add_argument("--raise-budget", action="store_true", help="make today's figures the budget")
    if parser.parse_args().raise_budget:
        raise_budget(report(budget()))
        budget.cache_clear()
    found = report(budget())
    RESULT.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    for name, most in found["budget"].items():
        say(f"{name}: {found[name]} ≤ budget {most}; aim {found['aim'][name]}")
    say(f"library helpers beside it: {sum(found['helper_bytes'].values())} bytes ({', '.join(found['helper_bytes'])})")
    if found["wrong"]:
        raise Problem("\n  ".join(["size:", *found["wrong"]]))


if __name__ == "__main__":
    main_guard(main)
