// The session's primitives with BearSSL 0.6: the curve in 15-bit limbs, ChaCha20 and Poly1305 in plain C, SHA-256. For
// tests only: what mbedTLS answers is held against it.
#include "../primitives.h"

#include <bearssl.h>
#include <string.h>

_Static_assert(sizeof(br_sha256_context) <= sizeof(primitive_hash_t), "primitive_hash_t is too small");

void primitive_curve(uint8_t shared[PRIMITIVE_KEY_BYTES], const uint8_t secret[PRIMITIVE_KEY_BYTES],
                     const uint8_t point[PRIMITIVE_KEY_BYTES]) {
    // The scalar in the byte order of RFC 7748, whatever bearssl_ec.h says of other curves.
    uint8_t result[PRIMITIVE_KEY_BYTES];
    memcpy(result, point, sizeof result);
    (void)br_ec_c25519_m15.mul(result, sizeof result, secret, PRIMITIVE_KEY_BYTES, BR_EC_curve25519);
    memcpy(shared, result, sizeof result);
}

void primitive_seal(const uint8_t key[PRIMITIVE_KEY_BYTES], const uint8_t nonce[PRIMITIVE_NONCE_BYTES],
                    const uint8_t *ad, uint32_t ad_bytes, uint8_t *text, uint32_t text_bytes,
                    uint8_t tag[PRIMITIVE_TAG_BYTES]) {
    br_poly1305_ctmul32_run(key, nonce, text, text_bytes, ad, ad_bytes, tag, br_chacha20_ct_run, 1);
}

bool primitive_open(const uint8_t key[PRIMITIVE_KEY_BYTES], const uint8_t nonce[PRIMITIVE_NONCE_BYTES],
                    const uint8_t *ad, uint32_t ad_bytes, uint8_t *text, uint32_t text_bytes,
                    const uint8_t tag[PRIMITIVE_TAG_BYTES]) {
    uint8_t found[PRIMITIVE_TAG_BYTES];
    br_poly1305_ctmul32_run(key, nonce, text, text_bytes, ad, ad_bytes, found, br_chacha20_ct_run, 0);
    const bool right = memcmp(found, tag, sizeof found) == 0;
    if (!right) {
        memset(text, 0, text_bytes);
    }
    return right;
}

void primitive_hash_start(primitive_hash_t *hash) {
    br_sha256_init((br_sha256_context *)(void *)hash);
}

void primitive_hash_add(primitive_hash_t *hash, const uint8_t *data, uint32_t data_bytes) {
    br_sha256_update((br_sha256_context *)(void *)hash, data, data_bytes);
}

void primitive_hash_end(primitive_hash_t *hash, uint8_t digest[PRIMITIVE_HASH_BYTES]) {
    br_sha256_out((br_sha256_context *)(void *)hash, digest);
    memset(hash, 0, sizeof *hash);
}
