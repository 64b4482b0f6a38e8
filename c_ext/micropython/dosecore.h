// dosecore.h: what a board's own C (its stroke interrupt, its idle) needs of the MicroPython module.
#ifndef RELEVE_DOSECORE_H
#define RELEVE_DOSECORE_H

#include "../core/core.h"
#include "py/obj.h"

// The core inside a dosecore.Core object; raises TypeError for anything else.
core_t *dosecore_get(mp_obj_t object);

// Motor steps of a stroke and how long they take; the object is a dosecore.Core.
uint32_t dosecore_steps(mp_obj_t object);
uint32_t dosecore_burst_us(mp_obj_t object);

// The plan of a stroke: the periods into period_us, returns how many. The object is a dosecore.Core.
uint32_t dosecore_plan(mp_obj_t object, uint16_t period_us[MOTION_STEPS_MAX]);

// A time or count from Python: raises ValueError if negative or above 2^64 - 1.
uint64_t dosecore_get_u64(mp_obj_t object);

// A time or count for Python: a small integer wherever it fits one, which nothing has to be allocated for.
// MicroPython's own mp_obj_new_int_from_ull() makes a long one of any value, and all that is worked out from it is long.
mp_obj_t dosecore_new_u64(uint64_t value);

// Around every call of the supervisor: where the core's interrupt is a real one the board keeps it out meanwhile.
#if DOSECORE_MASKED
void dosecore_mask(void);
void dosecore_unmask(void);
#else
static inline void dosecore_mask(void) {
}
static inline void dosecore_unmask(void) {
}
#endif

#endif
