// shadow.c: judges every call that play.c makes, by counting for itself, and aborts at the first broken promise.
//
// It shares nothing with the core but its types: every stroke start there ever was is kept and caps are counted by brute
// force, what is owed is one 128-bit product, safety variables have copies of their own.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "play.h"

#define HOUR_US 3600000000ull
#define DAY_US (24u * HOUR_US)
// GUARD-1: the method may withhold early by so much, never late.
#define MARGIN_US 60000000ull
#define WORDS 9u

__extension__ typedef __int128 wide_t;

static struct {
    core_t before;
    uint64_t starts_us[PLAY_STROKES_MAX + 2u];
    uint32_t starts;
    uint32_t basal_commanded;
    uint32_t basal_abandoned;
    uint32_t bolus_programmed;
    uint32_t bolus_commanded;
    uint32_t bolus_abandoned;
    uint32_t words[WORDS];  // what the guard's variables must hold
    uint32_t rate;
    bool suspended;
    bool flipped;
    bool in_flight;
    bool started_well;
    wide_t base_q;  // programmed until base_us
    uint64_t base_us;
    uint64_t last_us;
    uint64_t slot_us;
    uint64_t spacing_us;
    wide_t whole_q;
} own;

enum { COMMANDED, CONFIRMED, PERMITTED, HOUR, DAY, BOLUS, BASAL, SPACING, FAULT };

bool play_says_calls = false;

static void say(const play_call_t *call) {
    static const char *const names[] = {"init",   "set_basal", "bolus", "cancel_bolus", "suspend", "resume",
                                        "limits", "permit",    "stop",  "next",         "service", "confirmed",
                                        "ended",  "running",   "used",  "flip",         "part"};
    (void)fprintf(stderr, "  %s at %llu us, argument %llu, result %llu\n", names[call->name],
                  (unsigned long long)call->now_us, (unsigned long long)call->argument,
                  (unsigned long long)call->result);
}

static void fail(const char *promise, const play_call_t *call) {
    (void)fprintf(stderr, "broken promise: %s\n", promise);
    say(call);
    abort();
}

#define PROMISE(text, holds)  \
    do {                      \
        if (!(holds)) {       \
            fail(text, call); \
        }                     \
    } while (0)

static wide_t owed_q(uint64_t now_us) {
    const wide_t programmed = own.base_q + (own.suspended ? 0 : ((wide_t)own.rate * (wide_t)(now_us - own.base_us)));
    return programmed - ((wide_t)own.basal_commanded + own.basal_abandoned) * own.whole_q;
}

static void rebase(uint64_t now_us) {
    own.base_q += own.suspended ? 0 : ((wide_t)own.rate * (wide_t)(now_us - own.base_us));
    own.base_us = now_us;
}

static uint32_t bolus_left(void) {
    return own.bolus_programmed - own.bolus_commanded - own.bolus_abandoned;
}

static uint32_t started_since(uint64_t now_us, uint64_t window_us) {
    uint32_t count = 0u;
    while ((count < own.starts) && ((now_us - own.starts_us[own.starts - 1u - count]) < window_us)) {
        count++;
    }
    return count;
}

// At most `cap` strokes within the window, one more at now_us counted: is there room? Starts never fall, so one look at the
// start `cap` places back says as much as counting them all.
static bool room(uint64_t now_us, uint64_t window_us, uint32_t cap) {
    return (cap != 0u) && ((own.starts < cap) || ((now_us - own.starts_us[own.starts - cap]) >= window_us));
}

// First instant at which a stroke is due by what is owed and by spacing, not before now; DOSE_NEVER if none is.
static uint64_t due_us(uint64_t now_us) {
    const wide_t owed = owed_q(now_us);
    uint64_t at_us = DOSE_NEVER;
    if ((bolus_left() != 0u) || (owed >= own.whole_q)) {
        at_us = now_us;
    } else if (!own.suspended && (own.rate != 0u)) {
        at_us = now_us + (uint64_t)((own.whole_q - owed + own.rate - 1) / own.rate);
    }
    return (at_us < own.slot_us) ? own.slot_us : at_us;
}

static bool words_right(const guard_t *guard) {
    const guard_word_t *held[WORDS] = {&guard->commanded,      &guard->confirmed,   &guard->permitted,
                                       &guard->hour_strokes,   &guard->day_strokes, &guard->bolus_strokes,
                                       &guard->basal_mu_per_h, &guard->spacing_us,  &guard->fault};
    bool right = true;
    for (uint32_t i = 0u; i < WORDS; i++) {
        right = right && (held[i]->value == own.words[i]) && (held[i]->check == ~own.words[i]);
    }
    return right;
}

static void limits_in_force(const core_t *core, const guard_limits_t *limits) {
    own.words[BASAL] = limits->max_basal_mu_per_h;
    own.words[BOLUS] = (uint32_t)((limits->max_bolus_mu * 1000ull) / core->stroke_uu);
    own.words[HOUR] = (uint32_t)((limits->max_hour_mu * 1000ull) / core->stroke_uu);
    own.words[DAY] = (uint32_t)((limits->max_day_mu * 1000ull) / core->stroke_uu);
}

static void suspend(uint64_t now_us) {
    if (!own.suspended) {
        rebase(now_us);
        own.basal_abandoned += (uint32_t)(owed_q(now_us) / own.whole_q);
        own.suspended = true;
        own.bolus_abandoned += bolus_left();
    }
    own.last_us = now_us;
}

static void stop(uint64_t now_us, uint32_t fault) {
    if (own.words[FAULT] == 0u) {
        own.words[FAULT] = fault;
    }
    suspend((now_us < own.last_us) ? own.last_us : now_us);
    own.in_flight = false;
}

static void stroke(const play_t *play, const play_call_t *call) {
    const uint64_t now_us = call->now_us;
    const uint64_t hard_us = play->config.stroke_nl * 2000ull;
    PROMISE("no stroke that is not due", due_us(now_us) <= now_us);
    PROMISE("no stroke while suspended, unless none is", !own.suspended);
    PROMISE("no stroke after a fault", own.words[FAULT] == 0u);
    PROMISE("no stroke without a permit", own.words[PERMITTED] == own.starts + 1u);
    PROMISE("no stroke in a stroke", !own.in_flight);
    PROMISE("no stroke with a wrong safety variable", words_right(&own.before.guard));
    PROMISE("hard spacing", (own.starts == 0u) || ((now_us - own.starts_us[own.starts - 1u]) >= hard_us));
    PROMISE("the hour's cap", room(now_us, HOUR_US, own.words[HOUR]));
    PROMISE("the day's cap", room(now_us, DAY_US, own.words[DAY]));
    PROMISE("confirmed agrees with commanded", (own.words[COMMANDED] - own.words[CONFIRMED] + 1u) <= 2u);
    if (bolus_left() != 0u) {
        own.bolus_commanded++;
    } else {
        own.basal_commanded++;
    }
    own.starts_us[own.starts] = now_us;
    own.starts++;
    own.words[COMMANDED] = own.starts;
    own.in_flight = true;
    own.slot_us = now_us + own.spacing_us;
    own.last_us = now_us;
}

static void service(const play_t *play, const play_call_t *call) {
    const uint64_t now_us = call->now_us;
    const bool due = (due_us(now_us) <= now_us) && !own.in_flight;
    const bool permitted = own.words[PERMITTED] != own.starts;
    switch ((core_action_t)call->result) {
        case CORE_STROKE:
            stroke(play, call);
            break;
        case CORE_WITHHELD:
            PROMISE("withheld only when due", due && permitted && (own.words[FAULT] == 0u));
            PROMISE("withheld at most a minute early", own.flipped ||
                                                           !room(now_us, HOUR_US + MARGIN_US, own.words[HOUR]) ||
                                                           !room(now_us, DAY_US + MARGIN_US, own.words[DAY]));
            if (bolus_left() != 0u) {
                own.bolus_abandoned += bolus_left();
            } else {
                own.basal_abandoned++;
            }
            own.last_us = now_us;
            break;
        case CORE_FAULT:
            PROMISE("a fault has a reason", own.flipped || (own.words[FAULT] != 0u) ||
                                                ((own.words[COMMANDED] - own.words[CONFIRMED] + 1u) > 2u));
            stop(now_us, play->core.guard.fault.value);
            break;
        case CORE_NOTHING:
        default:
            PROMISE("a due stroke is made", !due || !permitted || own.flipped || (own.words[FAULT] != 0u));
            break;
    }
}

static bool same(const core_t *core) {
    return memcmp(core, &own.before, sizeof(*core)) == 0;
}

static void request(const play_call_t *call, const core_t *core) {
    if (call->result != (uint64_t)DOSE_OK) {
        PROMISE("a refusal changes nothing", same(core));
        return;
    }
    PROMISE("nothing is accepted after a fault", own.flipped || (own.words[FAULT] == 0u));
    PROMISE("nothing is accepted from the past", call->now_us >= own.last_us);
    own.last_us = call->now_us;
    switch (call->name) {
        case PLAY_SET_BASAL:
            PROMISE("basal within the limit", own.flipped || (call->argument <= own.words[BASAL]));
            rebase(call->now_us);
            own.rate = (uint32_t)call->argument;
            break;
        case PLAY_BOLUS:
            PROMISE("one bolus at a time, and not while suspended", (bolus_left() == 0u) && !own.suspended);
            PROMISE("bolus within the limit", own.flipped || (call->argument <= own.words[BOLUS]));
            PROMISE("bolus within the caps",
                    own.flipped || (((started_since(call->now_us, HOUR_US) + call->argument) <= own.words[HOUR]) &&
                                    ((started_since(call->now_us, DAY_US) + call->argument) <= own.words[DAY])));
            own.bolus_programmed = (uint32_t)call->argument;
            own.bolus_commanded = 0u;
            own.bolus_abandoned = 0u;
            break;
        case PLAY_CANCEL_BOLUS:
            PROMISE("something to cancel", bolus_left() != 0u);
            own.bolus_abandoned += bolus_left();
            break;
        case PLAY_SUSPEND:
            PROMISE("suspended once", !own.suspended);
            suspend(call->now_us);
            break;
        case PLAY_RESUME:
        default:
            PROMISE("resumed only when suspended", own.suspended);
            rebase(call->now_us);
            own.suspended = false;
            break;
    }
}

static void next(const play_call_t *call) {
    const bool held = own.in_flight || (own.words[FAULT] != 0u) || (own.words[PERMITTED] == own.starts);
    const uint64_t right_us = held ? DOSE_NEVER : due_us(call->now_us);
    const uint64_t said_us = (call->result < call->now_us) ? call->now_us : call->result;
    PROMISE("the next due time is exact", own.flipped || (said_us == right_us));
}

static void init(const play_t *play, const play_call_t *call) {
    const guard_limits_t limits = {35000u, 40000u, 60000u, 150000u};
    const size_t kept = sizeof(own.before) + sizeof(own.starts_us);
    memset((uint8_t *)&own + kept, 0, sizeof(own) - kept);
    own.started_well = call->result != 0u;
    own.spacing_us = (play->config.spacing_us != 0u) ? play->config.spacing_us : (play->config.stroke_nl * 4000ull);
    own.whole_q = (wide_t)play->config.stroke_nl * play->config.concentration_u_per_ml * 3600000;
    own.base_us = call->now_us;
    own.last_us = call->now_us;
    own.slot_us = call->now_us;
    own.words[SPACING] = play->config.stroke_nl * 2000u;
    if (own.started_well) {
        limits_in_force(&play->core, &limits);
    }
}

static void check(const play_t *play, const play_call_t *call) {
    const dose_t *dose = &play->core.dose;
    PROMISE("the bolus ledger", (dose->bolus.programmed == own.bolus_programmed) &&
                                    (dose->bolus.commanded == own.bolus_commanded) &&
                                    (dose->bolus.abandoned == own.bolus_abandoned));
    PROMISE("the basal ledger",
            (dose->basal.commanded == own.basal_commanded) && (dose->basal.abandoned == own.basal_abandoned));
    PROMISE("no more delivered than commanded",
            (dose->bolus.delivered <= dose->bolus.commanded) && (dose->basal.delivered <= dose->basal.commanded));
    PROMISE("a bolus runs as long as strokes are to come",
            (bolus_left() != 0u) == (dose->bolus_reason == (uint8_t)DOSE_REASON_RUNNING));
    PROMISE("suspended", (dose->suspended != 0u) == own.suspended);
    PROMISE("never ahead", owed_q((own.last_us < own.base_us) ? own.base_us : own.last_us) >= 0);
    PROMISE("safety variables", own.flipped || words_right(&play->core.guard));
}

void play_before(const play_t *play, const play_call_t *call) {
    (void)call;
    own.before = play->core;
}

void play_after(const play_t *play, const play_call_t *call) {
    if (play_says_calls) {
        say(call);
    }
    switch (call->name) {
        case PLAY_INIT:
            init(play, call);
            break;
        case PLAY_SET_LIMITS:
            PROMISE("refused limits change nothing", (call->result == (uint64_t)DOSE_OK) || same(&play->core));
            if (call->result == (uint64_t)DOSE_OK) {
                PROMISE("limits within the hard ones",
                        (call->limits.max_basal_mu_per_h <= 35000u) && (call->limits.max_bolus_mu <= 40000u) &&
                            (call->limits.max_hour_mu <= 60000u) && (call->limits.max_day_mu <= 500000u));
                limits_in_force(&play->core, &call->limits);
            }
            break;
        case PLAY_PERMIT:
            PROMISE("a permit for the next stroke only",
                    own.flipped || ((call->result != 0u) == (call->argument == own.starts + 1u)));
            if (call->result != 0u) {
                own.words[PERMITTED] = (uint32_t)call->argument;
            } else {
                PROMISE("a refused permit changes nothing", same(&play->core));
            }
            break;
        case PLAY_STOP:
            stop(call->now_us, (uint32_t)call->argument);
            break;
        case PLAY_SERVICE:
            PROMISE("nothing done, nothing changed", (call->result != (uint64_t)CORE_NOTHING) || same(&play->core));
            service(play, call);
            break;
        case PLAY_CONFIRMED:
            own.words[CONFIRMED]++;
            break;
        case PLAY_ENDED:
            own.in_flight = false;
            break;
        case PLAY_NEXT:
            PROMISE("asking changes nothing", same(&play->core));
            next(call);
            break;
        case PLAY_RUNNING:
            PROMISE("a bolus with strokes to come runs", (bolus_left() == 0u) || (call->result != 0u));
            break;
        case PLAY_USED:
            PROMISE(
                "used counts no less than there were",
                own.flipped || (call->result >=
                                started_since(call->now_us, (call->argument == GUARD_DAY_TICKS) ? DAY_US : HOUR_US)));
            break;
        case PLAY_FLIP:
            own.flipped = true;
            break;
        case PLAY_PART:
            break;
        case PLAY_SET_BASAL:
        case PLAY_BOLUS:
        case PLAY_CANCEL_BOLUS:
        case PLAY_SUSPEND:
        case PLAY_RESUME:
        default:
            request(call, &play->core);
            break;
    }
    if (own.started_well) {
        check(play, call);
    }
}
