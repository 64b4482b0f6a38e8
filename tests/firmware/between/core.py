"""The dose core as a board has it, on CPython: with the stroke timer's service in C, and calls that an interrupt can
split.

What lies together on a board is compiled together here: c_ext/core and c_ext/board/service.c. Which of the supervisor's
calls keep the interrupt out is read from the binding (c_ext/micropython); in the others it may come amid the
call, between a safety variable's value and its complement.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from c_ext.host.build import build
from c_ext.host.face import Core, bind

ROOT = Path(__file__).resolve().parents[3]
BINDING = ROOT / "c_ext/micropython"
SERVICE = ROOT / "c_ext/board"
# Where a call that is not masked can be split: the one reader of safety variables that both sides use.
_SPLIT = (
    "guard.c",
    "guard->commanded.value ^ guard->commanded.check",
    "split(guard->commanded.value) ^ guard->commanded.check",
)
_HOOK_H = """#ifndef SPLIT_H
#define SPLIT_H
#include <stdint.h>
void split_set(void (*hook)(void));
uint32_t split(uint32_t value);
#endif
"""
_HOOK_C = """#include "split.h"
static void (*hook_set)(void);
void split_set(void (*hook)(void)) {
    hook_set = hook;
}
uint32_t split(uint32_t value) {
    if (hook_set != 0) {
        hook_set();
    }
    return value;
}
"""

# Every call of the supervisor's; those that make no core_t of their own.
CALLS = (
    "settle", "promise", "alive", "set_basal", "plan_basal", "temp_basal", "cancel_temp", "bolus", "cancel_bolus",
    "suspend", "resume", "set_limits", "permit", "stop", "next_us", "used", "limits", "state", "save",
    "save_into", "load", "clear_fault",
)  # fmt: skip

Patch = tuple[str, str, str]  # file, what stands there, what takes its place


def unmasked(source: str | None = None) -> frozenset[str]:
    """The supervisor's calls in which the binding does not keep the interrupt out."""
    text = source or "".join(path.read_text(encoding="utf-8") for path in sorted(BINDING.glob("*.c")))
    bodies = dict(re.findall(r"^(?:static )?\w+ (\w+)\([^;{]*?\) \{\n(.*?)^\}", text, re.M | re.S))
    masking = [name for name, body in bodies.items() if "MASKED(" in body or "dosecore_mask()" in body]

    def masks(name: str) -> bool:
        return name in masking or any(f"{each}(" in bodies[name] for each in masking)

    return frozenset(name[3:] for name in bodies if name.startswith("py_") and not masks(name))


@cache
def board_core(patches: tuple[Patch, ...] = ()) -> type[Core]:
    """The class of cores, the sources changed by `patches`. Raises ValueError if one does not fit."""
    sources = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "c_ext/core").glob("*.[ch]")}
    for name in ("service.h", "service.c"):
        sources[name] = (SERVICE / name).read_text(encoding="utf-8").replace("../core/", "")
    for name, old, new in (_SPLIT, *patches):
        if sources[name].count(old) != 1:
            raise ValueError(f"{name} has {old!r} {sources[name].count(old)} times, not once")
        sources[name] = sources[name].replace(old, new)
    sources["guard.c"] = '#include "split.h"\n' + sources["guard.c"]
    sources |= {"split.h": _HOOK_H, "split.c": _HOOK_C}
    with tempfile.TemporaryDirectory() as place:
        for name, text in sources.items():
            (Path(place) / name).write_text(text, encoding="utf-8")
        return _interruptible(bind(build(Path(place))))


def _interruptible(core_class: type[Core]) -> type[Core]:
    """`core_class`, which lets the interrupt in after every call of the supervisor's, as a board's unmasking does."""
    split_in = unmasked()

    def call(name: str) -> Callable[..., Any]:
        plain = getattr(core_class, name)

        def called(self: Any, *arguments: Any) -> Any:
            board = self.board
            if board is None:
                return plain(self, *arguments)
            if name in split_in:
                board.may_split(True)
                try:
                    answer = plain(self, *arguments)
                finally:
                    board.may_split(False)
            else:
                answer = plain(self, *arguments)
            board.unmasked()
            return answer

        return called

    members: Mapping[str, Any] = {name: call(name) for name in CALLS}
    return type("BoardCore", (core_class,), {"board": None, **members})
