#include "noise.h"

#include <stddef.h>

#include "bytes.h"
#include "kdf.h"

#define NAME_BYTES 36u

// A key of the handshake seals one text only.
static const uint8_t FIRST_NONCE[PRIMITIVE_NONCE_BYTES] = {0};
static const kdf_part_t NO_INFO = {NULL, 0u};

static void mix_hash(noise_t *noise, const uint8_t *data, uint32_t data_bytes) {
    primitive_hash_t hash;
    primitive_hash_start(&hash);
    primitive_hash_add(&hash, noise->hash, PRIMITIVE_HASH_BYTES);
    primitive_hash_add(&hash, data, data_bytes);
    primitive_hash_end(&hash, noise->hash);
}

static void mix_key(noise_t *noise, const uint8_t secret[PRIMITIVE_KEY_BYTES]) {
    uint8_t *const output[KDF_OUTPUTS_MAX] = {noise->chain, noise->key, NULL};
    kdf_extract_expand(noise->chain, secret, PRIMITIVE_KEY_BYTES, &NO_INFO, 2u, output);
}

// The handshake's first hash, which is its first chaining key too (Noise, 5.2).
static void hash_name(uint8_t digest[PRIMITIVE_HASH_BYTES]) {
    static const uint8_t NAME[NAME_BYTES + 1u] = "Noise_NNpsk0_25519_ChaChaPoly_SHA256";
    primitive_hash_t hash;
    primitive_hash_start(&hash);
    primitive_hash_add(&hash, NAME, NAME_BYTES);
    primitive_hash_end(&hash, digest);
}

// An ephemeral key is mixed into hash and key, because there is a pre-shared one (Noise, 9.2).
static void mix_ephemeral(noise_t *noise, const uint8_t public[PRIMITIVE_KEY_BYTES]) {
    mix_hash(noise, public, PRIMITIVE_KEY_BYTES);
    mix_key(noise, public);
}

void noise_complete(noise_pair_t *pair) {
    uint8_t base[PRIMITIVE_KEY_BYTES] = {0};
    base[0] = 9u;
    primitive_curve(pair->public, pair->secret, base);
}

void noise_mix(noise_psk_t *psk, const uint8_t key[PRIMITIVE_KEY_BYTES]) {
    // The third output would be a key, which the ephemeral key replaces before anything is sealed.
    uint8_t *const output[KDF_OUTPUTS_MAX] = {psk->chain, psk->mixed, NULL};
    hash_name(psk->chain);
    kdf_extract_expand(psk->chain, key, PRIMITIVE_KEY_BYTES, &NO_INFO, 2u, output);
}

bool noise_read(noise_t *noise, const noise_psk_t *psk, const uint8_t *prologue, uint32_t prologue_bytes,
                uint8_t *message, uint32_t message_bytes) {
    const uint32_t payload_bytes = message_bytes - NOISE_OVERHEAD_BYTES;
    uint8_t *const payload = &message[PRIMITIVE_KEY_BYTES];
    hash_name(noise->hash);
    mix_hash(noise, prologue, prologue_bytes);
    bytes_copy(noise->chain, psk->chain, PRIMITIVE_HASH_BYTES);
    mix_hash(noise, psk->mixed, PRIMITIVE_HASH_BYTES);
    bytes_copy(noise->theirs, message, PRIMITIVE_KEY_BYTES);
    mix_ephemeral(noise, noise->theirs);
    uint8_t before[PRIMITIVE_HASH_BYTES];
    bytes_copy(before, noise->hash, PRIMITIVE_HASH_BYTES);
    mix_hash(noise, payload, payload_bytes + PRIMITIVE_TAG_BYTES);
    return primitive_open(noise->key, FIRST_NONCE, before, PRIMITIVE_HASH_BYTES, payload, payload_bytes,
                          &payload[payload_bytes]);
}

bool noise_write(noise_t *noise, const noise_pair_t *ours, uint8_t *message, uint32_t message_bytes) {
    const uint32_t payload_bytes = message_bytes - NOISE_OVERHEAD_BYTES;
    uint8_t *const payload = &message[PRIMITIVE_KEY_BYTES];
    uint8_t shared[PRIMITIVE_KEY_BYTES];
    bytes_copy(message, ours->public, PRIMITIVE_KEY_BYTES);
    mix_ephemeral(noise, ours->public);
    primitive_curve(shared, ours->secret, noise->theirs);
    const bool small_order = bytes_all_zero(shared, PRIMITIVE_KEY_BYTES) != 0u;
    mix_key(noise, shared);
    bytes_wipe(shared, sizeof shared);
    primitive_seal(noise->key, FIRST_NONCE, noise->hash, PRIMITIVE_HASH_BYTES, payload, payload_bytes,
                   &payload[payload_bytes]);
    mix_hash(noise, payload, payload_bytes + PRIMITIVE_TAG_BYTES);
    return !small_order;
}

void noise_split(noise_t *noise, uint8_t from_them[PRIMITIVE_KEY_BYTES], uint8_t to_them[PRIMITIVE_KEY_BYTES]) {
    uint8_t *const output[KDF_OUTPUTS_MAX] = {from_them, to_them, NULL};
    kdf_extract_expand(noise->chain, NULL, 0u, &NO_INFO, 2u, output);
    bytes_wipe(noise, sizeof *noise);
}
