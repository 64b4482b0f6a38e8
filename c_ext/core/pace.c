#include "pace.h"

uint32_t pace_accrue(pace_t *pace, uint64_t elapsed_us) {
    const uint64_t owed_q = pace->owed_q + (elapsed_us * pace->rate_q);
    const uint64_t strokes = owed_q / pace->whole_q;
    pace->owed_q = owed_q - (strokes * pace->whole_q);
    return (uint32_t)strokes;
}

uint64_t pace_due_us(const pace_t *pace, uint64_t now_us) {
    uint64_t due_us = PACE_NEVER;
    if (pace->rate_q != 0u) {
        const uint64_t missing_q = pace->whole_q - pace->owed_q;
        due_us = now_us + ((missing_q + pace->rate_q - 1u) / pace->rate_q);
    }
    return due_us;
}
