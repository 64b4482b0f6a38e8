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

#endif
