#include "core.h"

#define DEFAULT_SPACING_US_PER_NL 4000u  // 2.0 s for 500 nl, 0.5 s for 125 nl, DOSE-4
#define SPACING_US_MAX 60000000u
#define CONCENTRATION_MIN 40u
#define CONCENTRATION_MAX 500u
#define HISTORY_MAX 65535u

static bool faulted(const core_t *core) {
    return guard_faulted(&core->guard);
}

// Enters the interrupt's work into the books.
static void enter(core_t *core) {
    const dose_kind_t kind = (dose_kind_t)core->armed_kind;
    dose_t *dose = &core->dose;
    guard_record(&core->guard);
    if (core->event != (uint8_t)CORE_NOTHING) {
        dose_settle(dose, core->event_us);
        if (core->event == (uint8_t)CORE_STROKE) {
            dose_commanded(dose, kind);
        } else {
            const guard_verdict_t cap = guard_which_cap(&core->guard, core->event_us);
            dose_withheld(dose, kind, (cap == GUARD_HOUR_CAP) ? DOSE_REASON_HOUR_CAP : DOSE_REASON_DAY_CAP);
            core->strokes_withheld += 1u;
        }
        core->event = (uint8_t)CORE_NOTHING;
    }
    if (faulted(core)) {
        // Time already settled cannot be undone, but a stop with an earlier time still stops. The second time the
        // scheduler is suspended already; its refusal then means the wanted state.
        if (core->stopped_us > dose->basal.at_us) {
            dose_settle(dose, core->stopped_us);
        }
        (void)dose_suspend(dose, DOSE_REASON_FAULT);
    }
}

// Arms the next stroke. Every supervisor call ends with this; the result is passed through.
static dose_result_t arm(core_t *core, dose_result_t result) {
    core->armed_us = DOSE_NEVER;
    if ((core->in_flight == 0u) && !faulted(core) && (core->guard.permitted.value != core->guard.commanded.value)) {
        dose_kind_t kind;
        core->armed_us = dose_next_us(&core->dose, &kind);
        core->armed_kind = (uint8_t)kind;
    }
    return result;
}

bool core_init(core_t *core, uint64_t now_us, const core_config_t *config) {
    const uint32_t spacing_us =
        (config->spacing_us != 0u) ? config->spacing_us : (config->stroke_nl * DEFAULT_SPACING_US_PER_NL);
    const bool valid = ((config->stroke_nl == 500u) || (config->stroke_nl == 125u)) &&
                       (config->concentration_u_per_ml >= CONCENTRATION_MIN) &&
                       (config->concentration_u_per_ml <= CONCENTRATION_MAX) &&
                       (spacing_us >= (config->stroke_nl * GUARD_HARD_SPACING_US_PER_NL)) &&
                       (spacing_us <= SPACING_US_MAX) && (config->burst_us != 0u) && (config->burst_us < spacing_us) &&
                       (config->history_length != 0u) && (config->history_length <= HISTORY_MAX);
    if (valid) {
        *core = (core_t){0};
        // 1 U/ml is 1 µU/nl.
        const uint32_t stroke_uu = config->stroke_nl * config->concentration_u_per_ml;
        core->armed_us = DOSE_NEVER;
        core->armed_kind = (uint8_t)DOSE_KIND_NONE;
        guard_init(&core->guard, now_us, stroke_uu, config->stroke_nl, config->history, config->history_length);
        dose_init(&core->dose, now_us, stroke_uu, spacing_us);
    }
    return valid;
}

// Every call with a time begins with this: it enters the interrupt's work and the time that has passed. From then on
// the time of the call is that of the books, basal.at_us.
static dose_result_t settle(core_t *core, uint64_t now_us) {
    dose_result_t result = DOSE_E_TIME;
    // The clock was read before the call. Since then the interrupt may have started a stroke, or a call with a later
    // reading may have come in between. Such a call counts as of the books; one from before the turn, whose clock runs
    // back, is refused.
    const bool of_this_turn = (now_us + GUARD_BUSY_MAX_US) >= core->dose.basal.at_us;
    enter(core);
    if (of_this_turn) {
        if (now_us > core->dose.basal.at_us) {
            dose_settle(&core->dose, now_us);
        }
        result = faulted(core) ? DOSE_E_FAULT : DOSE_OK;
    }
    return result;
}

dose_result_t core_settle(core_t *core, uint64_t now_us) {
    dose_result_t result = settle(core, now_us);
    if (result != DOSE_E_TIME) {
        guard_returned(&core->guard, core->dose.basal.at_us);
        result = DOSE_OK;
    }
    return arm(core, result);
}

bool core_promise(core_t *core, uint64_t now_us, uint64_t back_us) {
    return guard_promise(&core->guard, now_us, back_us);
}

bool core_alive(const core_t *core, uint64_t now_us) {
    return guard_alive(&core->guard, now_us);
}

// Checks a temporary rate and a programmed one by themselves, together, and each with the schedule.
static bool rates_allowed(const core_t *core, uint32_t temp, uint32_t value, uint32_t rate_mu_per_h) {
    return guard_basal_allowed(&core->guard,
                               basal_greatest_mu_per_h(&core->dose.basal.schedule, temp, value, rate_mu_per_h));
}

static bool rate_allowed(const core_t *core, uint32_t rate_mu_per_h) {
    const basal_schedule_t *schedule = &core->dose.basal.schedule;
    return rates_allowed(core, schedule->temp, schedule->temp_value, rate_mu_per_h);
}

dose_result_t core_set_basal(core_t *core, uint64_t now_us, uint32_t rate_mu_per_h) {
    dose_result_t result = settle(core, now_us);
    if (result == DOSE_OK) {
        if (rate_allowed(core, rate_mu_per_h)) {
            dose_set_basal(&core->dose, rate_mu_per_h);
        } else {
            result = DOSE_E_MAX_BASAL;
        }
    }
    return arm(core, result);
}

dose_result_t core_plan_basal(core_t *core, uint64_t now_us, uint64_t boundary_us, uint32_t rate_mu_per_h) {
    dose_result_t result = settle(core, now_us);
    if (result == DOSE_OK) {
        result = rate_allowed(core, rate_mu_per_h) ? dose_plan_basal(&core->dose, boundary_us, rate_mu_per_h)
                                                   : DOSE_E_MAX_BASAL;
    }
    return arm(core, result);
}

dose_result_t core_temp_basal(core_t *core, uint64_t now_us, basal_temp_t temp, uint32_t value, uint64_t duration_us) {
    dose_result_t result = settle(core, now_us);
    if (result == DOSE_OK) {
        if ((temp != BASAL_TEMP_RATE) && ((temp != BASAL_TEMP_PERCENT) || (value > BASAL_PERCENT_MAX))) {
            result = DOSE_E_RANGE;
        } else if (rates_allowed(core, (uint32_t)temp, value, 0u)) {
            result = dose_temp_basal(&core->dose, temp, value, duration_us);
        } else {
            result = DOSE_E_MAX_BASAL;
        }
    }
    return arm(core, result);
}

dose_result_t core_cancel_temp(core_t *core, uint64_t now_us) {
    dose_result_t result = settle(core, now_us);
    if (result == DOSE_OK) {
        result = dose_cancel_temp(&core->dose);
    }
    return arm(core, result);
}

// Is a bolus of this kind being delivered? It is until its last stroke is over, because the confirmation belongs to its
// ledger.
static bool runs(const core_t *core, dose_kind_t kind) {
    return (core->dose.ledger[kind].remaining != 0u) ||
           ((core->in_flight != 0u) && (core->armed_kind == (uint8_t)kind));
}

dose_result_t core_bolus(core_t *core, uint64_t now_us, uint32_t normal, uint32_t square, uint64_t duration_us) {
    dose_result_t result = settle(core, now_us);
    if (result == DOSE_OK) {
        const guard_verdict_t verdict = guard_bolus_allowed(&core->guard, core->dose.basal.at_us, normal, square);
        if (((normal != 0u) && runs(core, DOSE_KIND_NORMAL)) || ((square != 0u) && runs(core, DOSE_KIND_SQUARE))) {
            result = DOSE_E_BUSY;
        } else if (verdict == GUARD_OK) {
            result = dose_bolus(&core->dose, normal, square, duration_us);
        } else if (verdict == GUARD_HOUR_CAP) {
            result = DOSE_E_HOUR_CAP;
        } else if (verdict == GUARD_DAY_CAP) {
            result = DOSE_E_DAY_CAP;
        } else {
            result = DOSE_E_MAX_BOLUS;
        }
    }
    return arm(core, result);
}

dose_result_t core_cancel_bolus(core_t *core, uint64_t now_us) {
    dose_result_t result = settle(core, now_us);
    if (result == DOSE_OK) {
        result = dose_cancel_bolus(&core->dose);
    }
    return arm(core, result);
}

dose_result_t core_suspend(core_t *core, uint64_t now_us) {
    dose_result_t result = settle(core, now_us);
    if (result == DOSE_OK) {
        result = dose_suspend(&core->dose, DOSE_REASON_SUSPENDED);
    }
    return arm(core, result);
}

dose_result_t core_resume(core_t *core, uint64_t now_us) {
    dose_result_t result = settle(core, now_us);
    if (result == DOSE_OK) {
        result = dose_resume(&core->dose);
    }
    return arm(core, result);
}

dose_result_t core_set_limits(core_t *core, const guard_limits_t *limits, uint32_t *refused) {
    const basal_schedule_t *schedule = &core->dose.basal.schedule;
    dose_result_t result;
    *refused = 0u;
    enter(core);
    if (faulted(core)) {
        result = DOSE_E_FAULT;
    } else if (basal_greatest_mu_per_h(schedule, schedule->temp, schedule->temp_value, 0u) >
               limits->max_basal_mu_per_h) {
        result = DOSE_E_MAX_BASAL;
    } else {
        *refused = guard_set_limits(&core->guard, limits);
        result = (*refused == 0u) ? DOSE_OK : DOSE_E_RANGE;
    }
    return arm(core, result);
}

bool core_permit(core_t *core, uint32_t stroke) {
    enter(core);
    const bool permitted = guard_permit(&core->guard, stroke);
    (void)arm(core, DOSE_OK);
    return permitted;
}

void core_stop(core_t *core, uint64_t now_us, guard_verdict_t fault) {
    if (!faulted(core)) {
        core->stopped_us = now_us;
        guard_stop(&core->guard, fault);
    }
    if (core->unconfirmed != 0u) {
        // Part of a stroke may have been delivered: it counts as a whole one, never as none.
        dose_delivered(&core->dose, (dose_kind_t)core->armed_kind);
    }
    core_stroke_ended(core);
    core->armed_us = DOSE_NEVER;
}

uint64_t core_next_us(const core_t *core) {
    return core->armed_us;
}

core_action_t core_service(core_t *core, uint64_t now_us) {
    core_action_t action = CORE_NOTHING;
    if (now_us >= core->armed_us) {
        const guard_verdict_t verdict = guard_check(&core->guard, now_us);
        if (verdict == GUARD_OK) {
            guard_started(&core->guard, now_us);
            core->in_flight = 1u;
            core->unconfirmed = 1u;
            action = CORE_STROKE;
        } else if (verdict == GUARD_HOUR_CAP) {
            action = CORE_WITHHELD;
        } else if (verdict >= GUARD_MEMORY_FAULT) {
            core_stop(core, now_us, verdict);
            action = CORE_FAULT;
        } else {
            // Too soon, or no permit after all: the stroke stays armed.
        }
        if ((action == CORE_STROKE) || (action == CORE_WITHHELD)) {
            core->event = (uint8_t)action;
            core->event_us = now_us;
            core->armed_us = DOSE_NEVER;
        }
    }
    return action;
}

void core_stroke_confirmed(core_t *core) {
    // The guard counts every edge, even one that no stroke explains; the ledger counts only the stroke's own.
    guard_confirmed(&core->guard);
    if (core->unconfirmed != 0u) {
        core->unconfirmed = 0u;
        dose_delivered(&core->dose, (dose_kind_t)core->armed_kind);
    }
}

void core_stroke_ended(core_t *core) {
    core->in_flight = 0u;
    core->unconfirmed = 0u;
}
