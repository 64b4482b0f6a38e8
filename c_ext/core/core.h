// core.h: the dose core as one part: scheduler, guard and motion, which do not trust each other, tied together.
//
// A board calls core_service() from its stroke timer when core_next_us() has come, starts the burst if told so, and reports
// the stroke sensor's edge and the end of the burst. Everything else is called by the supervisor, in main context, with the
// stroke timer masked.
//
// Implements: DOSE-1 … DOSE-5, DOSE-7, DOSE-8, GUARD-1, GUARD-2, GUARD-3 (permit), GUARD-4
#ifndef RELEVE_CORE_H
#define RELEVE_CORE_H

#include "dose.h"
#include "guard.h"
#include "motion.h"

typedef struct {
    uint32_t stroke_nl;               // the quantum: 500 or 125, DOSE-8
    uint32_t concentration_u_per_ml;  // 40 … 500; with stroke_nl it makes µU per stroke, in this one place
    uint32_t spacing_us;              // start to start; 0 means the default, 4 ms for each nl. At least the hard spacing
    motion_motor_t motor;
} core_config_t;

typedef struct {
    dose_t dose;
    guard_t guard;
    motion_plan_t plan;
    uint32_t stroke_uu;         // insulin in a stroke, µU
    uint32_t strokes_withheld;  // strokes that a cap took, for the alarm
    uint8_t in_flight;          // dose_kind_t of the stroke whose burst is playing, else DOSE_KIND_NONE
    uint8_t unconfirmed;        // the burst playing has not been confirmed yet
} core_t;

typedef enum {
    CORE_NOTHING = 0,  // no stroke now
    CORE_STROKE,       // start the burst `plan` now
    CORE_WITHHELD,     // a cap took the stroke (or the rest of a bolus)
    CORE_FAULT         // a fault is latched; the motor must be still
} core_action_t;

// false if the configuration is out of range; then nothing may be called. history: see guard_init(). Main.
bool core_init(core_t *core, uint64_t now_us, const core_config_t *config, uint32_t *history, uint32_t history_length);

// Requests. All or nothing: a refusal changes nothing. Main.
dose_result_t core_set_basal(core_t *core, uint64_t now_us, uint32_t rate_mu_per_h);
dose_result_t core_bolus(core_t *core, uint64_t now_us, uint32_t strokes);
dose_result_t core_cancel_bolus(core_t *core, uint64_t now_us);
dose_result_t core_suspend(core_t *core, uint64_t now_us);
dose_result_t core_resume(core_t *core, uint64_t now_us);
// DOSE_OK; DOSE_E_RANGE with *refused as guard_set_limits() names it; DOSE_E_MAX_BASAL if the running basal is above the
// new limit.
dose_result_t core_set_limits(core_t *core, const guard_limits_t *limits, uint32_t *refused);

// A normal bolus is being delivered: strokes to come, or its last one not ended yet.
bool core_bolus_running(const core_t *core);

// The permit for stroke `stroke` is in memory; false unless it is the next one. Main.
bool core_permit(core_t *core, uint32_t stroke);

// Stop for a fault: the stroke in progress counts as delivered, a bolus is abandoned. The board stops the motor. Latched.
// Interrupt or main.
void core_stop(core_t *core, uint64_t now_us, guard_verdict_t fault);

// When core_service() must run next; DOSE_NEVER while nothing is owed, a burst plays, or no permit is there. Interrupt.
uint64_t core_next_us(const core_t *core);

// The stroke timer's handler. Interrupt, O(1).
core_action_t core_service(core_t *core, uint64_t now_us);

// The stroke sensor's edge. Interrupt, O(1).
void core_stroke_confirmed(core_t *core);

// The burst has ended. Interrupt, O(1).
void core_stroke_ended(core_t *core);

#endif
