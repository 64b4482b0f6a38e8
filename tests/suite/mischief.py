"""What can befall an emulated Pico at any instant of its start, done from outside: the image has no code for it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from elftools.elf.elffile import ELFFile

from hil.backends.emulated import EmulatedBoard
from tests.suite.room import ELF, SRAM, symbol
from tests.symbols import in_image

FLASH = 0x10000000
_UNDEFINED = b"\x00\xde"
_PC = 15
_PENDING = 0  # MP_SCHED_PENDING


@cache
def _offset(struct: str, member: str, elf: Path) -> int:
    """Where a member lies in one of MicroPython's structures, from the image's debug information."""
    with elf.open("rb") as file:
        for unit in ELFFile(file).get_dwarf_info().iter_CUs():
            name = unit.get_top_DIE().attributes.get("DW_AT_name")
            if name is None or not name.value.endswith(b"py/mpstate.c"):
                continue
            for entry in unit.iter_DIEs():
                named = entry.attributes.get("DW_AT_name")
                if entry.tag != "DW_TAG_structure_type" or named is None or named.value.decode() != struct:
                    continue
                for child in entry.iter_children():
                    if child.attributes["DW_AT_name"].value.decode() == member:
                        return int(child.attributes["DW_AT_data_member_location"].value)
    raise LookupError(f"{struct}.{member}")


def place_of(part: str, member: str, elf: Path) -> int:
    """The address of a member of MicroPython's state."""
    at, _ = in_image(elf, "mp_state_ctx")
    struct = f"_mp_state_{part}_t"
    return at + _offset("_mp_state_ctx_t", part, elf) + _offset(struct, member, elf)


def _state(part: str, member: str) -> int:
    """The same in a Pico, as an offset in SRAM."""
    return place_of(part, member, ELF) - SRAM


def ctrl_c(board: EmulatedBoard) -> None:
    """A person, or a tool that connects to the console, sends Ctrl-C."""
    board.write_console(b"\x03")


def raised(board: EmulatedBoard) -> None:
    """Whatever Python runs raises, and not an `Exception`: GeneratorExit, which the image holds ready."""
    error = SRAM + symbol("mp_const_GeneratorExit_obj")[0]
    board.set_memory("sram", _state("thread", "mp_pending_exception"), error.to_bytes(4, "little"))
    board.set_memory("sram", _state("vm", "sched_state"), _PENDING.to_bytes(2, "little"))


def no_memory(board: EmulatedBoard) -> None:
    """From now on every allocation raises MemoryError."""
    board.set_memory("sram", _state("thread", "gc_lock_depth"), (1).to_bytes(2, "little"))


# Nests lists and prints them: each level is a call of C from C, which MicroPython's limit of the stack would end.
DEEP = b"exec('a=[]\\nfor i in range(900): a=[a]\\nrepr(a)')\r"


def no_limit(board: EmulatedBoard) -> None:
    """MicroPython does not see any more that its stack is full."""
    board.set_memory("sram", _state("thread", "stack_limit"), (1 << 20).to_bytes(4, "little"))


def crash(board: EmulatedBoard, within_ns: int = 20_000_000) -> None:
    """The next instruction is none: HardFault. Put right again once the processor has met it."""
    at = int(board.info()["registers"][_PC])
    memory, place = ("flash", at - FLASH) if FLASH <= at < FLASH + 0x1000000 else ("sram", at - SRAM)
    if not 0 <= place < 0x1000000:
        return  # in the boot ROM
    before = board.memory(memory, place, 2)
    board.set_memory(memory, place, _UNDEFINED)
    board.run_until_ns(board.now_ns + within_ns, "reset")
    board.set_memory(memory, place, before)
