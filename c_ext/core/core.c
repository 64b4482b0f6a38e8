#include "core.h"

#define DEFAULT_SPACING_US_PER_NL 4000u  // 2.0 s for 500 nl, 0.5 s for 125 nl, DOSE-4

bool core_init(core_t *core, uint64_t now_us, const core_config_t *config, uint32_t *history, uint32_t history_length) {
    const uint32_t spacing_us =
        (config->spacing_us != 0u) ? config->spacing_us : (config->stroke_nl * DEFAULT_SPACING_US_PER_NL);
    bool valid = ((config->stroke_nl == 500u) || (config->stroke_nl == 125u)) &&
                 (config->concentration_u_per_ml >= 40u) && (config->concentration_u_per_ml <= 500u) &&
                 (spacing_us >= (config->stroke_nl * GUARD_HARD_SPACING_US_PER_NL)) && (spacing_us <= 60000000u);
    if (valid) {
        // 1 U/ml is 1 µU/nl.
        core->stroke_uu = config->stroke_nl * config->concentration_u_per_ml;
        core->strokes_withheld = 0u;
        core->in_flight = (uint8_t)DOSE_KIND_NONE;
        core->unconfirmed = 0u;
        valid = guard_init(&core->guard, core->stroke_uu, config->stroke_nl, history, history_length) &&
                (dose_init(&core->dose, now_us, core->stroke_uu, spacing_us) == DOSE_OK) &&
                motion_plan(&core->plan, &config->motor) && (core->plan.duration_us < spacing_us);
    }
    return valid;
}

static bool faulted(const core_t *core) {
    return core->guard.fault.value != (uint32_t)GUARD_OK;
}

dose_result_t core_set_basal(core_t *core, uint64_t now_us, uint32_t rate_mu_per_h) {
    dose_result_t result = DOSE_OK;
    if (faulted(core)) {
        result = DOSE_E_FAULT;
    } else if (!guard_basal_allowed(&core->guard, rate_mu_per_h)) {
        result = DOSE_E_MAX_BASAL;
    } else {
        result = dose_set_basal(&core->dose, now_us, rate_mu_per_h);
    }
    return result;
}

dose_result_t core_bolus(core_t *core, uint64_t now_us, uint32_t strokes) {
    dose_result_t result = DOSE_OK;
    const guard_verdict_t verdict = guard_bolus_allowed(&core->guard, now_us, strokes);
    if (faulted(core)) {
        result = DOSE_E_FAULT;
    } else if (core->in_flight == (uint8_t)DOSE_KIND_NORMAL) {
        // Until its last stroke is confirmed a bolus is not over: the confirmation belongs to its ledger.
        result = DOSE_E_BUSY;
    } else if (verdict == GUARD_MAX_BOLUS) {
        result = DOSE_E_MAX_BOLUS;
    } else if (verdict == GUARD_HOUR_CAP) {
        result = DOSE_E_HOUR_CAP;
    } else if (verdict == GUARD_DAY_CAP) {
        result = DOSE_E_DAY_CAP;
    } else {
        result = dose_bolus(&core->dose, now_us, strokes);
    }
    return result;
}

dose_result_t core_cancel_bolus(core_t *core, uint64_t now_us) {
    return faulted(core) ? DOSE_E_FAULT : dose_cancel_bolus(&core->dose, now_us);
}

dose_result_t core_suspend(core_t *core, uint64_t now_us) {
    return faulted(core) ? DOSE_E_FAULT : dose_suspend(&core->dose, now_us, DOSE_REASON_SUSPENDED);
}

dose_result_t core_resume(core_t *core, uint64_t now_us) {
    dose_result_t result = DOSE_OK;
    if (faulted(core)) {
        result = DOSE_E_FAULT;
    } else if (!guard_basal_allowed(&core->guard, core->dose.rate_mu_per_h)) {
        result = DOSE_E_MAX_BASAL;
    } else {
        result = dose_resume(&core->dose, now_us);
    }
    return result;
}

dose_result_t core_set_limits(core_t *core, const guard_limits_t *limits, uint32_t *refused) {
    dose_result_t result = DOSE_OK;
    *refused = 0u;
    if (core->dose.rate_mu_per_h > limits->max_basal_mu_per_h) {
        result = DOSE_E_MAX_BASAL;
    } else {
        *refused = guard_set_limits(&core->guard, limits);
        result = (*refused == 0u) ? DOSE_OK : DOSE_E_RANGE;
    }
    return result;
}

bool core_bolus_running(const core_t *core) {
    return (dose_bolus_remaining(&core->dose) != 0u) || (core->in_flight == (uint8_t)DOSE_KIND_NORMAL);
}

bool core_permit(core_t *core, uint32_t stroke) {
    return guard_permit(&core->guard, stroke);
}

void core_stop(core_t *core, uint64_t now_us, guard_verdict_t fault) {
    // A stop with a time gone by still stops: the clock may be what failed.
    const uint64_t at_us = (now_us < core->dose.last_us) ? core->dose.last_us : now_us;
    guard_stop(&core->guard, fault);
    // A second stop finds the scheduler suspended already: that refusal is the wanted state.
    (void)dose_suspend(&core->dose, at_us, DOSE_REASON_FAULT);
    if (core->unconfirmed != 0u) {
        // Part of a stroke may have gone out: it counts as a whole one, never as none.
        dose_delivered(&core->dose, (dose_kind_t)core->in_flight);
        core->unconfirmed = 0u;
    }
    core->in_flight = (uint8_t)DOSE_KIND_NONE;
}

uint64_t core_next_us(const core_t *core) {
    uint64_t next_us = DOSE_NEVER;
    if ((core->in_flight == (uint8_t)DOSE_KIND_NONE) && (core->guard.permitted.value != core->guard.commanded.value) &&
        !faulted(core)) {
        next_us = dose_next_due_us(&core->dose);
    }
    return next_us;
}

core_action_t core_service(core_t *core, uint64_t now_us) {
    core_action_t action = CORE_NOTHING;
    const dose_kind_t kind =
        (core->in_flight == (uint8_t)DOSE_KIND_NONE) ? dose_due(&core->dose, now_us) : DOSE_KIND_NONE;
    if (kind != DOSE_KIND_NONE) {
        const guard_verdict_t verdict = guard_check(&core->guard, now_us);
        if (verdict == GUARD_OK) {
            guard_started(&core->guard, now_us);
            dose_commanded(&core->dose, now_us, kind);
            core->in_flight = (uint8_t)kind;
            core->unconfirmed = 1u;
            action = CORE_STROKE;
        } else if ((verdict == GUARD_TOO_SOON) || (verdict == GUARD_NO_PERMIT)) {
            action = CORE_NOTHING;
        } else if ((verdict == GUARD_HOUR_CAP) || (verdict == GUARD_DAY_CAP)) {
            dose_withheld(&core->dose, now_us, kind,
                          (verdict == GUARD_HOUR_CAP) ? DOSE_REASON_HOUR_CAP : DOSE_REASON_DAY_CAP);
            core->strokes_withheld += 1u;
            action = CORE_WITHHELD;
        } else {
            core_stop(core, now_us, verdict);
            action = CORE_FAULT;
        }
    }
    return action;
}

void core_stroke_confirmed(core_t *core) {
    // The guard counts every edge, also one that no stroke explains; the ledger only the stroke's own.
    guard_confirmed(&core->guard);
    if (core->unconfirmed != 0u) {
        core->unconfirmed = 0u;
        dose_delivered(&core->dose, (dose_kind_t)core->in_flight);
    }
}

void core_stroke_ended(core_t *core) {
    core->in_flight = (uint8_t)DOSE_KIND_NONE;
    core->unconfirmed = 0u;
}
