#include "motion.h"

#define HZ_MIN 20u
#define HZ_MAX 20000u
#define ACCEL_MAX 1000000u
#define US_PER_S 1000000u
#define ROOT_BITS 30u
// Edges are computed in 1/512 µs and rounded at the very end. In that unit the longest plan, 128 steps of 50 ms, fits
// 32 bits.
#define PART_BITS 9u
#define PART_HALF 256u
#define SQUARE_FULL ((uint64_t)1u << 58u)

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

// Exact time of edge k while speeding up, in parts: T = 2k / (v0 + v(k)), with v(k) = sqrt(v0^2 + 2 a k). The usual
// (v(k) - v0) / a is the same, but a difference of near equals: it would be off by a millisecond for a small a.
static uint32_t ramp_parts(const motion_motor_t *motor, uint32_t k) {
    // 400 … 2^30. Scaled up by at most 25 powers of four, so that the root has 29 good bits at any speed.
    uint64_t square = ((uint64_t)motor->start_hz * motor->start_hz) + (2u * (uint64_t)motor->accel_hz_per_s * k);
    uint32_t bits = 0u;
    while (square < SQUARE_FULL) {
        square <<= 2u;
        bits++;
    }
    // 2k is at most 2^7, and a second is less than 2^20 µs: the shift by at most 34 fits.
    const uint64_t speeds = ((uint64_t)motor->start_hz << bits) + square_root(square);
    const uint64_t twice_us = 2u * (uint64_t)k * US_PER_S;
    const uint32_t shift = bits + PART_BITS;
    return (uint32_t)((twice_us << shift) / speeds);
}

// Length of step k of the first half, in parts: that of the ramp, but never less than the shortest whole period.
static uint32_t step_parts(const motion_motor_t *motor, uint32_t k) {
    const uint32_t fastest = ((US_PER_S + motor->max_hz - 1u) / motor->max_hz) << PART_BITS;
    const uint32_t step = ramp_parts(motor, k + 1u) - ramp_parts(motor, k);
    return (step < fastest) ? fastest : step;
}

static uint32_t to_us(uint32_t parts) {
    return (parts + PART_HALF) >> PART_BITS;
}

uint32_t motion_plan(const motion_motor_t *motor, uint16_t period_us[MOTION_STEPS_MAX]) {
    const bool valid = (motor->steps_per_stroke >= 2u) && (motor->steps_per_stroke <= MOTION_STEPS_MAX) &&
                       (motor->start_hz >= HZ_MIN) && (motor->max_hz <= HZ_MAX) && (motor->start_hz <= motor->max_hz) &&
                       (motor->accel_hz_per_s != 0u) && (motor->accel_hz_per_s <= ACCEL_MAX);
    uint32_t total = 0u;
    if (valid) {
        const uint32_t steps = motor->steps_per_stroke;
        const uint32_t half = (steps + 1u) / 2u;
        uint32_t begin = 0u;
        // The first half speeds up, the second is its mirror image; an odd middle step belongs to both.
        for (uint32_t k = 0u; k < half; k++) {
            const uint32_t step = step_parts(motor, k);
            total += ((steps - 1u - k) == k) ? step : (2u * step);
        }
        // Edges are rounded, not periods, so that errors do not add up.
        for (uint32_t k = 0u; k < half; k++) {
            const uint32_t end = begin + step_parts(motor, k);
            period_us[k] = (uint16_t)(to_us(end) - to_us(begin));
            period_us[steps - 1u - k] = (uint16_t)(to_us(total - begin) - to_us(total - end));
            begin = end;
        }
    }
    return to_us(total);
}
