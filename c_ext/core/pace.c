#include "pace.h"

uint32_t pace_accrue(pace_t *pace, uint64_t elapsed_us) {
    const uint64_t owed_q = pace->owed_q + (elapsed_us * pace->rate_q);
    const uint64_t strokes = owed_q / pace->whole_q;
    pace->owed_q = owed_q - (strokes * pace->whole_q);
    return (uint32_t)strokes;
}

uint64_t pace_wait_us(const pace_t *pace) {
    uint64_t wait_us = PACE_NEVER;
    if (pace->rate_q != 0u) {
        const uint64_t missing_q = pace->whole_q - pace->owed_q;
        wait_us = (missing_q + pace->rate_q - 1u) / pace->rate_q;
    }
    return wait_us;
}
