#include "state.h"

#include <stddef.h>

// What is stored: place in core_t and size in bytes. The order is the format: append, and raise STATE_VERSION.
typedef struct {
    uint16_t offset;
    uint8_t bytes;
} field_t;

#define FIELD(member, size) {(uint16_t)offsetof(core_t, member), (size)}
#define LEDGER(kind)                                                                 \
    FIELD(dose.ledger[kind].programmed, 4u), FIELD(dose.ledger[kind].commanded, 4u), \
        FIELD(dose.ledger[kind].delivered, 4u), FIELD(dose.ledger[kind].abandoned, 4u)
#define PART(part) \
    FIELD(dose.part.start_us, 8u), FIELD(dose.part.end_us, 8u), FIELD(dose.part.id, 4u), FIELD(dose.part.reason, 4u)

static const field_t FIELDS[] = {
    FIELD(stroke_uu, 4u),
    FIELD(dose.spacing_us, 4u),
    FIELD(event_us, 8u),
    FIELD(stopped_us, 8u),
    FIELD(armed_kind, 1u),
    FIELD(in_flight, 1u),
    FIELD(unconfirmed, 1u),
    FIELD(strokes_withheld, 4u),
    FIELD(dose.basal.at_us, 8u),
    FIELD(dose.basal.pace.owed_q, 8u),
    FIELD(dose.basal.pace.rate_q, 4u),
    FIELD(dose.basal.waiting[BASAL_PROGRAMMED], 4u),
    FIELD(dose.basal.waiting[BASAL_TEMPORARY], 4u),
    FIELD(dose.basal.schedule.boundary_us, 8u),
    FIELD(dose.basal.schedule.temp_until_us, 8u),
    FIELD(dose.basal.schedule.rate_mu_per_h, 4u),
    FIELD(dose.basal.schedule.boundary_mu_per_h, 4u),
    FIELD(dose.basal.schedule.temp_value, 4u),
    FIELD(dose.basal.schedule.temp, 4u),
    FIELD(dose.square_pace.whole_q, 8u),
    FIELD(dose.square_pace.owed_q, 8u),
    FIELD(dose.square_pace.rate_q, 4u),
    FIELD(dose.square_waiting, 4u),
    LEDGER(DOSE_KIND_BASAL),
    LEDGER(DOSE_KIND_TEMP),
    LEDGER(DOSE_KIND_NORMAL),
    LEDGER(DOSE_KIND_SQUARE),
    PART(normal),
    PART(square),
    FIELD(dose.temp_start_us, 8u),
    FIELD(dose.temp_end_us, 8u),
    FIELD(dose.temp_reason, 4u),
    FIELD(dose.slot_us, 8u),
    FIELD(dose.bolus_id, 4u),
    FIELD(dose.suspended, 4u),
    FIELD(guard.commanded.value, 4u),
    FIELD(guard.confirmed.value, 4u),
    FIELD(guard.permitted.value, 4u),
    FIELD(guard.fault.value, 4u),
    FIELD(guard.last_tick.value, 4u),
    FIELD(guard.last_low_us.value, 4u),
    FIELD(guard.recorded.value, 4u),
    FIELD(guard.head.value, 4u),
    FIELD(guard.hour_strokes.value, 4u),
    FIELD(guard.day_strokes.value, 4u),
    FIELD(guard.bolus_strokes.value, 4u),
    FIELD(guard.basal_mu_per_h.value, 4u),
};
#define FIELDS_COUNT (sizeof(FIELDS) / sizeof(FIELDS[0]))

static uint64_t get(const core_t *core, field_t field) {
    const uint8_t *at = ((const uint8_t *)core) + field.offset;
    uint64_t value;
    if (field.bytes == 8u) {
        value = *(const uint64_t *)(const void *)at;
    } else if (field.bytes == 4u) {
        value = *(const uint32_t *)(const void *)at;
    } else {
        value = *at;
    }
    return value;
}

static void put(core_t *core, field_t field, uint64_t value) {
    uint8_t *at = ((uint8_t *)core) + field.offset;
    if (field.bytes == 8u) {
        *(uint64_t *)(void *)at = value;
    } else if (field.bytes == 4u) {
        *(uint32_t *)(void *)at = (uint32_t)value;
    } else {
        *at = (uint8_t)value;
    }
}

static bool bolus_sound(const dose_ledger_t *ledger, const dose_bolus_t *part) {
    const bool to_come = ledger->programmed != (ledger->commanded + ledger->abandoned);
    return to_come == (part->reason == (uint32_t)DOSE_REASON_RUNNING);
}

static bool ledger_conserves(const dose_ledger_t *ledger) {
    return (ledger->commanded <= ledger->programmed) &&
           (ledger->abandoned <= (ledger->programmed - ledger->commanded)) && (ledger->delivered <= ledger->commanded);
}

static bool times_past(const core_t *core, uint64_t now_us) {
    const dose_t *dose = &core->dose;
    return (dose->basal.at_us <= now_us) && (core->event_us <= dose->basal.at_us) && (core->stopped_us <= now_us) &&
           (dose->normal.start_us <= dose->basal.at_us) && (dose->square.start_us <= dose->basal.at_us) &&
           (dose->temp_start_us <= dose->basal.at_us) && (dose->slot_us <= (dose->basal.at_us + dose->spacing_us));
}

static bool schedule_sound(const core_t *core) {
    const basal_schedule_t *schedule = &core->dose.basal.schedule;
    return (schedule->temp <= (uint32_t)BASAL_TEMP_PERCENT) &&
           ((schedule->temp != (uint32_t)BASAL_TEMP_PERCENT) || (schedule->temp_value <= BASAL_PERCENT_MAX)) &&
           ((schedule->temp == (uint32_t)BASAL_TEMP_NONE) == (schedule->temp_until_us == PACE_NEVER)) &&
           (schedule->boundary_us > core->dose.basal.at_us) && (schedule->temp_until_us > core->dose.basal.at_us) &&
           (basal_greatest_mu_per_h(schedule->temp, schedule->temp_value, schedule->rate_mu_per_h,
                                    schedule->boundary_mu_per_h) <= core->guard.basal_mu_per_h.value);
}

static bool square_paced(const dose_t *dose) {
    const uint32_t to_come = dose_remaining(dose, DOSE_KIND_SQUARE);
    return (dose->square_waiting <= to_come) && (dose->square_pace.whole_q <= DOSE_SQUARE_MAX_US) &&
           ((dose->square_pace.rate_q == 0u) == (dose->square_waiting == to_come)) &&
           ((dose->square_pace.rate_q == 0u) ||
            (dose->square_pace.rate_q == dose->ledger[DOSE_KIND_SQUARE].programmed));
}

static bool still(const dose_t *dose) {
    return (dose->basal.waiting[BASAL_PROGRAMMED] == 0u) && (dose->basal.waiting[BASAL_TEMPORARY] == 0u) &&
           (dose_remaining(dose, DOSE_KIND_NORMAL) == 0u) && (dose_remaining(dose, DOSE_KIND_SQUARE) == 0u) &&
           (dose->basal.schedule.temp == (uint32_t)BASAL_TEMP_NONE);
}

static bool counts_agree(const core_t *core) {
    const dose_ledger_t *ledger = core->dose.ledger;
    // The ledgers of boluses gone by are not kept, so their strokes are missing from this sum.
    const uint32_t sum = ledger[DOSE_KIND_BASAL].commanded + ledger[DOSE_KIND_TEMP].commanded;
    return (sum <= core->guard.commanded.value) && (core->guard.recorded.value == core->guard.commanded.value) &&
           (core->guard.head.value < core->guard.history_length.value) &&
           ((core->guard.commanded.value % core->guard.history_length.value) == core->guard.head.value);
}

static state_invariant_t broken_invariant(const core_t *core, uint64_t now_us) {
    const dose_t *dose = &core->dose;
    const dose_ledger_t *ledger = dose->ledger;
    const basal_schedule_t *schedule = &dose->basal.schedule;
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
    } else if ((dose->basal.pace.rate_q != basal_in_force_mu_per_h(&dose->basal)) || (dose->suspended > 1u)) {
        broken = STATE_RATE_IN_FORCE;
    } else if (!ledger_conserves(&ledger[DOSE_KIND_BASAL]) || !ledger_conserves(&ledger[DOSE_KIND_TEMP]) ||
               !ledger_conserves(&ledger[DOSE_KIND_NORMAL]) || !ledger_conserves(&ledger[DOSE_KIND_SQUARE]) ||
               ((dose_remaining(dose, DOSE_KIND_BASAL) | dose_remaining(dose, DOSE_KIND_TEMP)) != 0u)) {
        broken = STATE_LEDGERS_CONSERVE;
    } else if (!bolus_sound(&ledger[DOSE_KIND_NORMAL], &dose->normal) ||
               !bolus_sound(&ledger[DOSE_KIND_SQUARE], &dose->square)) {
        broken = STATE_BOLUS_ENDS;
    } else if (!square_paced(dose)) {
        broken = STATE_SQUARE_PACED;
    } else if ((schedule->temp != (uint32_t)BASAL_TEMP_NONE) != (dose->temp_reason == (uint32_t)DOSE_REASON_RUNNING)) {
        broken = STATE_TEMP_ENDS;
    } else if ((stopped && (dose->suspended == 0u)) || ((dose->suspended != 0u) && !still(dose))) {
        broken = STATE_SUSPENDED_STILL;
    } else if (!counts_agree(core)) {
        broken = STATE_COUNTS_AGREE;
    } else if ((core->guard.permitted.value - core->guard.commanded.value) > 1u) {
        broken = STATE_PERMIT_NEXT;
    } else if ((core->armed_kind > (uint8_t)DOSE_KIND_NONE) || (core->in_flight > 1u) ||
               (core->unconfirmed > core->in_flight) ||
               ((core->in_flight != 0u) && (core->armed_kind == (uint8_t)DOSE_KIND_NONE))) {
        broken = STATE_STROKE_KNOWN;
    } else {
        broken = STATE_OK;
    }
    return broken;
}

void state_save(core_t *core, uint64_t now_us, uint8_t bytes[STATE_BYTES]) {
    uint32_t at = 0u;
    // A time gone by is refused there; the books are then as of the last call, which is what is saved.
    (void)core_settle(core, now_us);
    bytes[at] = STATE_VERSION;
    at++;
    for (uint32_t i = 0u; i < FIELDS_COUNT; i++) {
        uint64_t value = get(core, FIELDS[i]);
        for (uint32_t k = 0u; k < FIELDS[i].bytes; k++) {
            bytes[at] = (uint8_t)value;
            value >>= 8u;
            at++;
        }
    }
}

state_invariant_t state_load(core_t *core, uint64_t now_us, const uint8_t bytes[STATE_BYTES]) {
    state_invariant_t broken = STATE_OK;
    core_t loaded = *core;
    uint32_t at = 1u;
    for (uint32_t i = 0u; i < FIELDS_COUNT; i++) {
        uint64_t value = 0u;
        for (uint32_t k = 0u; k < FIELDS[i].bytes; k++) {
            value |= (uint64_t)bytes[at] << (8u * k);
            at++;
        }
        put(&loaded, FIELDS[i], value);
    }
    loaded.dose.basal.paused = loaded.dose.suspended;
    if (bytes[0] != STATE_VERSION) {
        broken = STATE_VERSION_KNOWN;
    } else if ((loaded.stroke_uu != core->stroke_uu) || (loaded.dose.spacing_us != core->dose.spacing_us)) {
        broken = STATE_SAME_PUMP;
    } else {
        broken = broken_invariant(&loaded, now_us);
    }
    if (broken == STATE_OK) {
        loaded.event = (uint8_t)CORE_NOTHING;
        guard_rebuild(&loaded.guard, now_us);
        *core = loaded;
        // Arms the next stroke. now_us was seen to be no earlier than the books.
        (void)core_settle(core, now_us);
    }
    return broken;
}
