#include "dose.h"

// One µU is 1/1000 mU, one hour 3.6e9 µs: a stroke of u µU is u * 3.6e6 mU/h for one µs.
#define QUANTA_PER_UU 3600000u
#define STROKE_UU_MAX 4000000u

static bool time_ok(const dose_t *dose, uint64_t now_us) {
    return now_us >= dose->last_us;
}

static void end_bolus(dose_t *dose, uint64_t now_us, dose_reason_t reason) {
    dose->bolus.abandoned += dose_bolus_remaining(dose);
    dose->bolus_end_us = now_us;
    dose->bolus_reason = (uint8_t)reason;
}

dose_result_t dose_init(dose_t *dose, uint64_t now_us, uint32_t stroke_uu, uint32_t spacing_us) {
    dose_result_t result = DOSE_OK;
    if ((stroke_uu == 0u) || (stroke_uu > STROKE_UU_MAX) || (spacing_us == 0u)) {
        result = DOSE_E_RANGE;
    } else {
        const dose_ledger_t empty = {0u, 0u, 0u, 0u};
        pace_init(&dose->basal_pace, (uint64_t)stroke_uu * QUANTA_PER_UU);
        dose->basal = empty;
        dose->bolus = empty;
        dose->bolus_start_us = 0u;
        dose->bolus_end_us = 0u;
        dose->slot_us = now_us;
        dose->last_us = now_us;
        dose->spacing_us = spacing_us;
        dose->rate_mu_per_h = 0u;
        dose->bolus_id = 0u;
        dose->bolus_reason = (uint8_t)DOSE_REASON_COMPLETED;
        dose->suspended = 0u;
    }
    return result;
}

dose_result_t dose_set_basal(dose_t *dose, uint64_t now_us, uint32_t rate_mu_per_h) {
    dose_result_t result = DOSE_OK;
    if (!time_ok(dose, now_us)) {
        result = DOSE_E_TIME;
    } else {
        dose->last_us = now_us;
        dose->rate_mu_per_h = rate_mu_per_h;
        if (dose->suspended == 0u) {
            pace_set_rate(&dose->basal_pace, now_us, rate_mu_per_h);
        }
    }
    return result;
}

dose_result_t dose_bolus(dose_t *dose, uint64_t now_us, uint32_t strokes) {
    dose_result_t result = DOSE_OK;
    if (!time_ok(dose, now_us)) {
        result = DOSE_E_TIME;
    } else if (dose->suspended != 0u) {
        result = DOSE_E_SUSPENDED;
    } else if (strokes == 0u) {
        result = DOSE_E_RANGE;
    } else if (dose_bolus_remaining(dose) != 0u) {
        result = DOSE_E_BUSY;
    } else {
        const dose_ledger_t started = {strokes, 0u, 0u, 0u};
        dose->last_us = now_us;
        dose->bolus = started;
        dose->bolus_start_us = now_us;
        dose->bolus_end_us = 0u;
        dose->bolus_id += 1u;
        dose->bolus_reason = (uint8_t)DOSE_REASON_RUNNING;
    }
    return result;
}

dose_result_t dose_cancel_bolus(dose_t *dose, uint64_t now_us) {
    dose_result_t result = DOSE_OK;
    if (!time_ok(dose, now_us)) {
        result = DOSE_E_TIME;
    } else if (dose_bolus_remaining(dose) == 0u) {
        result = DOSE_E_NO_BOLUS;
    } else {
        dose->last_us = now_us;
        end_bolus(dose, now_us, DOSE_REASON_CANCELLED);
    }
    return result;
}

dose_result_t dose_suspend(dose_t *dose, uint64_t now_us, dose_reason_t reason) {
    dose_result_t result = DOSE_OK;
    if (!time_ok(dose, now_us)) {
        result = DOSE_E_TIME;
    } else if (dose->suspended != 0u) {
        result = DOSE_E_SUSPENDED;
    } else {
        dose->last_us = now_us;
        dose->suspended = 1u;
        dose->basal.abandoned += pace_drop_whole(&dose->basal_pace, now_us);
        pace_set_rate(&dose->basal_pace, now_us, 0u);
        if (dose_bolus_remaining(dose) != 0u) {
            end_bolus(dose, now_us, reason);
        }
    }
    return result;
}

dose_result_t dose_resume(dose_t *dose, uint64_t now_us) {
    dose_result_t result = DOSE_OK;
    if (!time_ok(dose, now_us)) {
        result = DOSE_E_TIME;
    } else if (dose->suspended == 0u) {
        result = DOSE_E_RUNNING;
    } else {
        dose->last_us = now_us;
        dose->suspended = 0u;
        pace_set_rate(&dose->basal_pace, now_us, dose->rate_mu_per_h);
    }
    return result;
}

uint64_t dose_next_due_us(const dose_t *dose) {
    const uint64_t owed_us = (dose_bolus_remaining(dose) != 0u) ? dose->bolus_start_us : pace_due_us(&dose->basal_pace);
    return (owed_us < dose->slot_us) ? dose->slot_us : owed_us;
}

dose_kind_t dose_due(const dose_t *dose, uint64_t now_us) {
    dose_kind_t kind = DOSE_KIND_NONE;
    if (now_us >= dose->slot_us) {
        if (dose_bolus_remaining(dose) != 0u) {
            kind = DOSE_KIND_NORMAL;
        } else if (now_us >= pace_due_us(&dose->basal_pace)) {
            kind = DOSE_KIND_BASAL;
        } else {
            kind = DOSE_KIND_NONE;
        }
    }
    return kind;
}

void dose_commanded(dose_t *dose, uint64_t now_us, dose_kind_t kind) {
    dose->last_us = now_us;
    dose->slot_us = now_us + dose->spacing_us;
    if (kind == DOSE_KIND_NORMAL) {
        dose->bolus.commanded += 1u;
        if (dose_bolus_remaining(dose) == 0u) {
            end_bolus(dose, now_us, DOSE_REASON_COMPLETED);
        }
    } else {
        dose->basal.commanded += 1u;
        pace_take(&dose->basal_pace);
    }
}

void dose_withheld(dose_t *dose, uint64_t now_us, dose_kind_t kind, dose_reason_t reason) {
    dose->last_us = now_us;
    if (kind == DOSE_KIND_NORMAL) {
        end_bolus(dose, now_us, reason);
    } else {
        dose->basal.abandoned += 1u;
        pace_take(&dose->basal_pace);
    }
}

void dose_delivered(dose_t *dose, dose_kind_t kind) {
    if (kind == DOSE_KIND_NORMAL) {
        dose->bolus.delivered += 1u;
    } else {
        dose->basal.delivered += 1u;
    }
}

uint32_t dose_bolus_remaining(const dose_t *dose) {
    return dose->bolus.programmed - dose->bolus.commanded - dose->bolus.abandoned;
}
