#include "state.h"

#include <stddef.h>

#define HEADER_BYTES 1u
#define FRONT_BYTES (offsetof(core_t, guard.stroke_uu) + sizeof(uint32_t))
#define DOSE_BYTES sizeof(dose_t)

_Static_assert(FRONT_BYTES == 164u, "the state has another layout here: see state.h");
_Static_assert((HEADER_BYTES + FRONT_BYTES + DOSE_BYTES) == STATE_BYTES,
               "the state has another layout here: see state.h");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the state is stored as little-endian memory");

static void copy(uint8_t *to, const uint8_t *from, uint32_t bytes) {
    for (uint32_t i = 0u; i < bytes; i++) {
        to[i] = from[i];
    }
}

static void pack(const core_t *core, uint8_t bytes[STATE_BYTES]) {
    bytes[0] = STATE_VERSION;
    copy(&bytes[HEADER_BYTES], (const uint8_t *)core, FRONT_BYTES);
    copy(&bytes[HEADER_BYTES + FRONT_BYTES], (const uint8_t *)&core->dose, DOSE_BYTES);
}

// Except for the version, which the caller checks.
static void unpack(core_t *core, const uint8_t bytes[STATE_BYTES]) {
    copy((uint8_t *)core, &bytes[HEADER_BYTES], FRONT_BYTES);
    copy((uint8_t *)&core->dose, &bytes[HEADER_BYTES + FRONT_BYTES], DOSE_BYTES);
}

static bool bolus_sound(const dose_t *dose, dose_kind_t kind) {
    const bool running = dose->ledger[kind].reason == (uint32_t)DOSE_REASON_RUNNING;
    const bool to_come = dose->ledger[kind].remaining != 0u;
    return to_come == running;
}

static bool ledgers_conserve(const dose_t *dose) {
    bool conserve = (dose->ledger[DOSE_KIND_BASAL].remaining | dose->ledger[DOSE_KIND_TEMP].remaining) == 0u;
    for (uint32_t kind = 0u; kind < DOSE_KINDS; kind++) {
        if (!ledger_conserves(&dose->ledger[kind])) {
            conserve = false;
        }
    }
    return conserve;
}

static bool times_past(const core_t *core, uint64_t now_us) {
    const dose_t *dose = &core->dose;
    const uint64_t at_us = dose->basal.at_us;
    bool past = (at_us <= now_us) && (core->stopped_us <= now_us) && (dose->slot_us <= (at_us + dose->spacing_us));
    for (uint32_t kind = 0u; kind < DOSE_KINDS; kind++) {
        if (dose->ledger[kind].start_us > at_us) {
            past = false;
        }
    }
    return past;
}

// A change lies ahead of the books, no further than one can be ordered; or there is none.
static bool change_sound(const core_t *core, uint64_t change_us) {
    return (change_us == PACE_NEVER) || basal_ahead(change_us - core->dose.basal.at_us);
}

static bool schedule_sound(const core_t *core) {
    const basal_schedule_t *schedule = &core->dose.basal.schedule;
    return (schedule->temp <= (uint32_t)BASAL_TEMP_PERCENT) &&
           ((schedule->temp != (uint32_t)BASAL_TEMP_PERCENT) || (schedule->temp_value <= BASAL_PERCENT_MAX)) &&
           ((schedule->temp == (uint32_t)BASAL_TEMP_NONE) == (schedule->temp_until_us == PACE_NEVER)) &&
           change_sound(core, schedule->boundary_us) && change_sound(core, schedule->temp_until_us) &&
           (basal_greatest_mu_per_h(schedule, schedule->temp, schedule->temp_value, 0u) <=
            core->guard.basal_mu_per_h.value);
}

static bool square_paced(const dose_t *dose) {
    const ledger_t *ledger = &dose->ledger[DOSE_KIND_SQUARE];
    const uint32_t rate_q = (dose->square_waiting == ledger->remaining) ? 0u : ledger->programmed;
    return (dose->square_waiting <= ledger->remaining) && basal_ahead(dose->square_pace.whole_q) &&
           (dose->square_pace.rate_q == rate_q);
}

static bool still(const dose_t *dose) {
    const uint32_t waiting = dose->basal.waiting[BASAL_PROGRAMMED] | dose->basal.waiting[BASAL_TEMPORARY];
    const uint32_t to_come = dose->ledger[DOSE_KIND_NORMAL].remaining | dose->ledger[DOSE_KIND_SQUARE].remaining;
    return ((waiting | to_come) == 0u) && (dose->basal.schedule.temp == (uint32_t)BASAL_TEMP_NONE);
}

static bool counts_agree(const core_t *core) {
    const ledger_t *ledger = core->dose.ledger;
    // The ledgers of earlier boluses are not kept, so their strokes are missing from this sum.
    const uint32_t sum = ledger[DOSE_KIND_BASAL].commanded + ledger[DOSE_KIND_TEMP].commanded;
    return (sum <= core->guard.commanded.value) && (core->guard.recorded.value == core->guard.commanded.value) &&
           ((core->guard.commanded.value % core->guard.history_length.value) == core->guard.head.value);
}

static state_invariant_t broken_invariant(const core_t *core, uint64_t now_us) {
    const dose_t *dose = &core->dose;
    const ledger_t *ledger = dose->ledger;
    const basal_schedule_t *schedule = &dose->basal.schedule;
    const bool suspended = dose->basal.paused != 0u;
    const bool stopped = core->guard.fault.value != (uint32_t)GUARD_OK;
    state_invariant_t broken;
    if (!times_past(core, now_us)) {
        broken = STATE_TIME_PAST;
    } else if ((dose->basal.pace.owed_q >= dose->basal.pace.whole_q) ||
               (dose->square_pace.owed_q >= dose->square_pace.whole_q)) {
        broken = STATE_FRACTIONS_SMALL;
    } else if (!guard_limits_sound(&core->guard)) {
        broken = STATE_LIMITS_HARD;
    } else if (!schedule_sound(core)) {
        broken = STATE_SCHEDULE_SOUND;
    } else if ((dose->basal.pace.rate_q != basal_in_force_mu_per_h(&dose->basal)) || (dose->basal.paused > 1u)) {
        broken = STATE_RATE_IN_FORCE;
    } else if (!ledgers_conserve(dose)) {
        broken = STATE_LEDGERS_CONSERVE;
    } else if (!bolus_sound(dose, DOSE_KIND_NORMAL) || !bolus_sound(dose, DOSE_KIND_SQUARE)) {
        broken = STATE_BOLUS_ENDS;
    } else if (!square_paced(dose)) {
        broken = STATE_SQUARE_PACED;
    } else if ((schedule->temp != (uint32_t)BASAL_TEMP_NONE) !=
               (ledger[DOSE_KIND_TEMP].reason == (uint32_t)DOSE_REASON_RUNNING)) {
        broken = STATE_TEMP_ENDS;
    } else if ((stopped && !suspended) || (suspended && !still(dose))) {
        broken = STATE_SUSPENDED_STILL;
    } else if (!counts_agree(core)) {
        broken = STATE_COUNTS_AGREE;
    } else if ((core->guard.permitted.value - core->guard.commanded.value) > 1u) {
        broken = STATE_PERMIT_NEXT;
    } else if ((core->in_flight > 1u) || (core->unconfirmed > core->in_flight) ||
               ((core->in_flight != 0u) && (core->armed_kind >= (uint8_t)DOSE_KIND_NONE)) ||
               ((core->unconfirmed != 0u) &&
                (ledger[core->armed_kind].delivered >= ledger[core->armed_kind].commanded)) ||
               (core->event != (uint8_t)CORE_NOTHING)) {
        broken = STATE_STROKE_KNOWN;
    } else {
        broken = STATE_OK;
    }
    return broken;
}

void state_save(core_t *core, uint64_t now_us, uint8_t bytes[STATE_BYTES]) {
    // A clock that runs back is refused there; the books are then as of the last call, and are saved so.
    (void)core_settle(core, now_us);
    pack(core, bytes);
}

static bool same_pump(const core_t *one, const core_t *other) {
    return (one->guard.stroke_uu == other->guard.stroke_uu) &&
           (one->guard.spacing_us.value == other->guard.spacing_us.value) &&
           (one->guard.history_length.value == other->guard.history_length.value) &&
           (one->dose.spacing_us == other->dose.spacing_us) &&
           (one->dose.basal.pace.whole_q == other->dose.basal.pace.whole_q);
}

state_invariant_t state_load(core_t *core, uint64_t now_us, const uint8_t bytes[STATE_BYTES]) {
    state_invariant_t broken;
    core_t loaded = *core;
    uint8_t version = STATE_VERSION;
    if (bytes != NULL) {
        version = bytes[0];
        unpack(&loaded, bytes);
    }
    if (version != STATE_VERSION) {
        broken = STATE_VERSION_KNOWN;
    } else if (!guard_intact(&loaded.guard)) {
        broken = STATE_WORDS_INTACT;
    } else if (!same_pump(&loaded, core)) {
        broken = STATE_SAME_PUMP;
    } else {
        broken = broken_invariant(&loaded, now_us);
    }
    if (broken == STATE_OK) {
        *core = loaded;
        guard_look_back(&core->guard);
        // Arms the next stroke. now_us has been checked to be no earlier than the books.
        (void)core_settle(core, now_us);
    }
    return broken;
}

state_invariant_t state_reconcile(core_t *core, uint64_t now_us, uint32_t most_apart) {
    (void)core_settle(core, now_us);
    const state_invariant_t broken = state_load(core, core->dose.basal.at_us, NULL);
    if (broken == STATE_OK) {
        guard_reconcile(&core->guard, most_apart);
    }
    return broken;
}
