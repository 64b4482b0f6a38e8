#include "kdf.h"

#include "bytes.h"

static void start_padded(primitive_hash_t *hash, const uint8_t key[PRIMITIVE_BLOCK_BYTES], uint8_t pad) {
    uint8_t block[PRIMITIVE_BLOCK_BYTES];
    for (uint32_t i = 0u; i < PRIMITIVE_BLOCK_BYTES; i++) {
        block[i] = (uint8_t)(key[i] ^ pad);
    }
    primitive_hash_start(hash);
    primitive_hash_add(hash, block, PRIMITIVE_BLOCK_BYTES);
    bytes_wipe(block, sizeof block);
}

// An HMAC whose key has been taken in, and no message yet.
typedef struct {
    primitive_hash_t inner;
    primitive_hash_t outer;
} keyed_t;

static void take_key(keyed_t *keyed, const uint8_t *key, uint32_t key_bytes) {
    uint8_t padded[PRIMITIVE_BLOCK_BYTES] = {0};
    if (key_bytes > PRIMITIVE_BLOCK_BYTES) {
        primitive_hash_start(&keyed->inner);
        primitive_hash_add(&keyed->inner, key, key_bytes);
        primitive_hash_end(&keyed->inner, padded);
    } else {
        bytes_copy(padded, key, key_bytes);
    }
    start_padded(&keyed->inner, padded, 0x36u);
    start_padded(&keyed->outer, padded, 0x5Cu);
    bytes_wipe(padded, sizeof padded);
}

static void mac_of(const keyed_t *keyed, const kdf_part_t *parts, uint32_t part_count,
                   uint8_t mac[PRIMITIVE_HASH_BYTES]) {
    primitive_hash_t hash;
    hash = keyed->inner;
    for (uint32_t i = 0u; i < part_count; i++) {
        primitive_hash_add(&hash, parts[i].data, parts[i].bytes);
    }
    primitive_hash_end(&hash, mac);
    hash = keyed->outer;
    primitive_hash_add(&hash, mac, PRIMITIVE_HASH_BYTES);
    primitive_hash_end(&hash, mac);
}

void kdf_hmac(const uint8_t *key, uint32_t key_bytes, const kdf_part_t *parts, uint32_t part_count,
              uint8_t mac[PRIMITIVE_HASH_BYTES]) {
    keyed_t keyed;
    take_key(&keyed, key, key_bytes);
    mac_of(&keyed, parts, part_count, mac);
    bytes_wipe(&keyed, sizeof keyed);
}

void kdf_expand(const uint8_t key[PRIMITIVE_HASH_BYTES], const kdf_part_t *info, uint32_t outputs,
                uint8_t *const output[KDF_OUTPUTS_MAX]) {
    keyed_t keyed;  // for all outputs; one of them may lie over the key
    uint8_t block[PRIMITIVE_HASH_BYTES];
    take_key(&keyed, key, PRIMITIVE_HASH_BYTES);
    for (uint32_t i = 0u; i < outputs; i++) {
        const uint8_t number = (uint8_t)(i + 1u);
        const kdf_part_t parts[3] = {{block, (i == 0u) ? 0u : PRIMITIVE_HASH_BYTES}, *info, {&number, 1u}};
        mac_of(&keyed, parts, 3u, block);
        bytes_copy(output[i], block, PRIMITIVE_HASH_BYTES);
    }
    bytes_wipe(&keyed, sizeof keyed);
    bytes_wipe(block, sizeof block);
}

void kdf_extract_expand(const uint8_t salt[PRIMITIVE_HASH_BYTES], const uint8_t *secret, uint32_t secret_bytes,
                        const kdf_part_t *info, uint32_t outputs, uint8_t *const output[KDF_OUTPUTS_MAX]) {
    uint8_t extracted[PRIMITIVE_HASH_BYTES];
    const kdf_part_t part = {secret, secret_bytes};
    kdf_hmac(salt, PRIMITIVE_HASH_BYTES, &part, 1u, extracted);
    kdf_expand(extracted, info, outputs, output);
    bytes_wipe(extracted, sizeof extracted);
}
