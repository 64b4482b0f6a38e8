#include "guard.h"

#define UU_PER_MU 1000u
#define TICKS_IN_LOW_HALF 4096u  // 2^32 µs

static guard_word_t word(uint32_t value) {
    const guard_word_t made = {value, ~value};
    return made;
}

static bool intact(guard_word_t pair) {
    return (pair.value ^ pair.check) == UINT32_MAX;
}

static uint32_t tick(uint64_t now_us) {
    return (uint32_t)(now_us >> GUARD_TICK_SHIFT);
}

// Whole strokes in a limit, rounded down. Limits are at most 500 000 mU: 5e8 µU fits.
static uint32_t strokes_in(const guard_t *guard, uint32_t limit_mu) {
    return (limit_mu * UU_PER_MU) / guard->stroke_uu;
}

static uint32_t at_most(uint32_t value, uint32_t limit) {
    return (value < limit) ? value : limit;
}

// The tick of the stroke `back` places before the next one. The caller has seen back <= history_length and
// back <= commanded.
static uint32_t tick_back(const guard_t *guard, uint32_t back) {
    uint32_t index = guard->head.value;
    if (index < back) {
        index += guard->history_length.value;
    }
    return guard->history[index - back];
}

// The first tick in which one more stroke is not the (cap + 1)th within the window; UINT32_MAX: never.
static uint32_t free_from(const guard_t *guard, uint32_t cap, uint32_t window_ticks) {
    uint32_t from;
    if (guard->commanded.value < cap) {
        from = 0u;
    } else if (cap == 0u) {
        from = UINT32_MAX;
    } else {
        from = tick_back(guard, cap) + window_ticks;
    }
    return from;
}

void guard_look_back(guard_t *guard) {
    const uint32_t hour = free_from(guard, guard->hour_strokes.value, GUARD_HOUR_TICKS);
    const uint32_t day = free_from(guard, guard->day_strokes.value, GUARD_DAY_TICKS);
    guard->free_tick = word((hour > day) ? hour : day);
}

// Are the variables intact on which the interrupt relies?
static bool start_intact(const guard_t *guard) {
    uint32_t same = guard->commanded.value ^ guard->commanded.check;
    same &= guard->confirmed.value ^ guard->confirmed.check;
    same &= guard->permitted.value ^ guard->permitted.check;
    same &= guard->fault.value ^ guard->fault.check;
    same &= guard->alive_tick.value ^ guard->alive_tick.check;
    same &= guard->free_tick.value ^ guard->free_tick.check;
    same &= guard->last_tick.value ^ guard->last_tick.check;
    same &= guard->last_low_us.value ^ guard->last_low_us.check;
    same &= guard->spacing_us.value ^ guard->spacing_us.check;
    return same == UINT32_MAX;
}

// Are those intact on which the permit relies besides?
static bool permit_intact(const guard_t *guard) {
    uint32_t same = guard->recorded.value ^ guard->recorded.check;
    same &= guard->head.value ^ guard->head.check;
    same &= guard->history_length.value ^ guard->history_length.check;
    same &= guard->hour_strokes.value ^ guard->hour_strokes.check;
    same &= guard->day_strokes.value ^ guard->day_strokes.check;
    same &= guard->bolus_strokes.value ^ guard->bolus_strokes.check;
    same &= guard->basal_mu_per_h.value ^ guard->basal_mu_per_h.check;
    return same == UINT32_MAX;
}

void guard_init(guard_t *guard, uint64_t now_us, uint32_t stroke_uu, uint32_t stroke_nl, uint32_t *history,
                uint32_t history_length) {
    guard->history = history;
    guard->history_length = word(history_length);
    guard->head = word(0u);
    guard->commanded = word(0u);
    guard->confirmed = word(0u);
    guard->permitted = word(0u);
    guard->spacing_us = word(stroke_nl * GUARD_HARD_SPACING_US_PER_NL);
    guard->fault = word((uint32_t)GUARD_OK);
    guard->last_tick = word(0u);
    guard->last_low_us = word(0u);
    guard->recorded = word(0u);
    guard->stroke_uu = stroke_uu;
    guard->basal_mu_per_h = word(GUARD_HARD_BASAL_MU_PER_H);
    guard->bolus_strokes = word(strokes_in(guard, GUARD_HARD_BOLUS_MU));
    guard->hour_strokes = word(at_most(strokes_in(guard, GUARD_HARD_HOUR_MU), history_length));
    guard->day_strokes = word(at_most(strokes_in(guard, GUARD_DEFAULT_DAY_MU), history_length));
    guard_look_back(guard);
    guard_returned(guard, now_us);
}

bool guard_limits_sound(const guard_t *guard) {
    return (guard->basal_mu_per_h.value <= GUARD_HARD_BASAL_MU_PER_H) &&
           (guard->bolus_strokes.value <= strokes_in(guard, GUARD_HARD_BOLUS_MU)) &&
           (guard->hour_strokes.value <= at_most(strokes_in(guard, GUARD_HARD_HOUR_MU), guard->history_length.value)) &&
           (guard->day_strokes.value <= at_most(strokes_in(guard, GUARD_HARD_DAY_MU), guard->history_length.value));
}

bool guard_intact(const guard_t *guard) {
    return start_intact(guard) && permit_intact(guard);
}

uint32_t guard_set_limits(guard_t *guard, const guard_limits_t *limits) {
    uint32_t refused = 0u;
    if (limits->max_basal_mu_per_h > GUARD_HARD_BASAL_MU_PER_H) {
        refused = 1u;
    } else if (limits->max_bolus_mu > GUARD_HARD_BOLUS_MU) {
        refused = 2u;
    } else if ((limits->max_hour_mu > GUARD_HARD_HOUR_MU) ||
               (strokes_in(guard, limits->max_hour_mu) > guard->history_length.value)) {
        refused = 3u;
    } else if ((limits->max_day_mu > GUARD_HARD_DAY_MU) ||
               (strokes_in(guard, limits->max_day_mu) > guard->history_length.value)) {
        refused = 4u;
    } else {
        guard->basal_mu_per_h = word(limits->max_basal_mu_per_h);
        guard->bolus_strokes = word(strokes_in(guard, limits->max_bolus_mu));
        guard->hour_strokes = word(strokes_in(guard, limits->max_hour_mu));
        guard->day_strokes = word(strokes_in(guard, limits->max_day_mu));
        guard_look_back(guard);
    }
    return refused;
}

bool guard_basal_allowed(const guard_t *guard, uint32_t rate_mu_per_h) {
    return intact(guard->basal_mu_per_h) && (rate_mu_per_h <= guard->basal_mu_per_h.value);
}

guard_verdict_t guard_bolus_allowed(const guard_t *guard, uint64_t now_us, uint32_t normal, uint32_t square) {
    guard_verdict_t verdict;
    if (!intact(guard->bolus_strokes) || (normal > guard->bolus_strokes.value) ||
        (square > (guard->bolus_strokes.value - normal))) {
        verdict = GUARD_MAX_BOLUS;
    } else if ((guard_used_strokes(guard, now_us, GUARD_HOUR_TICKS) + normal) > guard->hour_strokes.value) {
        verdict = GUARD_HOUR_CAP;
    } else if (((normal + square) > guard->day_strokes.value) ||
               ((guard_used_strokes(guard, now_us, GUARD_DAY_TICKS) + normal) > guard->day_strokes.value)) {
        verdict = GUARD_DAY_CAP;
    } else {
        verdict = GUARD_OK;
    }
    return verdict;
}

uint32_t guard_used_strokes(const guard_t *guard, uint64_t now_us, uint32_t window_ticks) {
    const uint32_t now_tick = tick(now_us);
    // Ticks never decrease from old to new, so a binary search finds the largest `back` still inside the window.
    uint32_t inside = 0u;
    uint32_t outside = guard_intact(guard) ? guard->history_length.value : 0u;
    if (guard->commanded.value < outside) {
        outside = guard->commanded.value;
    }
    outside += 1u;
    while ((outside - inside) > 1u) {
        const uint32_t back = inside + ((outside - inside) / 2u);
        if ((now_tick - tick_back(guard, back)) < window_ticks) {
            inside = back;
        } else {
            outside = back;
        }
    }
    return inside;
}

bool guard_permit(guard_t *guard, uint32_t stroke) {
    const bool next = guard_intact(guard) && (stroke == (guard->commanded.value + 1u));
    if (next) {
        guard_look_back(guard);
        guard->permitted = word(stroke);
    }
    return next;
}

bool guard_promise(guard_t *guard, uint64_t now_us, uint64_t back_us) {
    const bool kept = (back_us >= now_us) && ((back_us - now_us) <= GUARD_PROMISE_MAX_US);
    if (kept) {
        guard->alive_tick = word(tick(back_us + GUARD_GRACE_US) - 1u);
    }
    return kept;
}

void guard_returned(guard_t *guard, uint64_t now_us) {
    guard->alive_tick = word(tick(now_us + GUARD_BUSY_MAX_US) - 1u);
}

bool guard_alive(const guard_t *guard, uint64_t now_us) {
    return intact(guard->fault) && (guard->fault.value != (uint32_t)GUARD_SUPERVISOR) && intact(guard->alive_tick) &&
           (tick(now_us) <= guard->alive_tick.value);
}

guard_verdict_t guard_check(const guard_t *guard, uint64_t now_us) {
    guard_verdict_t verdict;
    // Both counts start at 0 and the difference is taken both ways, so a stroke that nobody commanded counts as well.
    const uint32_t difference = guard->commanded.value - guard->confirmed.value;
    const uint32_t now_tick = tick(now_us);
    // Within 2^32 µs, which are 4096 ticks, the low halves give the time in between.
    const bool recent = (now_tick - guard->last_tick.value) < TICKS_IN_LOW_HALF;
    const uint32_t since_us = (uint32_t)now_us - guard->last_low_us.value;
    if (!start_intact(guard)) {
        verdict = GUARD_MEMORY_FAULT;
    } else if (guard->fault.value != (uint32_t)GUARD_OK) {
        verdict = (guard_verdict_t)guard->fault.value;
    } else if ((difference + 1u) > 2u) {
        verdict = GUARD_COUNT_FAULT;
    } else if (now_tick > guard->alive_tick.value) {
        verdict = GUARD_SUPERVISOR;
    } else if (guard->commanded.value == guard->permitted.value) {
        verdict = GUARD_NO_PERMIT;
    } else if ((guard->commanded.value != 0u) && recent && (since_us < guard->spacing_us.value)) {
        verdict = GUARD_TOO_SOON;
    } else if (now_tick < guard->free_tick.value) {
        verdict = GUARD_HOUR_CAP;
    } else {
        verdict = GUARD_OK;
    }
    return verdict;
}

guard_verdict_t guard_which_cap(const guard_t *guard, uint64_t at_us) {
    const uint32_t free_tick =
        guard_intact(guard) ? free_from(guard, guard->hour_strokes.value, GUARD_HOUR_TICKS) : UINT32_MAX;
    return (tick(at_us) < free_tick) ? GUARD_HOUR_CAP : GUARD_DAY_CAP;
}

void guard_started(guard_t *guard, uint64_t now_us) {
    // Value and complement are counted separately, so that a flipped bit stays a mismatch: ~(n + 1) is ~n - 1.
    guard->commanded.value += 1u;
    guard->commanded.check -= 1u;
    guard->last_tick = word(tick(now_us));
    guard->last_low_us = word((uint32_t)now_us);
}

void guard_record(guard_t *guard) {
    // A corrupt index must neither be written to nor be repaired by counting on from it.
    if (!guard_intact(guard)) {
        guard_stop(guard, GUARD_MEMORY_FAULT);
    } else if (guard->recorded.value != guard->commanded.value) {
        const uint32_t at = guard->head.value;
        const uint32_t after = at + 1u;
        guard->history[at] = guard->last_tick.value;
        guard->head = word((after == guard->history_length.value) ? 0u : after);
        guard->recorded = word(guard->commanded.value);
    } else {
        // No stroke since the last call.
    }
}

void guard_confirmed(guard_t *guard) {
    guard->confirmed.value += 1u;
    guard->confirmed.check -= 1u;
}

void guard_stop(guard_t *guard, guard_verdict_t fault) {
    if (guard->fault.value == (uint32_t)GUARD_OK) {
        guard->fault = word((uint32_t)fault);
    }
}

bool guard_faulted(const guard_t *guard) {
    return (guard->fault.value != (uint32_t)GUARD_OK) || (guard->fault.check != UINT32_MAX);
}

void guard_reconcile(guard_t *guard, uint32_t most_apart) {
    const uint32_t apart = guard->commanded.value - guard->confirmed.value;
    if ((guard->fault.value == (uint32_t)GUARD_COUNT_FAULT) || ((apart + most_apart) > (2u * most_apart))) {
        guard->confirmed = guard->commanded;
    }
    guard->fault = word((uint32_t)GUARD_OK);
}
