// One step of the induction: from any state that satisfies the invariant, one call (CALL) with any arguments leads to a
// state that satisfies it; the call's own promises hold too. With core_init() as the base case the invariant holds for
// ever, after any sequence of calls.
//
// Every call is compiled with the core's own sources; pace.c is replaced by its contract. The history may have any length
// up to RING entries, and any content.

#include "core.h"
#include "pace_contract.c"
#include "proof.h"

// The annotations that are put into the core's sources (abstract.acsl) call these.
static bool halfway;
static void prove_halfway(const core_t *at);
static void assume_a_lifetime(const core_t *core);
static void percents_grow_in(const basal_schedule_t *schedule, uint32_t percent, uint32_t rate);

#include "basal.c"
#include "core.c"
#include "dose.c"
#include "guard.c"
#include "invariant.h"
#include "ledger.c"
#include "state.c"

#ifndef FAULTED
#define FAULTED 0
#endif
#ifndef RING
#define RING 8u
#endif
static uint32_t history[RING];

#include "promises.h"

static void any_state(void) {
    core_t any;
    uint32_t any_history[RING];
    for (uint32_t i = 0u; i < RING; i++) {
        history[i] = any_history[i];
    }
    core = any;
    core.guard.history = history;
    ASSUME(core.guard.history_length.value <= RING);
    assume_a_lifetime(&core);
    assume_invariant(&core);
    before = core;
}

int main(void) {
    any_state();
    percents_grow(0u, 0u);
    CALL();
    prove_invariant(&core);
    return 0;
}
