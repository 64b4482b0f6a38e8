#include "programmer.h"

#include <string.h>

#include "kdf.h"

static const uint8_t ZERO_NONCE[PRIMITIVE_NONCE_BYTES];

static void mix(uint8_t hash[PRIMITIVE_HASH_BYTES], const uint8_t *data, uint32_t bytes) {
    primitive_hash_t running;
    primitive_hash_start(&running);
    primitive_hash_add(&running, hash, PRIMITIVE_HASH_BYTES);
    primitive_hash_add(&running, data, bytes);
    primitive_hash_end(&running, hash);
}

// Noise's MixKey, with two or three outputs; the first replaces the chaining key.
static void derive(uint8_t chain[PRIMITIVE_HASH_BYTES], const uint8_t *secret, uint32_t bytes, uint32_t outputs,
                   uint8_t *second, uint8_t *third) {
    static const kdf_part_t none = {NULL, 0u};
    uint8_t *const output[KDF_OUTPUTS_MAX] = {chain, second, third};
    kdf_extract_expand(chain, secret, bytes, &none, outputs, output);
}

static uint32_t put_prologue(const programmer_t *programmer, const programmer_device_t *device, uint8_t *prologue) {
    const bool unknown = (programmer->role == ROLE_CARD) || (programmer->role == ROLE_PROVISION);
    uint32_t at = 16u;
    memcpy(prologue, "releve-session-1", at);
    prologue[at++] = device->suite;
    memcpy(&prologue[at], device->schema_hash, SESSION_HASH_BYTES);
    at += SESSION_HASH_BYTES;
    memset(&prologue[at], 0, RANDOM_DEVICE_BYTES);
    if (!unknown) {
        memcpy(&prologue[at], device->device_id, RANDOM_DEVICE_BYTES);
    }
    at += RANDOM_DEVICE_BYTES;
    prologue[at++] = programmer->slot;
    prologue[at++] = programmer->role;
    memcpy(&prologue[at], device->challenge, SESSION_CHALLENGE_BYTES);
    return at + SESSION_CHALLENGE_BYTES;
}

void programmer_opening(programmer_t *programmer, const programmer_device_t *device,
                        const uint8_t secret[PRIMITIVE_KEY_BYTES], uint8_t opening[SESSION_OPENING_BYTES]) {
    static const char name[] = "Noise_NNpsk0_25519_ChaChaPoly_SHA256";
    const uint8_t base[PRIMITIVE_KEY_BYTES] = {9u};
    uint8_t prologue[64];
    uint8_t mixed[PRIMITIVE_HASH_BYTES];
    uint8_t key[PRIMITIVE_KEY_BYTES];
    uint8_t *const ephemeral = &opening[1];
    uint8_t *const tag = &opening[1u + PRIMITIVE_KEY_BYTES];
    primitive_hash_t running;
    primitive_hash_start(&running);
    primitive_hash_add(&running, (const uint8_t *)name, (uint32_t)strlen(name));
    primitive_hash_end(&running, programmer->hash);
    memcpy(programmer->chain, programmer->hash, PRIMITIVE_HASH_BYTES);
    mix(programmer->hash, prologue, put_prologue(programmer, device, prologue));
    derive(programmer->chain, programmer->key, PRIMITIVE_KEY_BYTES, 3u, mixed, key);
    mix(programmer->hash, mixed, PRIMITIVE_HASH_BYTES);
    memcpy(programmer->secret, secret, PRIMITIVE_KEY_BYTES);
    opening[0] = programmer->slot;
    primitive_curve(ephemeral, secret, base);
    mix(programmer->hash, ephemeral, PRIMITIVE_KEY_BYTES);
    derive(programmer->chain, ephemeral, PRIMITIVE_KEY_BYTES, 2u, key, NULL);
    primitive_seal(key, ZERO_NONCE, programmer->hash, PRIMITIVE_HASH_BYTES, tag, 0u, tag);
    mix(programmer->hash, tag, PRIMITIVE_TAG_BYTES);
}

bool programmer_finish(programmer_t *programmer, uint8_t reply[SESSION_REPLY_BYTES]) {
    const uint32_t text_bytes = SESSION_REPLY_BYTES - NOISE_OVERHEAD_BYTES;
    uint8_t *const text = &reply[PRIMITIVE_KEY_BYTES];
    uint8_t shared[PRIMITIVE_KEY_BYTES];
    uint8_t key[PRIMITIVE_KEY_BYTES];
    mix(programmer->hash, reply, PRIMITIVE_KEY_BYTES);
    derive(programmer->chain, reply, PRIMITIVE_KEY_BYTES, 2u, key, NULL);
    primitive_curve(shared, programmer->secret, reply);
    derive(programmer->chain, shared, PRIMITIVE_KEY_BYTES, 2u, key, NULL);
    const bool right =
        primitive_open(key, ZERO_NONCE, programmer->hash, PRIMITIVE_HASH_BYTES, text, text_bytes, &text[text_bytes]);
    if (right) {
        memcpy(programmer->send_key, programmer->chain, PRIMITIVE_KEY_BYTES);
        derive(programmer->send_key, NULL, 0u, 2u, programmer->receive_key, NULL);
        memcpy(&programmer->number, text, sizeof programmer->number);
        programmer->counter = 0u;
    }
    return right;
}

static void put_nonce(uint8_t nonce[PRIMITIVE_NONCE_BYTES], uint32_t counter) {
    memset(nonce, 0, PRIMITIVE_NONCE_BYTES);
    memcpy(&nonce[4], &counter, sizeof counter);
}

static uint32_t put_bound(uint8_t ad[7], frame_head_t head, uint32_t request, bool reply) {
    memcpy(ad, &head.sequence, sizeof head.sequence);
    ad[2] = head.message_id;
    memcpy(&ad[3], &request, sizeof request);
    return reply ? 7u : 3u;
}

void programmer_seal(programmer_t *programmer, frame_head_t head, uint8_t *payload, uint32_t text_bytes) {
    uint8_t nonce[PRIMITIVE_NONCE_BYTES];
    uint8_t ad[7];
    uint8_t *const text = &payload[FRAMES_COUNTER_BYTES];
    put_nonce(nonce, programmer->counter);
    memcpy(payload, &programmer->counter, sizeof programmer->counter);
    primitive_seal(programmer->send_key, nonce, ad, put_bound(ad, head, 0u, false), text, text_bytes,
                   &text[text_bytes]);
    programmer->counter++;
}

bool programmer_reads(const programmer_t *programmer, frame_head_t head, uint32_t request, uint8_t *payload,
                      uint32_t text_bytes) {
    uint32_t counter;
    uint8_t nonce[PRIMITIVE_NONCE_BYTES];
    uint8_t ad[7];
    uint8_t *const text = &payload[FRAMES_COUNTER_BYTES];
    memcpy(&counter, payload, sizeof counter);
    put_nonce(nonce, counter);
    const uint32_t ad_bytes = put_bound(ad, head, request, head.message_id != FRAMES_TELEMETRY);
    return primitive_open(programmer->receive_key, nonce, ad, ad_bytes, text, text_bytes, &text[text_bytes]);
}
