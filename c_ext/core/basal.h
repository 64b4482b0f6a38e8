// basal.h: basal insulin: the programmed rate, the next pattern boundary, a temporary rate.
//
// Boundaries take effect at their own microsecond, however late the supervisor is: basal_settle() enters them in order,
// and basal_due_us() looks beyond them, so that the stroke armed ahead is the right one. Main context throughout.
//
// Implements: DOSE-1, DOSE-2, DOSE-3 (basal, temporary basal), DOSE-5
#ifndef RELEVE_BASAL_H
#define RELEVE_BASAL_H

#include <stdbool.h>
#include <stdint.h>

#include "pace.h"

// Which ledger a stroke belongs to.
typedef enum { BASAL_PROGRAMMED = 0, BASAL_TEMPORARY = 1 } basal_source_t;
#define BASAL_SOURCES 2u

typedef enum { BASAL_TEMP_NONE = 0, BASAL_TEMP_RATE, BASAL_TEMP_PERCENT } basal_temp_t;
#define BASAL_PERCENT_MAX 200u
#define BASAL_AHEAD_MAX_US 86400000000u  // a day: how far ahead anything may be ordered

typedef struct {
    uint64_t boundary_us;        // when the programmed rate changes to boundary_mu_per_h; PACE_NEVER: not planned
    uint64_t temp_until_us;      // end of the temporary rate; PACE_NEVER: there is none
    uint32_t rate_mu_per_h;      // programmed
    uint32_t boundary_mu_per_h;  // 0 if not planned
    uint32_t temp_value;         // mU/h or percent
    uint32_t temp;               // basal_temp_t
} basal_schedule_t;

typedef struct {
    pace_t pace;                      // at the rate in force
    basal_schedule_t schedule;        // as it stands at at_us
    uint64_t at_us;                   // settled up to here
    uint32_t waiting[BASAL_SOURCES];  // whole strokes owed and not yet taken, by source
    uint32_t paused;                  // 0 or 1: suspended, the rate in force is 0
} basal_t;

// May something be ordered so far ahead, or for so long? 1 µs … BASAL_AHEAD_MAX_US.
bool basal_ahead(uint64_t span_us);

// Rate 0, nothing owed; *basal is all zero before. stroke_uu > 0.
void basal_init(basal_t *basal, uint64_t now_us, uint32_t stroke_uu);

// Brings the books up to now_us >= at_us. Returns true if a temporary rate has ended by itself. At most two changes can
// occur: a boundary and that end.
bool basal_settle(basal_t *basal, uint64_t now_us);

// The following are called on a basal settled at the present time.
void basal_set_rate(basal_t *basal, uint32_t rate_mu_per_h);  // forgets a planned boundary
void basal_plan(basal_t *basal, uint64_t boundary_us, uint32_t rate_mu_per_h);
void basal_set_temp(basal_t *basal, basal_temp_t temp, uint32_t value, uint64_t until_us);
void basal_end_temp(basal_t *basal);
void basal_pause(basal_t *basal, bool paused);

// The rate in force: programmed or temporary (percent rounded down to a whole mU/h), 0 while paused.
uint32_t basal_in_force_mu_per_h(const basal_t *basal);

// The highest rate that could come into force with this temporary rate, if the rates of the schedule and rate_mu_per_h
// were programmed, mU/h.
uint32_t basal_greatest_mu_per_h(const basal_schedule_t *schedule, uint32_t temp, uint32_t value,
                                 uint32_t rate_mu_per_h);

// When the next stroke is owed: basal->at_us if one waits, PACE_NEVER if none will come. *source says whose it is.
uint64_t basal_due_us(const basal_t *basal, basal_source_t *source);

#endif
