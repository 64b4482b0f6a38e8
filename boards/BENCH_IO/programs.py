"""The board's two PIO programs. capture.py and player.py explain them and their cycle counts."""

# ruff: noqa: F821
# mypy: ignore-errors
# The instructions of PIO programs are names that MicroPython's decorator defines.

import rp2


# fmt: off
@rp2.asm_pio()
def edges():
    label("stay")
    jmp(x_dec, "high")          [2]
    label("high")
    jmp(pin, "stay")            [1]
    mov(isr, x)
    push(noblock)
    jmp(x_dec, "low")
    wrap_target()
    label("low")
    jmp(pin, "rise")            [1]
    jmp(x_dec, "low")           [2]
    wrap()
    label("rise")
    mov(isr, x)
    push(noblock)
    jmp(x_dec, "high")
    jmp("high")  # X has wrapped around


@rp2.asm_pio(set_init=rp2.PIO.OUT_LOW, out_init=rp2.PIO.OUT_LOW, out_shiftdir=rp2.PIO.SHIFT_RIGHT)
def pulses():
    pull()
    out(x, 10)
    jmp("counted")
    label("count")
    wait(0, pin, 0)
    wait(1, pin, 0)
    label("counted")
    jmp(x_dec, "count")
    out(x, 20)
    label("delay")
    jmp(x_dec, "delay")
    out(pins, 1)
    set(x, 31)
    label("width")
    jmp(x_dec, "width")         [31]  # 1.02 ms
    set(pins, 0)
# fmt: on
