// pace.h: an exact stroke clock. Turns a constant rate into the instants at which whole strokes become owed.
//
// A stroke is `whole_q` quanta and `rate_q` quanta are programmed per microsecond, so strokes fall due every
// whole_q / rate_q µs. The quotient and the rest are worked out once per rate (main context); the interrupt then adds
// and compares only, as a Bresenham line does, and never divides. What a stroke is over-owed at its (whole) microsecond
// is carried in `excess_q`, so no fraction is ever rounded away and nothing drifts.
//
// Basal:        whole_q = stroke_uu * 3 600 000, rate_q = rate in mU/h   (a quantum is one mU/h for one µs).
// Square bolus: whole_q = duration in µs,        rate_q = number of strokes.
//
// Implements: DOSE-1, DOSE-2, DOSE-7
#ifndef RELEVE_PACE_H
#define RELEVE_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define PACE_NEVER UINT64_MAX

typedef struct {
    uint64_t whole_q;      // quanta in one stroke, > 0, constant
    uint64_t due_us;       // first whole µs at which the next stroke is owed in full; PACE_NEVER while the rate is 0
    uint64_t interval_us;  // whole_q / rate_q
    uint64_t held_q;       // what is owed, while the rate is 0 (due_us cannot say it then); < whole_q
    uint32_t rate_q;       // quanta per µs
    uint32_t rest_q;       // whole_q % rate_q; < rate_q
    uint32_t excess_q;     // owed beyond the stroke at due_us; < rate_q
    uint32_t waiting;      // whole strokes that were owed already when the rate last changed
} pace_t;

// Stopped, nothing owed. Main context.
void pace_init(pace_t *pace, uint64_t whole_q);

// From now_us on the rate is rate_q (0 stops). What is owed carries over exactly: fraction and whole strokes.
// Main context (two 64-bit divisions). now_us must not lie before the last call's.
void pace_set_rate(pace_t *pace, uint64_t now_us, uint32_t rate_q);

// The instant from which a stroke is owed: 0 if one has been waiting, PACE_NEVER if none will come. Interrupt, O(1).
uint64_t pace_due_us(const pace_t *pace);

// One owed stroke is taken (commanded or abandoned): on to the next. The caller has seen pace_due_us() <= now.
// Interrupt, O(1), no division.
void pace_take(pace_t *pace);

// Whole strokes owed at now_us and not taken. Main context (one 64-bit division).
uint32_t pace_owed_strokes(const pace_t *pace, uint64_t now_us);

// Drop every whole stroke owed at now_us, keep the fraction; returns how many were dropped. Main context.
uint32_t pace_drop_whole(pace_t *pace, uint64_t now_us);

#endif
