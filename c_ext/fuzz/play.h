// play.h: plays bytes as calls of the core: any sequence, any arguments, biased to what reaches far.
//
// One player, three listeners that are linked in by turns: shadow.c judges every call (fuzzing, corpus replay), trace.c
// makes a digest of results and raw state (mutation testing), and coverage simply runs it. Host only: it may use libc.
#ifndef RELEVE_PLAY_H
#define RELEVE_PLAY_H

#include <stddef.h>

#include "core.h"

#define PLAY_HISTORY_MAX 12500u
// Strokes in one play: enough to go round the shortest ring several times.
#define PLAY_STROKES_MAX 4096u

typedef enum {
    PLAY_INIT,
    PLAY_SET_BASAL,
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
    PLAY_RUNNING,
    PLAY_USED,
    PLAY_FLIP,  // not a call: a bit of a safety variable flips
    PLAY_PART   // a part alone, on a context of its own
} play_name_t;

typedef struct {
    play_name_t name;
    uint64_t now_us;
    uint64_t argument;
    guard_limits_t limits;  // PLAY_SET_LIMITS
    uint64_t result;
    uint32_t refused;  // PLAY_SET_LIMITS
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
    uint32_t history_length;
} play_t;

// Plays all of `bytes`. A play is big: keep it off the stack.
void play(play_t *play, const uint8_t *bytes, size_t size);

// shadow.c says every call on standard error.
extern bool play_says_calls;

// The listener's: before and after every call. `call->result` is known after it.
void play_before(const play_t *play, const play_call_t *call);
void play_after(const play_t *play, const play_call_t *call);

#endif
