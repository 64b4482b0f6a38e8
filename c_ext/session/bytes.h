// bytes.h: bytes copied, wiped, compared and read as numbers. Nothing here depends on what the bytes are.
#ifndef RELEVE_BYTES_H
#define RELEVE_BYTES_H

#include <stddef.h>
#include <stdint.h>

void bytes_copy(uint8_t *to, const uint8_t *from, uint32_t bytes);

// Overwrites with zeros. The compiler cannot leave it out, although nothing reads the memory afterwards. The names and
// types of this and the next are those that mbedTLS calls (mbedtls/config.h), so there is one of each in an image.
void bytes_wipe(void *from, size_t bytes);

// 0 if all bytes are alike; looks at every one of them, whatever the first difference is.
int bytes_differ(const void *one, const void *other, size_t bytes);

// 1 if all bytes are 0, else 0; looks at every one.
uint32_t bytes_all_zero(const uint8_t *from, uint32_t bytes);

// Little-endian numbers.
uint32_t bytes_get_u32(const uint8_t from[4]);
void bytes_put_u16(uint8_t to[2], uint16_t number);
void bytes_put_u32(uint8_t to[4], uint32_t number);
void bytes_put_u64(uint8_t to[8], uint64_t number);

#endif
