#include "dose.h"

static uint32_t remaining(const dose_t *dose, dose_kind_t kind) {
    return dose->ledger[kind].remaining;
}

static void begin_bolus(dose_t *dose, dose_kind_t kind, uint32_t strokes) {
    ledger_begin(&dose->ledger[kind], dose->basal.at_us);
    ledger_program(&dose->ledger[kind], strokes, dose->bolus_id);
}

static void end_boluses(dose_t *dose, dose_reason_t reason) {
    for (uint32_t kind = (uint32_t)DOSE_KIND_NORMAL; kind < DOSE_KINDS; kind++) {
        ledger_t *ledger = &dose->ledger[kind];
        if (ledger->remaining != 0u) {
            ledger_abandon(ledger, ledger->remaining);
            ledger_end(ledger, reason, dose->basal.at_us);
        }
    }
    // Without strokes to come there is nothing to pace.
    dose->square_pace.rate_q = 0u;
    dose->square_waiting = 0u;
}

static bool temp_runs(const dose_t *dose) {
    return dose->basal.schedule.temp != (uint32_t)BASAL_TEMP_NONE;
}

static void end_temp(dose_t *dose, dose_reason_t reason) {
    basal_end_temp(&dose->basal);
    ledger_end(&dose->ledger[DOSE_KIND_TEMP], reason, dose->basal.at_us);
}

void dose_settle(dose_t *dose, uint64_t now_us) {
    const uint64_t temp_until_us = dose->basal.schedule.temp_until_us;
    const uint32_t owed = pace_accrue(&dose->square_pace, now_us - dose->basal.at_us);
    if (basal_settle(&dose->basal, now_us)) {
        ledger_end(&dose->ledger[DOSE_KIND_TEMP], DOSE_REASON_COMPLETED, temp_until_us);
    }
    dose->square_waiting += owed;
    if (dose->square_waiting >= remaining(dose, DOSE_KIND_SQUARE)) {
        // Everything programmed has come to be owed: the pace is done.
        dose->square_waiting = remaining(dose, DOSE_KIND_SQUARE);
        dose->square_pace.rate_q = 0u;
    }
}

void dose_init(dose_t *dose, uint64_t now_us, uint32_t stroke_uu, uint32_t spacing_us) {
    basal_init(&dose->basal, now_us, stroke_uu);
    dose->square_pace.whole_q = 1u;
    dose->slot_us = now_us;
    dose->spacing_us = spacing_us;
    for (uint32_t kind = (uint32_t)DOSE_KIND_TEMP; kind < DOSE_KINDS; kind++) {
        dose->ledger[kind].reason = (uint32_t)DOSE_REASON_COMPLETED;
    }
}

void dose_set_basal(dose_t *dose, uint32_t rate_mu_per_h) {
    basal_set_rate(&dose->basal, rate_mu_per_h);
}

dose_result_t dose_plan_basal(dose_t *dose, uint64_t boundary_us, uint32_t rate_mu_per_h) {
    dose_result_t result = DOSE_E_RANGE;
    // A boundary in the past wraps to nearly 2^64 µs ahead.
    if (basal_ahead(boundary_us - dose->basal.at_us)) {
        basal_plan(&dose->basal, boundary_us, rate_mu_per_h);
        result = DOSE_OK;
    }
    return result;
}

dose_result_t dose_temp_basal(dose_t *dose, basal_temp_t temp, uint32_t value, uint64_t duration_us) {
    dose_result_t result = DOSE_OK;
    if (dose->basal.paused != 0u) {
        result = DOSE_E_SUSPENDED;
    } else if (!basal_ahead(duration_us)) {
        result = DOSE_E_RANGE;
    } else {
        basal_set_temp(&dose->basal, temp, value, dose->basal.at_us + duration_us);
        ledger_begin(&dose->ledger[DOSE_KIND_TEMP], dose->basal.at_us);
    }
    return result;
}

dose_result_t dose_cancel_temp(dose_t *dose) {
    dose_result_t result = DOSE_E_NO_TEMP;
    if (temp_runs(dose)) {
        end_temp(dose, DOSE_REASON_CANCELLED);
        result = DOSE_OK;
    }
    return result;
}

// Valid: 0 square strokes over no time, or as many as the pace can take, over an allowed time.
static bool spread_allowed(uint32_t square, uint64_t duration_us) {
    bool allowed = duration_us == 0u;
    if (square != 0u) {
        allowed = (square <= PACE_RATE_MAX) && (duration_us >= DOSE_SQUARE_MIN_US) && basal_ahead(duration_us);
    }
    return allowed;
}

dose_result_t dose_bolus(dose_t *dose, uint32_t normal, uint32_t square, uint64_t duration_us) {
    dose_result_t result = DOSE_OK;
    if (dose->basal.paused != 0u) {
        result = DOSE_E_SUSPENDED;
    } else if (((normal | square) == 0u) || !spread_allowed(square, duration_us)) {
        result = DOSE_E_RANGE;
    } else {
        dose->bolus_id += 1u;
        if (normal != 0u) {
            begin_bolus(dose, DOSE_KIND_NORMAL, normal);
        }
        if (square != 0u) {
            begin_bolus(dose, DOSE_KIND_SQUARE, square);
            // `square` quanta per µs, and a stroke is as many quanta as the duration has µs: the last falls due exactly
            // at the end.
            dose->square_pace.whole_q = duration_us;
            dose->square_pace.owed_q = 0u;
            dose->square_pace.rate_q = square;
        }
    }
    return result;
}

dose_result_t dose_cancel_bolus(dose_t *dose) {
    dose_result_t result = DOSE_E_NO_BOLUS;
    if ((remaining(dose, DOSE_KIND_NORMAL) | remaining(dose, DOSE_KIND_SQUARE)) != 0u) {
        end_boluses(dose, DOSE_REASON_CANCELLED);
        result = DOSE_OK;
    }
    return result;
}

dose_result_t dose_suspend(dose_t *dose, dose_reason_t reason) {
    dose_result_t result = DOSE_E_SUSPENDED;
    if (dose->basal.paused == 0u) {
        if (temp_runs(dose)) {
            end_temp(dose, reason);
        }
        basal_pause(&dose->basal, true);
        for (uint32_t source = 0u; source < BASAL_SOURCES; source++) {
            ledger_t *ledger = &dose->ledger[source];
            const uint32_t waiting = dose->basal.waiting[source];
            ledger->programmed += waiting;
            ledger->abandoned += waiting;
            dose->basal.waiting[source] = 0u;
        }
        end_boluses(dose, reason);
        result = DOSE_OK;
    }
    return result;
}

dose_result_t dose_resume(dose_t *dose) {
    dose_result_t result = DOSE_E_RUNNING;
    if (dose->basal.paused != 0u) {
        basal_pause(&dose->basal, false);
        result = DOSE_OK;
    }
    return result;
}

uint64_t dose_next_us(const dose_t *dose, dose_kind_t *kind) {
    uint64_t owed_us = dose->basal.at_us;
    if (remaining(dose, DOSE_KIND_NORMAL) != 0u) {
        *kind = DOSE_KIND_NORMAL;
    } else {
        basal_source_t source;
        uint64_t square_us = owed_us;
        owed_us = basal_due_us(&dose->basal, &source);
        *kind = (dose_kind_t)source;
        if (dose->square_waiting == 0u) {
            square_us = pace_due_us(&dose->square_pace, dose->basal.at_us);
        }
        if (square_us < owed_us) {
            owed_us = square_us;
            *kind = DOSE_KIND_SQUARE;
        }
    }
    return (owed_us < dose->slot_us) ? dose->slot_us : owed_us;
}

// Takes the stroke from the account that owes it; it is among the ledger's remaining ones then.
static ledger_t *take(dose_t *dose, dose_kind_t kind) {
    ledger_t *ledger = &dose->ledger[kind];
    if (kind == DOSE_KIND_SQUARE) {
        dose->square_waiting -= 1u;
    } else if (kind != DOSE_KIND_NORMAL) {
        dose->basal.waiting[kind] -= 1u;
        ledger->programmed += 1u;
        ledger->remaining = 1u;
    } else {
        // A normal bolus owes all of its strokes from the start.
    }
    return ledger;
}

// A bolus part whose last stroke has been taken is complete.
static void complete(const dose_t *dose, ledger_t *ledger, dose_kind_t kind, dose_reason_t reason) {
    if ((kind >= DOSE_KIND_NORMAL) && (ledger->remaining == 0u)) {
        ledger_end(ledger, reason, dose->basal.at_us);
    }
}

void dose_commanded(dose_t *dose, dose_kind_t kind) {
    ledger_t *ledger = take(dose, kind);
    dose->slot_us = dose->basal.at_us + dose->spacing_us;
    ledger_command(ledger);
    complete(dose, ledger, kind, DOSE_REASON_COMPLETED);
}

void dose_withheld(dose_t *dose, dose_kind_t kind, dose_reason_t reason) {
    ledger_t *ledger = take(dose, kind);
    ledger_abandon(ledger, (kind == DOSE_KIND_NORMAL) ? ledger->remaining : 1u);
    complete(dose, ledger, kind, reason);
}

void dose_delivered(dose_t *dose, dose_kind_t kind) {
    ledger_delivered(&dose->ledger[kind]);
}
