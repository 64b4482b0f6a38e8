#include "play_parts.h"

#include <stdlib.h>
#include <string.h>

#include "state.h"

// Room for the default day at 40 U/ml and 500 nl.
#define HISTORY 7700u
#define HOUR_US 3600000000ull

static uint64_t digest(uint64_t sum, const void *data, size_t size) {
    const uint8_t *bytes = data;
    for (size_t i = 0u; i < size; i++) {
        sum = (sum ^ bytes[i]) * 1099511628211ull;
    }
    return sum;
}

// Total and limits of the periods, for any motor at all.
static uint64_t plan_a_motor(uint64_t shape) {
    static uint16_t periods_us[MOTION_STEPS_MAX];
    static uint16_t before[MOTION_STEPS_MAX];
    const uint32_t rates_hz[] = {0u, 19u, 20u, 21u, 200u, 1000u, 19999u, 20000u, 20001u, UINT32_MAX};
    const uint32_t accels[] = {0u, 1u, 4000u, 1000000u, 1000001u, UINT32_MAX};
    motion_motor_t motor;
    motor.steps_per_stroke = (uint32_t)(shape & 0xffu);
    motor.start_hz = ((shape >> 8u) & 1u) != 0u ? rates_hz[(shape >> 9u) % 10u] : (uint32_t)((shape >> 9u) % 20100u);
    motor.max_hz = ((shape >> 24u) & 1u) != 0u ? rates_hz[(shape >> 25u) % 10u] : (uint32_t)((shape >> 25u) % 20100u);
    motor.accel_hz_per_s = ((shape >> 40u) & 1u) != 0u ? accels[(shape >> 41u) % 6u] : (uint32_t)(shape >> 44u);
    if (((shape >> 59u) & 3u) != 0u) {
        // Most motors are valid ones, which give a plan and not a refusal.
        motor.steps_per_stroke = 2u + (motor.steps_per_stroke % 127u);
        motor.start_hz = 20u + (motor.start_hz % 2000u);
        motor.max_hz = motor.start_hz + (motor.max_hz % 18000u);
        motor.accel_hz_per_s = 1u + (motor.accel_hz_per_s % 1000000u);
    }
    memset(periods_us, 0x5a, sizeof(periods_us));
    memcpy(before, periods_us, sizeof(before));
    const uint32_t duration_us = motion_plan(&motor, periods_us);
    if (duration_us != 0u) {
        uint64_t total_us = 0u;
        for (uint32_t i = 0u; i < motor.steps_per_stroke; i++) {
            total_us += periods_us[i];
            if (((uint64_t)periods_us[i] * motor.max_hz) < 1000000u) {
                abort();
            }
        }
        if (total_us != duration_us) {
            abort();
        }
    } else if (memcmp(periods_us, before, sizeof(before)) != 0) {
        abort();
    } else {
        // Refused, with nothing written.
    }
    return digest(duration_us, periods_us, sizeof(periods_us));
}

static uint64_t digest_core(uint64_t sum, const core_t *core) {
    static core_t seen;
    memcpy(&seen, core, sizeof(seen));
    // The one thing that may differ from run to run.
    seen.guard.history = NULL;
    return digest(sum, &seen, sizeof(seen));
}

// Tests the configuration at its limits, and that the resulting core does not depend on the memory's previous content.
static uint64_t configure(uint64_t shape) {
    static const uint32_t nl[] = {0u, 124u, 125u, 126u, 250u, 499u, 500u, 501u};
    static const uint32_t concentrations[] = {0u, 39u, 40u, 41u, 100u, 400u, 500u, 501u};
    static const uint32_t spacings_us[] = {0u, 249999u, 250000u, 999999u, 1000000u, 60000000u, 60000001u, UINT32_MAX};
    static const uint32_t lengths[] = {0u, 1u, 299u, 300u, 750u, 7700u, 65535u, 65536u};
    static core_t core;
    static uint32_t history[65536];
    core_config_t config;
    config.stroke_nl = ((shape & 8u) != 0u) ? nl[shape & 7u] : (((shape & 1u) != 0u) ? 125u : 500u);
    config.concentration_u_per_ml = ((shape & 0x80u) != 0u) ? concentrations[(shape >> 4u) & 7u] : 400u;
    config.spacing_us = ((shape & 0x800u) != 0u) ? spacings_us[(shape >> 8u) & 7u] : 0u;
    const uint32_t spacing_us = (config.spacing_us != 0u) ? config.spacing_us : (config.stroke_nl * 4000u);
    const uint32_t bursts_us[] = {40000u, 0u, 1u, spacing_us - 1u, spacing_us, spacing_us + 1u, 40000u, 40000u};
    config.burst_us = bursts_us[(shape >> 12u) & 7u];
    config.history = history;
    config.history_length = ((shape & 0x8000u) != 0u) ? lengths[(shape >> 16u) & 7u] : 7700u;
    memset(&core, (int)((shape >> 24u) & 0xffu), sizeof(core));
    const bool made = core_init(&core, shape >> 32u, &config);
    return made ? digest_core(1u, &core) : 0u;
}

// A core that has done something, for the parts below.
static void busy_core(core_t *core, uint32_t *history, uint32_t length, uint64_t shape) {
    const core_config_t config = {500u, 400u, 0u, 40000u, history, length};
    if (!core_init(core, 0u, &config)) {
        abort();
    }
    (void)core_set_basal(core, 0u, ((shape & 1u) != 0u) ? 5000u : 0u);
    if ((shape & 2u) != 0u) {
        (void)core_bolus(core, 0u, 3u, ((shape & 4u) != 0u) ? 10u : 0u, ((shape & 4u) != 0u) ? HOUR_US : 0u);
    }
    if ((shape & 8u) != 0u) {
        (void)core_temp_basal(core, 1000u, ((shape & 16u) != 0u) ? BASAL_TEMP_RATE : BASAL_TEMP_PERCENT, 150u, HOUR_US);
    }
    if ((shape & 32u) != 0u) {
        (void)core_plan_basal(core, 2000u, HOUR_US + 5u, 700u);
    }
    (void)core_permit(core, 1u);
    if ((shape & 64u) != 0u) {
        const core_action_t action = core_service(core, 5000u);
        if ((action == CORE_STROKE) && ((shape & 128u) != 0u)) {
            core_stroke_confirmed(core);
        }
        if ((shape & 256u) != 0u) {
            core_stroke_ended(core);
        }
    }
    if ((shape & 512u) != 0u) {
        (void)core_suspend(core, 6000u);
    }
    if ((shape & 1024u) != 0u) {
        core_stop(core, 7000u, GUARD_STOPPED);
    }
}

// Loads a saved state with a bit flipped, in one place or in both a safety variable and its complement; or with the
// wrong version. Either it is refused with nothing changed, or the resulting core saves and loads unchanged.
static uint64_t reload_flipped(uint64_t shape) {
    static core_t core;
    static core_t before;
    static uint32_t history[HISTORY];
    uint8_t bytes[STATE_BYTES];
    memset(history, 0, sizeof(history));
    busy_core(&core, history, 750u, shape & 0x7ffu);
    const uint64_t now_us = 10000u + ((shape >> 11u) & 1u) * HOUR_US;
    state_save(&core, now_us, bytes);
    if (((shape >> 12u) & 7u) != 0u) {
        const uint32_t at = (uint32_t)(shape >> 15u) % STATE_BYTES;
        const uint8_t bit = (uint8_t)(1u << ((shape >> 25u) & 7u));
        bytes[at] ^= bit;
        if ((((shape >> 28u) & 1u) != 0u) && ((at ^ 4u) < STATE_BYTES)) {
            bytes[at ^ 4u] ^= bit;
        }
        if (((shape >> 29u) & 7u) == 0u) {
            bytes[at] = (uint8_t)(shape >> 32u);
        }
    }
    before = core;
    const uint64_t earlier_us = ((shape >> 40u) & 15u) == 0u ? 1u : 0u;
    const state_invariant_t broken = state_load(&core, now_us - earlier_us, bytes);
    if (broken != STATE_OK) {
        if (memcmp(&core, &before, sizeof(core)) != 0) {
            abort();
        }
    } else {
        uint8_t again[STATE_BYTES];
        state_save(&core, now_us, again);
        before = core;
        if (state_load(&core, now_us, again) != STATE_OK) {
            abort();
        }
    }
    return digest_core((uint64_t)broken, &core);
}

// Tests limits at the hard ones, and at the history's capacity.
static uint64_t limit(uint64_t shape) {
    static const uint32_t hard[] = {35000u, 40000u, 60000u, 500000u};
    static guard_t guard;
    static uint32_t history[HISTORY];
    uint32_t field[4];
    for (uint32_t i = 0u; i < 4u; i++) {
        const uint32_t form = (uint32_t)(shape >> (8u * i)) & 0xffu;
        field[i] = (form < 128u) ? hard[i] : (hard[i] - 1u + (form % 3u));
    }
    const guard_limits_t limits = {field[0], field[1], field[2], field[3]};
    // 0.2 U a stroke: room for the hour or the day, one stroke more or less, or for everything.
    const uint32_t rooms[] = {2500u, 2499u, 2501u, 299u, 300u, 301u, 749u, 751u};
    memset(&guard, (int)((shape >> 48u) & 0xffu), sizeof(guard));
    guard_init(&guard, shape >> 52u, 200000u, 500u, history, rooms[(shape >> 32u) & 7u]);
    const uint32_t refused = guard_set_limits(&guard, &limits);
    // As loaded from outside, past the check.
    guard_word_t *words[] = {&guard.basal_mu_per_h, &guard.bolus_strokes, &guard.hour_strokes, &guard.day_strokes};
    guard_word_t *word = words[(shape >> 40u) & 3u];
    word->value += ((shape >> 42u) & 1u);
    word->check = ~word->value;
    const bool sound = guard_limits_sound(&guard);
    guard.history = NULL;
    return digest(((uint64_t)refused << 1u) | (sound ? 1u : 0u), &guard, sizeof(guard));
}

// Tests the guard alone, as a faulty scheduler would use it: too soon, exactly at a window's edge, with a bit flipped.
static uint64_t guard_alone(uint64_t shape) {
    static guard_t guard;
    static uint32_t history[HISTORY];
    static const uint32_t after_ticks[] = {0u, 1u, 3434u, 3435u, 3436u, 82398u, 82399u, 82400u};
    memset(history, 0, sizeof(history));
    memset(&guard, 0, sizeof(guard));
    const uint32_t hour_mu = ((shape & 1u) != 0u) ? (((shape >> 60u) == 0u) ? 0u : 200u) : 60000u;
    const guard_limits_t limits = {35000u, 40000u, hour_mu, ((shape & 2u) != 0u) ? 200u : 150000u};
    const uint64_t start_us = (shape >> 40u) & 0xffffffu;
    guard_init(&guard, start_us, 200000u, 500u, history, 750u);
    uint64_t sum = guard_set_limits(&guard, &limits);
    sum = (sum << 1u) | (guard_permit(&guard, 1u + ((uint32_t)(shape >> 59u) & 1u)) ? 1u : 0u);
    if ((shape & 4u) != 0u) {
        guard_started(&guard, start_us);
        for (uint64_t seen = (shape >> 3u) & 3u; seen > 0u; seen--) {
            guard_confirmed(&guard);
        }
        guard_record(&guard);
        (void)guard_permit(&guard, 2u);
    }
    const uint64_t tick_us = (uint64_t)1u << GUARD_TICK_SHIFT;
    uint64_t now_us = ((start_us >> GUARD_TICK_SHIFT) + after_ticks[(uint32_t)(shape >> 5u) & 7u]) * tick_us;
    if (((shape >> 15u) & 1u) != 0u) {
        now_us = start_us + 999999u + ((shape >> 8u) % 3u);
    }
    if (((shape >> 14u) & 3u) == 1u) {
        // A wrap of the low half later.
        now_us = start_us + 4294967295u + ((shape >> 8u) % 3u);
    }
    // Promises at their limits, and where they end.
    const uint64_t backs_us[] = {now_us, now_us + HOUR_US, now_us + HOUR_US + 1u, (now_us == 0u) ? 0u : (now_us - 1u)};
    sum = (sum << 1u) | (guard_promise(&guard, now_us, backs_us[(shape >> 12u) & 3u]) ? 1u : 0u);
    const uint64_t ends_us[] = {0u, 2000000u, 2000000u - tick_us, 2000000u + tick_us, HOUR_US, HOUR_US + 2000000u};
    for (uint32_t i = 0u; i < 6u; i++) {
        const uint64_t at_us = (((now_us + ends_us[i]) >> GUARD_TICK_SHIFT) * tick_us) - (shape & 1u);
        sum = (sum << 1u) | (guard_alive(&guard, at_us) ? 1u : 0u);
    }
    sum = (sum << 8u) | (uint64_t)guard_bolus_allowed(&guard, now_us, (uint32_t)((shape >> 28u) & 255u),
                                                      (uint32_t)((shape >> 36u) & 127u));
    sum = digest(0u, &sum, sizeof(sum));
    if (((shape >> 16u) & 1u) != 0u) {
        guard_word_t *words[] = {&guard.commanded,    &guard.confirmed,   &guard.permitted,     &guard.fault,
                                 &guard.alive_tick,   &guard.free_tick,   &guard.last_tick,     &guard.last_low_us,
                                 &guard.spacing_us,   &guard.recorded,    &guard.head,          &guard.history_length,
                                 &guard.hour_strokes, &guard.day_strokes, &guard.bolus_strokes, &guard.basal_mu_per_h};
        guard_word_t *word = words[(shape >> 17u) & 15u];
        uint32_t *half = (((shape >> 21u) & 1u) != 0u) ? &word->value : &word->check;
        *half ^= (uint32_t)1u << ((shape >> 22u) & 31u);
    }
    sum = (sum << 1u) | (guard_intact(&guard) ? 1u : 0u);
    sum = (sum << 1u) | (guard_faulted(&guard) ? 1u : 0u);
    sum = (sum << 1u) | (guard_basal_allowed(&guard, 35000u) ? 1u : 0u);
    sum = (sum << 1u) | (guard_alive(&guard, now_us) ? 1u : 0u);
    sum = (sum << 4u) | (uint64_t)guard_bolus_allowed(&guard, now_us, 1u, 0u);
    sum = (sum << 4u) | (uint64_t)guard_which_cap(&guard, now_us);
    sum = (sum << 4u) | (uint64_t)guard_check(&guard, now_us);
    sum = (sum << 8u) | guard_used_strokes(&guard, now_us, GUARD_HOUR_TICKS);
    guard_started(&guard, now_us);
    guard_record(&guard);
    sum = (sum << 1u) | (guard_permit(&guard, guard.commanded.value + 1u) ? 1u : 0u);
    guard_stop(&guard, GUARD_STOPPED);
    guard.history = NULL;
    return digest(digest(sum, &guard, sizeof(guard)), history, sizeof(history[0]) * 4u);
}

// Tests a core whose scheduler has armed the next stroke at once: only the guard keeps the hard spacing.
static uint64_t armed_wrong(uint64_t shape) {
    static core_t core;
    static uint32_t history[HISTORY];
    memset(history, 0, sizeof(history));
    busy_core(&core, history, 750u, 2u | 64u | 128u | 256u);
    (void)core_settle(&core, 6000u);
    if ((shape & 1u) != 0u) {
        (void)core_permit(&core, 2u);
    }
    core.armed_us = 0u;
    const uint64_t now_us = 5000u + 999999u + ((shape >> 1u) % 2u);
    const core_action_t action = core_service(&core, now_us);
    if ((action == CORE_STROKE) && ((now_us < 1005000u) || ((shape & 1u) == 0u))) {
        abort();
    }
    return digest_core((uint64_t)action, &core);
}

// Tests the scheduler alone, with a square bolus that no guard has checked.
static uint64_t dose_alone(uint64_t shape) {
    static const uint32_t squares[] = {0u, 1u, 49999u, 50000u, 50001u, UINT32_MAX, 7u, 100u};
    static const uint64_t durations_us[] = {0u,           1799999999u,  1800000000u,  1800000001u,
                                            86399999999u, 86400000000u, 86400000001u, 3600000000u};
    static dose_t dose;
    memset(&dose, 0, sizeof(dose));
    dose_init(&dose, 1000u, 5000u, 250000u);
    const dose_result_t result =
        dose_bolus(&dose, (uint32_t)(shape >> 8u) & 1u, squares[shape & 7u], durations_us[(shape >> 3u) & 7u]);
    dose_settle(&dose, 1000u + ((shape >> 16u) & 0xffffffffffu));
    dose_kind_t kind = DOSE_KIND_NONE;
    const uint64_t next_us = dose_next_us(&dose, &kind);
    const uint64_t sum = digest((uint64_t)result | ((uint64_t)kind << 8u), &next_us, sizeof(next_us));
    return digest(sum, &dose, sizeof(dose));
}

uint64_t play_part(uint64_t shape) {
    uint64_t result = 0u;
    switch (shape & 7u) {
        case 0u:
            result = configure(shape >> 3u);
            break;
        case 1u:
            result = limit(shape >> 3u);
            break;
        case 2u:
        case 3u:
            result = guard_alone(shape >> 3u);
            break;
        case 4u:
            result = ((shape & 8u) != 0u) ? armed_wrong(shape >> 4u) : dose_alone(shape >> 4u);
            break;
        case 5u:
        case 6u:
            result = reload_flipped(shape >> 3u);
            break;
        default:
            result = plan_a_motor(shape >> 3u);
            break;
    }
    return result;
}
