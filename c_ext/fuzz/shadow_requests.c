// shadow_requests.c: the shadow's judgement of the supervisor's calls: what may be accepted, and what it does to the books.
#include <string.h>

#include "shadow.h"

// Every supervisor call begins with this.
static void enter(void) {
    if (shadow.event != CORE_NOTHING) {
        books_take(&shadow.books, shadow.event_us, shadow.armed_kind, shadow.event == CORE_STROKE);
        shadow.event = CORE_NOTHING;
    }
    if (shadow.words[FAULT] != 0u) {
        books_settle(&shadow.books, (shadow.stopped_us < shadow.books.at_us) ? shadow.books.at_us : shadow.stopped_us);
        if (!shadow.books.suspended) {
            books_suspend(&shadow.books, shadow.books.at_us);
        }
    }
}

// Every supervisor call ends with this.
static void arm(void) {
    shadow.armed_us = DOSE_NEVER;
    if (!shadow.in_flight && (shadow.words[FAULT] == 0u) && (shadow.words[PERMITTED] != shadow.starts)) {
        shadow.armed_us = books_next_us(&shadow.books, &shadow.armed_kind);
    }
}

static void temporary(const play_call_t *call) {
    PROMISE("a temporary rate for up to a day, while running",
            !shadow.books.suspended && (call->second != 0u) && (call->second <= DAY_US));
    PROMISE("a temporary rate of a known kind",
            (call->temp == BASAL_TEMP_RATE) || ((call->temp == BASAL_TEMP_PERCENT) && (call->third <= 200u)));
    shadow.books.temp = (uint32_t)call->temp;
    shadow.books.temp_value = call->third;
    shadow.books.temp_until_us = call->now_us + call->second;
}

static void bolus(const play_call_t *call) {
    const uint32_t normal = (uint32_t)call->argument;
    const uint32_t square = call->third;
    const uint64_t all = (uint64_t)normal + square;
    PROMISE("no bolus while suspended, none of nothing", !shadow.books.suspended && (all != 0u));
    PROMISE("one bolus of a kind at a time",
            ((normal == 0u) || (books_left(&shadow.books, DOSE_KIND_NORMAL) == 0u)) &&
                ((square == 0u) || (books_left(&shadow.books, DOSE_KIND_SQUARE) == 0u)));
    PROMISE("a square bolus lasts half an hour to a day",
            (square == 0u) ? (call->second == 0u) : ((call->second >= (HOUR_US / 2u)) && (call->second <= DAY_US)));
    PROMISE("bolus within the limit", shadow.flipped || (all <= shadow.words[BOLUS]));
    PROMISE("bolus within the caps",
            shadow.flipped || (((shadow_started_since(call->now_us, HOUR_US) + normal) <= shadow.words[HOUR]) &&
                               ((shadow_started_since(call->now_us, DAY_US) + normal) <= shadow.words[DAY]) &&
                               (all <= shadow.words[DAY])));
    books_bolus(&shadow.books, call->now_us, normal, square, call->second);
    shadow.delivered[DOSE_KIND_NORMAL] = (normal != 0u) ? 0u : shadow.delivered[DOSE_KIND_NORMAL];
    shadow.delivered[DOSE_KIND_SQUARE] = (square != 0u) ? 0u : shadow.delivered[DOSE_KIND_SQUARE];
}

// A request that was accepted.
static void accepted(const play_call_t *call) {
    books_t *books = &shadow.books;
    PROMISE("nothing is accepted after a fault", shadow.words[FAULT] == 0u);
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
    PROMISE("no rate above the limit", shadow.flipped || (books_greatest_rate(books) <= shadow.words[BASAL]));
}

static void new_limits(const play_t *play, const play_call_t *call) {
    PROMISE("limits within the hard ones",
            (call->limits.max_basal_mu_per_h <= 35000u) && (call->limits.max_bolus_mu <= 40000u) &&
                (call->limits.max_hour_mu <= 60000u) && (call->limits.max_day_mu <= 500000u));
    PROMISE("limits not below a rate", books_greatest_rate(&shadow.books) <= call->limits.max_basal_mu_per_h);
    shadow_limits(play, &call->limits);
    PROMISE("limits that the history holds",
            (shadow.words[HOUR] <= play->config.history_length) && (shadow.words[DAY] <= play->config.history_length));
}

static void check_books(const play_t *play, const play_call_t *call) {
    const dose_t *dose = &play->core.dose;
    for (uint32_t kind = 0u; kind < DOSE_KINDS; kind++) {
        const ledger_t *held = &dose->ledger[kind];
        const books_ledger_t *right = &shadow.books.ledger[kind];
        PROMISE("the ledgers", (held->programmed == right->programmed) && (held->commanded == right->commanded) &&
                                   (held->abandoned == right->abandoned) &&
                                   (held->delivered == shadow.delivered[kind]));
        PROMISE("no more delivered than commanded", held->delivered <= held->commanded);
        PROMISE("all that was programmed is accounted for",
                ((uint64_t)held->commanded + held->abandoned + held->remaining) == held->programmed);
    }
    PROMISE("basal strokes that wait",
            (dose->basal.waiting[0] == shadow.books.waiting[0]) && (dose->basal.waiting[1] == shadow.books.waiting[1]));
    PROMISE("square strokes that wait", dose->square_waiting == books_square_waiting(&shadow.books));
    PROMISE("never ahead", shadow.books.total_q >= (wide_t)shadow.books.whole_taken * shadow.books.whole_q);
    PROMISE("suspended", (dose->basal.paused != 0u) == shadow.books.suspended);
    PROMISE("a bolus runs as long as strokes are to come",
            ((books_left(&shadow.books, DOSE_KIND_NORMAL) != 0u) ==
             (dose->ledger[DOSE_KIND_NORMAL].reason == (uint32_t)DOSE_REASON_RUNNING)) &&
                ((books_left(&shadow.books, DOSE_KIND_SQUARE) != 0u) ==
                 (dose->ledger[DOSE_KIND_SQUARE].reason == (uint32_t)DOSE_REASON_RUNNING)));
    PROMISE("a temporary rate runs until it ends",
            (shadow.books.temp != (uint32_t)BASAL_TEMP_NONE) ==
                (dose->ledger[DOSE_KIND_TEMP].reason == (uint32_t)DOSE_REASON_RUNNING));
    PROMISE("the stroke that is armed",
            (play->core.armed_us == shadow.armed_us) &&
                ((shadow.armed_us == DOSE_NEVER) || (play->core.armed_kind == shadow.armed_kind)));
}

static void reconciled(const play_call_t *call) {
    const int64_t apart = (int64_t)shadow.words[COMMANDED] - (int64_t)shadow.words[CONFIRMED];
    const int64_t most = (int64_t)call->argument;
    if ((shadow.words[FAULT] == (uint32_t)GUARD_COUNT_FAULT) || (apart > most) || (apart < -most)) {
        shadow.words[CONFIRMED] = shadow.words[COMMANDED];
    }
    shadow.words[FAULT] = 0u;
    books_settle(&shadow.books, call->now_us);
    shadow.alive_us = call->now_us + BUSY_US;
}

// A supervisor call: the books have been settled, then this happened, at the call's time or, if the books are later, at
// theirs.
void shadow_supervisor(const play_t *play, const play_call_t *told) {
    const bool runs_back = (told->now_us + BUSY_US) < shadow.books.at_us;
    play_call_t made = *told;
    const play_call_t *call = &made;
    bool untouched = (shadow.before.event == (uint8_t)CORE_NOTHING) && (shadow.words[FAULT] == 0u) && !shadow.flipped;
    bool refused = false;
    enter();
    made.now_us = (made.now_us < shadow.books.at_us) ? shadow.books.at_us : made.now_us;
    switch (call->name) {
        case PLAY_SETTLE:
            PROMISE("the present is settled", shadow.flipped || ((call->result != (uint64_t)DOSE_OK) == runs_back));
            if (call->result == (uint64_t)DOSE_OK) {
                books_settle(&shadow.books, call->now_us);
                shadow.alive_us = call->now_us + BUSY_US;
            }
            break;
        case PLAY_RELOAD:
            PROMISE("a saved state comes back", shadow.flipped || (call->result == (uint64_t)STATE_OK));
            shadow.over = call->result != (uint64_t)STATE_OK;
            books_settle(&shadow.books, call->now_us);
            shadow.alive_us = call->now_us + BUSY_US;
            break;
        case PLAY_RECONCILE:
            PROMISE("what is sound is reconciled", shadow.flipped || (call->result == (uint64_t)STATE_OK));
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
                    shadow.flipped || (refused == (call->argument != shadow.starts + 1u)));
            PROMISE("no permit with a wrong safety variable, but for a core that has stopped",
                    refused || (shadow.words[FAULT] != 0u) || shadow_words_right(&shadow.before.guard, WORDS));
            if (!refused) {
                shadow.words[PERMITTED] = (uint32_t)call->argument;
            }
            break;
        default:
            refused = call->result != (uint64_t)DOSE_OK;
            PROMISE("a clock that runs back is refused, and no other",
                    shadow.flipped || ((call->result == (uint64_t)DOSE_E_TIME) == runs_back));
            if (!refused) {
                accepted(call);
            } else if (!runs_back && (call->now_us > shadow.books.at_us)) {
                // Time passes all the same; check_books() checks the rest.
                books_settle(&shadow.books, call->now_us);
                untouched = false;
            } else {
                // Nothing at all.
            }
            break;
    }
    PROMISE("a refusal changes nothing", !refused || !untouched ||
                                             ((memcmp(&play->core.dose, &shadow.before.dose, sizeof(dose_t)) == 0) &&
                                              (memcmp(&play->core.guard, &shadow.before.guard, sizeof(guard_t)) == 0)));
    arm();
    if (!shadow.flipped && !shadow.over) {
        check_books(play, call);
    }
}
