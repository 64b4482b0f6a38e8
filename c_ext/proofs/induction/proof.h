// Macros and functions that the harnesses share.
#ifndef RELEVE_PROOF_H
#define RELEVE_PROOF_H

#include <stdbool.h>
#include <stdint.h>

// Any value at all: a variable that was never set has one for the checker.
static inline uint64_t any_u64(void) {
    uint64_t any;
    return any;
}

static inline uint32_t any_u32(void) {
    uint32_t any;
    return any;
}

#define ASSUME(condition) __CPROVER_assume(condition)
#define PROVE(condition, what) __CPROVER_assert((condition), (what))

// Uninterpreted functions: equal arguments give equal values (abstract.acsl).
uint32_t __CPROVER_uninterpreted_percent(uint32_t rate, uint32_t percent);
uint32_t __CPROVER_uninterpreted_strokes(uint32_t limit_mu, uint32_t stroke_uu);

// Times: below 2^50 µs, 35 years. Counts of strokes: at the hard spacing of the fine mode, 2^30 take eight years without a
// pause; at 40 U a day, three thousand.
#define TIME_MAX_US ((uint64_t)1u << 50u)
#define COUNT_MAX (1u << 30u)

// Between the halves of enter(), see promises.h.
#define HALFWAY(core)        \
    if (halfway) {           \
        prove_halfway(core); \
    }

#endif
