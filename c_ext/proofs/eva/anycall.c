// Any calls of the public functions, in any order and number, with any arguments. Frama-C Eva shows that none of them can
// cause a run-time error: no access outside an object, no division by zero, no reading of what was never written, no
// arithmetic that C leaves undefined.
//
// Assumed: core_init() was called with a configuration it accepted; times stay below 2^63 µs (292 000 years), so that a time
// is never DOSE_NEVER; enumerations are of their type.

#include <__fc_builtin.h>

#include "core.h"
#include "state.h"

#ifndef STROKE_NL
#define STROKE_NL 500u
#endif
#ifndef CONCENTRATION
#define CONCENTRATION 400u
#endif
#ifndef HISTORY_LENGTH
#define HISTORY_LENGTH 2500u
#endif

#define TIME_MAX_US (UINT64_MAX / 2u)

static uint32_t any32(void) {
    return Frama_C_unsigned_int_interval(0u, UINT32_MAX);
}

static uint64_t any_time(void) {
    return Frama_C_unsigned_long_long_interval(0u, TIME_MAX_US);
}

static uint64_t any64(void) {
    return Frama_C_unsigned_long_long_interval(0u, UINT64_MAX);
}

static uint32_t history[HISTORY_LENGTH];
static uint8_t bytes[STATE_BYTES];
core_t any_core;

static void any_request(uint32_t which) {
    guard_limits_t limits = {any32(), any32(), any32(), any32()};
    uint32_t refused;
    switch (which) {
        case 0u:
            (void)core_settle(&any_core, any_time());
            break;
        case 1u:
            (void)core_promise(&any_core, any_time(), any64());
            break;
        case 2u:
            (void)core_set_basal(&any_core, any_time(), any32());
            break;
        case 3u:
            (void)core_plan_basal(&any_core, any_time(), any64(), any32());
            break;
        case 4u:
            (void)core_temp_basal(&any_core, any_time(), (basal_temp_t)Frama_C_unsigned_int_interval(0u, 2u), any32(),
                                  any64());
            break;
        case 5u:
            (void)core_cancel_temp(&any_core, any_time());
            break;
        case 6u:
            (void)core_bolus(&any_core, any_time(), any32(), any32(), any64());
            break;
        case 7u:
            (void)core_cancel_bolus(&any_core, any_time());
            break;
        case 8u:
            (void)core_suspend(&any_core, any_time());
            break;
        case 9u:
            (void)core_resume(&any_core, any_time());
            break;
        case 10u:
            (void)core_set_limits(&any_core, &limits, &refused);
            break;
        case 11u:
            (void)core_permit(&any_core, any32());
            break;
        case 12u:
            state_save(&any_core, any_time(), bytes);
            break;
        case 13u:
            (void)state_reconcile(&any_core, any_time(), Frama_C_unsigned_int_interval(0u, 1u));
            break;
        default:
            Frama_C_make_unknown((char *)bytes, STATE_BYTES);
            (void)state_load(&any_core, any_time(), bytes);
            break;
    }
}

static void any_event(uint32_t which) {
    switch (which) {
        case 0u:
            (void)core_service(&any_core, any_time());
            break;
        case 1u:
            core_stroke_confirmed(&any_core);
            break;
        case 2u:
            core_stroke_ended(&any_core);
            break;
        case 3u:
            core_stop(&any_core, any_time(),
                      (guard_verdict_t)Frama_C_unsigned_int_interval(GUARD_MEMORY_FAULT, GUARD_SUPERVISOR));
            break;
        case 4u:
            (void)core_alive(&any_core, any_time());
            break;
        default:
            (void)core_next_us(&any_core);
            break;
    }
}

int main(void) {
    const core_config_t config = {STROKE_NL,
                                  CONCENTRATION,
                                  Frama_C_unsigned_int_interval(1000000u, 60000000u),
                                  Frama_C_unsigned_int_interval(1u, 999999u),
                                  history,
                                  HISTORY_LENGTH};
    if (core_init(&any_core, any_time(), &config)) {
        // The kind of the armed stroke goes with what is pending: kept apart, none of the relations between them is lost.
        //@ dynamic_split any_core.armed_kind < 4;
        while (Frama_C_unsigned_int_interval(0u, 1u) != 0u) {
            if (Frama_C_unsigned_int_interval(0u, 1u) != 0u) {
                any_request(Frama_C_unsigned_int_interval(0u, 14u));
            } else {
                any_event(Frama_C_unsigned_int_interval(0u, 5u));
            }
        }
    }
    return 0;
}
