// hardware.h: the functions of a chip that module.c needs, besides those of bus.h, early.h, interrupts.h, link.h and
// stroke.h.
#ifndef RELEVE_HARDWARE_H
#define RELEVE_HARDWARE_H

#include <stdbool.h>
#include <stdint.h>

// Claims and starts all devices; a second call only forgets the core. Returns NULL, or a text that says what is wrong.
// Main.
const char *hardware_start(void);

// Sleeps once, until any interrupt, unless something is already there for the supervisor: an event or a frame. Returns
// whether there is a frame. Main.
bool hardware_sleep(void);

// The image in flash, and its size in bytes. Main.
uint32_t hardware_image(const uint8_t **first);

// Memory for MicroPython's heap besides what its port knows, on a chip with MICROPY_GC_SPLIT_HEAP. Main.
uint8_t *hardware_more_heap(uint8_t **end);

// The level of the stroke sensor's line. Main.
bool hardware_sensor_is_high(void);

// Called by MicroPython's port under the names in a board's mpconfigboard.h. A soft reset: the core is freed with the
// heap. Main.
void releve_soft_reset(void);

// Called around all Python that is run from C, with the flags of shared/runtime/pyexec.c: after main.py only a Ctrl-C
// on a development image's console returns; anything else restarts the board. Main.
void releve_before_python(uint32_t flags);
void releve_after_python(uint32_t flags, void *raised);

// MicroPython has given up. Anywhere.
void releve_fatal_error(const char *message) __attribute__((noreturn));

#endif
