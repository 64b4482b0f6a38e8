// guard.h: the guard decides whether a stroke may happen. It is separate from the scheduler, with its own state and its
// own arithmetic.
//
// The hard limits are compiled in and cannot be exceeded; the clinician's limits lie within them and are enforced the
// same way. Rolling caps: the start of every stroke is kept in a ring, so "at most N strokes in any hour" takes one
// look at the stroke N places back. The ring does not change between the permit for a stroke and its start, so the look
// is taken with the permit, and the interrupt compares one number. Ticks of 2^20 µs (1.05 s) make an entry four bytes
// and the window up to two ticks too long: the caps err on the safe side by 2.1 s, never on the other.
//
// Every safety variable is held twice, as value and complement, and all are compared before each stroke: those on which
// the limits depend with the permit, those on which the start depends in the interrupt.
//
// Implements: GUARD-1, GUARD-2, GUARD-3, GUARD-4, DOSE-4
#ifndef RELEVE_GUARD_H
#define RELEVE_GUARD_H

#include <stdbool.h>
#include <stdint.h>

// Hard limits, GUARD-1.
#define GUARD_HARD_BASAL_MU_PER_H 35000u
#define GUARD_HARD_BOLUS_MU 40000u
#define GUARD_HARD_HOUR_MU 60000u
#define GUARD_HARD_DAY_MU 500000u
#define GUARD_DEFAULT_DAY_MU 150000u
// Hard stroke spacing, DOSE-4: 1.0 s for 500 nl, 0.25 s for 125 nl, that is 2 ms for each nanolitre.
#define GUARD_HARD_SPACING_US_PER_NL 2000u

// A tick of the history is 2^20 µs. Windows in ticks: the hour or day rounded up, plus one because both ends are
// floored.
#define GUARD_TICK_SHIFT 20u
#define GUARD_HOUR_TICKS 3435u
#define GUARD_DAY_TICKS 82399u

// Liveness, GUARD-3: the longest promise, the grace after it, the longest busy stretch.
#define GUARD_PROMISE_MAX_US 3600000000u
#define GUARD_GRACE_US 2000000u
#define GUARD_BUSY_MAX_US 8000000u

typedef enum {
    GUARD_OK = 0,
    GUARD_TOO_SOON,      // hard spacing: ask again later
    GUARD_NO_PERMIT,     // no written permit for this stroke yet
    GUARD_HOUR_CAP,      // withhold this stroke
    GUARD_DAY_CAP,       // withhold this stroke
    GUARD_MAX_BOLUS,     // a request: more than one bolus may hold
    GUARD_MEMORY_FAULT,  // a safety variable and its complement differ: latched
    GUARD_COUNT_FAULT,   // strokes commanded and confirmed differ by more than one: latched
    GUARD_STOPPED,       // stopped from outside (self-test, motor): latched
    GUARD_SUPERVISOR     // the supervisor has broken its promise to be back: latched
} guard_verdict_t;

// A safety variable and its complement.
typedef struct {
    uint32_t value;
    uint32_t check;  // ~value
} guard_word_t;

typedef struct {
    uint32_t max_basal_mu_per_h;
    uint32_t max_bolus_mu;
    uint32_t max_hour_mu;
    uint32_t max_day_mu;
} guard_limits_t;

typedef struct {
    // The start of a stroke depends on these: compared in the interrupt.
    guard_word_t commanded;    // strokes started
    guard_word_t confirmed;    // strokes seen by the stroke sensor
    guard_word_t permitted;    // highest stroke number with a written permit
    guard_word_t fault;        // guard_verdict_t, latched
    guard_word_t alive_tick;   // the last tick in which the supervisor's promise, or its busy stretch, still holds
    guard_word_t free_tick;    // the first tick in which both caps have room for the next stroke
    guard_word_t last_tick;    // of the last start; 0 before the first
    guard_word_t last_low_us;  // low half of its time
    guard_word_t spacing_us;   // hard, from start to start
    // The permit depends on these: compared when it is given.
    guard_word_t recorded;        // strokes entered into the ring
    guard_word_t head;            // next entry of the ring to write
    guard_word_t history_length;  // entries in the ring
    guard_word_t hour_strokes;    // clinician's caps in strokes
    guard_word_t day_strokes;
    guard_word_t bolus_strokes;
    guard_word_t basal_mu_per_h;
    uint32_t stroke_uu;
    uint32_t *history;  // ring of the tick of every stroke's start; the caller's memory
} guard_t;

// Sets the guard up: nothing commanded, no permit, the supervisor busy since now_us. The limits are the hard ones, but
// the day's is the clinician default or, if that is less, the history's capacity. history_length > 0: strokes that a
// day may count; 2500 holds 500 U of 0.2 U strokes. The caller has checked the other arguments (core_init does). Main.
void guard_init(guard_t *guard, uint64_t now_us, uint32_t stroke_uu, uint32_t stroke_nl, uint32_t *history,
                uint32_t history_length);

// Sets the clinician's limits, all or none. Returns 0, or the number (1 … 4, in the order of guard_limits_t) of the
// first that lies above its hard limit or, for the hour's and day's, above the history's capacity. Main.
uint32_t guard_set_limits(guard_t *guard, const guard_limits_t *limits);

// Computes free_tick, the first tick with room under both caps, from the ring and the counts. Main.
void guard_look_back(guard_t *guard);

// Do the limits in force, loaded from outside, lie within the hard ones and the history? Main.
bool guard_limits_sound(const guard_t *guard);

// Does every safety variable match its complement? Main.
bool guard_intact(const guard_t *guard);

// Requests, before anything is programmed. Main.
bool guard_basal_allowed(const guard_t *guard, uint32_t rate_mu_per_h);
// OK, MAX_BOLUS, or the cap that the bolus's normal strokes would exceed together with the strokes already in the window,
// or, the day's, its strokes alone. Old strokes leave while a square part is given: the supervisor looks ahead for it.
guard_verdict_t guard_bolus_allowed(const guard_t *guard, uint64_t now_us, uint32_t normal, uint32_t square);

// Strokes started within the last `window_ticks`; 0 if a safety variable is corrupt. Main: a binary search, at most 32
// steps.
uint32_t guard_used_strokes(const guard_t *guard, uint64_t now_us, uint32_t window_ticks);

// Enters the stroke started last into the ring, if it is not there yet. If a safety variable is corrupt, a fault is
// latched and nothing is written. Main; called before any other function of the guard looks at the ring.
void guard_record(guard_t *guard);

// The permit for stroke number `stroke` (1 is the first) is in memory. Returns false, with nothing changed, if that is
// not the next stroke, or if a safety variable is corrupt: never more than one stroke ahead. Main.
bool guard_permit(guard_t *guard, uint32_t stroke);

// The supervisor idles and promises to be back at back_us, at most GUARD_PROMISE_MAX_US from now. Returns false, with
// nothing changed, if that is too far ahead or already past. Main.
bool guard_promise(guard_t *guard, uint64_t now_us, uint64_t back_us);

// The supervisor is back and busy: it must idle again within GUARD_BUSY_MAX_US. Main.
void guard_returned(guard_t *guard, uint64_t now_us);

// Is the promise kept so far? The board's timer asks this before it feeds the hardware watchdog: a broken promise ends
// in a reset; another fault does not, so that it can be read. Times are truncated to whole ticks, so the promise ends
// up to 1.05 s early, never late. Interrupt, O(1).
bool guard_alive(const guard_t *guard, uint64_t now_us);

// May a stroke start at now_us? Either cap is reported as GUARD_HOUR_CAP; guard_which_cap() tells them apart later. The
// caller latches a fault with guard_stop(). Interrupt, O(1).
guard_verdict_t guard_check(const guard_t *guard, uint64_t now_us);

// Which cap leaves no room at at_us: GUARD_HOUR_CAP, else GUARD_DAY_CAP. Main.
guard_verdict_t guard_which_cap(const guard_t *guard, uint64_t at_us);

// A stroke starts at now_us. Interrupt, O(1).
void guard_started(guard_t *guard, uint64_t now_us);

// The stroke sensor saw a stroke. Interrupt, O(1).
void guard_confirmed(guard_t *guard);

// Latches a fault; the first one stays. Interrupt, O(1).
void guard_stop(guard_t *guard, guard_verdict_t fault);

// Is a fault latched, or its variable corrupt? Interrupt, O(1).
bool guard_faulted(const guard_t *guard);

// Clears the fault. Counts that differ by more than most_apart, or have latched a count fault, agree from then on: all
// strokes commanded count as confirmed. The caller has checked the whole state. Main.
void guard_reconcile(guard_t *guard, uint32_t most_apart);

#endif
