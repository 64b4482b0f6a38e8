// dose.h: the scheduler. Decides what is owed and when the next stroke is due; whether it may happen is guard.h's part.
//
// Counts in strokes. Time is handed in: a monotonic 64-bit microsecond count that never runs back. All state is in
// dose_t; there is no allocation, recursion, floating point or loop. Functions marked *main* may divide and must not run
// at the same time as those marked *interrupt* (the board masks its stroke timer around them).
//
// A function that refuses returns a code and changes nothing.
//
// Implements: DOSE-1, DOSE-2, DOSE-3 (basal, normal bolus), DOSE-4, DOSE-5, DOSE-7, DOSE-8
#ifndef RELEVE_DOSE_H
#define RELEVE_DOSE_H

#include <stdbool.h>
#include <stdint.h>

#include "pace.h"

#define DOSE_NEVER PACE_NEVER

typedef enum {
    DOSE_OK = 0,
    DOSE_E_TIME,          // now_us lies before an earlier call's
    DOSE_E_RANGE,         // an argument is outside its range
    DOSE_E_SUSPENDED,     // not while suspended
    DOSE_E_RUNNING,       // not suspended, nothing to resume
    DOSE_E_BUSY,          // a bolus of this kind is still being delivered
    DOSE_E_NO_BOLUS,      // no bolus to cancel
    DOSE_E_MAX_BASAL,     // guard: above the basal limit
    DOSE_E_MAX_BOLUS,     // guard: above the limit for one bolus
    DOSE_E_HOUR_CAP,      // guard: would pass the rolling-hour cap
    DOSE_E_DAY_CAP,       // guard: would pass the rolling-day cap
    DOSE_E_FAULT          // a latched fault: nothing is accepted
} dose_result_t;

// Which ledger a stroke belongs to.
typedef enum { DOSE_KIND_NONE = 0, DOSE_KIND_BASAL, DOSE_KIND_NORMAL } dose_kind_t;

// Why a delivery ended, or that it has not.
typedef enum {
    DOSE_REASON_RUNNING = 0,
    DOSE_REASON_COMPLETED,
    DOSE_REASON_CANCELLED,
    DOSE_REASON_SUSPENDED,
    DOSE_REASON_FAULT,
    DOSE_REASON_HOUR_CAP,
    DOSE_REASON_DAY_CAP
} dose_reason_t;

// One ledger, in strokes. Always: programmed = commanded + abandoned + still to come.
typedef struct {
    uint32_t programmed;  // a bolus: all its strokes. Basal: strokes that have come to be owed are commanded or abandoned
    uint32_t commanded;   // ordered from the motor
    uint32_t delivered;   // confirmed by the stroke sensor
    uint32_t abandoned;   // given up for a recorded reason
} dose_ledger_t;

typedef struct {
    pace_t basal_pace;
    dose_ledger_t basal;
    dose_ledger_t bolus;      // the present or the last normal bolus
    uint64_t bolus_start_us;  // when it was accepted
    uint64_t bolus_end_us;    // last stroke commanded, or when it was cut; 0 while running
    uint64_t slot_us;         // earliest start of the next stroke: the last start + spacing
    uint64_t last_us;         // latest time seen; earlier ones are refused
    uint32_t spacing_us;      // from start to start, DOSE-4
    uint32_t rate_mu_per_h;   // programmed basal, also while suspended
    uint32_t bolus_id;        // counts boluses from 1; 0: none yet
    uint8_t bolus_reason;     // dose_reason_t
    uint8_t suspended;        // 0 or 1
} dose_t;

// Ready, suspended = no, basal 0. stroke_uu: insulin in a stroke, µU, 1 … 4 000 000. spacing_us > 0. Main.
dose_result_t dose_init(dose_t *dose, uint64_t now_us, uint32_t stroke_uu, uint32_t spacing_us);

// Basal rate from now on, mU/h. While suspended it is kept for the resume. Main.
dose_result_t dose_set_basal(dose_t *dose, uint64_t now_us, uint32_t rate_mu_per_h);

// Normal bolus of `strokes` (> 0), the first at once. Main. Errors: RANGE, SUSPENDED, BUSY.
dose_result_t dose_bolus(dose_t *dose, uint64_t now_us, uint32_t strokes);

// Ends the running bolus; its remaining strokes are abandoned. Main. Error: NO_BOLUS.
dose_result_t dose_cancel_bolus(dose_t *dose, uint64_t now_us);

// Nothing is programmed from now on. The fraction owed is kept, whole strokes waiting are abandoned, a running bolus ends
// with `reason`. Main. Error: SUSPENDED.
dose_result_t dose_suspend(dose_t *dose, uint64_t now_us, dose_reason_t reason);

// Basal goes on at the programmed rate. Main. Error: RUNNING.
dose_result_t dose_resume(dose_t *dose, uint64_t now_us);

// When the next stroke is due by what is owed and by spacing; DOSE_NEVER if none is owed. Interrupt, O(1).
uint64_t dose_next_due_us(const dose_t *dose);

// The ledger whose stroke is due at now_us, DOSE_KIND_NONE if none is. A normal bolus goes first. Interrupt, O(1).
dose_kind_t dose_due(const dose_t *dose, uint64_t now_us);

// The stroke that dose_due() named was started at now_us. Interrupt, O(1).
void dose_commanded(dose_t *dose, uint64_t now_us, dose_kind_t kind);

// The stroke that dose_due() named is withheld by a cap: it is abandoned; a bolus ends there with its rest. Interrupt, O(1).
void dose_withheld(dose_t *dose, uint64_t now_us, dose_kind_t kind, dose_reason_t reason);

// The stroke sensor confirmed a stroke of this ledger. Interrupt, O(1).
void dose_delivered(dose_t *dose, dose_kind_t kind);

// Strokes of the running bolus still to come. O(1).
uint32_t dose_bolus_remaining(const dose_t *dose);

#endif
