# ruff: noqa: D102 - the methods of EmulatedSession are those of Session
"""The session's C code in an emulated Cortex-M (unicorn), from a bare image or from a board's; its face is Session's.

Cycles are those of the Cortex-M0+ (technical reference manual, 3.3; RP2040's multiplier takes one cycle): a load or
store 2, a taken branch 2, a call 3, n registers 1 + n. Memory has no wait states: misses of the flash's cache
are not in it. The stack is what a call overwrites of a pattern.
"""

import ctypes
from pathlib import Path
from typing import Any

import capstone
import unicorn
from unicorn import arm_const

from c_ext.host.session_face import COUNTS, Session, bind_default
from tools.core.target.elf import Elf
from tools.core.target.machine import MODELS

PAGE = 0x1000
SCRATCH, SCRATCH_BYTES = 0x40000000, 0x20000
STACK, STACK_BYTES = 0x50000000, 0x4000
PATTERN = 0xA5
# In the region of code: what a call returns to, and functions that are lent to an image.
STOP = 0x0F000000
LENT = STOP + 0x100
BUFFERS = 0x4000  # offset of the arguments' bytes in the scratch memory, after the context
REGISTERS = (arm_const.UC_ARM_REG_R0, arm_const.UC_ARM_REG_R1, arm_const.UC_ARM_REG_R2, arm_const.UC_ARM_REG_R3)
# A jump to the address that follows it.
JUMP = bytes.fromhex("004b1847")


class Wide(int):
    """An argument of 64 bits."""


def cycles_of(instruction: capstone.CsInsn) -> tuple[int, bool]:
    """Return (cycles, is it a conditional branch, which takes one more if it is taken)."""
    name, operands = instruction.mnemonic.split(".")[0], instruction.op_str
    registers = operands.count(",") + 1 - (0 if name in ("push", "pop") else 1)
    if "-" in operands:
        raise AssertionError(f"a range of registers: {instruction.mnemonic} {operands}")
    if name in ("push", "pop", "ldm", "stm", "ldmia", "stmia"):
        return 1 + registers + (2 if "pc" in operands else 0), False
    if name.startswith(("ldr", "str")):
        return 2, False
    if name == "bl":
        return 3, False
    if name in ("bx", "blx", "b"):
        return 2, False
    return 1, name.startswith("b") and name not in ("bics", "bic", "bkpt")


class Processor:
    """One emulated processor with an image. `cycles` and `stack_bytes` are those of the last call."""

    def __init__(self, elf: Path, target: str, memory: Path | None = None, count: bool = False) -> None:
        """memory: an image whose memcpy and memset replace those of `elf`, which need a boot ROM; count: cycles."""
        self.elf = Elf(elf)
        engine_class: Any = unicorn.Uc  # type: ignore[attr-defined]
        self.engine: Any = engine_class(unicorn.UC_ARCH_ARM, unicorn.UC_MODE_THUMB | unicorn.UC_MODE_MCLASS)
        self.engine.ctl_set_cpu_model(MODELS[target])
        self._mapped: set[int] = set()
        for address, size in ((SCRATCH, SCRATCH_BYTES), (STACK, STACK_BYTES), (STOP, PAGE)):
            self.engine.mem_map(address, size)
        self._load(self.elf)
        if memory:
            self._borrow(Elf(memory))
        self._decoder = capstone.Cs(capstone.CS_ARCH_ARM, capstone.CS_MODE_THUMB | capstone.CS_MODE_MCLASS)
        self._known: dict[tuple[int, int], tuple[int, bool]] = {}
        self._branch_end = 0
        self.cycles = self.stack_bytes = 0
        if count:  # ten times slower
            self.engine.hook_add(unicorn.UC_HOOK_BLOCK, self._block)

    def _load(self, elf: Elf, only: set[int] | None = None) -> None:
        for address, content in elf.segments():
            for page in range(address // PAGE, (address + len(content) - 1) // PAGE + 1):
                if page not in self._mapped:
                    self.engine.mem_map(page * PAGE, PAGE)
                    self._mapped.add(page)
            self.engine.mem_write(address, content)

    def _borrow(self, other: Elf) -> None:
        place = LENT
        for name in ("memcpy", "memset"):
            function = next(each for each in other.functions.values() if each.name == name)
            self.engine.mem_write(place, other.code(function.address, function.size))
            for each in (name, f"__wrap_{name}"):
                at = self.elf.addresses.get(each)
                if at is not None:
                    at &= ~1
                    assert at % 4 == 0, "the jump's address lies behind it, aligned"
                    self.engine.mem_write(at, JUMP + (place | 1).to_bytes(4, "little"))
            place += 256

    def call(self, name: str, *arguments: int) -> int:
        """Call the function as the Arm procedure call standard says; return r0."""
        words: list[int] = []
        for each in arguments:
            if isinstance(each, Wide):
                words += [0] * (len(words) % 2) + [each & 0xFFFFFFFF, each >> 32]
            else:
                words.append(each & 0xFFFFFFFF)
        self.engine.mem_write(STACK, bytes([PATTERN]) * STACK_BYTES)
        top = STACK + STACK_BYTES - 64
        for register, word in zip(REGISTERS, words, strict=False):
            self.engine.reg_write(register, word)
        self.engine.mem_write(top, b"".join(word.to_bytes(4, "little") for word in words[4:]))
        self.engine.reg_write(arm_const.UC_ARM_REG_SP, top)
        self.engine.reg_write(arm_const.UC_ARM_REG_LR, STOP | 1)
        self.cycles, self._branch_end = 0, 0
        self.engine.emu_start(self.elf.addresses[name] | 1, STOP)
        untouched = bytes(self.engine.mem_read(STACK, STACK_BYTES - 64))
        self.stack_bytes = len(untouched) - (len(untouched) - len(untouched.lstrip(bytes([PATTERN]))))
        return int(self.engine.reg_read(arm_const.UC_ARM_REG_R0))

    def _block(self, _engine: Any, address: int, size: int, _data: Any) -> None:
        if self._branch_end and address != self._branch_end:
            self.cycles += 1
        if (address, size) not in self._known:
            found = [cycles_of(each) for each in self._decoder.disasm(self.engine.mem_read(address, size), address)]
            self._known[address, size] = sum(cost for cost, _ in found), bool(found) and found[-1][1]
        cost, conditional = self._known[address, size]
        self.cycles += cost
        self._branch_end = address + size if conditional else 0


class EmulatedSession:
    """Session (c_ext/host/session_face.py) in an emulated processor: what the tests of the session call."""

    processor: Processor  # set by whoever binds it

    def __init__(self, schema_hash: bytes, suite: int) -> None:
        self._layout: type[Session] = bind_default()
        self._ffi: Any = self._layout.module.ffi
        assert self._ffi.sizeof("session_t") <= BUFFERS
        self._put = BUFFERS
        self._call("session_init", self._bytes(schema_hash), suite)

    def _bytes(self, content: Any, room: int = 0) -> int:
        at = SCRATCH + self._put
        self.processor.engine.mem_write(at, bytes(content) + bytes(room))
        self._put += (len(content) + room + 8) & ~7
        return at

    def _call(self, name: str, *arguments: int) -> int:
        self._put = BUFFERS
        return self.processor.call(name, SCRATCH, *arguments)

    def _read(self, at: int, n: int) -> bytes:
        return bytes(self.processor.engine.mem_read(at, n))

    def _field(self, *path: str) -> int:
        kind, at = "session_t", 0
        for name in path:
            at += self._ffi.offsetof(kind, name)
            kind = dict(self._ffi.typeof(kind).fields)[name].type.cname
        return int.from_bytes(self._read(SCRATCH + at, self._ffi.sizeof(kind)), "little")

    def record(self, slot: int) -> Any:
        return Memory(self, self._call("session_record", slot), 94)

    def seed_record(self) -> Any:
        return Memory(self, self._call("session_seed_record"), 52)

    def load(self, slot: int) -> int:
        return self._call("session_load", slot) & 0xFF

    def wipe(self, slot: int) -> None:
        self._call("session_wipe", slot)

    def fresh_key(self, slot: int, role: int = 0, label: bytes = b"", next: bool = False) -> bool:
        if next:
            return bool(self._call("session_rotate", slot) & 0xFF)
        return bool(self._call("session_enrol", slot, role, self._bytes(label), len(label)) & 0xFF)

    def promote(self, slot: int) -> bool:
        return bool(self._call("session_promote", slot) & 0xFF)

    def renew(self, noise: bytes) -> None:
        self._call("session_renew", self._bytes(noise), len(noise))

    def ready(self) -> bool:
        return bool(self._call("session_ready") & 0xFF)

    def device_id(self) -> bytes:
        return bytes(self.seed_record()[36:44])

    def hello(self, now_us: int, presence: bool = False) -> bytes | None:
        out = self._bytes(bytes(8))
        return self._read(out, 8) if self._call("session_hello", Wide(now_us), int(presence), out) & 0xFF else None

    def spare(self) -> bool:
        return bool(self._call("session_spare") & 0xFF)

    def accept(self, now_us: int, presence: bool, provisioning: bool, payload: bytes, reply: bytearray) -> int:
        given, out = self._bytes(payload), self._bytes(reply)
        flags = int(presence), int(provisioning)
        result = self._call("session_accept", Wide(now_us), *flags, given, len(payload), out)
        reply[:] = self._read(out, len(reply))
        return ctypes.c_int8(result).value  # short enumerations

    def open(self, now_us: int, sequence: int, message_id: int, frame: bytearray) -> int:
        at, head = self._bytes(frame), sequence | message_id << 16
        result = self._call("session_open", Wide(now_us), head, at, len(frame))
        frame[:] = self._read(at, len(frame))
        return ctypes.c_int32(result).value

    def seal(self, now_us: int, sequence: int, message_id: int, out: bytearray, n: int, hand_out: int = -1) -> int:
        at, head = self._bytes(out), sequence | message_id << 16
        result = self._call("session_seal", Wide(now_us), head, at, n, hand_out)
        out[:] = self._read(at, len(out))
        return result

    def again(self, out: bytearray) -> int:
        at, name = self._bytes(out), self._bytes(b"\0")
        result = self._call("session_again", at, name)
        out[:] = self._read(at, len(out))
        return result

    def live(self, now_us: int) -> bool:
        return bool(self._call("session_live", Wide(now_us)) & 0xFF)

    def forget(self) -> None:
        self._call("session_forget")

    def role(self) -> int:
        return self._field("live", "role")

    def slot(self) -> int:
        return self._field("live", "slot")

    def number(self) -> int:
        return self._field("live", "number")

    def reply_id(self) -> int:
        return self._field("reply_id")

    def counts(self) -> tuple[int, ...]:
        return tuple(self._field("counts", name) for name in COUNTS)


class Memory:
    """A record in the emulated memory."""

    def __init__(self, session: EmulatedSession, at: int, n: int) -> None:
        self._session, self._at, self._n = session, at, n

    def __getitem__(self, part: slice) -> bytes:
        return self._session._read(self._at, self._n)[part]

    def __setitem__(self, part: slice, data: bytes) -> None:
        self._session.processor.engine.mem_write(self._at + part.start, bytes(data))
