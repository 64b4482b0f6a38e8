// shadow.h: what the shadow keeps of its shadow, and how it ends at a broken promise. Shared by its three files: shadow.c
// listens to the player, shadow_strokes.c judges the interrupt, shadow_requests.c the supervisor's calls.
#ifndef RELEVE_SHADOW_H
#define RELEVE_SHADOW_H

#include "books.h"
#include "play.h"

#define HOUR_US 3600000000ull
#define DAY_US (24u * HOUR_US)
#define TICK_US 1048576u
// GUARD-1: the method may withhold too early by this much, never too late.
#define MARGIN_US 60000000ull
// GUARD-3.
#define GRACE_US 2000000u
#define BUSY_US 8000000u

enum { COMMANDED, CONFIRMED, PERMITTED, FAULT, SPACING, HOUR, DAY, BOLUS, BASAL, WORDS };
// The first five are compared before each stroke, all of them with each permit.
#define WORDS_OF_A_START 5u

typedef struct {
    core_t before;
    uint64_t starts_us[PLAY_STROKES_MAX + 2u];
    // All from here on is zero at first.
    uint32_t starts;
    uint32_t words[WORDS];  // what the guard's variables must hold
    uint32_t delivered[DOSE_KINDS];
    books_t books;
    uint64_t armed_us;
    dose_kind_t armed_kind;
    core_action_t event;
    uint64_t event_us;
    uint64_t stopped_us;
    uint64_t alive_us;  // the supervisor's promise holds until then
    bool in_flight;
    bool unconfirmed;
    bool flipped;
    bool over;
} shadow_t;

extern shadow_t shadow;

_Noreturn void shadow_fail(const char *promise, const play_call_t *call);

#define PROMISE(text, holds)         \
    do {                             \
        if (!(holds)) {              \
            shadow_fail(text, call); \
        }                            \
    } while (0)

// Strokes started within the last window_us.
uint32_t shadow_started_since(uint64_t now_us, uint64_t window_us);

// Do the first `count` safety variables hold what they must?
bool shadow_words_right(const guard_t *guard, uint32_t count);

// The limits in force from now on, as strokes of this pump.
void shadow_limits(const play_t *play, const guard_limits_t *limits);

// shadow_strokes.c: a fault at now_us; a call of core_service().
void shadow_stop(uint64_t now_us, uint32_t fault);
void shadow_service(const play_t *play, const play_call_t *call);

// shadow_requests.c: any call of the supervisor's.
void shadow_supervisor(const play_t *play, const play_call_t *told);

#endif
