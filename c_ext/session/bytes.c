#include "bytes.h"

void bytes_copy(uint8_t *to, const uint8_t *from, uint32_t bytes) {
    for (uint32_t i = 0u; i < bytes; i++) {
        to[i] = from[i];
    }
}

void bytes_wipe(void *from, size_t bytes) {
    volatile uint8_t *at = (volatile uint8_t *)from;
    for (size_t i = 0u; i < bytes; i++) {
        at[i] = 0u;
    }
}

int bytes_differ(const void *one, const void *other, size_t bytes) {
    const volatile uint8_t *left = (const volatile uint8_t *)one;
    const volatile uint8_t *right = (const volatile uint8_t *)other;
    uint32_t difference = 0u;
    for (size_t i = 0u; i < bytes; i++) {
        const uint32_t a = left[i];
        const uint32_t b = right[i];
        difference |= a ^ b;
    }
    return (int)difference;
}

uint32_t bytes_all_zero(const uint8_t *from, uint32_t bytes) {
    uint32_t any = 0u;
    for (uint32_t i = 0u; i < bytes; i++) {
        any |= from[i];
    }
    // any is at most 255: minus one borrows from the top bit only if it is 0.
    return (any - 1u) >> 31u;
}

uint32_t bytes_get_u32(const uint8_t from[4]) {
    return (uint32_t)from[0] | ((uint32_t)from[1] << 8u) | ((uint32_t)from[2] << 16u) | ((uint32_t)from[3] << 24u);
}

void bytes_put_u16(uint8_t to[2], uint16_t number) {
    to[0] = (uint8_t)(number & 0xFFu);
    to[1] = (uint8_t)(number >> 8u);
}

void bytes_put_u32(uint8_t to[4], uint32_t number) {
    bytes_put_u16(&to[0], (uint16_t)(number & 0xFFFFu));
    bytes_put_u16(&to[2], (uint16_t)(number >> 16u));
}

void bytes_put_u64(uint8_t to[8], uint64_t number) {
    bytes_put_u32(&to[0], (uint32_t)(number & 0xFFFFFFFFu));
    bytes_put_u32(&to[4], (uint32_t)(number >> 32u));
}
