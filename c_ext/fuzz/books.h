// books.h: the shadow's own account of what is owed, in 128-bit sums since the beginning and fractions of a duration.
#ifndef RELEVE_BOOKS_H
#define RELEVE_BOOKS_H

#include "dose.h"

__extension__ typedef __int128 wide_t;

typedef struct {
    uint32_t programmed;
    uint32_t commanded;
    uint32_t abandoned;
} books_ledger_t;

typedef struct {
    wide_t whole_q;
    wide_t total_q;        // all basal ever programmed
    uint64_t whole_taken;  // whole strokes of it already counted as owed
    uint64_t at_us;
    uint64_t slot_us;
    uint64_t spacing_us;
    uint64_t boundary_us;  // DOSE_NEVER: none planned
    uint64_t temp_until_us;
    uint32_t rate;
    uint32_t boundary_rate;
    uint32_t temp;  // basal_temp_t
    uint32_t temp_value;
    uint32_t waiting[BASAL_SOURCES];
    books_ledger_t ledger[DOSE_KINDS];
    uint64_t square_start_us;
    uint64_t square_duration_us;
    bool suspended;
} books_t;

void books_settle(books_t *books, uint64_t now_us);
void books_suspend(books_t *books, uint64_t now_us);
void books_end_boluses(books_t *books);
void books_bolus(books_t *books, uint64_t now_us, uint32_t normal, uint32_t square, uint64_t duration_us);
// A stroke of this kind was started or withheld at at_us.
void books_take(books_t *books, uint64_t at_us, dose_kind_t kind, bool started);
// When the next stroke is due, and whose it is.
uint64_t books_next_us(const books_t *books, dose_kind_t *kind);
uint32_t books_left(const books_t *books, dose_kind_t kind);
// Square strokes owed and not taken.
uint32_t books_square_waiting(const books_t *books);
// The highest rate in force or to come, mU/h.
uint32_t books_greatest_rate(const books_t *books);

#endif
