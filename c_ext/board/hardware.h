// hardware.h: what module.c needs of a chip, besides interrupts.h, link.h and stroke.h of the chip's own folder.
#ifndef RELEVE_HARDWARE_H
#define RELEVE_HARDWARE_H

#include <stdbool.h>
#include <stdint.h>

// Claims and starts all devices; again does nothing new but forgets the core. NULL, or what is wrong. Main.
const char *hardware_start(void);

// Sleeps once, until any interrupt, unless there is something for the supervisor already: an event or a frame. Returns
// whether there is a frame. Main.
bool hardware_sleep(void);

// The image in flash; the bytes of it, 0 where the chip's linker does not tell. Main.
uint32_t hardware_image(const uint8_t **first);

// Called by MicroPython's port, by the names that a board's mpconfigboard.h gives it. A soft reset: the core goes with the
// heap. Main.
void releve_soft_reset(void);

// Around whatever Python is run from outside of Python, with the flags of shared/runtime/pyexec.c: after main.py only a
// Ctrl-C on a development image's console comes back, anything else starts the board anew. Main.
void releve_before_python(uint32_t flags);
void releve_after_python(uint32_t flags, void *raised);

// MicroPython has given up. Anywhere.
void releve_fatal_error(const char *message) __attribute__((noreturn));

#endif
