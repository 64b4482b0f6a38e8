// shadow.c: judges every call that play.c makes by a count of its own, and aborts at the first broken promise.
//
// It shares only the core's types: it keeps the start of every stroke ever made, has its own account of what is owed in
// books.c, and its own copies of the safety variables.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static struct {
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
} own;

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

static uint32_t started_since(uint64_t now_us, uint64_t window_us) {
    uint32_t count = 0u;
    while ((count < own.starts) && ((now_us - own.starts_us[own.starts - 1u - count]) < window_us)) {
        count++;
    }
    return count;
}

// Is there room under `cap` for one more stroke at now_us, counting those within the window? Starts never decrease, so
// one look at the start `cap` places back is as good as counting them all.
static bool room(uint64_t now_us, uint64_t window_us, uint32_t cap) {
    return (cap != 0u) && ((own.starts < cap) || ((now_us - own.starts_us[own.starts - cap]) >= window_us));
}

static bool words_right(const guard_t *guard, uint32_t count) {
    const guard_word_t *held[WORDS] = {&guard->commanded,   &guard->confirmed,     &guard->permitted,
                                       &guard->fault,       &guard->spacing_us,    &guard->hour_strokes,
                                       &guard->day_strokes, &guard->bolus_strokes, &guard->basal_mu_per_h};
    bool right = true;
    for (uint32_t i = 0u; i < count; i++) {
        right = right && (held[i]->value == own.words[i]) && (held[i]->check == ~own.words[i]);
    }
    return right;
}

// Every supervisor call begins with this.
static void enter(void) {
    if (own.event != CORE_NOTHING) {
        books_take(&own.books, own.event_us, own.armed_kind, own.event == CORE_STROKE);
        own.event = CORE_NOTHING;
    }
    if (own.words[FAULT] != 0u) {
        books_settle(&own.books, (own.stopped_us < own.books.at_us) ? own.books.at_us : own.stopped_us);
        if (!own.books.suspended) {
            books_suspend(&own.books, own.books.at_us);
        }
    }
}

// Every supervisor call ends with this.
static void arm(void) {
    own.armed_us = DOSE_NEVER;
    if (!own.in_flight && (own.words[FAULT] == 0u) && (own.words[PERMITTED] != own.starts)) {
        own.armed_us = books_next_us(&own.books, &own.armed_kind);
    }
}

// A fault is latched, or its flipped bit counts as one. Only the first stop has a time.
static bool had_stopped(void) {
    return (own.before.guard.fault.value != 0u) || (own.before.guard.fault.check != UINT32_MAX);
}

static void stop(uint64_t now_us, uint32_t fault) {
    if (!had_stopped()) {
        own.words[FAULT] = fault;
        own.stopped_us = now_us;
    }
    if (own.unconfirmed) {
        own.delivered[own.armed_kind]++;
    }
    own.in_flight = false;
    own.unconfirmed = false;
    own.armed_us = DOSE_NEVER;
}

static void stroke(const play_t *play, const play_call_t *call) {
    const uint64_t now_us = call->now_us;
    const uint64_t hard_us = play->config.stroke_nl * 2000ull;
    PROMISE("no stroke that is not due", own.flipped || (own.armed_us <= now_us));
    PROMISE("no stroke while suspended", own.flipped || !own.books.suspended);
    PROMISE("no stroke after a fault", own.words[FAULT] == 0u);
    PROMISE("no stroke without a permit", own.words[PERMITTED] == own.starts + 1u);
    PROMISE("no stroke in a stroke", !own.in_flight);
    PROMISE("no stroke with a wrong safety variable", words_right(&own.before.guard, WORDS_OF_A_START));
    PROMISE("no stroke after a broken promise", own.flipped || (now_us < own.alive_us));
    PROMISE("hard spacing", (own.starts == 0u) || ((now_us - own.starts_us[own.starts - 1u]) >= hard_us));
    PROMISE("the hour's cap", room(now_us, HOUR_US, own.words[HOUR]));
    PROMISE("the day's cap", room(now_us, DAY_US, own.words[DAY]));
    PROMISE("confirmed agrees with commanded", (own.words[COMMANDED] - own.words[CONFIRMED] + 1u) <= 2u);
    own.starts_us[own.starts] = now_us;
    own.starts++;
    own.words[COMMANDED] = own.starts;
    own.in_flight = true;
    own.unconfirmed = true;
}

static void service(const play_t *play, const play_call_t *call) {
    const uint64_t now_us = call->now_us;
    const core_action_t action = (core_action_t)call->result;
    if (action == CORE_STROKE) {
        stroke(play, call);
    } else if (action == CORE_WITHHELD) {
        PROMISE("withheld only when due", own.flipped || (own.armed_us <= now_us));
        PROMISE("withheld at most a minute early", own.flipped || !room(now_us, HOUR_US + MARGIN_US, own.words[HOUR]) ||
                                                       !room(now_us, DAY_US + MARGIN_US, own.words[DAY]));
    } else if (action == CORE_FAULT) {
        PROMISE("a fault has a reason", own.flipped || (own.words[FAULT] != 0u) ||
                                            ((own.words[COMMANDED] - own.words[CONFIRMED] + 1u) > 2u) ||
                                            ((now_us + TICK_US) > own.alive_us));
        stop(now_us, play->core.guard.fault.value);
    } else {
        PROMISE("a due stroke is made", own.flipped || (now_us < own.armed_us));
        PROMISE("nothing done, nothing changed", memcmp(&play->core, &own.before, sizeof(core_t)) == 0);
    }
    if ((action == CORE_STROKE) || (action == CORE_WITHHELD)) {
        own.event = action;
        own.event_us = now_us;
        own.armed_us = DOSE_NEVER;
    }
}

static void temporary(const play_call_t *call) {
    PROMISE("a temporary rate for up to a day, while running",
            !own.books.suspended && (call->second != 0u) && (call->second <= DAY_US));
    PROMISE("a temporary rate of a known kind",
            (call->temp == BASAL_TEMP_RATE) || ((call->temp == BASAL_TEMP_PERCENT) && (call->third <= 200u)));
    own.books.temp = (uint32_t)call->temp;
    own.books.temp_value = call->third;
    own.books.temp_until_us = call->now_us + call->second;
}

static void bolus(const play_call_t *call) {
    const uint32_t normal = (uint32_t)call->argument;
    const uint32_t square = call->third;
    const uint64_t all = (uint64_t)normal + square;
    PROMISE("no bolus while suspended, none of nothing", !own.books.suspended && (all != 0u));
    PROMISE("one bolus of a kind at a time", ((normal == 0u) || (books_left(&own.books, DOSE_KIND_NORMAL) == 0u)) &&
                                                 ((square == 0u) || (books_left(&own.books, DOSE_KIND_SQUARE) == 0u)));
    PROMISE("a square bolus lasts half an hour to a day",
            (square == 0u) ? (call->second == 0u) : ((call->second >= (HOUR_US / 2u)) && (call->second <= DAY_US)));
    PROMISE("bolus within the limit", own.flipped || (all <= own.words[BOLUS]));
    PROMISE("bolus within the caps",
            own.flipped || (((started_since(call->now_us, HOUR_US) + normal) <= own.words[HOUR]) &&
                            ((started_since(call->now_us, DAY_US) + all) <= own.words[DAY])));
    books_bolus(&own.books, call->now_us, normal, square, call->second);
    own.delivered[DOSE_KIND_NORMAL] = (normal != 0u) ? 0u : own.delivered[DOSE_KIND_NORMAL];
    own.delivered[DOSE_KIND_SQUARE] = (square != 0u) ? 0u : own.delivered[DOSE_KIND_SQUARE];
}

// A request that was accepted.
static void accepted(const play_call_t *call) {
    books_t *books = &own.books;
    PROMISE("nothing is accepted after a fault", own.words[FAULT] == 0u);
    if ((call->name != PLAY_BOLUS) && (call->name != PLAY_SUSPEND)) {
        books_settle(books, call->now_us);
    }
    switch (call->name) {
        case PLAY_SET_BASAL:
            books->rate = (uint32_t)call->argument;
            books->boundary_us = DOSE_NEVER;
            break;
        case PLAY_PLAN_BASAL:
            PROMISE("a boundary within a day",
                    (call->second > call->now_us) && ((call->second - call->now_us) <= DAY_US));
            books->boundary_us = call->second;
            books->boundary_rate = (uint32_t)call->argument;
            break;
        case PLAY_TEMP_BASAL:
            temporary(call);
            break;
        case PLAY_CANCEL_TEMP:
            PROMISE("a temporary rate to cancel", books->temp != (uint32_t)BASAL_TEMP_NONE);
            books->temp = (uint32_t)BASAL_TEMP_NONE;
            books->temp_until_us = DOSE_NEVER;
            break;
        case PLAY_BOLUS:
            bolus(call);
            break;
        case PLAY_CANCEL_BOLUS:
            PROMISE("a bolus to cancel",
                    (books_left(books, DOSE_KIND_NORMAL) != 0u) || (books_left(books, DOSE_KIND_SQUARE) != 0u));
            books_end_boluses(books);
            break;
        case PLAY_SUSPEND:
            PROMISE("suspended once", !books->suspended);
            books_suspend(books, call->now_us);
            break;
        case PLAY_RESUME:
        default:
            PROMISE("resumed only when suspended", books->suspended);
            books->suspended = false;
            break;
    }
    PROMISE("no rate above the limit", own.flipped || (books_greatest_rate(books) <= own.words[BASAL]));
}

static void limits_in_force(const play_t *play, const guard_limits_t *limits) {
    const uint32_t uu = play->config.stroke_nl * play->config.concentration_u_per_ml;
    own.words[BASAL] = limits->max_basal_mu_per_h;
    own.words[BOLUS] = (uint32_t)((limits->max_bolus_mu * 1000ull) / uu);
    own.words[HOUR] = (uint32_t)((limits->max_hour_mu * 1000ull) / uu);
    own.words[DAY] = (uint32_t)((limits->max_day_mu * 1000ull) / uu);
}

static void new_limits(const play_t *play, const play_call_t *call) {
    PROMISE("limits within the hard ones",
            (call->limits.max_basal_mu_per_h <= 35000u) && (call->limits.max_bolus_mu <= 40000u) &&
                (call->limits.max_hour_mu <= 60000u) && (call->limits.max_day_mu <= 500000u));
    PROMISE("limits not below a rate", books_greatest_rate(&own.books) <= call->limits.max_basal_mu_per_h);
    limits_in_force(play, &call->limits);
    PROMISE("limits that the history holds",
            (own.words[HOUR] <= play->config.history_length) && (own.words[DAY] <= play->config.history_length));
}

static void init(const play_t *play, const play_call_t *call) {
    const guard_limits_t limits = {35000u, 40000u, 60000u, 150000u};
    const size_t kept = offsetof(__typeof__(own), starts);
    memset((uint8_t *)&own + kept, 0, sizeof(own) - kept);
    own.over = call->result == 0u;
    if (!own.over) {
        const uint32_t nl = play->config.stroke_nl;
        const uint32_t length = play->config.history_length;
        PROMISE("a quantum and a concentration that there are",
                ((nl == 125u) || (nl == 500u)) && (play->config.concentration_u_per_ml - 40u <= 460u));
        limits_in_force(play, &limits);
        own.words[HOUR] = (own.words[HOUR] < length) ? own.words[HOUR] : length;
        own.words[DAY] = (own.words[DAY] < length) ? own.words[DAY] : length;
        own.words[SPACING] = nl * 2000u;
        own.books.spacing_us = (play->config.spacing_us != 0u) ? play->config.spacing_us : (nl * 4000ull);
        own.books.whole_q = (wide_t)nl * play->config.concentration_u_per_ml * 3600000;
        own.books.at_us = call->now_us;
        own.books.slot_us = call->now_us;
        own.books.boundary_us = DOSE_NEVER;
        own.books.temp_until_us = DOSE_NEVER;
        own.alive_us = call->now_us + BUSY_US;
        own.armed_us = DOSE_NEVER;
    }
}

static void check_books(const play_t *play, const play_call_t *call) {
    const dose_t *dose = &play->core.dose;
    for (uint32_t kind = 0u; kind < DOSE_KINDS; kind++) {
        const ledger_t *held = &dose->ledger[kind];
        const books_ledger_t *right = &own.books.ledger[kind];
        PROMISE("the ledgers", (held->programmed == right->programmed) && (held->commanded == right->commanded) &&
                                   (held->abandoned == right->abandoned) && (held->delivered == own.delivered[kind]));
        PROMISE("no more delivered than commanded", held->delivered <= held->commanded);
        PROMISE("all that was programmed is accounted for",
                ((uint64_t)held->commanded + held->abandoned + held->remaining) == held->programmed);
    }
    PROMISE("basal strokes that wait",
            (dose->basal.waiting[0] == own.books.waiting[0]) && (dose->basal.waiting[1] == own.books.waiting[1]));
    PROMISE("square strokes that wait", dose->square_waiting == books_square_waiting(&own.books));
    PROMISE("never ahead", own.books.total_q >= (wide_t)own.books.whole_taken * own.books.whole_q);
    PROMISE("suspended", (dose->basal.paused != 0u) == own.books.suspended);
    PROMISE("a bolus runs as long as strokes are to come",
            ((books_left(&own.books, DOSE_KIND_NORMAL) != 0u) ==
             (dose->ledger[DOSE_KIND_NORMAL].reason == (uint32_t)DOSE_REASON_RUNNING)) &&
                ((books_left(&own.books, DOSE_KIND_SQUARE) != 0u) ==
                 (dose->ledger[DOSE_KIND_SQUARE].reason == (uint32_t)DOSE_REASON_RUNNING)));
    PROMISE("a temporary rate runs until it ends",
            (own.books.temp != (uint32_t)BASAL_TEMP_NONE) ==
                (dose->ledger[DOSE_KIND_TEMP].reason == (uint32_t)DOSE_REASON_RUNNING));
    PROMISE("the stroke that is armed",
            (play->core.armed_us == own.armed_us) &&
                ((own.armed_us == DOSE_NEVER) || (play->core.armed_kind == own.armed_kind)));
}

// A supervisor call: the books have been settled, then this happened, at the call's time or, if the books are later, at
// theirs.
static void reconciled(const play_call_t *call) {
    const int64_t apart = (int64_t)own.words[COMMANDED] - (int64_t)own.words[CONFIRMED];
    const int64_t most = (int64_t)call->argument;
    if ((own.words[FAULT] == (uint32_t)GUARD_COUNT_FAULT) || (apart > most) || (apart < -most)) {
        own.words[CONFIRMED] = own.words[COMMANDED];
    }
    own.words[FAULT] = 0u;
    books_settle(&own.books, call->now_us);
    own.alive_us = call->now_us + BUSY_US;
}

static void supervisor(const play_t *play, const play_call_t *told) {
    const bool runs_back = (told->now_us + BUSY_US) < own.books.at_us;
    play_call_t made = *told;
    const play_call_t *call = &made;
    bool untouched = (own.before.event == (uint8_t)CORE_NOTHING) && (own.words[FAULT] == 0u) && !own.flipped;
    bool refused = false;
    enter();
    made.now_us = (made.now_us < own.books.at_us) ? own.books.at_us : made.now_us;
    switch (call->name) {
        case PLAY_SETTLE:
            PROMISE("the present is settled", own.flipped || ((call->result != (uint64_t)DOSE_OK) == runs_back));
            if (call->result == (uint64_t)DOSE_OK) {
                books_settle(&own.books, call->now_us);
                own.alive_us = call->now_us + BUSY_US;
            }
            break;
        case PLAY_RELOAD:
            PROMISE("a saved state comes back", own.flipped || (call->result == (uint64_t)STATE_OK));
            own.over = call->result != (uint64_t)STATE_OK;
            books_settle(&own.books, call->now_us);
            own.alive_us = call->now_us + BUSY_US;
            break;
        case PLAY_RECONCILE:
            PROMISE("what is sound is reconciled", own.flipped || (call->result == (uint64_t)STATE_OK));
            if (call->result == (uint64_t)STATE_OK) {
                reconciled(call);
            }
            break;
        case PLAY_SET_LIMITS:
            refused = call->result != (uint64_t)DOSE_OK;
            if (!refused) {
                new_limits(play, call);
            }
            break;
        case PLAY_PERMIT:
            refused = call->result == 0u;
            PROMISE("a permit for the next stroke only",
                    own.flipped || (refused == (call->argument != own.starts + 1u)));
            PROMISE("no permit with a wrong safety variable, but for a core that has stopped",
                    refused || (own.words[FAULT] != 0u) || words_right(&own.before.guard, WORDS));
            if (!refused) {
                own.words[PERMITTED] = (uint32_t)call->argument;
            }
            break;
        default:
            refused = call->result != (uint64_t)DOSE_OK;
            PROMISE("a clock that runs back is refused, and no other",
                    own.flipped || ((call->result == (uint64_t)DOSE_E_TIME) == runs_back));
            if (!refused) {
                accepted(call);
            } else if (!runs_back && (call->now_us > own.books.at_us)) {
                // Time passes all the same; check_books() checks the rest.
                books_settle(&own.books, call->now_us);
                untouched = false;
            } else {
                // Nothing at all.
            }
            break;
    }
    PROMISE("a refusal changes nothing", !refused || !untouched ||
                                             ((memcmp(&play->core.dose, &own.before.dose, sizeof(dose_t)) == 0) &&
                                              (memcmp(&play->core.guard, &own.before.guard, sizeof(guard_t)) == 0)));
    arm();
    if (!own.flipped && !own.over) {
        check_books(play, call);
    }
}

void play_before(const play_t *play, const play_call_t *call) {
    (void)call;
    own.before = play->core;
}

static void listen(const play_t *play, const play_call_t *call) {
    if (own.flipped && (own.words[FAULT] == 0u) && (call->name != PLAY_STOP) && (call->name != PLAY_SERVICE)) {
        // The first call that meets the flipped bit latches the fault; these two are judged with its time.
        own.words[FAULT] = play->core.guard.fault.value;
    }
    const bool same = memcmp(&play->core, &own.before, sizeof(core_t)) == 0;
    switch (call->name) {
        case PLAY_STOP:
            stop(call->now_us, (uint32_t)call->argument);
            break;
        case PLAY_SERVICE:
            service(play, call);
            break;
        case PLAY_CONFIRMED:
            own.words[CONFIRMED]++;
            own.delivered[own.armed_kind] += own.unconfirmed ? 1u : 0u;
            own.unconfirmed = false;
            break;
        case PLAY_ENDED:
            own.in_flight = false;
            own.unconfirmed = false;
            break;
        case PLAY_NEXT:
            PROMISE("the next due time is exact", own.flipped || (call->result == own.armed_us));
            PROMISE("asking changes nothing", same);
            break;
        case PLAY_PROMISE:
            PROMISE("a promise is for an hour at most",
                    (call->result != 0u) ==
                        ((call->argument >= call->now_us) && ((call->argument - call->now_us) <= HOUR_US)));
            PROMISE("a refused promise changes nothing", (call->result != 0u) || same);
            own.alive_us = (call->result != 0u) ? (call->argument + GRACE_US) : own.alive_us;
            break;
        case PLAY_ALIVE:
            PROMISE("alive while the promise holds, and not longer",
                    own.flipped ||
                        ((call->result != 0u)
                             ? ((own.words[FAULT] != GUARD_SUPERVISOR) && (call->now_us < own.alive_us))
                             : ((own.words[FAULT] == GUARD_SUPERVISOR) || ((call->now_us + TICK_US) > own.alive_us))));
            break;
        case PLAY_USED:
            // Only as of the books: a stroke that is not entered yet is not in the ring.
            PROMISE("used counts no less than there were",
                    own.flipped || (own.event != CORE_NOTHING) ||
                        (call->result >=
                         started_since(call->now_us, (call->argument == GUARD_DAY_TICKS) ? DAY_US : HOUR_US)));
            break;
        case PLAY_FLIP:
            own.flipped = true;
            break;
        case PLAY_INIT:
        case PLAY_PART:
            break;
        default:
            supervisor(play, call);
            break;
    }
    PROMISE("safety variables", own.flipped || own.over || words_right(&play->core.guard, WORDS));
}

void play_after(const play_t *play, const play_call_t *call) {
    if (play_says_calls) {
        say(call);
    }
    if (call->name == PLAY_INIT) {
        init(play, call);
    } else if (!own.over) {
        listen(play, call);
    }
}
