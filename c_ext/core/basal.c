#include "basal.h"

// One µU is 1/1000 mU, one hour 3.6e9 µs: a stroke of u µU is u * 3.6e6 mU/h for one µs.
#define QUANTA_PER_UU 3600000u
#define PERCENT 100u
#define CHANGES_MAX 2u

static uint32_t greater(uint32_t a, uint32_t b) {
    return (a > b) ? a : b;
}

static uint32_t effective(uint32_t temp, uint32_t value, uint32_t rate_mu_per_h) {
    uint32_t rate = rate_mu_per_h;
    if (temp == (uint32_t)BASAL_TEMP_RATE) {
        rate = value;
    } else if (temp == (uint32_t)BASAL_TEMP_PERCENT) {
        rate = (rate_mu_per_h * value) / PERCENT;
    } else {
        // No temporary rate.
    }
    return rate;
}

uint32_t basal_in_force_mu_per_h(const basal_t *basal) {
    const basal_schedule_t *schedule = &basal->schedule;
    return (basal->paused != 0u) ? 0u : effective(schedule->temp, schedule->temp_value, schedule->rate_mu_per_h);
}

uint32_t basal_greatest_mu_per_h(const basal_schedule_t *schedule, uint32_t temp, uint32_t value,
                                 uint32_t rate_mu_per_h) {
    // A percentage rises with the rate, and a temporary rate replaces any: the highest rate gives the highest result.
    const uint32_t scheduled = greater(schedule->rate_mu_per_h, schedule->boundary_mu_per_h);
    const uint32_t programmed = greater(scheduled, rate_mu_per_h);
    return greater(programmed, effective(temp, value, programmed));
}

static uint64_t next_change_us(const basal_schedule_t *schedule) {
    return (schedule->boundary_us < schedule->temp_until_us) ? schedule->boundary_us : schedule->temp_until_us;
}

static void forget_temp(basal_schedule_t *schedule) {
    schedule->temp = (uint32_t)BASAL_TEMP_NONE;
    schedule->temp_value = 0u;
    schedule->temp_until_us = PACE_NEVER;
}

static void forget_boundary(basal_schedule_t *schedule) {
    schedule->boundary_us = PACE_NEVER;
    schedule->boundary_mu_per_h = 0u;
}

// Puts the schedule's rate into force.
static void enforce(basal_t *basal) {
    basal->pace.rate_q = basal_in_force_mu_per_h(basal);
}

static basal_source_t source_of(const basal_schedule_t *schedule) {
    return (schedule->temp == (uint32_t)BASAL_TEMP_NONE) ? BASAL_PROGRAMMED : BASAL_TEMPORARY;
}

// Applies the changes due now: the boundary, the temporary rate's end, both, or none. True if a temporary rate ends.
static bool change(basal_t *basal) {
    const bool temp_ends = basal->schedule.temp_until_us == basal->at_us;
    if (basal->schedule.boundary_us == basal->at_us) {
        basal->schedule.rate_mu_per_h = basal->schedule.boundary_mu_per_h;
        forget_boundary(&basal->schedule);
    }
    if (temp_ends) {
        forget_temp(&basal->schedule);
    }
    enforce(basal);
    return temp_ends;
}

bool basal_ahead(uint64_t span_us) {
    return (span_us - 1u) < BASAL_AHEAD_MAX_US;
}

void basal_init(basal_t *basal, uint64_t now_us, uint32_t stroke_uu) {
    basal->pace.whole_q = (uint64_t)stroke_uu * QUANTA_PER_UU;
    forget_boundary(&basal->schedule);
    forget_temp(&basal->schedule);
    basal->at_us = now_us;
}

bool basal_settle(basal_t *basal, uint64_t now_us) {
    bool temp_ended = false;
    // Changes lie after the time up to which the books are settled, so each round ends at one of them or at now.
    for (uint32_t i = 0u; i <= CHANGES_MAX; i++) {
        if (basal->at_us != now_us) {
            const uint64_t change_us = next_change_us(&basal->schedule);
            const uint64_t at_us = (change_us < now_us) ? change_us : now_us;
            basal->waiting[source_of(&basal->schedule)] += pace_accrue(&basal->pace, at_us - basal->at_us);
            basal->at_us = at_us;
            if (change(basal)) {
                temp_ended = true;
            }
        }
    }
    return temp_ended;
}

void basal_set_rate(basal_t *basal, uint32_t rate_mu_per_h) {
    basal->schedule.rate_mu_per_h = rate_mu_per_h;
    forget_boundary(&basal->schedule);
    enforce(basal);
}

void basal_plan(basal_t *basal, uint64_t boundary_us, uint32_t rate_mu_per_h) {
    basal->schedule.boundary_us = boundary_us;
    basal->schedule.boundary_mu_per_h = rate_mu_per_h;
}

void basal_set_temp(basal_t *basal, basal_temp_t temp, uint32_t value, uint64_t until_us) {
    basal->schedule.temp = (uint32_t)temp;
    basal->schedule.temp_value = value;
    basal->schedule.temp_until_us = until_us;
    enforce(basal);
}

void basal_end_temp(basal_t *basal) {
    forget_temp(&basal->schedule);
    enforce(basal);
}

void basal_pause(basal_t *basal, bool paused) {
    basal->paused = paused ? 1u : 0u;
    enforce(basal);
}

uint64_t basal_due_us(const basal_t *basal, basal_source_t *source) {
    uint64_t due_us = basal->at_us;
    if (basal->waiting[BASAL_PROGRAMMED] != 0u) {
        *source = BASAL_PROGRAMMED;
    } else if (basal->waiting[BASAL_TEMPORARY] != 0u) {
        *source = BASAL_TEMPORARY;
    } else {
        // A copy of the books as they will be after the changes that come before the stroke.
        basal_t then = *basal;
        due_us = pace_due_us(&then.pace, then.at_us);
        for (uint32_t i = 0u; i < CHANGES_MAX; i++) {
            const uint64_t at_us = next_change_us(&then.schedule);
            if (due_us > at_us) {
                (void)basal_settle(&then, at_us);
                due_us = pace_due_us(&then.pace, at_us);
            }
        }
        *source = source_of(&then.schedule);
    }
    return due_us;
}
