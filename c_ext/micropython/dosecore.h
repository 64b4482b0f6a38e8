// dosecore.h: the functions of the MicroPython module that a board's own C (its stroke interrupt, its idle) needs.
#ifndef RELEVE_DOSECORE_H
#define RELEVE_DOSECORE_H

#include "../core/core.h"
#include "py/obj.h"

// The core inside a dosecore.Core object; raises TypeError for anything else.
core_t *dosecore_get(mp_obj_t object);

// The number of motor steps in a stroke, and their duration; the object is a dosecore.Core.
uint32_t dosecore_steps(mp_obj_t object);
uint32_t dosecore_burst_us(mp_obj_t object);

// Copies the plan of a stroke, its periods, into period_us; returns their number. The object is a dosecore.Core.
uint32_t dosecore_plan(mp_obj_t object, uint16_t period_us[MOTION_STEPS_MAX]);

// A time or count from Python: raises ValueError if negative or above 2^64 - 1.
uint64_t dosecore_get_u64(mp_obj_t object);

// A time or count for Python: a small integer wherever it fits, which needs no allocation. MicroPython's own
// mp_obj_new_int_from_ull() makes a long integer of any value, and everything computed from it is long too.
mp_obj_t dosecore_new_u64(uint64_t value);

// Called around every supervisor call: a board on which the core's interrupt is a real one masks it meanwhile.
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
