#include "play_parts.h"

#include <stdlib.h>
#include <string.h>

#include "core.h"

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

uint64_t play_part(uint64_t shape) {
    return plan_a_motor(shape);
}
