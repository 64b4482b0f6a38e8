"""Exceptions, masks and sleep of the emulated Cortex-M4, as ARM DDI 0403 has them, in small programs."""

from __future__ import annotations

import pytest

from tests.emulator_stm32.program import STACK, Program

pytestmark = pytest.mark.req("HIL-1")

ENABLE, PEND, ICSR = "0xe000e100", "0xe000e200", "0xe000ed04"


def test_an_interrupt_comes_between_two_instructions_and_changes_no_register() -> None:
    program = Program(
        f"""
start:
    movs r0, #1
    movs r1, #2
    movs r2, #3
    movs r3, #4
    mov r12, r3
    vmov.f32 s0, #1.0
    vmov.f32 s15, #2.0
    poke {ENABLE}, 1
    adds r4, r0, #0x7f
    poke {PEND}, 1
    nop
    nop
    put 0, r0
    put 1, r1
    put 2, r2
    put 3, r3
    put 4, r12
    vmov r5, s0
    put 5, r5
    vmov r5, s15
    put 6, r5
    mov r5, sp
    put 7, r5
end: b end
handler:
    put 8, lr
    mov r0, sp
    put 9, r0
    ldr r0, [sp, #28]
    put 10, r0
    mov r0, #99
    mov r1, r0
    mov r2, r0
    mov r3, r0
    mov r12, r0
    vmov s0, r0
    vmov s15, r0
    bx lr
""",
        v16="handler",
    )
    program.run(200)
    assert [program.word(n) for n in range(5)] == [1, 2, 3, 4, 4]
    assert [program.word(5), program.word(6)] == [0x3F800000, 0x40000000]
    assert program.word(7) == STACK
    assert program.word(8) == 0xFFFFFFF9, "from a thread on the main stack"
    assert program.word(9) == STACK - 32 and program.word(9) % 8 == 0
    assert program.word(10) >> 24 & 1 == 1, "the frame's xPSR"
    assert program.processor.faults == []


def test_the_more_urgent_one_preempts_and_the_less_urgent_one_waits() -> None:
    """Each handler counts, and notes the count at its end: the order in which they ended."""
    program = Program(
        f"""
start:
    poke 0xe000e400, 0x00804080
    poke {ENABLE}, 7
    poke {PEND}, 1
    b .
count:
    ldr r1, =RESULTS + 32
    ldr r0, [r1]
    adds r0, #1
    str r0, [r1]
    bx lr
low:
    push {{lr}}
    poke {PEND}, 6
    nop
    nop
    bl count
    put 0, r0
    pop {{pc}}
high:
    push {{lr}}
    put 4, lr
    bl count
    put 1, r0
    pop {{pc}}
same:
    push {{lr}}
    bl count
    put 2, r0
    pop {{pc}}
""",
        v16="low",
        v17="high",
        v18="same",
    )
    program.run(200)
    assert [program.word(n) for n in range(3)] == [2, 1, 3]
    assert program.word(4) == 0xFFFFFFF1, "from a handler"


@pytest.mark.parametrize(
    ("mask", "unmask"), [("cpsid i", "cpsie i"), ("movs r0, #0x40\n msr basepri, r0", "movs r0, #0\n msr basepri, r0")]
)
def test_a_masked_interrupt_waits_until_the_mask_is_gone(mask: str, unmask: str) -> None:
    program = Program(
        f"""
start:
    poke 0xe000e400, 0x40
    poke {ENABLE}, 1
    {mask}
    poke {PEND}, 1
    nop
    nop
    ldr r5, =RESULTS + 4
    ldr r5, [r5]
    put 0, r5
    {unmask}
    nop
    b . + 2
    ldr r5, =RESULTS + 4
    ldr r5, [r5]
    put 2, r5
end: b end
handler:
    movs r0, #7
    put 1, r0
    bx lr
""",
        v16="handler",
    )
    program.run(200)
    assert [program.word(n) for n in range(3)] == [0, 7, 7]


def test_wfi_with_interrupts_locked_out_wakes_and_the_handler_comes_after_the_lock() -> None:
    """SysTick every 2000 cycles of 4 MHz, 0.5 ms."""
    program = Program(
        """
start:
    cpsid i
    poke 0xe000e014, 1999
    poke 0xe000e018, 0
    poke 0xe000e010, 7
    wfi
    ldr r5, =RESULTS
    ldr r5, [r5]
    put 1, r5
    cpsie i
    nop
    b . + 2
    movs r5, #0
wait:
    wfi
    adds r5, #1
    put 2, r5
    b wait
tick:
    ldr r1, =RESULTS
    ldr r0, [r1]
    adds r0, #1
    str r0, [r1]
    bx lr
""",
        v15="tick",
    )
    program.run(10_100)
    assert program.word(0) == 20
    assert program.word(1) == 0
    assert program.word(2) in (18, 19)
    assert program.processor.sleep_cycles > 0.9 * program.chip.now


def test_pendsv_comes_when_the_handler_that_asked_for_it_is_over() -> None:
    program = Program(
        f"""
start:
    poke 0xe000ed20, 0x00f00000
    poke {ENABLE}, 1
    poke {PEND}, 1
    b .
handler:
    poke {ICSR}, 0x10000000
    nop
    nop
    ldr r0, =RESULTS
    ldr r0, [r0]
    put 1, r0
    bx lr
pendsv:
    movs r0, #5
    put 0, r0
    bx lr
""",
        v16="handler",
        v14="pendsv",
    )
    program.run(200)
    assert [program.word(0), program.word(1)] == [5, 0]


@pytest.mark.parametrize("text", ["udf #0", "ldr r0, =0x60000000\n ldr r0, [r0]", "ldr r0, =0x30000001\n bx r0"])
def test_what_a_cortex_m_cannot_do_ends_in_its_hard_fault_handler(text: str) -> None:
    program = Program(
        f"""
start:
    {text}
    b .
fault:
    movs r0, #1
    put 0, r0
    b .
""",
        v3="fault",
    )
    program.run(200)
    assert program.word(0) == 1
    assert len(program.processor.faults) == 1


def test_a_block_under_it_goes_on_after_an_interrupt() -> None:
    """The frame keeps the IT state: SysTick comes at every possible place, and the sum stays right."""
    program = Program(
        """
start:
    poke 0xe000e014, 37
    poke 0xe000e018, 0
    poke 0xe000e010, 7
    movs r0, #0
    movs r1, #0
again:
    cmp r0, r0
    itttt eq
    addeq r1, #1
    addeq r1, #1
    addeq r1, #1
    addeq r1, #1
    adds r0, #1
    cmp r0, #200
    bne again
    put 0, r1
    b .
tick:
    cmp r0, #0x1000
    ldr r2, =RESULTS + 4
    ldr r3, [r2]
    adds r3, #1
    str r3, [r2]
    bx lr
""",
        v15="tick",
    )
    program.run(3_000)
    assert program.word(0) == 800
    assert program.word(1) > 50
