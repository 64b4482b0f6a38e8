// Each call of the supervisor, made once with any arguments; besides the invariant its own promises are proved. `core` is
// the state, `before` a copy from before the call, `history` the ring as the call finds it.
#ifndef RELEVE_PROMISES_H
#define RELEVE_PROMISES_H

#include "interrupt.h"
#include "words.h"

// Every supervisor call begins with enter(), which enters the interrupt's work and then a fault. The two halves are proved
// separately, with the invariant between them; the first half once for each kind of stroke.
static void enter_event(dose_kind_t kind) {
    core.armed_kind = (uint8_t)kind;
    ASSUME(has_event(&core) && (core.event_us < TIME_MAX_US));
    assume_invariant(&core);
    before = core;
    halfway = true;
    enter(&core);
}

static void prove_halfway(const core_t *at) {
    no_stroke_started();
    PROVE(!has_event(at), "what has happened is entered");
    PROVE(entered_in(DOSE_KIND_BASAL) && entered_in(DOSE_KIND_TEMP) && entered_in(DOSE_KIND_NORMAL) &&
              entered_in(DOSE_KIND_SQUARE),
          "guard and scheduler agree: each stroke is entered exactly once, in its own ledger");
    PROVE(at->strokes_withheld == (before.strokes_withheld + (stroke_pending(&before) ? 0u : 1u)),
          "each stroke withheld is counted");
    PROVE(at->dose.basal.at_us >= before.dose.basal.at_us, "the books never go back");
    prove_invariant(at);
    ASSUME(false);
}

static void call_enter_basal(void) {
    enter_event(DOSE_KIND_BASAL);
}

static void call_enter_temp(void) {
    enter_event(DOSE_KIND_TEMP);
}

static void call_enter_normal(void) {
    enter_event(DOSE_KIND_NORMAL);
}

static void call_enter_square(void) {
    enter_event(DOSE_KIND_SQUARE);
}

static void call_enter_fault(void) {
    core.event = (uint8_t)CORE_NOTHING;
    ASSUME(faulted(&core) && (core.stopped_us < TIME_MAX_US));
    assume_invariant(&core);
    before = core;
    enter(&core);
    no_stroke_started();
    entered_once();
    PROVE(still(&core.dose), "none while faulted: a fault leaves nothing to come");
    PROVE(core.stopped_us <= core.dose.basal.at_us, "the books have seen the stop");
}

// The rest of a supervisor call starts from a state that has been entered, and enters nothing more (call_enter_again).
// FAULTED separates the two cases, so that the checker need not follow paths that cannot happen.
static void entered(void) {
    core.event = (uint8_t)CORE_NOTHING;
    if (FAULTED) {
        // The books have seen the stop: call_enter_fault().
        ASSUME(faulted(&core) && (core.stopped_us <= core.dose.basal.at_us));
        core.dose.basal.paused = 1u;
    } else {
        core.guard.fault = word((uint32_t)GUARD_OK);
    }
    assume_invariant(&core);
    before = core;
}

static void call_enter_again(void) {
    entered();
    enter(&core);
    PROVE(same_dose(&core.dose, &before.dose) && same_guard(&core.guard, &before.guard),
          "entering twice is entering once");
}

static void call_settle(void) {
    entered();
    const uint64_t now_us = any_time();
    const dose_result_t result = core_settle(&core, now_us);
    no_stroke_started();
    entered_once();
    refused_unchanged(result != DOSE_OK);
    PROVE((result == DOSE_OK) == ((now_us + GUARD_BUSY_MAX_US) >= before.dose.basal.at_us),
          "a call is refused for its time only if it lies further before the books than a turn lasts");
    PROVE(core.dose.basal.at_us ==
              (((result == DOSE_OK) && (now_us > before.dose.basal.at_us)) ? now_us : before.dose.basal.at_us),
          "a call counts at its time, or at the books' if they are later");
}

static void request(dose_result_t result) {
    no_stroke_started();
    entered_once();
    refused_unchanged(result != DOSE_OK);
    PROVE(IF(faulted(&before), result != DOSE_OK), "none while faulted: no request is accepted");
}

static void call_promise(void) {
    const uint64_t now_us = any_time();
    const uint64_t back_us = any_u64();
    const bool kept = core_promise(&core, now_us, back_us);
    PROVE(kept == ((back_us >= now_us) && ((back_us - now_us) <= GUARD_PROMISE_MAX_US)),
          "a promise is for an hour at most");
    PROVE(same_dose(&core.dose, &before.dose), "a promise leaves the scheduler as it was");
    PROVE(kept || same_guard(&core.guard, &before.guard), "a promise refused changes nothing");
}

static void call_set_basal(void) {
    entered();
    const uint32_t rate = any_u32();
    percents_grow(0u, rate);
    const dose_result_t result = core_set_basal(&core, any_time(), rate);
    request(result);
    PROVE(IF(rate > before.guard.basal_mu_per_h.value, result != DOSE_OK), "a rate above the limit is refused");
}

static void call_plan_basal(void) {
    entered();
    const uint32_t rate = any_u32();
    percents_grow(0u, rate);
    request(core_plan_basal(&core, any_time(), any_u64(), rate));
}

static void call_temp_basal(void) {
    entered();
    const uint32_t value = any_u32();
    percents_grow(value, 0u);
    request(core_temp_basal(&core, any_time(), (basal_temp_t)any_u32(), value, any_u64()));
}

static void call_cancel_temp(void) {
    entered();
    request(core_cancel_temp(&core, any_time()));
}

static void call_bolus(void) {
    entered();
    const uint32_t normal = any_u32();
    const uint32_t square = any_u32();
    const dose_result_t result = core_bolus(&core, any_time(), normal, square, any_u64());
    no_stroke_started();
    refused_unchanged(result != DOSE_OK);
    PROVE(IF(faulted(&before), result != DOSE_OK), "none while faulted: no request is accepted");
    if (result == DOSE_OK) {
        PROVE(((uint64_t)normal + square) <= before.guard.bolus_strokes.value, "a bolus is within the limit");
        PROVE(IF(normal != 0u, (core.dose.ledger[DOSE_KIND_NORMAL].remaining == normal) &&
                                   (core.dose.ledger[DOSE_KIND_NORMAL].delivered == 0u)),
              "a normal bolus begins with all of its strokes to come");
        PROVE(IF(square != 0u, (core.dose.ledger[DOSE_KIND_SQUARE].remaining == square) &&
                                   (core.dose.ledger[DOSE_KIND_SQUARE].delivered == 0u)),
              "a square bolus begins with all of its strokes to come");
    } else {
        entered_once();
    }
}

static void call_cancel_bolus(void) {
    entered();
    const dose_result_t result = core_cancel_bolus(&core, any_time());
    request(result);
    PROVE(IF(result == DOSE_OK, (core.dose.ledger[DOSE_KIND_NORMAL].remaining == 0u) &&
                                    (core.dose.ledger[DOSE_KIND_SQUARE].remaining == 0u)),
          "a cancelled bolus has nothing to come");
}

static void call_suspend(void) {
    entered();
    const dose_result_t result = core_suspend(&core, any_time());
    request(result);
    PROVE(IF(result == DOSE_OK, (core.dose.basal.paused != 0u) && still(&core.dose)),
          "none while suspended: suspending leaves nothing to come");
}

static void call_resume(void) {
    entered();
    request(core_resume(&core, any_time()));
}

static void call_set_limits(void) {
    entered();
    const guard_limits_t limits = {any_u32(), any_u32(), any_u32(), any_u32()};
    uint32_t refused;
    strokes_grow(limits.max_bolus_mu, GUARD_HARD_BOLUS_MU);
    strokes_grow(limits.max_hour_mu, GUARD_HARD_HOUR_MU);
    strokes_grow(limits.max_day_mu, GUARD_HARD_DAY_MU);
    const dose_result_t result = core_set_limits(&core, &limits, &refused);
    request(result);
    PROVE(IF(limits.max_basal_mu_per_h > GUARD_HARD_BASAL_MU_PER_H, result != DOSE_OK), "hard basal limit");
    PROVE(IF(limits.max_bolus_mu > GUARD_HARD_BOLUS_MU, result != DOSE_OK), "hard bolus limit");
    PROVE(IF(limits.max_hour_mu > GUARD_HARD_HOUR_MU, result != DOSE_OK),
          "cap never exceeded: the hour's hard cap is not passed by a limit");
    PROVE(IF(limits.max_day_mu > GUARD_HARD_DAY_MU, result != DOSE_OK),
          "cap never exceeded: the day's hard cap is not passed by a limit");
}

static void call_permit(void) {
    entered();
    const uint32_t stroke = any_u32();
    const bool permitted = core_permit(&core, stroke);
    entered_once();
    refused_unchanged(!permitted);
    PROVE(core.guard.commanded.value == before.guard.commanded.value,
          "guard and scheduler agree: only the interrupt starts strokes");
    PROVE(permitted == (stroke == (before.guard.commanded.value + 1u)),
          "at most one ahead of permit: a permit is for the next stroke and no other");
    PROVE(permitted || (core.guard.permitted.value == before.guard.permitted.value),
          "none without permit: a permit refused permits nothing");
}

// state_save() stores a settled core, which state_load() accepts. The copying itself is left to Eva.
static void call_save(void) {
    const uint64_t now_us = any_time();
    // Every stop has been entered by then: call_enter_fault().
    ASSUME(before.stopped_us <= before.dose.basal.at_us);
    // A length for which the remainder is no division; call_ring() keeps head where the count says, whatever the length.
    core.guard.history_length = word(RING);
    entered();
    ASSUME((core.guard.recorded.value % RING) == core.guard.head.value);
    (void)core_settle(&core, now_us);
    PROVE(guard_intact(&core.guard), "a state that was saved can be loaded: words");
    PROVE(broken_invariant(&core, core.dose.basal.at_us) == STATE_OK, "a state that was saved can be loaded");
}

// A fault is cleared out of any state that could be loaded: the counts that the caps rest on stay, and nothing starts.
static void call_reconcile(void) {
    const uint64_t now_us = any_time();
    const uint32_t most_apart = any_u32();
    ASSUME(most_apart <= 1u);
    ASSUME(before.stopped_us <= before.dose.basal.at_us);
    core.guard.history_length = word(RING);
    entered();
    ASSUME((core.guard.recorded.value % RING) == core.guard.head.value);
    const state_invariant_t broken = state_reconcile(&core, now_us, most_apart);
    PROVE(broken == STATE_OK, "a fault can be cleared out of a sound state");
    PROVE(!faulted(&core), "cleared: no fault is latched");
    PROVE(IF(faulted(&before), (core.dose.basal.paused != 0u) && (core.armed_us == DOSE_NEVER)),
          "cleared: the scheduler stays suspended, nothing is armed");
    PROVE((core.guard.commanded.value == before.guard.commanded.value) &&
              (core.guard.permitted.value == before.guard.permitted.value),
          "cleared: no stroke is forgotten, none permitted");
    PROVE((core.guard.confirmed.value == before.guard.confirmed.value) ||
              (core.guard.confirmed.value == core.guard.commanded.value),
          "cleared: the counts stay, or agree");
}

// The base case of the induction.
static void call_init(void) {
    core_t fresh;
    const core_config_t config = {any_u32(), any_u32(), any_u32(), any_u32(), history, RING};
    const uint64_t now_us = any_time();
    strokes_grow_at(config.stroke_nl * config.concentration_u_per_ml);
    if (core_init(&fresh, now_us, &config)) {
        core = fresh;
        before = fresh;
    }
}

// Any bytes at all: a state that is accepted satisfies the invariant, and any other is refused with nothing changed.
static void call_load(void) {
    uint8_t bytes[STATE_BYTES];
    const uint64_t now_us = any_time();
    core.guard.history_length = word(RING);
    entered();
    const state_invariant_t broken = state_load(&core, now_us, bytes);
    if (broken != STATE_OK) {
        PROVE(same_dose(&core.dose, &before.dose) && same_guard(&core.guard, &before.guard),
              "refused: nothing changed");
    }
}

#endif
