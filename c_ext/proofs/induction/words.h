// The vocabulary of the promises: the state before and after a call, the two uninterpreted functions, and comparisons.
#ifndef RELEVE_WORDS_H
#define RELEVE_WORDS_H

static core_t core;
static core_t before;
static bool halfway;

static uint64_t any_time(void) {
    const uint64_t now_us = any_u64();
    ASSUME(now_us < TIME_MAX_US);
    return now_us;
}

// A percentage grows with its rate, for rates within any limit.
static void percent_grows(uint32_t percent, uint32_t one, uint32_t other) {
    const uint32_t of_one = __CPROVER_uninterpreted_percent(one, percent);
    const uint32_t of_other = __CPROVER_uninterpreted_percent(other, percent);
    if ((percent <= BASAL_PERCENT_MAX) && (one <= PACE_RATE_MAX) && (other <= PACE_RATE_MAX)) {
        ASSUME((one <= other) ? (of_one <= of_other) : (of_other <= of_one));
    }
}

// The rates that a call can bring into force grow as they should under these percentages.
static void percents_grow_in(const basal_schedule_t *schedule, uint32_t percent, uint32_t rate) {
    percent_grows(schedule->temp_value, schedule->rate_mu_per_h, schedule->boundary_mu_per_h);
    percent_grows(schedule->temp_value, schedule->rate_mu_per_h, rate);
    percent_grows(schedule->temp_value, schedule->boundary_mu_per_h, rate);
    percent_grows(schedule->temp_value, schedule->rate_mu_per_h, 0u);
    percent_grows(schedule->temp_value, schedule->boundary_mu_per_h, 0u);
    percent_grows(schedule->temp_value, rate, 0u);
    percent_grows(percent, schedule->rate_mu_per_h, schedule->boundary_mu_per_h);
    percent_grows(percent, schedule->rate_mu_per_h, 0u);
    percent_grows(percent, schedule->boundary_mu_per_h, 0u);
}

static void percents_grow(uint32_t percent, uint32_t rate) {
    percents_grow_in(&core.dose.basal.schedule, percent, rate);
}

// The strokes in a limit grow with it.
static void strokes_grow(uint32_t limit_mu, uint32_t hard_mu) {
    ASSUME(IF(limit_mu <= hard_mu, __CPROVER_uninterpreted_strokes(limit_mu, core.guard.stroke_uu) <=
                                       __CPROVER_uninterpreted_strokes(hard_mu, core.guard.stroke_uu)));
}

// The default caps lie within the hard ones.
static void strokes_grow_at(uint32_t stroke_uu) {
    ASSUME(__CPROVER_uninterpreted_strokes(GUARD_DEFAULT_DAY_MU, stroke_uu) <=
           __CPROVER_uninterpreted_strokes(GUARD_HARD_DAY_MU, stroke_uu));
}

static bool same_pair(guard_word_t one, guard_word_t other) {
    return (one.value == other.value) && (one.check == other.check);
}

static bool same_guard(const guard_t *one, const guard_t *other) {
    return same_pair(one->commanded, other->commanded) && same_pair(one->confirmed, other->confirmed) &&
           same_pair(one->permitted, other->permitted) && same_pair(one->fault, other->fault) &&
           same_pair(one->alive_tick, other->alive_tick) && same_pair(one->free_tick, other->free_tick) &&
           same_pair(one->last_tick, other->last_tick) && same_pair(one->last_low_us, other->last_low_us) &&
           same_pair(one->spacing_us, other->spacing_us) && same_pair(one->recorded, other->recorded) &&
           same_pair(one->head, other->head) && same_pair(one->history_length, other->history_length) &&
           same_pair(one->hour_strokes, other->hour_strokes) && same_pair(one->day_strokes, other->day_strokes) &&
           same_pair(one->bolus_strokes, other->bolus_strokes) && same_pair(one->basal_mu_per_h, other->basal_mu_per_h);
}

static bool same_ledger(const ledger_t *one, const ledger_t *other) {
    return (one->start_us == other->start_us) && (one->end_us == other->end_us) &&
           (one->programmed == other->programmed) && (one->commanded == other->commanded) &&
           (one->delivered == other->delivered) && (one->abandoned == other->abandoned) &&
           (one->remaining == other->remaining) && (one->id == other->id) && (one->reason == other->reason);
}

static bool same_pace(const pace_t *one, const pace_t *other) {
    return (one->whole_q == other->whole_q) && (one->owed_q == other->owed_q) && (one->rate_q == other->rate_q);
}

static bool same_schedule(const basal_schedule_t *one, const basal_schedule_t *other) {
    return (one->boundary_us == other->boundary_us) && (one->temp_until_us == other->temp_until_us) &&
           (one->rate_mu_per_h == other->rate_mu_per_h) && (one->boundary_mu_per_h == other->boundary_mu_per_h) &&
           (one->temp_value == other->temp_value) && (one->temp == other->temp);
}

static bool same_basal(const basal_t *one, const basal_t *other) {
    return same_pace(&one->pace, &other->pace) && same_schedule(&one->schedule, &other->schedule) &&
           (one->at_us == other->at_us) && (one->waiting[0] == other->waiting[0]) &&
           (one->waiting[1] == other->waiting[1]) && (one->paused == other->paused);
}

static bool same_dose(const dose_t *one, const dose_t *other) {
    return same_basal(&one->basal, &other->basal) && same_pace(&one->square_pace, &other->square_pace) &&
           same_ledger(&one->ledger[0], &other->ledger[0]) && same_ledger(&one->ledger[1], &other->ledger[1]) &&
           same_ledger(&one->ledger[2], &other->ledger[2]) && same_ledger(&one->ledger[3], &other->ledger[3]) &&
           (one->slot_us == other->slot_us) && (one->square_waiting == other->square_waiting) &&
           (one->spacing_us == other->spacing_us) && (one->bolus_id == other->bolus_id);
}

// Only core_service() starts strokes; the books take over each one exactly once.
static void no_stroke_started(void) {
    PROVE(core.guard.commanded.value == before.guard.commanded.value,
          "guard and scheduler agree: only the interrupt starts strokes");
    PROVE(core.guard.permitted.value == before.guard.permitted.value, "none without permit: only a permit permits");
}

static bool entered_in(dose_kind_t kind) {
    return core.dose.ledger[kind].commanded == (before.dose.ledger[kind].commanded + pending(&before, kind));
}

static void entered_once(void) {
    PROVE(!has_event(&core), "guard and scheduler agree: a supervisor call enters what has happened");
    PROVE(entered_in(DOSE_KIND_BASAL) && entered_in(DOSE_KIND_TEMP) && entered_in(DOSE_KIND_NORMAL) &&
              entered_in(DOSE_KIND_SQUARE),
          "guard and scheduler agree: each stroke is entered exactly once, in its own ledger");
    PROVE(IF(faulted(&core), core.dose.basal.paused != 0u), "none while faulted: a fault has suspended the scheduler");
    PROVE(core.dose.basal.at_us >= before.dose.basal.at_us, "the books never go back");
}

// A refusal leaves a core that is settled up to now as it was. (It arms again, with the same result. Settling is proved
// separately.)
static void refused_unchanged(bool refused) {
    const bool settled = !has_event(&before) && (core.dose.basal.at_us == before.dose.basal.at_us);
    if (refused && settled && !faulted(&before)) {
        PROVE(same_dose(&core.dose, &before.dose), "a refusal leaves the scheduler as it was");
        PROVE(same_guard(&core.guard, &before.guard), "a refusal leaves the guard as it was");
    }
}

#endif
