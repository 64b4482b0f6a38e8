// motion.h: one stroke as one burst of motor steps with an acceleration and a deceleration ramp.
//
// The plan is a table of the periods between step edges, in whole µs, which a DMA and a PIO (or a timer) play without
// the CPU. It depends on the motor only, so it is made once. Every edge lies within ±1 µs of its exact time, which is
// that of a motor that starts at start_hz, accelerates by accel_hz_per_s and decelerates symmetrically, with no step
// shorter than the whole number of µs that max_hz allows. Errors do not add up.
//
// Implements: DOSE-6 (the plan), DOSE-7
#ifndef RELEVE_MOTION_H
#define RELEVE_MOTION_H

#include <stdbool.h>
#include <stdint.h>

#define MOTION_STEPS_MAX 128u

// A motor's constants. Hz are steps per second.
typedef struct {
    uint32_t steps_per_stroke;  // 2 … MOTION_STEPS_MAX
    uint32_t start_hz;          // 20 … max_hz: the rate it can start from standstill
    uint32_t max_hz;            // … 20 000
    uint32_t accel_hz_per_s;    // 1 … 1 000 000
} motion_motor_t;

// Writes the plan into period_us[0 … steps_per_stroke - 1]: from each step's edge to the next one's. Returns their sum,
// from the first edge to the end of the last step; 0, with nothing written, if a constant is outside its range. Main:
// costs two times two integer square roots (32 rounds) for every step of the ramp.
uint32_t motion_plan(const motion_motor_t *motor, uint16_t period_us[MOTION_STEPS_MAX]);

#endif
