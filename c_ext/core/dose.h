// dose.h: the scheduler. It decides what is owed and when the next stroke is due; guard.h decides whether it may
// happen.
//
// Counts are in strokes. Time is passed in: a monotonic 64-bit microsecond count that never runs back. All state is in
// dose_t; there is no allocation, recursion, floating point or unbounded loop. Every function but dose_delivered() is
// for the supervisor (main context): the interrupt starts a stroke that was armed ahead, and core.h enters it here
// afterwards.
//
// Time passes only in dose_settle(): all other functions refer to the time up to which the books are settled. A
// function that refuses returns a code and changes nothing. The caller (core.h) has made the checks common to all: time
// does not run back, no fault is latched, rates and volumes are within the guard's limits.
//
// Implements: DOSE-1, DOSE-2, DOSE-3, DOSE-4, DOSE-5, DOSE-7, DOSE-8
#ifndef RELEVE_DOSE_H
#define RELEVE_DOSE_H

#include <stdbool.h>
#include <stdint.h>

#include "basal.h"
#include "ledger.h"

#define DOSE_NEVER PACE_NEVER

#define DOSE_SQUARE_MIN_US 1800000000u  // the shortest square bolus, 30 min: 40 U of U-100 in the finest strokes fit

typedef enum {
    DOSE_OK = 0,
    DOSE_E_TIME,       // now_us is before an earlier call, by more than one turn of the supervisor may last
    DOSE_E_RANGE,      // an argument is outside its range
    DOSE_E_SUSPENDED,  // not while suspended
    DOSE_E_RUNNING,    // not suspended, so nothing to resume
    DOSE_E_BUSY,       // a bolus of this kind is still being delivered
    DOSE_E_NO_BOLUS,   // no bolus to cancel
    DOSE_E_MAX_BASAL,  // guard: above the basal limit
    DOSE_E_MAX_BOLUS,  // guard: above the limit for one bolus
    DOSE_E_HOUR_CAP,   // guard: would pass the rolling-hour cap
    DOSE_E_DAY_CAP,    // guard: would pass the rolling-day cap
    DOSE_E_FAULT,      // a latched fault: nothing is accepted
    DOSE_E_NO_TEMP     // no temporary basal to cancel
} dose_result_t;

// Which ledger a stroke belongs to.
typedef enum {
    DOSE_KIND_BASAL = 0,
    DOSE_KIND_TEMP,    // basal while a temporary rate is in force
    DOSE_KIND_NORMAL,  // normal bolus, or the normal part of a dual one
    DOSE_KIND_SQUARE,  // square bolus, or the square part of a dual one
    DOSE_KIND_NONE
} dose_kind_t;
#define DOSE_KINDS 4u

typedef struct {
    basal_t basal;                // settled up to basal.at_us; while it is paused, everything is suspended
    pace_t square_pace;           // settled up to the same time
    uint64_t slot_us;             // earliest start of the next stroke: the last start + spacing
    uint32_t square_waiting;      // square strokes owed and not yet taken
    uint32_t spacing_us;          // from start to start, DOSE-4
    uint32_t bolus_id;            // of the latest bolus
    ledger_t ledger[DOSE_KINDS];  // by dose_kind_t
} dose_t;

// Sets up a running scheduler with basal 0; *dose must be all zero. stroke_uu: insulin in a stroke, 1 … 250 000 µU;
// spacing_us 1 … 60 000 000. Main.
void dose_init(dose_t *dose, uint64_t now_us, uint32_t stroke_uu, uint32_t spacing_us);

// Advances time to now_us: enters the strokes that have come to be owed, boundaries, and the end of a temporary basal.
// Main.
void dose_settle(dose_t *dose, uint64_t now_us);

// Sets the programmed basal rate from now on, mU/h, and forgets a planned boundary. While suspended the rate is kept
// for the resume. Main.
void dose_set_basal(dose_t *dose, uint32_t rate_mu_per_h);

// Plans a change of the programmed rate at boundary_us, within a day from now. There is one boundary at a time: this
// one replaces another. Main. Error: RANGE.
dose_result_t dose_plan_basal(dose_t *dose, uint64_t boundary_us, uint32_t rate_mu_per_h);

// Starts a temporary basal for duration_us (1 µs … a day): value in mU/h, or in percent of the programmed rate, also of
// one that begins meanwhile. It replaces a running one. Main. Errors: RANGE, SUSPENDED.
dose_result_t dose_temp_basal(dose_t *dose, basal_temp_t temp, uint32_t value, uint64_t duration_us);

// Returns to the programmed rate. Main. Error: NO_TEMP.
dose_result_t dose_cancel_temp(dose_t *dose);

// Starts a bolus: normal strokes, the first at once; square strokes spread evenly over duration_us; or both (dual). Not
// both may be 0; duration_us is 0 without square strokes, else DOSE_SQUARE_MIN_US … BASAL_AHEAD_MAX_US. The caller has
// checked that no bolus of these kinds is running. Main. Errors: RANGE, SUSPENDED.
dose_result_t dose_bolus(dose_t *dose, uint32_t normal, uint32_t square, uint64_t duration_us);

// Ends the running bolus, every part of it; its remaining strokes are abandoned. Main. Error: NO_BOLUS.
dose_result_t dose_cancel_bolus(dose_t *dose);

// Suspends: nothing is programmed from now on. The fraction owed is kept, whole waiting strokes are abandoned, boluses
// and a temporary basal end with `reason`. Main. Error: SUSPENDED.
dose_result_t dose_suspend(dose_t *dose, dose_reason_t reason);

// Resumes basal at the programmed rate. Main. Error: RUNNING.
dose_result_t dose_resume(dose_t *dose);

// When the next stroke is due by the strokes owed and by spacing, never before the books' time; DOSE_NEVER if none is
// known to come. *kind says whose it is. A normal bolus goes first; then waiting basal strokes; then waiting square
// strokes; then whichever comes to be owed first. Main.
uint64_t dose_next_us(const dose_t *dose, dose_kind_t *kind);

// A stroke of this kind, which dose_next_us() named, has just been started. Main.
void dose_commanded(dose_t *dose, dose_kind_t kind);

// A stroke of this kind, which dose_next_us() named, has just been withheld by a cap: it is abandoned; a normal bolus
// ends there and its rest is abandoned too. Main.
void dose_withheld(dose_t *dose, dose_kind_t kind, dose_reason_t reason);

// The stroke sensor confirmed a stroke of this kind. Interrupt, O(1).
void dose_delivered(dose_t *dose, dose_kind_t kind);

#endif
