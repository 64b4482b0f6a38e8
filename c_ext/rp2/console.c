// console.c: stubs for a release, which has no console: output is discarded, and there is no input.
#include "py/mphal.h"
#include "py/ringbuf.h"

#if !MICROPY_HW_ENABLE_UART_REPL
// MicroPython's port reads its console from here and defines it only if there is one.
static uint8_t nothing[1];
ringbuf_t stdin_ringbuf = {nothing, sizeof(nothing), 0u, 0u};
#endif
