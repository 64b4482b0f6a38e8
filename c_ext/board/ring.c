#include "ring.h"

// So far a position may seem to go back: while transfers are under way a DMA's address in a ring is read too low
// (RP2040-E12).
#define BACK_BITS 4u

void ring_empty(ring_t *ring) {
    ring->rx_read = 0u;
    ring->rx_scanned = 0u;
    ring->rx_frames = 0u;
    ring->tx_written = 0u;
    ring->tx_started = 0u;
}

bool ring_scan(ring_t *ring, uint32_t at) {
    uint32_t scanned = ring->rx_scanned;
    uint32_t left = (at - scanned) & RING_MASK;
    if ((left >> BACK_BITS) == (RING_MASK >> BACK_BITS)) {
        left = 0u;
    }
    const bool any = left != 0u;
    for (; left != 0u; left--) {
        if (ring->rx[scanned & RING_MASK] == 0u) {
            ring->rx_frames++;
        }
        scanned++;
    }
    ring->rx_scanned = scanned;
    return any;
}

bool ring_ready(const ring_t *ring) {
    return (ring->rx_frames != 0u) || ((ring->rx_scanned - ring->rx_read) >= (RING_BYTES / 2u));
}

uint32_t ring_read(ring_t *ring, uint8_t *into, uint32_t size) {
    uint32_t frames = 0u;
    uint32_t bytes = ring->rx_scanned - ring->rx_read;
    if (bytes > RING_BYTES) {
        // All of it is dropped, so that what comes next arrives uncut, and at once. If only the oldest were, each read
        // would be followed by a cut as long as bytes come faster than they are read, and hardly a frame would be whole.
        ring->rx_read = ring->rx_scanned;
        bytes = 0u;
    }
    bytes = (bytes < size) ? bytes : size;
    for (uint32_t i = 0u; i < bytes; i++) {
        into[i] = ring->rx[(ring->rx_read + i) & RING_MASK];
        frames += (into[i] == 0u) ? 1u : 0u;
    }
    ring->rx_read += bytes;
    // Bytes lost with an overrun may have ended frames too: an empty ring holds none.
    const bool none = (ring->rx_scanned == ring->rx_read) || (frames > ring->rx_frames);
    ring->rx_frames = none ? 0u : (ring->rx_frames - frames);
    return bytes;
}

uint32_t ring_write(ring_t *ring, const uint8_t *from, uint32_t size, uint32_t under_way) {
    const uint32_t room = RING_TX_BYTES - under_way - (ring->tx_written - ring->tx_started);
    const uint32_t bytes = (size < room) ? size : room;
    for (uint32_t i = 0u; i < bytes; i++) {
        ring->tx[(ring->tx_written + i) & RING_TX_MASK] = from[i];
    }
    ring->tx_written += bytes;
    return bytes;
}
