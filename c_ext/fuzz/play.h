// play.h: plays bytes as calls of the core: any sequence and any arguments, biased towards those that reach deep
// states.
//
// There is one player, with alternative listeners to link: shadow.c judges every call (fuzzing, corpus replay), trace.c
// makes a digest of results and raw state (mutation testing), and coverage simply runs it. Host only: it may use libc.
#ifndef RELEVE_PLAY_H
#define RELEVE_PLAY_H

#include <stddef.h>

#include "state.h"

#define PLAY_HISTORY_MAX 12500u
// Strokes in one play: enough to wrap around the shortest ring several times.
#define PLAY_STROKES_MAX 4096u

typedef enum {
    PLAY_INIT,
    PLAY_SETTLE,
    PLAY_PROMISE,
    PLAY_ALIVE,
    PLAY_SET_BASAL,
    PLAY_PLAN_BASAL,
    PLAY_TEMP_BASAL,
    PLAY_CANCEL_TEMP,
    PLAY_BOLUS,
    PLAY_CANCEL_BOLUS,
    PLAY_SUSPEND,
    PLAY_RESUME,
    PLAY_SET_LIMITS,
    PLAY_PERMIT,
    PLAY_STOP,
    PLAY_NEXT,
    PLAY_SERVICE,
    PLAY_CONFIRMED,
    PLAY_ENDED,
    PLAY_RECONCILE,
    PLAY_USED,
    PLAY_RELOAD,  // saved, started over, loaded: as in a reset
    PLAY_FLIP,    // not a call: a bit of a safety variable flips
    PLAY_PART     // one part alone, on a context of its own
} play_name_t;

// A call: its arguments, whose meaning depends on its name, and its result.
typedef struct {
    play_name_t name;
    uint64_t now_us;
    uint64_t argument;      // rate, stroke number, normal strokes, fault, window, back_us, most_apart
    uint64_t second;        // boundary_us, duration_us
    uint32_t third;         // square strokes; value of a temporary rate
    basal_temp_t temp;      // PLAY_TEMP_BASAL
    guard_limits_t limits;  // PLAY_SET_LIMITS
    uint32_t refused;       // PLAY_SET_LIMITS
    uint64_t result;
} play_call_t;

typedef struct {
    const uint8_t *bytes;
    size_t left;
    uint64_t now_us;
    uint64_t end_us;  // no call is later
    uint32_t strokes;
    bool flipped;
    core_config_t config;
    core_t core;
    uint32_t history[PLAY_HISTORY_MAX];
} play_t;

// Plays all of `bytes`. A play is large: keep it off the stack.
void play(play_t *play, const uint8_t *bytes, size_t size);

// Makes one call, and tells the listener before and after it. Only for the calls of play_name_t, not for PLAY_FLIP.
uint64_t play_call(play_t *play, play_call_t call);
// The same for a call of at most one argument, now.
uint64_t play_simple(play_t *play, play_name_t name, uint64_t argument);

// Runs as a board without faults does, for at most this many strokes and until until_us: play_board.c.
void play_good_board(play_t *play, uint64_t until_us, uint32_t strokes);
// Runs as a board whose stroke sensor misses or doubles edges (two bits a stroke) does.
void play_bad_board(play_t *play, uint64_t edges);
// Lets time pass; the supervisor is back after a long while.
void play_step(play_t *play, uint64_t us);

// shadow.c prints every call on standard error.
extern bool play_says_calls;

// The listener's functions, called before and after every call. `call->result` is known after it.
void play_before(const play_t *play, const play_call_t *call);
void play_after(const play_t *play, const play_call_t *call);

#endif
