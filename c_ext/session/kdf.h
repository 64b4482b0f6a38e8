// kdf.h: HMAC-SHA-256 (RFC 2104) and HKDF (RFC 5869), on the hash of primitives.h.
//
// Implements: SEC-1
#ifndef RELEVE_KDF_H
#define RELEVE_KDF_H

#include "primitives.h"

#define KDF_OUTPUTS_MAX 3u

// A part of a message, so that a message need not be put together first.
typedef struct {
    const uint8_t *data;
    uint32_t bytes;
} kdf_part_t;

// HMAC of the parts, one after the other. `mac` may be `key`.
void kdf_hmac(const uint8_t *key, uint32_t key_bytes, const kdf_part_t *parts, uint32_t part_count,
              uint8_t mac[PRIMITIVE_HASH_BYTES]);

// HKDF-Extract, then HKDF-Expand of `outputs` (1 … 3) times 32 bytes with the label `info`. `output` may lie over salt
// and secret.
void kdf_extract_expand(const uint8_t salt[PRIMITIVE_HASH_BYTES], const uint8_t *secret, uint32_t secret_bytes,
                        const kdf_part_t *info, uint32_t outputs, uint8_t *const output[KDF_OUTPUTS_MAX]);

// HKDF-Expand alone, of a key that is one already.
void kdf_expand(const uint8_t key[PRIMITIVE_HASH_BYTES], const kdf_part_t *info, uint32_t outputs,
                uint8_t *const output[KDF_OUTPUTS_MAX]);

#endif
