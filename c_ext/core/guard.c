#include "guard.h"

#define STROKE_UU_MAX 4000000u
#define UU_PER_MU 1000u

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

// The tick of the stroke `back` places before the next one. The caller has seen back <= history_length and
// back <= commanded.
static uint32_t tick_back(const guard_t *guard, uint32_t back) {
    uint32_t index = guard->head.value;
    if (index < back) {
        index += guard->history_length.value;
    }
    return guard->history[index - back];
}

// Would one more stroke at now_tick be the (cap + 1)th within the window?
static bool cap_reached(const guard_t *guard, uint32_t now_tick, uint32_t cap, uint32_t window_ticks) {
    bool reached = false;
    if (cap == 0u) {
        reached = true;
    } else if (guard->commanded.value >= cap) {
        reached = (now_tick - tick_back(guard, cap)) < window_ticks;
    } else {
        reached = false;
    }
    return reached;
}

static bool all_intact(const guard_t *guard) {
    uint32_t same = guard->commanded.value ^ guard->commanded.check;
    same &= guard->confirmed.value ^ guard->confirmed.check;
    same &= guard->permitted.value ^ guard->permitted.check;
    same &= guard->hour_strokes.value ^ guard->hour_strokes.check;
    same &= guard->day_strokes.value ^ guard->day_strokes.check;
    same &= guard->bolus_strokes.value ^ guard->bolus_strokes.check;
    same &= guard->basal_mu_per_h.value ^ guard->basal_mu_per_h.check;
    same &= guard->spacing_us.value ^ guard->spacing_us.check;
    same &= guard->fault.value ^ guard->fault.check;
    same &= guard->head.value ^ guard->head.check;
    same &= guard->history_length.value ^ guard->history_length.check;
    return (same == UINT32_MAX) && ((guard->last_start_us ^ guard->last_start_check) == UINT64_MAX);
}

bool guard_init(guard_t *guard, uint32_t stroke_uu, uint32_t stroke_nl, uint32_t *history, uint32_t history_length) {
    bool done = false;
    const guard_limits_t limits = {GUARD_HARD_BASAL_MU_PER_H, GUARD_HARD_BOLUS_MU, GUARD_HARD_HOUR_MU,
                                   GUARD_DEFAULT_DAY_MU};
    if ((stroke_uu != 0u) && (stroke_uu <= STROKE_UU_MAX) && (stroke_nl != 0u)) {
        guard->history = history;
        guard->history_length = word(history_length);
        guard->head = word(0u);
        guard->commanded = word(0u);
        guard->confirmed = word(0u);
        guard->permitted = word(0u);
        guard->spacing_us = word(stroke_nl * GUARD_HARD_SPACING_US_PER_NL);
        guard->fault = word((uint32_t)GUARD_OK);
        guard->last_start_us = 0u;
        guard->last_start_check = UINT64_MAX;
        guard->stroke_uu = stroke_uu;
        done = guard_set_limits(guard, &limits) == 0u;
    }
    return done;
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
    }
    return refused;
}

bool guard_basal_allowed(const guard_t *guard, uint32_t rate_mu_per_h) {
    return intact(guard->basal_mu_per_h) && (rate_mu_per_h <= guard->basal_mu_per_h.value);
}

guard_verdict_t guard_bolus_allowed(const guard_t *guard, uint64_t now_us, uint32_t strokes) {
    guard_verdict_t verdict = GUARD_OK;
    if (!intact(guard->bolus_strokes) || (strokes > guard->bolus_strokes.value)) {
        verdict = GUARD_MAX_BOLUS;
    } else if ((guard_used_strokes(guard, now_us, GUARD_HOUR_TICKS) + strokes) > guard->hour_strokes.value) {
        verdict = GUARD_HOUR_CAP;
    } else if ((guard_used_strokes(guard, now_us, GUARD_DAY_TICKS) + strokes) > guard->day_strokes.value) {
        verdict = GUARD_DAY_CAP;
    } else {
        verdict = GUARD_OK;
    }
    return verdict;
}

uint32_t guard_used_strokes(const guard_t *guard, uint64_t now_us, uint32_t window_ticks) {
    const uint32_t now_tick = tick(now_us);
    // Ticks do not fall from old to new: the largest `back` still inside the window is found by halving.
    uint32_t inside = 0u;
    uint32_t outside = guard->history_length.value;
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
    const bool next = intact(guard->commanded) && (stroke == (guard->commanded.value + 1u));
    if (next) {
        guard->permitted = word(stroke);
    }
    return next;
}

guard_verdict_t guard_check(guard_t *guard, uint64_t now_us) {
    guard_verdict_t verdict = GUARD_OK;
    // Both counts start at 0 and the difference is taken both ways round: a stroke nobody commanded counts as well.
    const uint32_t difference = guard->commanded.value - guard->confirmed.value;
    const uint32_t now_tick = tick(now_us);
    if (!all_intact(guard)) {
        verdict = GUARD_MEMORY_FAULT;
        guard_stop(guard, verdict);
    } else if (guard->fault.value != (uint32_t)GUARD_OK) {
        verdict = (guard_verdict_t)guard->fault.value;
    } else if ((difference + 1u) > 2u) {
        verdict = GUARD_COUNT_FAULT;
        guard_stop(guard, verdict);
    } else if (guard->commanded.value == guard->permitted.value) {
        verdict = GUARD_NO_PERMIT;
    } else if ((guard->commanded.value != 0u) && ((now_us - guard->last_start_us) < guard->spacing_us.value)) {
        verdict = GUARD_TOO_SOON;
    } else if (cap_reached(guard, now_tick, guard->hour_strokes.value, GUARD_HOUR_TICKS)) {
        verdict = GUARD_HOUR_CAP;
    } else if (cap_reached(guard, now_tick, guard->day_strokes.value, GUARD_DAY_TICKS)) {
        verdict = GUARD_DAY_CAP;
    } else {
        verdict = GUARD_OK;
    }
    return verdict;
}

void guard_started(guard_t *guard, uint64_t now_us) {
    const uint32_t at = guard->head.value;
    guard->history[at] = tick(now_us);
    guard->head = word(((at + 1u) == guard->history_length.value) ? 0u : (at + 1u));
    guard->commanded = word(guard->commanded.value + 1u);
    guard->last_start_us = now_us;
    guard->last_start_check = ~now_us;
}

void guard_confirmed(guard_t *guard) {
    guard->confirmed = word(guard->confirmed.value + 1u);
}

void guard_stop(guard_t *guard, guard_verdict_t fault) {
    if (guard->fault.value == (uint32_t)GUARD_OK) {
        guard->fault = word((uint32_t)fault);
    }
}
