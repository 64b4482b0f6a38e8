// shadow.c: judges every call that play.c makes by a count of its shadow, and aborts at the first broken promise.
//
// It shares only the core's types: it keeps the start of every stroke ever made, has its own account of what is owed in
// books.c, and its own copies of the safety variables.
#include "shadow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

shadow_t shadow;

bool play_says_calls = false;

static void say(const play_call_t *call) {
    static const char *const names[] = {"init",       "settle",      "promise", "alive",  "set_basal", "plan_basal",
                                        "temp_basal", "cancel_temp", "bolus",   "cancel", "suspend",   "resume",
                                        "limits",     "permit",      "stop",    "next",   "service",   "confirmed",
                                        "ended",      "reconcile",   "used",    "reload", "flip",      "part"};
    (void)fprintf(stderr, "  %s at %llu us, arguments %llu %llu %u, result %llu\n", names[call->name],
                  (unsigned long long)call->now_us, (unsigned long long)call->argument,
                  (unsigned long long)call->second, (unsigned)call->third, (unsigned long long)call->result);
}

void shadow_fail(const char *promise, const play_call_t *call) {
    (void)fprintf(stderr, "broken promise: %s\n", promise);
    say(call);
    abort();
}

uint32_t shadow_started_since(uint64_t now_us, uint64_t window_us) {
    uint32_t count = 0u;
    while ((count < shadow.starts) && ((now_us - shadow.starts_us[shadow.starts - 1u - count]) < window_us)) {
        count++;
    }
    return count;
}

bool shadow_words_right(const guard_t *guard, uint32_t count) {
    const guard_word_t *held[WORDS] = {&guard->commanded,   &guard->confirmed,     &guard->permitted,
                                       &guard->fault,       &guard->spacing_us,    &guard->hour_strokes,
                                       &guard->day_strokes, &guard->bolus_strokes, &guard->basal_mu_per_h};
    bool right = true;
    for (uint32_t i = 0u; i < count; i++) {
        right = right && (held[i]->value == shadow.words[i]) && (held[i]->check == ~shadow.words[i]);
    }
    return right;
}

void shadow_limits(const play_t *play, const guard_limits_t *limits) {
    const uint32_t uu = play->config.stroke_nl * play->config.concentration_u_per_ml;
    shadow.words[BASAL] = limits->max_basal_mu_per_h;
    shadow.words[BOLUS] = (uint32_t)((limits->max_bolus_mu * 1000ull) / uu);
    shadow.words[HOUR] = (uint32_t)((limits->max_hour_mu * 1000ull) / uu);
    shadow.words[DAY] = (uint32_t)((limits->max_day_mu * 1000ull) / uu);
}

static void init(const play_t *play, const play_call_t *call) {
    const guard_limits_t limits = {35000u, 40000u, 60000u, 150000u};
    const size_t kept = offsetof(shadow_t, starts);
    memset((uint8_t *)&shadow + kept, 0, sizeof(shadow) - kept);
    shadow.over = call->result == 0u;
    if (!shadow.over) {
        const uint32_t nl = play->config.stroke_nl;
        const uint32_t length = play->config.history_length;
        PROMISE("a quantum and a concentration that there are",
                ((nl == 125u) || (nl == 500u)) && (play->config.concentration_u_per_ml - 40u <= 460u));
        shadow_limits(play, &limits);
        shadow.words[HOUR] = (shadow.words[HOUR] < length) ? shadow.words[HOUR] : length;
        shadow.words[DAY] = (shadow.words[DAY] < length) ? shadow.words[DAY] : length;
        shadow.words[SPACING] = nl * 2000u;
        shadow.books.spacing_us = (play->config.spacing_us != 0u) ? play->config.spacing_us : (nl * 4000ull);
        shadow.books.whole_q = (wide_t)nl * play->config.concentration_u_per_ml * 3600000;
        shadow.books.at_us = call->now_us;
        shadow.books.slot_us = call->now_us;
        shadow.books.boundary_us = DOSE_NEVER;
        shadow.books.temp_until_us = DOSE_NEVER;
        shadow.alive_us = call->now_us + BUSY_US;
        shadow.armed_us = DOSE_NEVER;
    }
}

void play_before(const play_t *play, const play_call_t *call) {
    (void)call;
    shadow.before = play->core;
}

static void listen(const play_t *play, const play_call_t *call) {
    if (shadow.flipped && (shadow.words[FAULT] == 0u) && (call->name != PLAY_STOP) && (call->name != PLAY_SERVICE)) {
        // The first call that meets the flipped bit latches the fault; these two are judged with its time.
        shadow.words[FAULT] = play->core.guard.fault.value;
    }
    const bool same = memcmp(&play->core, &shadow.before, sizeof(core_t)) == 0;
    switch (call->name) {
        case PLAY_STOP:
            shadow_stop(call->now_us, (uint32_t)call->argument);
            break;
        case PLAY_SERVICE:
            shadow_service(play, call);
            break;
        case PLAY_CONFIRMED:
            shadow.words[CONFIRMED]++;
            shadow.delivered[shadow.armed_kind] += shadow.unconfirmed ? 1u : 0u;
            shadow.unconfirmed = false;
            break;
        case PLAY_ENDED:
            shadow.in_flight = false;
            shadow.unconfirmed = false;
            break;
        case PLAY_NEXT:
            PROMISE("the next due time is exact", shadow.flipped || (call->result == shadow.armed_us));
            PROMISE("asking changes nothing", same);
            break;
        case PLAY_PROMISE:
            PROMISE("a promise is for an hour at most",
                    (call->result != 0u) ==
                        ((call->argument >= call->now_us) && ((call->argument - call->now_us) <= HOUR_US)));
            PROMISE("a refused promise changes nothing", (call->result != 0u) || same);
            shadow.alive_us = (call->result != 0u) ? (call->argument + GRACE_US) : shadow.alive_us;
            break;
        case PLAY_ALIVE:
            PROMISE("alive while the promise holds, and not longer",
                    shadow.flipped || ((call->result != 0u) ? ((shadow.words[FAULT] != GUARD_SUPERVISOR) &&
                                                               (call->now_us < shadow.alive_us))
                                                            : ((shadow.words[FAULT] == GUARD_SUPERVISOR) ||
                                                               ((call->now_us + TICK_US) > shadow.alive_us))));
            break;
        case PLAY_USED:
            // Only as of the books: a stroke that is not entered yet is not in the ring.
            PROMISE("used counts no less than there were",
                    shadow.flipped || (shadow.event != CORE_NOTHING) ||
                        (call->result >=
                         shadow_started_since(call->now_us, (call->argument == GUARD_DAY_TICKS) ? DAY_US : HOUR_US)));
            break;
        case PLAY_FLIP:
            shadow.flipped = true;
            break;
        case PLAY_INIT:
        case PLAY_PART:
            break;
        default:
            shadow_supervisor(play, call);
            break;
    }
    PROMISE("safety variables", shadow.flipped || shadow.over || shadow_words_right(&play->core.guard, WORDS));
}

void play_after(const play_t *play, const play_call_t *call) {
    if (play_says_calls) {
        say(call);
    }
    if (call->name == PLAY_INIT) {
        init(play, call);
    } else if (!shadow.over) {
        listen(play, call);
    }
}
