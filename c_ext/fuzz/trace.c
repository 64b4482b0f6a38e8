// trace.c: a digest of everything visible, sequence by sequence: each call's result and every byte of state after it.
//
//     trace SEED COUNT [FILE …]     prints one digest a line: first the files', then, for each of COUNT, that of a
// random sequence and some calls of parts alone
//
// Two cores that print the same behave the same, as far as these sequences go (mutation testing,
// tools/core/mutation/gate.py).
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "play.h"
#include "play_parts.h"

#define SEQUENCE_BYTES 160u
#define FILE_BYTES 65536u
#define PARTS_PER_SEQUENCE 20u

static uint64_t sum;

static void mix(const void *data, size_t size) {
    const uint8_t *bytes = data;
    size_t i = 0u;
    for (; (i + 8u) <= size; i += 8u) {
        uint64_t word = 0u;
        memcpy(&word, &bytes[i], sizeof(word));
        sum = (sum ^ word) * 0x9e3779b97f4a7c15ull;
        sum ^= sum >> 29u;
    }
    for (; i < size; i++) {
        sum = (sum ^ bytes[i]) * 1099511628211ull;
    }
}

void play_before(const play_t *play, const play_call_t *call) {
    (void)play;
    (void)call;
}

void play_after(const play_t *play, const play_call_t *call) {
    // Only the address of its memory may differ in the context from run to run.
    static core_t seen;
    (void)memcpy(&seen, &play->core, sizeof(seen));
    seen.guard.history = NULL;
    mix(&call->result, sizeof(call->result));
    mix(&call->refused, sizeof(call->refused));
    mix(&seen, sizeof(seen));
}

static void sequence(const uint8_t *bytes, size_t size) {
    static play_t table;
    sum = 0u;
    play(&table, bytes, size);
    mix(table.history, sizeof(table.history));
    (void)printf("%016" PRIx64 "\n", sum);
}

// xorshift64: the same on every machine.
static uint64_t next(uint64_t state) {
    state ^= state << 13u;
    state ^= state >> 7u;
    state ^= state << 17u;
    return state;
}

int main(int count, char **words) {
    static uint8_t bytes[FILE_BYTES];
    if (count < 3) {
        return EXIT_FAILURE;
    }
    uint64_t state = strtoull(words[1], NULL, 10) | 1u;
    for (int i = 3; i < count; i++) {
        FILE *file = fopen(words[i], "rb");
        if (file == NULL) {
            perror(words[i]);
            return EXIT_FAILURE;
        }
        const size_t size = fread(bytes, 1u, sizeof(bytes), file);
        (void)fclose(file);
        sequence(bytes, size);
    }
    for (uint64_t left = strtoull(words[2], NULL, 10); left != 0u; left--) {
        for (uint32_t i = 0u; i < SEQUENCE_BYTES; i++) {
            state = next(state);
            bytes[i] = (uint8_t)(state >> 32u);
        }
        // No invalid configuration, or most sequences would end before they begin.
        bytes[0] &= (uint8_t)~16u;
        if ((bytes[0] & 2u) != 0u) {
            bytes[1] = (uint8_t)(40u + (bytes[1] % 210u));
            bytes[2] = 0u;
        }
        sequence(bytes, SEQUENCE_BYTES);
        sum = 0u;
        for (uint32_t i = 0u; i < PARTS_PER_SEQUENCE; i++) {
            state = next(state);
            const uint64_t digest = play_part(state ^ (state >> 32u));
            mix(&digest, sizeof(digest));
        }
        (void)printf("%016" PRIx64 "\n", sum);
    }
    return EXIT_SUCCESS;
}
