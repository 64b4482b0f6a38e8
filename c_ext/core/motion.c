#include "motion.h"

#define HZ_MIN 20u
#define HZ_MAX 20000u
#define ACCEL_MAX 1000000u
#define US_PER_S 1000000u
#define ROOT_BITS 32u

// Largest r with r * r <= n.
static uint32_t square_root(uint64_t n) {
    uint64_t root = 0u;
    uint64_t bit = (uint64_t)1u << (ROOT_BITS - 1u);
    for (uint32_t i = 0u; i < ROOT_BITS; i++) {
        const uint64_t trial = root | bit;
        if ((trial * trial) <= n) {
            root = trial;
        }
        bit >>= 1u;
    }
    return (uint32_t)root;
}

// Time of edge k while speeding up, µs: T = (v(k) - v0) / a, with v(k) = sqrt(v0^2 + 2 a k), in 1/1024 Hz.
static uint32_t ramp_us(const motion_motor_t *motor, uint32_t k) {
    const uint64_t start = (uint64_t)motor->start_hz * motor->start_hz;
    const uint64_t gained = 2u * (uint64_t)motor->accel_hz_per_s * k;
    const uint32_t speed = square_root((start + gained) << 20u);
    const uint64_t gain = (uint64_t)speed - ((uint64_t)motor->start_hz << 10u);
    return (uint32_t)((gain * US_PER_S) / ((uint64_t)motor->accel_hz_per_s << 10u));
}

bool motion_plan(motion_plan_t *plan, const motion_motor_t *motor) {
    const bool valid = (motor->steps_per_stroke >= 2u) && (motor->steps_per_stroke <= MOTION_STEPS_MAX) &&
                       (motor->start_hz >= HZ_MIN) && (motor->max_hz <= HZ_MAX) && (motor->start_hz <= motor->max_hz) &&
                       (motor->accel_hz_per_s != 0u) && (motor->accel_hz_per_s <= ACCEL_MAX);
    if (valid) {
        const uint32_t steps = motor->steps_per_stroke;
        const uint32_t fastest_us = (US_PER_S + motor->max_hz - 1u) / motor->max_hz;
        uint32_t edge_us = 0u;
        uint32_t duration_us = 0u;
        // The first half speeds up, the second is its mirror image; an odd middle step belongs to the first.
        for (uint32_t k = 0u; k < ((steps + 1u) / 2u); k++) {
            const uint32_t next_us = ramp_us(motor, k + 1u);
            uint32_t period_us = next_us - edge_us;
            if (period_us < fastest_us) {
                period_us = fastest_us;
            }
            const uint32_t mirror = steps - 1u - k;
            plan->period_us[k] = (uint16_t)period_us;
            plan->period_us[mirror] = (uint16_t)period_us;
            duration_us += (mirror == k) ? period_us : (2u * period_us);
            edge_us = next_us;
        }
        plan->steps = steps;
        plan->duration_us = duration_us;
    }
    return valid;
}
