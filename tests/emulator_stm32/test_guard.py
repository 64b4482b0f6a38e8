"""The MPU's guard below a stack on the emulated Cortex-M4 (ARM DDI 0403, B3.5)."""

from __future__ import annotations

import pytest

from tests.emulator_stm32.program import STACK, Program

pytestmark = pytest.mark.req("HIL-1")

# 256 bytes, nobody may read or write them.
GUARD = 0x20010000
PROTECT = f"""
    poke 0xe000ed9c, {GUARD | 0x10}
    poke 0xe000eda0, {1 << 28 | 7 << 1 | 1}
    poke 0xe000ed94, 5
"""
FAULT = """
fault:
    mov r0, sp
    put 0, r0
    ldr r1, =0xe000ed28
    ldr r1, [r1]
    put 1, r1
    ldr r2, [r0, #24]
    put 2, r2
end: b end
"""


def after(code: str, handler: str = "fault") -> Program:
    program = Program(
        f"start:\n{PROTECT}{code}\nend0: b end0\n{FAULT}\nhandler: b handler\n", v3=handler, v16="handler"
    )
    program.run(100)
    return program


@pytest.mark.parametrize(
    ("place", "what", "faults"),
    [
        (GUARD - 4, "str r0, [r5]", 0),
        (GUARD, "str r0, [r5]", 1),
        (GUARD + 255, "strb r0, [r5]", 1),
        (GUARD + 252, "ldr r0, [r5]", 1),
        (GUARD + 256, "str r0, [r5]", 0),
    ],
)
def test_an_access_to_the_guarded_bytes_is_a_hardfault_at_its_instruction(place: int, what: str, faults: int) -> None:
    code = f"    ldr r5, ={place}\n    ldr r3, =here\n    put 3, r3\nhere: {what}\n    movs r3, #1\n    put 4, r3\n"
    program = after(code)
    assert len(program.processor.faults) == faults
    assert program.word(4) == 1 - faults, "nothing after it was done"
    if faults:
        assert (program.word(0), program.word(1)) == (STACK - 32, 2), "DACCVIOL"
        assert program.word(2) == program.word(3)


def test_a_stack_that_grows_into_the_guard_is_stopped_there() -> None:
    program = after(f"    ldr r5, ={GUARD + 256 + 64}\n    mov sp, r5\nmore: push {{r0-r3}}\n    b more\n")
    assert len(program.processor.faults) == 1
    assert program.word(1) == 0x12, "the frame did not fit either: MSTKERR besides DACCVIOL"


def test_the_frame_of_an_interrupt_that_does_not_fit_is_a_hardfault() -> None:
    interrupt = "    poke 0xe000e100, 1\n    poke 0xe000e200, 1\n    nop\n    nop\n"
    program = after(f"    ldr r5, ={GUARD + 256 + 24}\n    mov sp, r5\n{interrupt}")
    assert len(program.processor.faults) == 1 and program.word(1) == 0x10
    fits = after(f"    ldr r5, ={GUARD + 256 + 32}\n    mov sp, r5\n{interrupt}")
    assert fits.processor.faults == [] and fits.word(0) == 0
