"""An emulated STM32L475/L476: the Cortex-M4 by unicorn, the devices here, after ST's reference manual RM0351.

The devices also serve tests/board, which runs c_ext/stm32 alone, without MicroPython. docs/emulator-stm32.md lists what
is modelled and what is not.
"""
