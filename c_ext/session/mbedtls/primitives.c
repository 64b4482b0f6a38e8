// The primitives with mbedTLS 3.6.6: its ChaCha20-Poly1305 and SHA-256, and the X25519 of HACL* that it contains
// (3rdparty/everest). Of that there are two: boards multiply halves of 64 bits (PRIMITIVE_CURVE_SMALL), a machine with
// 128-bit integers whole ones, in less than half the time. tests/session/test_second.py holds them against each other.
// mbedTLS's files are included here and are not object files of their own: what they define stays in this file. Its
// folder is a system include path (-isystem), so that the project's warnings are for the project's code.
#ifndef _DEFAULT_SOURCE
#define _DEFAULT_SOURCE  // the C library's le64toh(), on hosts
#endif
#include "../primitives.h"

#include "../bytes.h"
#include "config.h"

// The configuration is above; mbedTLS then needs none of its own.
#define MBEDTLS_CONFIG_FILE <stddef.h>
#ifndef __SIZEOF_INT128__
#define PRIMITIVE_CURVE_SMALL
#endif
#ifdef PRIMITIVE_CURVE_SMALL
#define KRML_VERIFIED_UINT128
#endif
#include <Hacl_Curve25519.h>

#ifdef PRIMITIVE_CURVE_SMALL
#include <3rdparty/everest/library/kremlib/FStar_UInt128_extracted.c>
#include <3rdparty/everest/library/legacy/Hacl_Curve25519.c>
#else
#include <3rdparty/everest/library/Hacl_Curve25519.c>
#endif
#include <3rdparty/everest/library/kremlib/FStar_UInt64_FStar_UInt32_FStar_UInt16_FStar_UInt8.c>
#include <library/chacha20.c>
#include <library/chachapoly.c>
#include <library/poly1305.c>
#include <library/sha256.c>

_Static_assert(sizeof(mbedtls_sha256_context) <= sizeof(primitive_hash_t), "primitive_hash_t is too small");

void primitive_curve(uint8_t shared[PRIMITIVE_KEY_BYTES], const uint8_t secret[PRIMITIVE_KEY_BYTES],
                     const uint8_t point[PRIMITIVE_KEY_BYTES]) {
    // Neither is written to: the generated code does not say const.
    Hacl_Curve25519_crypto_scalarmult(shared, (uint8_t *)(uintptr_t)secret, (uint8_t *)(uintptr_t)point);
}

// Texts are far shorter than a ChaCha20 stream and the calls come in order, so the only failure is a wrong tag.
void primitive_seal(const uint8_t key[PRIMITIVE_KEY_BYTES], const uint8_t nonce[PRIMITIVE_NONCE_BYTES],
                    const uint8_t *ad, uint32_t ad_bytes, uint8_t *text, uint32_t text_bytes,
                    uint8_t tag[PRIMITIVE_TAG_BYTES]) {
    mbedtls_chachapoly_context context;
    mbedtls_chachapoly_init(&context);
    (void)mbedtls_chachapoly_setkey(&context, key);
    (void)mbedtls_chachapoly_encrypt_and_tag(&context, text_bytes, nonce, ad, ad_bytes, text, text, tag);
    mbedtls_chachapoly_free(&context);
}

bool primitive_open(const uint8_t key[PRIMITIVE_KEY_BYTES], const uint8_t nonce[PRIMITIVE_NONCE_BYTES],
                    const uint8_t *ad, uint32_t ad_bytes, uint8_t *text, uint32_t text_bytes,
                    const uint8_t tag[PRIMITIVE_TAG_BYTES]) {
    mbedtls_chachapoly_context context;
    mbedtls_chachapoly_init(&context);
    (void)mbedtls_chachapoly_setkey(&context, key);
    const int failed = mbedtls_chachapoly_auth_decrypt(&context, text_bytes, nonce, ad, ad_bytes, tag, text, text);
    mbedtls_chachapoly_free(&context);
    return failed == 0;
}

void primitive_hash_start(primitive_hash_t *hash) {
    mbedtls_sha256_context *const context = (mbedtls_sha256_context *)(void *)hash;
    mbedtls_sha256_init(context);
    (void)mbedtls_sha256_starts(context, 0);
}

void primitive_hash_add(primitive_hash_t *hash, const uint8_t *data, uint32_t data_bytes) {
    (void)mbedtls_sha256_update((mbedtls_sha256_context *)(void *)hash, data, data_bytes);
}

void primitive_hash_end(primitive_hash_t *hash, uint8_t digest[PRIMITIVE_HASH_BYTES]) {
    mbedtls_sha256_context *const context = (mbedtls_sha256_context *)(void *)hash;
    (void)mbedtls_sha256_finish(context, digest);
    mbedtls_sha256_free(context);
}
