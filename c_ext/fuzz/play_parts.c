#include "play_parts.h"

#include <stdlib.h>
#include <string.h>

#include "core.h"

// Room for the default day at 40 U/ml and 500 nl.
#define HISTORY 7700u

static uint64_t digest(uint64_t sum, const void *data, size_t size) {
    const uint8_t *bytes = data;
    for (size_t i = 0u; i < size; i++) {
        sum = (sum ^ bytes[i]) * 1099511628211ull;
    }
    return sum;
}

// Total, number and limits of the periods, for any motor at all.
static uint64_t plan_a_motor(uint64_t shape) {
    static motion_plan_t plan;
    static motion_plan_t before;
    const uint32_t rates_hz[] = {0u, 19u, 20u, 21u, 200u, 1000u, 19999u, 20000u, 20001u, UINT32_MAX};
    const uint32_t accels[] = {0u, 1u, 4000u, 1000000u, 1000001u, UINT32_MAX};
    motion_motor_t motor;
    motor.steps_per_stroke = (uint32_t)(shape & 0xffu);
    motor.start_hz = ((shape >> 8u) & 1u) != 0u ? rates_hz[(shape >> 9u) % 10u] : (uint32_t)((shape >> 9u) % 20100u);
    motor.max_hz = ((shape >> 24u) & 1u) != 0u ? rates_hz[(shape >> 25u) % 10u] : (uint32_t)((shape >> 25u) % 20100u);
    motor.accel_hz_per_s = ((shape >> 40u) & 1u) != 0u ? accels[(shape >> 41u) % 6u] : (uint32_t)(shape >> 44u);
    if (((shape >> 60u) & 3u) != 0u) {
        // Most motors are possible ones: a plan, not a refusal.
        motor.steps_per_stroke = 2u + (motor.steps_per_stroke % 127u);
        motor.start_hz = 20u + (motor.start_hz % 2000u);
        motor.max_hz = motor.start_hz + (motor.max_hz % 18000u);
        motor.accel_hz_per_s = 1u + (motor.accel_hz_per_s % 1000000u);
    }
    memset(&plan, 0x5a, sizeof(plan));
    before = plan;
    const bool made = motion_plan(&plan, &motor);
    if (made) {
        uint64_t total_us = 0u;
        for (uint32_t i = 0u; i < plan.steps; i++) {
            total_us += plan.period_us[i];
            // Whole µs edges may shorten a period that is not whole by less than one.
            if (((uint64_t)plan.period_us[i] * motor.max_hz) < 1000000u) {
                abort();
            }
        }
        if ((plan.steps != motor.steps_per_stroke) || (total_us != plan.duration_us)) {
            abort();
        }
    } else if (memcmp(&plan, &before, sizeof(plan)) != 0) {
        abort();
    }
    return digest(made ? 1u : 0u, &plan, sizeof(plan));
}

// The configuration at its limits, one field at a time; and that a core comes out of it the same whatever was there before.
static uint64_t configure(uint64_t shape) {
    static const uint32_t nl[] = {0u, 124u, 125u, 126u, 250u, 499u, 500u, 501u};
    static const uint32_t concentrations[] = {0u, 39u, 40u, 41u, 100u, 400u, 500u, 501u};
    static const uint32_t spacings_us[] = {0u, 249999u, 250000u, 999999u, 1000000u, 60000000u, 60000001u, UINT32_MAX};
    static core_t core;
    static uint32_t history[HISTORY];
    core_config_t config;
    config.stroke_nl = ((shape & 8u) != 0u) ? nl[shape & 7u] : (((shape & 1u) != 0u) ? 125u : 500u);
    config.concentration_u_per_ml = ((shape & 0x80u) != 0u) ? concentrations[(shape >> 4u) & 7u] : 400u;
    config.spacing_us = ((shape & 0x800u) != 0u) ? spacings_us[(shape >> 8u) & 7u] : 0u;
    const motion_motor_t motor = {24u, 400u, 2000u, 20000u};
    config.motor = motor;
    if ((shape & 0x1000u) != 0u) {
        // A burst as long as the spacing, a step of 50 ms longer, or shorter.
        const motion_motor_t slow = {20u + (uint32_t)((shape >> 13u) % 3u) - 1u, 20u, 20u, 1u};
        config.motor = slow;
        config.spacing_us = 1000000u;
    }
    const uint64_t stroke_uu = (uint64_t)config.stroke_nl * config.concentration_u_per_ml;
    const uint64_t day = (stroke_uu == 0u) ? 1u : (150000000u / stroke_uu);
    const uint64_t room = day + ((shape >> 16u) % 3u) - 1u;
    memset(&core, (int)((shape >> 24u) & 0xffu), sizeof(core));
    memset(history, 0, sizeof(history));
    const bool made = core_init(&core, shape >> 32u, &config, history, (uint32_t)((room < HISTORY) ? room : HISTORY));
    uint64_t sum = digest(made ? 1u : 0u, &core.plan.steps, sizeof(core.plan.steps));
    if (made) {
        core.guard.history = NULL;
        sum = digest(sum, &core.dose, sizeof(core.dose));
        sum = digest(sum, &core.guard, sizeof(core.guard));
        sum = digest(sum, &core.stroke_uu, sizeof(core.stroke_uu));
    }
    return sum;
}

// Limits at the hard ones, and at what the history holds.
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
    // 0.2 U a stroke: room for 300 U in an hour or a day, one stroke more or less, or for everything.
    const uint32_t room = ((shape >> 32u) & 1u) != 0u ? 2500u : (749u + ((uint32_t)(shape >> 33u) % 3u));
    const uint64_t quantum_uu = ((shape >> 40u) & 1u) != 0u ? 200000u : 80000u;
    memset(&guard, (int)((shape >> 48u) & 0xffu), sizeof(guard));
    const bool made = guard_init(&guard, (uint32_t)quantum_uu, 500u, history, room);
    const uint32_t refused = made ? guard_set_limits(&guard, &limits) : 99u;
    guard.history = NULL;
    return digest(((uint64_t)refused << 1u) | (made ? 1u : 0u), &guard, made ? sizeof(guard) : 0u);
}

// Scheduler and guard begun by themselves, with quanta at the limits.
static uint64_t begin(uint64_t shape) {
    static const uint32_t quanta_uu[] = {0u, 1u, 2u, 3999999u, 4000000u, 4000001u, 8000000u, UINT32_MAX};
    static guard_t guard;
    static dose_t dose;
    static uint32_t history[HISTORY];
    const uint32_t quantum_uu = quanta_uu[shape & 7u];
    memset(&guard, 0, sizeof(guard));
    memset(&dose, 0, sizeof(dose));
    const dose_result_t result = dose_init(&dose, shape >> 16u, quantum_uu, (uint32_t)(shape >> 3u) & 3u);
    const bool made = guard_init(&guard, quantum_uu, (uint32_t)(shape >> 5u) & 3u, history, HISTORY);
    guard.history = NULL;
    return digest(digest(((uint64_t)result << 1u) | (made ? 1u : 0u), &dose, sizeof(dose)), &guard, sizeof(guard));
}

// A guard by itself, as a scheduler gone wrong would use it: too soon, at a window's edge to the tick, a bit flipped.
static uint64_t guard_alone(uint64_t shape) {
    static guard_t guard;
    static uint32_t history[HISTORY];
    memset(history, 0, sizeof(history));
    memset(&guard, 0, sizeof(guard));
    const guard_limits_t limits = {35000u, 40000u, ((shape & 1u) != 0u) ? 200u : 60000u,
                                   ((shape & 2u) != 0u) ? 200u : 150000u};
    uint64_t sum = guard_init(&guard, 200000u, 500u, history, 750u) ? 1u : 0u;
    sum = (sum << 8u) | guard_set_limits(&guard, &limits);
    const uint64_t start_us = (shape >> 40u) & 0xffffffu;
    (void)guard_permit(&guard, 1u);
    if ((shape & 4u) != 0u) {
        guard_started(&guard, start_us);
        for (uint64_t seen = (shape >> 3u) & 3u; seen > 0u; seen--) {
            guard_confirmed(&guard);
        }
        (void)guard_permit(&guard, 2u);
    }
    static const uint32_t after_ticks[] = {0u, 1u, 3434u, 3435u, 3436u, 82398u, 82399u, 82400u};
    const uint32_t chosen = (uint32_t)(shape >> 5u) & 7u;
    const uint64_t now_us = (((shape >> 15u) & 1u) != 0u)
                                ? (start_us + 999999u + ((shape >> 8u) % 3u))
                                : (((start_us >> GUARD_TICK_SHIFT) + after_ticks[chosen]) << GUARD_TICK_SHIFT);
    sum = (sum << 8u) | (uint64_t)guard_bolus_allowed(&guard, now_us, (uint32_t)((shape >> 28u) & 255u));
    if (((shape >> 16u) & 1u) != 0u) {
        guard_word_t *words[] = {&guard.history_length, &guard.head,         &guard.commanded,   &guard.confirmed,
                                 &guard.permitted,      &guard.hour_strokes, &guard.day_strokes, &guard.bolus_strokes,
                                 &guard.basal_mu_per_h, &guard.spacing_us,   &guard.fault};
        guard_word_t *word = words[(shape >> 17u) % 11u];
        uint32_t *half = (((shape >> 21u) & 1u) != 0u) ? &word->value : &word->check;
        *half ^= (uint32_t)1u << ((shape >> 22u) & 31u);
        if (word == &guard.bolus_strokes) {
            sum = (sum << 8u) | (uint64_t)guard_bolus_allowed(&guard, now_us, 1u);
        }
    }
    sum = (sum << 1u) | (guard_basal_allowed(&guard, 35000u) ? 1u : 0u);
    sum = (sum << 8u) | (uint64_t)guard_check(&guard, now_us);
    sum = (sum << 8u) | (uint64_t)guard_check(&guard, now_us);
    guard.history = NULL;
    return digest(sum, &guard, sizeof(guard));
}

// A core whose scheduler has lost its slot: the guard alone keeps the hard spacing.
static uint64_t lost_slot(uint64_t shape) {
    static core_t core;
    static uint32_t history[HISTORY];
    const core_config_t config = {500u, 400u, 0u, {24u, 400u, 2000u, 20000u}};
    if (!core_init(&core, 0u, &config, history, 750u) || (core_bolus(&core, 0u, 3u) != DOSE_OK)) {
        abort();
    }
    (void)core_permit(&core, 1u);
    (void)core_service(&core, 0u);
    core_stroke_confirmed(&core);
    core_stroke_ended(&core);
    if ((shape & 1u) != 0u) {
        (void)core_permit(&core, 2u);
    }
    core.dose.slot_us = 0u;
    const uint64_t now_us = 999999u + ((shape >> 1u) % 2u);
    const core_action_t action = core_service(&core, now_us);
    if ((action == CORE_STROKE) && (now_us < 1000000u)) {
        abort();
    }
    core.guard.history = NULL;
    return digest((uint64_t)action, &core.guard, sizeof(core.guard));
}

uint64_t play_part(uint64_t shape) {
    uint64_t result = 0u;
    switch (shape & 7u) {
        case 0u:
            result = begin(shape >> 3u);
            break;
        case 1u:
            result = configure(shape >> 3u);
            break;
        case 2u:
            result = limit(shape >> 3u);
            break;
        case 3u:
        case 4u:
            result = guard_alone(shape >> 3u);
            break;
        case 5u:
            result = lost_slot(shape >> 3u);
            break;
        default:
            result = plan_a_motor(shape >> 3u);
            break;
    }
    return result;
}
