// The contract of pace.c in place of its divisions: it may do whatever pace.c does. tools/core/proofs/numbers.py proves for
// all values that pace.c keeps the contract; the contracts in wp/ prove it of the C itself.
#include "pace.h"
#include "proof.h"

uint32_t pace_accrue(pace_t *pace, uint64_t elapsed_us) {
    uint32_t strokes = any_u32();
    if ((pace->rate_q == 0u) || (elapsed_us == 0u)) {
        strokes = 0u;
    } else {
        pace->owed_q = any_u64();
        ASSUME(pace->owed_q < pace->whole_q);
        // Ten years of the fastest basal, or a year of the fastest bolus, are fewer than 2^30 strokes from here on: the sum
        // with what waits stays in 32 bits.
        ASSUME(strokes < COUNT_MAX);
    }
    return strokes;
}

uint64_t pace_due_us(const pace_t *pace, uint64_t now_us) {
    uint64_t due_us = PACE_NEVER;
    if (pace->rate_q != 0u) {
        const uint64_t wait_us = any_u64();
        ASSUME((wait_us >= 1u) && (wait_us <= pace->whole_q));
        due_us = now_us + wait_us;
    }
    return due_us;
}
