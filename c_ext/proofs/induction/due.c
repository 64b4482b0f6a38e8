// An armed stroke is owed at its due time and not a microsecond earlier: the prediction of basal_due_us() is compared with
// the books that basal_settle() keeps, across a pattern boundary and the end of a temporary rate, in any order.
//
// The real pace.c, with small numbers (a stroke of WHOLE quanta, rates up to RATE_MAX, times up to SPAN_MAX_US), so that the
// divisions can be followed, and for the same reason 16 bits for 64. Nothing in the C depends on the size of the numbers;
// that they are exact at every size is proved separately (tools/core/proofs/numbers.py).

#include "proof.h"

#define uint64_t uint16_t
#undef UINT64_MAX
#define UINT64_MAX UINT16_MAX

#include "basal.c"
#include "pace.c"

#ifndef SPAN_MAX_US
#define WHOLE 7u
#define RATE_MAX 3u
#define SPAN_MAX_US 10u
#endif

static uint64_t a_change(const basal_t *basal) {
    const uint64_t at_us = any_u64();
    ASSUME((at_us == PACE_NEVER) || ((at_us > basal->at_us) && (at_us <= SPAN_MAX_US)));
    return at_us;
}

static basal_t any_basal(void) {
    basal_t basal;
    ASSUME(basal.at_us < SPAN_MAX_US);
    basal.pace.whole_q = WHOLE;
    ASSUME(basal.pace.owed_q < WHOLE);
    basal.waiting[BASAL_PROGRAMMED] = 0u;
    basal.waiting[BASAL_TEMPORARY] = 0u;
    basal.schedule.boundary_us = a_change(&basal);
    ASSUME((basal.schedule.rate_mu_per_h <= RATE_MAX) && (basal.schedule.boundary_mu_per_h <= RATE_MAX));
    basal.schedule.temp_until_us = a_change(&basal);
    if (basal.schedule.temp_until_us == PACE_NEVER) {
        basal.schedule.temp = BASAL_TEMP_NONE;
    } else {
        basal.schedule.temp = BASAL_TEMP_RATE;
    }
    ASSUME(basal.schedule.temp_value <= RATE_MAX);
    ASSUME(basal.paused <= 1u);
    enforce(&basal);
    return basal;
}

static void call_due(void) {
    basal_t late = any_basal();
    basal_t early = late;
    basal_source_t source;
    const uint64_t due_us = basal_due_us(&late, &source);
    const uint64_t then_us = any_u64();
    ASSUME((then_us >= late.at_us) && (then_us <= (2u * SPAN_MAX_US)));
    if (then_us >= due_us) {
        (void)basal_settle(&late, then_us);
        PROVE(late.waiting[source] >= 1u, "a stroke is owed from its due instant on, by the source named");
    } else {
        (void)basal_settle(&early, then_us);
        PROVE((early.waiting[0] == 0u) && (early.waiting[1] == 0u), "before the due instant none is owed");
        const basal_t settled = early;
        basal_source_t again;
        PROVE(basal_due_us(&settled, &again) == due_us, "settling in between does not move the due instant");
    }
}

int main(void) {
    CALL();
    return 0;
}
