// core.h: the dose core, which combines scheduler, guard and motion; these three do not trust each other.
//
// The supervisor (main context) and the stroke interrupt share little. Every supervisor call enters the interrupt's
// work into the books, does its own, and arms the next stroke: when it is due and whose it is. The interrupt compares
// the time with the armed one, asks the guard, and starts the burst; it does no division and keeps no books. This works
// because no stroke starts without a permit, and the permit is a supervisor call after each stroke.
//
// A board calls core_service() from its stroke timer when core_next_us() has come, starts the burst if told to, and
// reports the stroke sensor's edge and the end of the stroke. Everything marked *main* is called by the supervisor with
// the stroke timer masked: core_settle() after each wake, core_permit() after each stroke, core_promise() before it
// idles. Time is a monotonic microsecond count that never runs back.
//
// The time of a call. The supervisor reads the clock, then makes the call. The interrupt may start a stroke in between,
// which the call then enters at a later time than its own; and one turn may make several calls with one reading of the
// clock. So a call whose time is before the books, by no more than a turn may last (GUARD_BUSY_MAX_US), counts as of
// the books' time. A supervisor whose clock runs back further is refused with TIME, and the call only enters what has
// happened.
//
// Implements: DOSE-1 … DOSE-5, DOSE-7, DOSE-8, GUARD-1 … GUARD-4
#ifndef RELEVE_CORE_H
#define RELEVE_CORE_H

#include "dose.h"
#include "guard.h"
#include "motion.h"

typedef struct {
    uint32_t stroke_nl;               // the quantum: 500 or 125, DOSE-8
    uint32_t concentration_u_per_ml;  // 40 … 500; with stroke_nl it makes µU per stroke, in this one place
    uint32_t spacing_us;      // start to start; 0 means the default, 4 ms for each nl. At least the hard spacing
    uint32_t burst_us;        // duration of the motor's burst (motion_plan); 1 … less than the spacing
    uint32_t *history;        // memory for the start of every stroke that a day may count
    uint32_t history_length;  // entries in it, at least 1
} core_config_t;

typedef enum {
    CORE_NOTHING = 0,  // no stroke now
    CORE_STROKE,       // start the burst now
    CORE_WITHHELD,     // a cap withheld the stroke (or the rest of a normal bolus): the supervisor must settle
    CORE_FAULT         // a fault is latched; the motor must be off
} core_action_t;

typedef struct {
    uint64_t armed_us;          // when the next stroke is due; DOSE_NEVER: none may start
    uint64_t event_us;          // when the interrupt started or withheld a stroke
    uint64_t stopped_us;        // when a fault was latched
    uint8_t armed_kind;         // dose_kind_t of the armed stroke, then of the stroke in progress
    uint8_t in_flight;          // 0 or 1: a stroke is in progress
    uint8_t unconfirmed;        // 0 or 1: it has not been confirmed yet
    uint8_t event;              // CORE_STROKE or CORE_WITHHELD not yet entered into the books, else CORE_NOTHING
    uint32_t strokes_withheld;  // strokes that a cap withheld, for the alarm
    guard_t guard;
    dose_t dose;
} core_t;

// Returns false if the configuration is out of range; then no other function may be called. Main.
bool core_init(core_t *core, uint64_t now_us, const core_config_t *config);

// The supervisor is awake: it is busy from now on, and everything that has happened is entered. Main. Error: TIME.
dose_result_t core_settle(core_t *core, uint64_t now_us);

// The supervisor idles until back_us, at most an hour from now; false, with nothing changed, if that is too far ahead.
// Main.
bool core_promise(core_t *core, uint64_t now_us, uint64_t back_us);

// Has the supervisor kept its promise? Only then may the board feed its watchdog. Interrupt.
bool core_alive(const core_t *core, uint64_t now_us);

// Requests, see dose.h. They are atomic: a refused one has no effect except that time has passed. Main. Besides
// dose.h's errors: TIME, FAULT, MAX_BASAL (the rate itself, or the result of a temporary rate on it or on the planned
// one), BUSY (a bolus of this kind is still being delivered, its last stroke included), MAX_BOLUS, HOUR_CAP, DAY_CAP.
dose_result_t core_set_basal(core_t *core, uint64_t now_us, uint32_t rate_mu_per_h);
dose_result_t core_plan_basal(core_t *core, uint64_t now_us, uint64_t boundary_us, uint32_t rate_mu_per_h);
dose_result_t core_temp_basal(core_t *core, uint64_t now_us, basal_temp_t temp, uint32_t value, uint64_t duration_us);
dose_result_t core_cancel_temp(core_t *core, uint64_t now_us);
dose_result_t core_bolus(core_t *core, uint64_t now_us, uint32_t normal, uint32_t square, uint64_t duration_us);
dose_result_t core_cancel_bolus(core_t *core, uint64_t now_us);
dose_result_t core_suspend(core_t *core, uint64_t now_us);
dose_result_t core_resume(core_t *core, uint64_t now_us);
// DOSE_OK; DOSE_E_RANGE with *refused as guard_set_limits() names it; DOSE_E_MAX_BASAL if a rate in force or planned is
// above the new limit.
dose_result_t core_set_limits(core_t *core, const guard_limits_t *limits, uint32_t *refused);

// The permit for stroke `stroke` is in memory; false unless it is the next one. Main.
bool core_permit(core_t *core, uint32_t stroke);

// Stops for a fault, which is latched: the stroke in progress counts as delivered, boluses are abandoned. The board
// stops the motor. Interrupt or main.
void core_stop(core_t *core, uint64_t now_us, guard_verdict_t fault);

// When core_service() must run next; DOSE_NEVER while nothing will be owed, there is no permit, or a started or
// withheld stroke has not been settled by a supervisor call. Interrupt, O(1).
uint64_t core_next_us(const core_t *core);

// The stroke timer's handler. Interrupt, O(1).
core_action_t core_service(core_t *core, uint64_t now_us);

// The stroke sensor's edge. Interrupt, O(1).
void core_stroke_confirmed(core_t *core);

// The stroke is over, confirmed or not. Interrupt, O(1).
void core_stroke_ended(core_t *core);

#endif
