// memory.c: the four functions that GCC may call in a freestanding program when it copies or clears a struct.
//
// Byte loops on purpose: their cost is the largest that any library's version has, so a worst case worked out with them
// holds with another as well. Build with -fno-tree-loop-distribute-patterns, or GCC turns the loops into calls of themselves.
#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *one, const void *other, size_t bytes);

void *memcpy(void *restrict to, const void *restrict from, size_t bytes) {
    uint8_t *target = to;
    const uint8_t *source = from;
    for (size_t i = 0u; i < bytes; i++) {
        target[i] = source[i];
    }
    return to;
}

void *memmove(void *to, const void *from, size_t bytes) {
    uint8_t *target = to;
    const uint8_t *source = from;
    if ((uintptr_t)to <= (uintptr_t)from) {
        for (size_t i = 0u; i < bytes; i++) {
            target[i] = source[i];
        }
    } else {
        for (size_t i = bytes; i != 0u; i--) {
            target[i - 1u] = source[i - 1u];
        }
    }
    return to;
}

void *memset(void *to, int value, size_t bytes) {
    uint8_t *target = to;
    for (size_t i = 0u; i < bytes; i++) {
        target[i] = (uint8_t)value;
    }
    return to;
}

int memcmp(const void *one, const void *other, size_t bytes) {
    const uint8_t *left = one;
    const uint8_t *right = other;
    int difference = 0;
    for (size_t i = 0u; (i < bytes) && (difference == 0); i++) {
        difference = (int)left[i] - (int)right[i];
    }
    return difference;
}
