#include "pace.h"

// Everything owed at now_us except the strokes in `waiting`, in quanta. Within 10 years at 35 U/h this stays below
// 2^64 (35 000 mU/h * 3.2e14 µs = 1.1e19), even if no stroke is ever taken.
static uint64_t owed_q(const pace_t *pace, uint64_t now_us) {
    uint64_t owed = pace->held_q;
    if (pace->rate_q != 0u) {
        owed = pace->whole_q + pace->excess_q;
        if (now_us >= pace->due_us) {
            owed += (now_us - pace->due_us) * pace->rate_q;
        } else {
            owed -= (pace->due_us - now_us) * pace->rate_q;
        }
    }
    return owed;
}

// Starts the clock at now_us with `fraction_q` (< whole_q) owed.
static void restart(pace_t *pace, uint64_t now_us, uint64_t fraction_q, uint32_t rate_q) {
    pace->rate_q = rate_q;
    if (rate_q == 0u) {
        pace->held_q = fraction_q;
        pace->due_us = PACE_NEVER;
        pace->interval_us = 0u;
        pace->rest_q = 0u;
        pace->excess_q = 0u;
    } else {
        const uint64_t missing_q = pace->whole_q - fraction_q;
        const uint64_t wait_us = (missing_q + rate_q - 1u) / rate_q;
        pace->held_q = 0u;
        pace->due_us = now_us + wait_us;
        pace->excess_q = (uint32_t)((wait_us * rate_q) - missing_q);
        pace->interval_us = pace->whole_q / rate_q;
        pace->rest_q = (uint32_t)(pace->whole_q - (pace->interval_us * rate_q));
    }
}

void pace_init(pace_t *pace, uint64_t whole_q) {
    pace->whole_q = whole_q;
    pace->waiting = 0u;
    restart(pace, 0u, 0u, 0u);
}

void pace_set_rate(pace_t *pace, uint64_t now_us, uint32_t rate_q) {
    const uint64_t owed = owed_q(pace, now_us);
    const uint64_t strokes = owed / pace->whole_q;
    pace->waiting += (uint32_t)strokes;
    restart(pace, now_us, owed - (strokes * pace->whole_q), rate_q);
}

uint64_t pace_due_us(const pace_t *pace) {
    return (pace->waiting != 0u) ? 0u : pace->due_us;
}

void pace_take(pace_t *pace) {
    if (pace->waiting != 0u) {
        pace->waiting -= 1u;
    } else if (pace->excess_q >= pace->rest_q) {
        pace->due_us += pace->interval_us;
        pace->excess_q -= pace->rest_q;
    } else {
        pace->due_us += pace->interval_us + 1u;
        pace->excess_q += pace->rate_q - pace->rest_q;
    }
}

uint32_t pace_owed_strokes(const pace_t *pace, uint64_t now_us) {
    return pace->waiting + (uint32_t)(owed_q(pace, now_us) / pace->whole_q);
}

uint32_t pace_drop_whole(pace_t *pace, uint64_t now_us) {
    pace_set_rate(pace, now_us, pace->rate_q);
    const uint32_t dropped = pace->waiting;
    pace->waiting = 0u;
    return dropped;
}
