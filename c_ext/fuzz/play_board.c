// play_board.c: plays the part of a board and its supervisor around the core.
#include "play.h"

#define PROMISE_US 3600000000ull
// The supervisor may be busy for less than this.
#define BUSY_US 6000000u
#define HOPS_MAX 64u

void play_step(play_t *play, uint64_t us) {
    const uint64_t left_us = play->end_us - play->now_us;
    play->now_us += (left_us < us) ? left_us : us;
    if (us > BUSY_US) {
        (void)play_simple(play, PLAY_SETTLE, 0u);
    }
}

// Idles until the next stroke is due, in steps that a promise covers; false if none is due until until_us.
static bool idle(play_t *play, uint64_t until_us) {
    uint64_t due_us = play_simple(play, PLAY_NEXT, 0u);
    for (uint32_t i = 0u; i < HOPS_MAX; i++) {
        if ((due_us > until_us) || (due_us > play->end_us) || (due_us <= play->now_us)) {
            break;
        }
        const uint64_t wait_us = due_us - play->now_us;
        const uint64_t hop_us = (wait_us > PROMISE_US) ? PROMISE_US : wait_us;
        (void)play_simple(play, PLAY_PROMISE, play->now_us + hop_us);
        play->now_us += hop_us;
        if (hop_us != wait_us) {
            (void)play_simple(play, PLAY_SETTLE, 0u);
            due_us = play_simple(play, PLAY_NEXT, 0u);
        }
    }
    return due_us <= play->now_us;
}

void play_good_board(play_t *play, uint64_t until_us, uint32_t strokes) {
    for (uint32_t i = 0u; (i < strokes) && (play->strokes < PLAY_STROKES_MAX) && idle(play, until_us); i++) {
        const uint64_t action = play_simple(play, PLAY_SERVICE, 0u);
        if (action == (uint64_t)CORE_STROKE) {
            (void)play_simple(play, PLAY_CONFIRMED, 0u);
            (void)play_simple(play, PLAY_ENDED, 0u);
        }
        (void)play_simple(play, PLAY_SETTLE, 0u);
        if (action == (uint64_t)CORE_STROKE) {
            (void)play_simple(play, PLAY_PERMIT, (uint64_t)play->core.guard.commanded.value + 1u);
        } else if (action != (uint64_t)CORE_WITHHELD) {
            break;
        } else {
            // The next one is armed already.
        }
    }
    if ((play->now_us < until_us) && (until_us <= play->end_us)) {
        play_step(play, until_us - play->now_us);
    }
}

void play_bad_board(play_t *play, uint64_t edges) {
    for (uint32_t i = 0u; (i < 4u) && (play->strokes < PLAY_STROKES_MAX) && idle(play, play->end_us); i++) {
        (void)play_simple(play, PLAY_SERVICE, 0u);
        for (uint64_t seen = (edges >> (2u * i)) & 3u; seen > 1u; seen--) {
            (void)play_simple(play, PLAY_CONFIRMED, 0u);
        }
        (void)play_simple(play, PLAY_ENDED, 0u);
        (void)play_simple(play, PLAY_SETTLE, 0u);
        (void)play_simple(play, PLAY_PERMIT, (uint64_t)play->core.guard.commanded.value + 1u);
    }
}
