// link.h: the programmer link's UART, by DMA in both directions: interrupts that are off lose no byte, and bytes cost
// Python no time.
//
// Implements: LINK-1, LINK-4
#ifndef RELEVE_BOARD_LINK_H
#define RELEVE_BOARD_LINK_H

#include <stdbool.h>
#include <stdint.h>

// Sets up the UART, 115200 8N1, its pins and DMA channels. Again after a soft reset. Main.
void link_setup(void);

// Is there a whole frame, or so much that it must be read? Main.
bool link_ready(void);

// Moves what has arrived, at most `size` bytes, and returns how many. Main.
uint32_t link_read(uint8_t *into, uint32_t size);

// Accepts as many of `size` bytes as fit, and returns their number. Main.
uint32_t link_write(const uint8_t *from, uint32_t size);

#endif
