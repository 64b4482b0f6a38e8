#include "dose.h"

static uint32_t left(const dose_ledger_t *ledger) {
    return ledger->programmed - ledger->commanded - ledger->abandoned;
}

static bool temp_runs(const dose_t *dose) {
    return dose->basal.schedule.temp != (uint32_t)BASAL_TEMP_NONE;
}

static void end_part(dose_bolus_t *part, dose_ledger_t *ledger, uint64_t now_us, dose_reason_t reason) {
    ledger->abandoned += left(ledger);
    part->end_us = now_us;
    part->reason = (uint32_t)reason;
}

static void end_boluses(dose_t *dose, uint64_t now_us, dose_reason_t reason) {
    if (dose_remaining(dose, DOSE_KIND_NORMAL) != 0u) {
        end_part(&dose->normal, &dose->ledger[DOSE_KIND_NORMAL], now_us, reason);
    }
    if (dose_remaining(dose, DOSE_KIND_SQUARE) != 0u) {
        end_part(&dose->square, &dose->ledger[DOSE_KIND_SQUARE], now_us, reason);
        dose->square_pace.rate_q = 0u;
        dose->square_waiting = 0u;
    }
}

static void start_part(dose_t *dose, dose_bolus_t *part, dose_kind_t kind, uint64_t now_us, uint32_t strokes) {
    const dose_ledger_t started = {strokes, 0u, 0u, 0u};
    dose->ledger[kind] = started;
    part->start_us = now_us;
    part->end_us = 0u;
    part->id = dose->bolus_id;
    part->reason = (uint32_t)DOSE_REASON_RUNNING;
}

static void end_temp(dose_t *dose, uint64_t now_us, dose_reason_t reason) {
    dose->temp_end_us = now_us;
    dose->temp_reason = (uint32_t)reason;
}

void dose_settle(dose_t *dose, uint64_t now_us) {
    const uint64_t elapsed_us = now_us - dose->basal.at_us;
    const uint64_t temp_until_us = dose->basal.schedule.temp_until_us;
    if (basal_settle(&dose->basal, now_us)) {
        end_temp(dose, temp_until_us, DOSE_REASON_COMPLETED);
    }
    dose->square_waiting += pace_accrue(&dose->square_pace, elapsed_us);
    if (dose->square_waiting >= dose_remaining(dose, DOSE_KIND_SQUARE)) {
        // All that was programmed has come to be owed: the pace has done its work.
        dose->square_waiting = dose_remaining(dose, DOSE_KIND_SQUARE);
        dose->square_pace.rate_q = 0u;
    }
}

void dose_init(dose_t *dose, uint64_t now_us, uint32_t stroke_uu, uint32_t spacing_us) {
    basal_init(&dose->basal, now_us, stroke_uu);
    dose->square_pace.whole_q = 1u;
    dose->normal.reason = (uint32_t)DOSE_REASON_COMPLETED;
    dose->square.reason = (uint32_t)DOSE_REASON_COMPLETED;
    dose->temp_reason = (uint32_t)DOSE_REASON_COMPLETED;
    dose->slot_us = now_us;
    dose->spacing_us = spacing_us;
}

void dose_set_basal(dose_t *dose, uint64_t now_us, uint32_t rate_mu_per_h) {
    dose_settle(dose, now_us);
    basal_set_rate(&dose->basal, rate_mu_per_h);
}

dose_result_t dose_plan_basal(dose_t *dose, uint64_t now_us, uint64_t boundary_us, uint32_t rate_mu_per_h) {
    dose_result_t result = DOSE_OK;
    if ((boundary_us <= now_us) || ((boundary_us - now_us) > DOSE_PLAN_MAX_US)) {
        result = DOSE_E_RANGE;
    } else {
        dose_settle(dose, now_us);
        basal_plan(&dose->basal, boundary_us, rate_mu_per_h);
    }
    return result;
}

dose_result_t dose_temp_basal(dose_t *dose, uint64_t now_us, basal_temp_t temp, uint32_t value, uint64_t duration_us) {
    dose_result_t result = DOSE_OK;
    if (dose->suspended != 0u) {
        result = DOSE_E_SUSPENDED;
    } else if ((duration_us == 0u) || (duration_us > DOSE_TEMP_MAX_US)) {
        result = DOSE_E_RANGE;
    } else {
        dose_settle(dose, now_us);
        basal_set_temp(&dose->basal, temp, value, now_us + duration_us);
        dose->temp_start_us = now_us;
        dose->temp_end_us = 0u;
        dose->temp_reason = (uint32_t)DOSE_REASON_RUNNING;
    }
    return result;
}

dose_result_t dose_cancel_temp(dose_t *dose, uint64_t now_us) {
    dose_result_t result = DOSE_OK;
    if (!temp_runs(dose) || (dose->basal.schedule.temp_until_us <= now_us)) {
        result = DOSE_E_NO_TEMP;
    } else {
        dose_settle(dose, now_us);
        basal_end_temp(&dose->basal);
        end_temp(dose, now_us, DOSE_REASON_CANCELLED);
    }
    return result;
}

dose_result_t dose_bolus(dose_t *dose, uint64_t now_us, uint32_t normal, uint32_t square, uint64_t duration_us) {
    dose_result_t result = DOSE_OK;
    const bool spread =
        (square <= PACE_RATE_MAX) && (duration_us >= DOSE_SQUARE_MIN_US) && (duration_us <= DOSE_SQUARE_MAX_US);
    if (dose->suspended != 0u) {
        result = DOSE_E_SUSPENDED;
    } else if ((square == 0u) ? ((normal == 0u) || (duration_us != 0u)) : !spread) {
        result = DOSE_E_RANGE;
    } else if (((normal != 0u) && (dose_remaining(dose, DOSE_KIND_NORMAL) != 0u)) ||
               ((square != 0u) && (dose_remaining(dose, DOSE_KIND_SQUARE) != 0u))) {
        result = DOSE_E_BUSY;
    } else {
        dose_settle(dose, now_us);
        dose->bolus_id += 1u;
        if (normal != 0u) {
            start_part(dose, &dose->normal, DOSE_KIND_NORMAL, now_us, normal);
        }
        if (square != 0u) {
            start_part(dose, &dose->square, DOSE_KIND_SQUARE, now_us, square);
            // `square` quanta a µs, a stroke is as many as the duration has µs: the last falls due exactly at the end.
            dose->square_pace.whole_q = duration_us;
            dose->square_pace.owed_q = 0u;
            dose->square_pace.rate_q = square;
        }
    }
    return result;
}

dose_result_t dose_cancel_bolus(dose_t *dose, uint64_t now_us) {
    dose_result_t result = DOSE_OK;
    if ((dose_remaining(dose, DOSE_KIND_NORMAL) | dose_remaining(dose, DOSE_KIND_SQUARE)) == 0u) {
        result = DOSE_E_NO_BOLUS;
    } else {
        dose_settle(dose, now_us);
        end_boluses(dose, now_us, DOSE_REASON_CANCELLED);
    }
    return result;
}

dose_result_t dose_suspend(dose_t *dose, uint64_t now_us, dose_reason_t reason) {
    dose_result_t result = DOSE_OK;
    if (dose->suspended != 0u) {
        result = DOSE_E_SUSPENDED;
    } else {
        dose_settle(dose, now_us);
        dose->suspended = 1u;
        if (temp_runs(dose)) {
            basal_end_temp(&dose->basal);
            end_temp(dose, now_us, reason);
        }
        basal_pause(&dose->basal, true);
        for (uint32_t source = 0u; source < BASAL_SOURCES; source++) {
            dose_ledger_t *ledger = &dose->ledger[source];
            ledger->abandoned += dose->basal.waiting[source];
            ledger->programmed += dose->basal.waiting[source];
            dose->basal.waiting[source] = 0u;
        }
        end_boluses(dose, now_us, reason);
    }
    return result;
}

dose_result_t dose_resume(dose_t *dose, uint64_t now_us) {
    dose_result_t result = DOSE_OK;
    if (dose->suspended == 0u) {
        result = DOSE_E_RUNNING;
    } else {
        dose_settle(dose, now_us);
        dose->suspended = 0u;
        basal_pause(&dose->basal, false);
    }
    return result;
}

uint64_t dose_next_us(const dose_t *dose, dose_kind_t *kind) {
    uint64_t owed_us;
    if (dose_remaining(dose, DOSE_KIND_NORMAL) != 0u) {
        *kind = DOSE_KIND_NORMAL;
        owed_us = 0u;
    } else {
        basal_source_t source;
        const uint64_t basal_us = basal_due_us(&dose->basal, &source);
        const uint64_t square_wait_us = pace_wait_us(&dose->square_pace);
        uint64_t square_us = DOSE_NEVER;
        if (dose->square_waiting != 0u) {
            square_us = 0u;
        } else if (square_wait_us != DOSE_NEVER) {
            square_us = dose->basal.at_us + square_wait_us;
        } else {
            // No square bolus.
        }
        *kind = (square_us < basal_us) ? DOSE_KIND_SQUARE : (dose_kind_t)source;
        owed_us = (square_us < basal_us) ? square_us : basal_us;
    }
    return (owed_us < dose->slot_us) ? dose->slot_us : owed_us;
}

// The stroke leaves what owed it.
static void take(dose_t *dose, uint64_t at_us, dose_kind_t kind) {
    dose_settle(dose, at_us);
    if (kind == DOSE_KIND_SQUARE) {
        dose->square_waiting -= 1u;
    } else if (kind != DOSE_KIND_NORMAL) {
        dose->basal.waiting[kind] -= 1u;
        dose->ledger[kind].programmed += 1u;
    } else {
        // A normal bolus owes all of its strokes from the start.
    }
}

// A bolus part whose last stroke has been taken is complete.
static void complete(dose_t *dose, uint64_t at_us, dose_kind_t kind, dose_reason_t reason) {
    if ((kind >= DOSE_KIND_NORMAL) && (dose_remaining(dose, kind) == 0u)) {
        dose_bolus_t *part = (kind == DOSE_KIND_NORMAL) ? &dose->normal : &dose->square;
        part->end_us = at_us;
        part->reason = (uint32_t)reason;
    }
}

void dose_commanded(dose_t *dose, uint64_t at_us, dose_kind_t kind) {
    take(dose, at_us, kind);
    dose->slot_us = at_us + dose->spacing_us;
    dose->ledger[kind].commanded += 1u;
    complete(dose, at_us, kind, DOSE_REASON_COMPLETED);
}

void dose_withheld(dose_t *dose, uint64_t at_us, dose_kind_t kind, dose_reason_t reason) {
    take(dose, at_us, kind);
    dose->ledger[kind].abandoned += (kind == DOSE_KIND_NORMAL) ? left(&dose->ledger[kind]) : 1u;
    complete(dose, at_us, kind, reason);
}

void dose_delivered(dose_t *dose, dose_kind_t kind) {
    dose->ledger[kind].delivered += 1u;
}

uint32_t dose_remaining(const dose_t *dose, dose_kind_t kind) {
    return left(&dose->ledger[kind]);
}
