// The invariant holds in every state that calls can lead to. Each clause has a name, and a call that breaks it fails by that
// name. The checks of state.c are part of it, so a saved state can always be loaded again.
//
// Included after the core's .c files, whose static functions it uses.
#ifndef RELEVE_INVARIANT_H
#define RELEVE_INVARIANT_H

// An implication.
#define IF(condition, then) (!(condition) || (then))

static bool has_event(const core_t *core) {
    return core->event != (uint8_t)CORE_NOTHING;
}

static bool stroke_pending(const core_t *core) {
    return core->event == (uint8_t)CORE_STROKE;
}

static uint32_t pending(const core_t *core, uint32_t kind) {
    return (stroke_pending(core) && (core->armed_kind == kind)) ? 1u : 0u;
}

// Guard: the pairs, the ring, the permit, the look back.
static bool pairs_intact(const core_t *core) {
    return start_intact(&core->guard) && permit_intact(&core->guard);
}

static bool ring_sound(const core_t *core) {
    const guard_t *guard = &core->guard;
    return (guard->history_length.value >= 1u) && (guard->history_length.value <= HISTORY_MAX) &&
           (guard->head.value < guard->history_length.value) &&
           (guard->hour_strokes.value <= guard->history_length.value) &&
           (guard->day_strokes.value <= guard->history_length.value) &&
           (guard->recorded.value == (guard->commanded.value - (stroke_pending(core) ? 1u : 0u)));
}

static bool limits_within_hard(const core_t *core) {
    const guard_t *guard = &core->guard;
    return (guard->basal_mu_per_h.value <= GUARD_HARD_BASAL_MU_PER_H) && guard_limits_sound(guard);
}

static bool permit_next(const core_t *core) {
    const guard_t *guard = &core->guard;
    return ((guard->permitted.value - guard->commanded.value) <= 1u) &&
           IF(stroke_pending(core), guard->permitted.value == guard->commanded.value);
}

static bool caps_looked_back(const core_t *core) {
    const guard_t *guard = &core->guard;
    return IF(guard->permitted.value != guard->commanded.value,
              (guard->free_tick.value >= free_from(guard, guard->hour_strokes.value, GUARD_HOUR_TICKS)) &&
                  (guard->free_tick.value >= free_from(guard, guard->day_strokes.value, GUARD_DAY_TICKS)));
}

// Core: what is armed, in flight, pending.
static bool stroke_known(const core_t *core) {
    return (core->in_flight <= 1u) && (core->unconfirmed <= core->in_flight) &&
           (core->event <= (uint8_t)CORE_WITHHELD) &&
           IF((core->in_flight != 0u) || has_event(core), core->armed_kind < (uint8_t)DOSE_KIND_NONE) &&
           IF(has_event(core), core->armed_us == DOSE_NEVER);
}

static bool armed_rightly(const core_t *core) {
    return IF(core->armed_us != DOSE_NEVER, (core->armed_kind < (uint8_t)DOSE_KIND_NONE) && (core->in_flight == 0u) &&
                                                !has_event(core) &&
                                                (core->guard.permitted.value == (core->guard.commanded.value + 1u)));
}

static bool armed_after_the_books(const core_t *core) {
    return (core->armed_us >= core->dose.basal.at_us) &&
           IF(core->armed_us != DOSE_NEVER, core->armed_us >= core->dose.slot_us) &&
           IF(has_event(core), (core->event_us >= core->dose.basal.at_us) && (core->event_us >= core->dose.slot_us));
}

static bool never_armed_while_suspended(const core_t *core) {
    return IF(core->dose.basal.paused != 0u, core->armed_us == DOSE_NEVER);
}

static bool never_armed_while_faulted(const core_t *core) {
    return IF(faulted(core), core->armed_us == DOSE_NEVER);
}

static bool times_of_the_past(const core_t *core) {
    const dose_t *dose = &core->dose;
    return (dose->ledger[DOSE_KIND_BASAL].start_us <= dose->basal.at_us) &&
           (dose->ledger[DOSE_KIND_TEMP].start_us <= dose->basal.at_us) &&
           (dose->ledger[DOSE_KIND_NORMAL].start_us <= dose->basal.at_us) &&
           (dose->ledger[DOSE_KIND_SQUARE].start_us <= dose->basal.at_us) &&
           (dose->slot_us <= (dose->basal.at_us + dose->spacing_us));
}

// Scheduler: paces, schedule, ledgers.
static bool paces_sound(const core_t *core) {
    const dose_t *dose = &core->dose;
    return (dose->basal.pace.whole_q >= 1u) && (dose->basal.pace.owed_q < dose->basal.pace.whole_q) &&
           (dose->square_pace.whole_q >= 1u) && (dose->square_pace.whole_q <= BASAL_AHEAD_MAX_US) &&
           (dose->square_pace.owed_q < dose->square_pace.whole_q) && (dose->basal.pace.rate_q <= PACE_RATE_MAX);
}

static bool rate_in_force(const core_t *core) {
    const dose_t *dose = &core->dose;
    return (dose->basal.paused <= 1u) && (dose->basal.pace.rate_q == basal_in_force_mu_per_h(&dose->basal));
}

// programmed = commanded + abandoned + remaining. No more is delivered than the motor was told to, including the stroke
// that the interrupt has just started.
static bool ledger_whole(const core_t *core, uint32_t kind) {
    const ledger_t *ledger = &core->dose.ledger[kind];
    const uint64_t accounted = (uint64_t)ledger->commanded + ledger->abandoned + ledger->remaining;
    const uint32_t ordered = ledger->commanded + pending(core, kind);
    return (ledger->programmed == accounted) && (ledger->delivered <= ordered) &&
           IF((core->unconfirmed != 0u) && (core->armed_kind == kind), ledger->delivered < ordered);
}

static bool ledgers_whole(const core_t *core) {
    const ledger_t *ledger = core->dose.ledger;
    return ledger_whole(core, DOSE_KIND_BASAL) && ledger_whole(core, DOSE_KIND_TEMP) &&
           ledger_whole(core, DOSE_KIND_NORMAL) && ledger_whole(core, DOSE_KIND_SQUARE) &&
           (ledger[DOSE_KIND_BASAL].remaining == 0u) && (ledger[DOSE_KIND_TEMP].remaining == 0u);
}

static bool boluses_sound(const core_t *core) {
    return bolus_sound(&core->dose, DOSE_KIND_NORMAL) && bolus_sound(&core->dose, DOSE_KIND_SQUARE);
}

static bool temp_sound(const core_t *core) {
    const dose_t *dose = &core->dose;
    return (dose->basal.schedule.temp != (uint32_t)BASAL_TEMP_NONE) ==
           (dose->ledger[DOSE_KIND_TEMP].reason == (uint32_t)DOSE_REASON_RUNNING);
}

static bool still_while_suspended(const core_t *core) {
    return IF(core->dose.basal.paused != 0u, still(&core->dose));
}

static bool counts_agree_so_far(const core_t *core) {
    const ledger_t *ledger = core->dose.ledger;
    const uint32_t sum = ledger[DOSE_KIND_BASAL].commanded + ledger[DOSE_KIND_TEMP].commanded;
    return (sum + pending(core, DOSE_KIND_BASAL) + pending(core, DOSE_KIND_TEMP)) <= core->guard.commanded.value;
}

static bool spacing_hard(const core_t *core) {
    return (core->dose.spacing_us >= core->guard.spacing_us.value) && (core->dose.spacing_us <= SPACING_US_MAX) &&
           (core->guard.spacing_us.value >= 1u) && (core->guard.spacing_us.value <= 1000000u);
}

static bool square_sound(const core_t *core) {
    return square_paced(&core->dose);
}

// clang-format off
#define EVERY_CLAUSE(DO) \
    DO(pairs_intact, "pairs intact") \
    DO(ring_sound, "guard and scheduler agree: the ring") \
    DO(limits_within_hard, "cap never exceeded: limits within the hard ones") \
    DO(permit_next, "at most one ahead of permit") \
    DO(caps_looked_back, "cap never exceeded: the look back stands") \
    DO(stroke_known, "stroke known") \
    DO(armed_rightly, "none without permit: nothing is armed") \
    DO(armed_after_the_books, "armed after the books") \
    DO(never_armed_while_suspended, "none while suspended: nothing is armed") \
    DO(never_armed_while_faulted, "none while faulted: nothing is armed") \
    DO(times_of_the_past, "times of the past") \
    DO(paces_sound, "paces sound") \
    DO(schedule_sound, "schedule sound") \
    DO(rate_in_force, "rate in force") \
    DO(ledgers_whole, "ledgers conserve") \
    DO(boluses_sound, "boluses sound") \
    DO(square_sound, "square sound") \
    DO(temp_sound, "temp sound") \
    DO(still_while_suspended, "none while suspended: nothing is to come") \
    DO(counts_agree_so_far, "guard and scheduler agree: no more strokes in the books") \
    DO(spacing_hard, "spacing hard")
// clang-format on

#define ASSUME_CLAUSE(clause, name) ASSUME(clause(core));
#define PROVE_CLAUSE(clause, name) PROVE(clause(core), name);

static void assume_invariant(const core_t *core) {
    EVERY_CLAUSE(ASSUME_CLAUSE)
}

static void prove_invariant(const core_t *core) {
    EVERY_CLAUSE(PROVE_CLAUSE)
}

// Counts of one long life at most: an assumption, not part of the induction.
static void assume_a_lifetime(const core_t *core) {
    ASSUME(core->dose.basal.at_us < TIME_MAX_US);
    ASSUME(core->guard.commanded.value < COUNT_MAX);
    ASSUME(core->guard.confirmed.value < COUNT_MAX);
    ASSUME(core->strokes_withheld < COUNT_MAX);
    ASSUME(core->dose.basal.waiting[BASAL_PROGRAMMED] < COUNT_MAX);
    ASSUME(core->dose.basal.waiting[BASAL_TEMPORARY] < COUNT_MAX);
    ASSUME(core->dose.basal.pace.whole_q < ((uint64_t)1u << 40u));
    for (uint32_t kind = 0u; kind < DOSE_KINDS; kind++) {
        ASSUME(core->dose.ledger[kind].programmed < COUNT_MAX);
    }
    ASSUME(core->dose.square_waiting < COUNT_MAX);
}

#endif
