// crc.c: the CRC-32 of binascii.crc32(), eight bytes a step (Kounavis and Berry's slicing). Every stroke takes it of a
// kilobyte; MicroPython's own takes half a byte a step, which is right for a small flash and was a tenth of the board's
// time. The linker puts this one in its place (mpconfigvariant.mk).
#include <stddef.h>
#include <stdint.h>

#define SLICES 8u
#define POLYNOMIAL 0xEDB88320u  // of CRC-32, bits reversed

static uint32_t table[SLICES][256];  // of slice n: what a byte becomes with n zero bytes behind it

static void fill(void) {
    for (uint32_t byte = 0u; byte < 256u; byte++) {
        uint32_t crc = byte;
        for (uint32_t bit = 0u; bit < 8u; bit++) {
            crc = (crc >> 1) ^ (((crc & 1u) != 0u) ? POLYNOMIAL : 0u);
        }
        table[0][byte] = crc;
    }
    for (uint32_t slice = 1u; slice < SLICES; slice++) {
        for (uint32_t byte = 0u; byte < 256u; byte++) {
            const uint32_t before = table[slice - 1u][byte];
            table[slice][byte] = (before >> 8) ^ table[0][before & 0xFFu];
        }
    }
}

uint32_t __wrap_uzlib_crc32(const void *data, unsigned int length, uint32_t crc);

// As MicroPython's: `crc` and the result are inverted by the caller.
uint32_t __wrap_uzlib_crc32(const void *data, unsigned int length, uint32_t crc) {
    const uint8_t *at = data;
    const uint8_t *const end = at + length;
    if (table[0][1] == 0u) {
        fill();
    }
    for (; (size_t)(end - at) >= SLICES; at += SLICES) {
        crc ^= (uint32_t)at[0] | ((uint32_t)at[1] << 8) | ((uint32_t)at[2] << 16) | ((uint32_t)at[3] << 24);
        crc = table[7][crc & 0xFFu] ^ table[6][(crc >> 8) & 0xFFu] ^ table[5][(crc >> 16) & 0xFFu] ^
              table[4][crc >> 24] ^ table[3][at[4]] ^ table[2][at[5]] ^ table[1][at[6]] ^ table[0][at[7]];
    }
    for (; at < end; at++) {
        crc = (crc >> 8) ^ table[0][(crc ^ *at) & 0xFFu];
    }
    return crc;
}
