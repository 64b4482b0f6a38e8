// primitives.h: the cryptography that the session does not do itself: a curve, an AEAD and a hash.
//
// The session calls nothing else, so another library takes one file: mbedtls/primitives.c is what the images hold, and
// the tests hold a second one against it. Every function takes the same time and the same addresses whatever the secrets
// are, on the stack and without a heap.
//
// Implements: SEC-1
#ifndef RELEVE_PRIMITIVES_H
#define RELEVE_PRIMITIVES_H

#include <stdbool.h>
#include <stdint.h>

#define PRIMITIVE_KEY_BYTES 32u
#define PRIMITIVE_NONCE_BYTES 12u
#define PRIMITIVE_TAG_BYTES 16u
#define PRIMITIVE_HASH_BYTES 32u
#define PRIMITIVE_BLOCK_BYTES 64u

// A running hash; its content is the library's, and a copy of it runs on by itself.
typedef struct {
    uint32_t words[32];
} primitive_hash_t;

// X25519, RFC 7748: shared = secret × point. The secret is clamped; the point is any 32 bytes.
void primitive_curve(uint8_t shared[PRIMITIVE_KEY_BYTES], const uint8_t secret[PRIMITIVE_KEY_BYTES],
                     const uint8_t point[PRIMITIVE_KEY_BYTES]);

// ChaCha20-Poly1305, RFC 8439, in place; `ad` is authenticated and not encrypted, NULL if ad_bytes is 0.
void primitive_seal(const uint8_t key[PRIMITIVE_KEY_BYTES], const uint8_t nonce[PRIMITIVE_NONCE_BYTES],
                    const uint8_t *ad, uint32_t ad_bytes, uint8_t *text, uint32_t text_bytes,
                    uint8_t tag[PRIMITIVE_TAG_BYTES]);

// The reverse. Returns false, with `text` all zero, if the tag is not that of key, nonce, ad and text.
bool primitive_open(const uint8_t key[PRIMITIVE_KEY_BYTES], const uint8_t nonce[PRIMITIVE_NONCE_BYTES],
                    const uint8_t *ad, uint32_t ad_bytes, uint8_t *text, uint32_t text_bytes,
                    const uint8_t tag[PRIMITIVE_TAG_BYTES]);

// SHA-256, FIPS 180-4. The end wipes the running hash.
void primitive_hash_start(primitive_hash_t *hash);
void primitive_hash_add(primitive_hash_t *hash, const uint8_t *data, uint32_t data_bytes);
void primitive_hash_end(primitive_hash_t *hash, uint8_t digest[PRIMITIVE_HASH_BYTES]);

#endif
