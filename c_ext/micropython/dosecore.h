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

// A time or count from Python: raises ValueError if negative or above 2^64 - 1.
uint64_t dosecore_get_u64(mp_obj_t object);

#endif
