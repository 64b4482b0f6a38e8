// ring.h: the bytes of the programmer link in memory, which a chip's DMA fills and empties: where they begin and end,
// how many frames have arrived, what is left to send. The chip's link.c has the DMA.
//
// Positions only increase and are masked where they are used. A frame ends with a byte of 0.
#ifndef RELEVE_RING_H
#define RELEVE_RING_H

#include <stdbool.h>
#include <stdint.h>

// At line rate a ring holds 356 ms, as long as any flash erase that is likely.
#define RING_BITS 12u
#define RING_BYTES (1u << RING_BITS)
#define RING_MASK (RING_BYTES - 1u)
// What is to be sent takes half of that: eight of the longest frames, and nobody asks for more at a time.
#define RING_TX_BITS 11u
#define RING_TX_BYTES (1u << RING_TX_BITS)
#define RING_TX_MASK (RING_TX_BYTES - 1u)

typedef struct {
    const uint8_t *rx;  // RING_BYTES, which the DMA fills
    uint8_t *tx;        // RING_TX_BYTES, which the DMA empties
    uint32_t rx_read;
    volatile uint32_t rx_scanned;
    volatile uint32_t rx_frames;  // ends of frames among the bytes scanned and not yet read
    uint32_t tx_written;
    volatile uint32_t tx_started;  // handed to the DMA
} ring_t;

// Empties both. Main, masked.
void ring_empty(ring_t *ring);

// Scans the bytes that have arrived for ends of frames; the DMA writes next at place `at` of the ring. Less than a
// whole ring, but for 16 bytes, comes between two calls. Returns whether there were any. Interrupt.
bool ring_scan(ring_t *ring, uint32_t at);

// Is there a frame, or so much that it must be read? Main.
bool ring_ready(const ring_t *ring);

// Do bytes wait to be sent behind the transfer under way? Then no request is ready nor taken: its reply would make what the
// pump tells by itself later, and at last fill the ring, which cuts frames. Main.
static inline bool ring_held(const ring_t *ring) {
    return ring->tx_written != ring->tx_started;
}

// Takes up to `size` bytes, which have been scanned; returns how many. If more have come than a ring holds, all of them
// are lost, and none is taken. Main, masked.
uint32_t ring_read(ring_t *ring, uint8_t *into, uint32_t size);

// Puts bytes behind those to be sent, as many as there is room for; returns how many. `under_way`: bytes of the
// transfer under way, which count until it ends. Main, masked.
uint32_t ring_write(ring_t *ring, const uint8_t *from, uint32_t size, uint32_t under_way);

#endif
