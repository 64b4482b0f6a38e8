#include "random.h"

#include <stddef.h>

#include "bytes.h"
#include "kdf.h"

void random_renew(random_t *random, uint8_t record[RANDOM_RECORD_BYTES], const uint8_t *noise, uint32_t noise_bytes) {
    static const uint8_t BOOT[4] = {'b', 'o', 'o', 't'};
    static const uint8_t NEXT[4] = {'n', 'e', 'x', 't'};
    const kdf_part_t boot[3] = {{BOOT, sizeof BOOT}, {&record[RANDOM_BOOTS], 4u}, {noise, noise_bytes}};
    const kdf_part_t next = {NEXT, sizeof NEXT};
    kdf_hmac(&record[RANDOM_SEED], PRIMITIVE_HASH_BYTES, boot, 3u, random->state);
    kdf_hmac(&record[RANDOM_SEED], PRIMITIVE_HASH_BYTES, &next, 1u, &record[RANDOM_SEED]);
    bytes_put_u32(&record[RANDOM_BOOTS], bytes_get_u32(&record[RANDOM_BOOTS]) + 1u);
    random->renewed = 1u;
    random->ready = 0u;
}

bool random_stored(random_t *random) {
    random->ready = random->renewed;
    return random->ready != 0u;
}

bool random_draw(random_t *random, uint8_t *output, uint32_t bytes) {
    static const uint8_t DRAW[4] = {'d', 'r', 'a', 'w'};
    const bool ready = random->ready != 0u;
    uint8_t drawn[PRIMITIVE_HASH_BYTES] = {0};
    if (ready) {
        const kdf_part_t draw = {DRAW, sizeof DRAW};
        uint8_t *const outputs[KDF_OUTPUTS_MAX] = {random->state, drawn, NULL};
        kdf_expand(random->state, &draw, 2u, outputs);
    }
    bytes_copy(output, drawn, bytes);
    bytes_wipe(drawn, sizeof drawn);
    return ready;
}

void random_stir(random_t *random, const uint8_t *data, uint32_t data_bytes) {
    static const uint8_t STIR[4] = {'s', 't', 'i', 'r'};
    const kdf_part_t parts[2] = {{STIR, sizeof STIR}, {data, data_bytes}};
    kdf_hmac(random->state, PRIMITIVE_HASH_BYTES, parts, 2u, random->state);
}

bool random_provision(random_t *random, uint8_t record[RANDOM_RECORD_BYTES],
                      const uint8_t host_seed[PRIMITIVE_HASH_BYTES], const uint8_t *noise, uint32_t noise_bytes) {
    const bool ready = random->ready != 0u;
    if (ready) {
        random_stir(random, host_seed, PRIMITIVE_HASH_BYTES);
        random_stir(random, noise, noise_bytes);
        (void)random_draw(random, &record[RANDOM_SEED], PRIMITIVE_HASH_BYTES);
        if (bytes_all_zero(&record[RANDOM_DEVICE], RANDOM_DEVICE_BYTES) != 0u) {
            (void)random_draw(random, &record[RANDOM_DEVICE], RANDOM_DEVICE_BYTES);
        }
    }
    return ready;
}
