// frames.c: puts MicroPython's call frames on a stack of their own instead of the heap and the C stack: a call from Python
// to Python then uses none of the C stack, and leaves nothing to collect.
//
// RELEVE_FRAMES_BYTES is the board family's; tests/suite/test_figures.py and tests/emulator_stm32/test_stack.py measure
// how full it gets.
#include "py/mpstate.h"
#include "py/pystack.h"

uint32_t releve_frames[RELEVE_FRAMES_BYTES / sizeof(uint32_t)];

void releve_frames_begin(void);

void releve_frames_begin(void) {
    mp_pystack_init(releve_frames, releve_frames + (sizeof(releve_frames) / sizeof(releve_frames[0])));
}
