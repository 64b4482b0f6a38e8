// pace.h: the exact count of the strokes that come to be owed at a constant rate.
//
// A stroke is `whole_q` quanta, and `rate_q` quanta are programmed per microsecond. The amount owed is counted in
// quanta, so no fraction is ever rounded away and nothing drifts. A stroke falls due at the first whole microsecond at
// which it is owed in full.
//
// Basal:        whole_q = stroke_uu * 3 600 000, rate_q = rate in mU/h   (a quantum is one mU/h for one µs).
// Square bolus: whole_q = duration in µs,        rate_q = number of strokes.
//
// Main context: each function costs one 64-bit division. The stroke interrupt uses none of this.
//
// Implements: DOSE-1, DOSE-2
#ifndef RELEVE_PACE_H
#define RELEVE_PACE_H

#include <stdint.h>

#define PACE_NEVER UINT64_MAX

// The highest rate: multiplied by ten years of µs (3.2e14) it still fits 64 bits.
#define PACE_RATE_MAX 50000u

typedef struct {
    uint64_t whole_q;  // quanta in a stroke, > 0
    uint64_t owed_q;   // the fraction owed; < whole_q
    uint32_t rate_q;   // quanta per µs, at most PACE_RATE_MAX
} pace_t;

// Lets `elapsed_us` pass: returns the number of whole strokes that came to be owed, and keeps the fraction.
// elapsed_us * rate_q + owed_q must fit 64 bits: true for ten years.
uint32_t pace_accrue(pace_t *pace, uint64_t elapsed_us);

// When the next whole stroke is owed, at least 1 µs from now_us, up to which the pace has accrued; PACE_NEVER at rate
// 0.
uint64_t pace_due_us(const pace_t *pace, uint64_t now_us);

#endif
