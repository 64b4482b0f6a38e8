// link.h: the programmer link's UART, by DMA in both directions: disabled interrupts lose no byte, and bytes cost
// Python no time.
//
// In stop mode the UART is off. A falling edge of the line wakes the chip, too late for the frame that begins with it:
// the programmer's repeat, half a second later, finds the pump awake, and it stays so while the link is in use.
//
// Implements: LINK-1, LINK-4
#ifndef RELEVE_STM32_LINK_H
#define RELEVE_STM32_LINK_H

#include <stdbool.h>
#include <stdint.h>

// Sets up the UART that pins.h names, 115200 8N1, its pins and DMA channels. Again after a soft reset. Main.
void link_setup(void);

// Is there a whole frame, or so much that it must be read? Main, all interrupts off.
bool link_ready(void);

// Moves what has arrived, at most `size` bytes, and returns how many. Main.
uint32_t link_read(uint8_t *into, uint32_t size);

// Accepts as many of `size` bytes as fit, and returns their number. Main.
uint32_t link_write(const uint8_t *from, uint32_t size);

// Has anything been received or sent since the last call? Main.
bool link_take_active(void);

// Nothing is being sent or received, and from now on an edge of the line wakes the chip; if false, nothing is changed.
// Main, all interrupts off.
bool link_sleep(void);

// An edge of the line no longer wakes the chip. Main, all interrupts off.
void link_wake(void);

#endif
