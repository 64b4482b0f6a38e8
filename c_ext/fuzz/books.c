#include "books.h"

static uint32_t with_temp(const books_t *books, uint32_t rate) {
    uint32_t result = rate;
    if (books->temp == (uint32_t)BASAL_TEMP_RATE) {
        result = books->temp_value;
    } else if (books->temp == (uint32_t)BASAL_TEMP_PERCENT) {
        result = (uint32_t)(((uint64_t)rate * books->temp_value) / 100u);
    } else {
        // As programmed.
    }
    return result;
}

static uint32_t in_force(const books_t *books) {
    return books->suspended ? 0u : with_temp(books, books->rate);
}

static uint64_t first_change_us(const books_t *books) {
    return (books->boundary_us < books->temp_until_us) ? books->boundary_us : books->temp_until_us;
}

// Lets time pass to at_us at the rate in force; strokes that are whole by then belong to the source of that rate.
static void pass(books_t *books, uint64_t at_us) {
    books->total_q += (wide_t)in_force(books) * (wide_t)(at_us - books->at_us);
    const uint64_t whole = (uint64_t)(books->total_q / books->whole_q);
    books->waiting[(books->temp == (uint32_t)BASAL_TEMP_NONE) ? 0 : 1] += (uint32_t)(whole - books->whole_taken);
    books->whole_taken = whole;
    books->at_us = at_us;
}

static void take_effect(books_t *books, uint64_t at_us) {
    if (books->boundary_us == at_us) {
        books->rate = books->boundary_rate;
        books->boundary_us = DOSE_NEVER;
    }
    if (books->temp_until_us == at_us) {
        books->temp = (uint32_t)BASAL_TEMP_NONE;
        books->temp_until_us = DOSE_NEVER;
    }
}

void books_settle(books_t *books, uint64_t now_us) {
    while (first_change_us(books) <= now_us) {
        const uint64_t at_us = first_change_us(books);
        pass(books, at_us);
        take_effect(books, at_us);
    }
    pass(books, now_us);
}

uint32_t books_left(const books_t *books, dose_kind_t kind) {
    const books_ledger_t *ledger = &books->ledger[kind];
    return ledger->programmed - ledger->commanded - ledger->abandoned;
}

// Square strokes that have come to be owed by at_us, taken or not.
static uint32_t square_owed(const books_t *books, uint64_t at_us) {
    const uint64_t passed_us = at_us - books->square_start_us;
    const uint32_t all = books->ledger[DOSE_KIND_SQUARE].programmed;
    return (passed_us >= books->square_duration_us)
               ? all
               : (uint32_t)(((wide_t)all * (wide_t)passed_us) / (wide_t)books->square_duration_us);
}

uint32_t books_square_waiting(const books_t *books) {
    const books_ledger_t *ledger = &books->ledger[DOSE_KIND_SQUARE];
    return (books_left(books, DOSE_KIND_SQUARE) == 0u)
               ? 0u
               : (square_owed(books, books->at_us) - ledger->commanded - ledger->abandoned);
}

void books_end_boluses(books_t *books) {
    books->ledger[DOSE_KIND_NORMAL].abandoned += books_left(books, DOSE_KIND_NORMAL);
    books->ledger[DOSE_KIND_SQUARE].abandoned += books_left(books, DOSE_KIND_SQUARE);
}

void books_suspend(books_t *books, uint64_t now_us) {
    books_settle(books, now_us);
    books->suspended = true;
    books->temp = (uint32_t)BASAL_TEMP_NONE;
    books->temp_until_us = DOSE_NEVER;
    for (uint32_t source = 0u; source < BASAL_SOURCES; source++) {
        books->ledger[source].programmed += books->waiting[source];
        books->ledger[source].abandoned += books->waiting[source];
        books->waiting[source] = 0u;
    }
    books_end_boluses(books);
}

void books_bolus(books_t *books, uint64_t now_us, uint32_t normal, uint32_t square, uint64_t duration_us) {
    books_settle(books, now_us);
    if (normal != 0u) {
        const books_ledger_t begun = {normal, 0u, 0u};
        books->ledger[DOSE_KIND_NORMAL] = begun;
    }
    if (square != 0u) {
        const books_ledger_t begun = {square, 0u, 0u};
        books->ledger[DOSE_KIND_SQUARE] = begun;
        books->square_start_us = now_us;
        books->square_duration_us = duration_us;
    }
}

void books_take(books_t *books, uint64_t at_us, dose_kind_t kind, bool started) {
    books_ledger_t *ledger = &books->ledger[kind];
    books_settle(books, at_us);
    if (kind < DOSE_KIND_NORMAL) {
        books->waiting[kind] -= 1u;
        ledger->programmed += 1u;
    }
    if (started) {
        ledger->commanded += 1u;
        books->slot_us = at_us + books->spacing_us;
    } else if (kind == DOSE_KIND_NORMAL) {
        ledger->abandoned += books_left(books, kind);
    } else {
        ledger->abandoned += 1u;
    }
}

// When basal owes its next stroke: 0 if one waits.
static uint64_t basal_us(const books_t *books, dose_kind_t *kind) {
    books_t then = *books;
    uint64_t at_us = 0u;
    *kind = (then.waiting[0] != 0u) ? DOSE_KIND_BASAL : DOSE_KIND_TEMP;
    if ((then.waiting[0] == 0u) && (then.waiting[1] == 0u)) {
        at_us = DOSE_NEVER;
        while (at_us == DOSE_NEVER) {
            const uint64_t change_us = first_change_us(&then);
            const uint32_t rate = in_force(&then);
            const wide_t missing_q = ((wide_t)then.whole_taken + 1) * then.whole_q - then.total_q;
            const wide_t wait_us = (rate == 0u) ? -1 : ((missing_q + rate - 1) / rate);
            *kind = (then.temp == (uint32_t)BASAL_TEMP_NONE) ? DOSE_KIND_BASAL : DOSE_KIND_TEMP;
            if ((wait_us >= 0) && ((change_us == DOSE_NEVER) || (wait_us <= (wide_t)(change_us - then.at_us)))) {
                at_us = then.at_us + (uint64_t)wait_us;
            } else if (change_us == DOSE_NEVER) {
                break;
            } else {
                pass(&then, change_us);
                take_effect(&then, change_us);
            }
        }
    }
    return at_us;
}

static uint64_t square_us(const books_t *books) {
    const books_ledger_t *ledger = &books->ledger[DOSE_KIND_SQUARE];
    uint64_t at_us = DOSE_NEVER;
    if (books_square_waiting(books) != 0u) {
        at_us = 0u;
    } else if (books_left(books, DOSE_KIND_SQUARE) != 0u) {
        // The nth is owed in full after the fraction n / all of the duration, rounded up to a whole µs.
        const wide_t nth = (wide_t)ledger->commanded + ledger->abandoned + 1;
        const wide_t after = (nth * (wide_t)books->square_duration_us + ledger->programmed - 1) / ledger->programmed;
        at_us = books->square_start_us + (uint64_t)after;
    } else {
        // No square bolus.
    }
    return at_us;
}

uint64_t books_next_us(const books_t *books, dose_kind_t *kind) {
    uint64_t owed_us = 0u;
    if (books_left(books, DOSE_KIND_NORMAL) != 0u) {
        *kind = DOSE_KIND_NORMAL;
    } else {
        const uint64_t spread_us = square_us(books);
        owed_us = basal_us(books, kind);
        if (spread_us < owed_us) {
            owed_us = spread_us;
            *kind = DOSE_KIND_SQUARE;
        }
    }
    owed_us = (owed_us < books->slot_us) ? books->slot_us : owed_us;
    return (owed_us < books->at_us) ? books->at_us : owed_us;
}

uint32_t books_greatest_rate(const books_t *books) {
    const uint32_t planned = (books->boundary_us == DOSE_NEVER) ? 0u : books->boundary_rate;
    const uint32_t programmed = (books->rate > planned) ? books->rate : planned;
    const uint32_t temporary = with_temp(books, programmed);
    return (temporary > programmed) ? temporary : programmed;
}
