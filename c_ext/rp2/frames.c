// frames.c: puts MicroPython's call frames on a stack of their own instead of the heap and the C stack.
//
// In the 8 KB of the C stack 26 calls had room, an interrupt included; an alarm that stops delivery is as many deep.
#include "py/mpstate.h"
#include "py/pystack.h"

// tests/suite/test_figures.py measures how full it gets.
#define FRAMES_BYTES 4096u

uint32_t releve_frames[FRAMES_BYTES / sizeof(uint32_t)];

void releve_startup(void);

void releve_startup(void) {
    mp_pystack_init(releve_frames, releve_frames + (sizeof(releve_frames) / sizeof(releve_frames[0])));
}
