#include "ring.h"

void ring_empty(ring_t *ring) {
    ring->rx_read = 0u;
    ring->rx_scanned = 0u;
    ring->rx_frames = 0u;
    ring->tx_written = 0u;
    ring->tx_started = 0u;
}

bool ring_scan(ring_t *ring, uint32_t at) {
    const uint32_t scanned = ring->rx_scanned;
    const uint32_t arrived = scanned + ((at - scanned) & RING_MASK);
    uint32_t frames = 0u;
    for (uint32_t i = scanned; i != arrived; i++) {
        frames += (ring->rx[i & RING_MASK] == 0u) ? 1u : 0u;
    }
    ring->rx_scanned = arrived;
    ring->rx_frames += frames;
    return arrived != scanned;
}

bool ring_ready(const ring_t *ring) {
    return (ring->rx_frames != 0u) || ((ring->rx_scanned - ring->rx_read) >= (RING_BYTES / 2u));
}

uint32_t ring_read(ring_t *ring, uint8_t *into, uint32_t size) {
    uint32_t frames = 0u;
    uint32_t bytes = ring->rx_scanned - ring->rx_read;
    if (bytes > RING_BYTES) {
        // The frame that is cut by this fails its CRC.
        ring->rx_read = ring->rx_scanned - RING_BYTES;
        bytes = RING_BYTES;
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
    const uint32_t room = RING_BYTES - under_way - (ring->tx_written - ring->tx_started);
    const uint32_t bytes = (size < room) ? size : room;
    for (uint32_t i = 0u; i < bytes; i++) {
        ring->tx[(ring->tx_written + i) & RING_MASK] = from[i];
    }
    ring->tx_written += bytes;
    return bytes;
}
