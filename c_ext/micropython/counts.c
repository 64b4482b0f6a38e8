// counts.c: strokes ordered against strokes seen; a stroke that is forgiven, a fault that is cleared.
#include "../core/state.h"
#include "core_object.h"
#include "py/runtime.h"

// Strokes in a row, each seen, before a difference of one is forgiven: docs/adr/0009.
#define FORGIVE_STROKES 100u

// clear_fault(now_us) -> 0, or the number of the invariant that does not hold; then the fault stays.
static mp_obj_t py_clear_fault(mp_obj_t self, mp_obj_t now_object) {
    core_t *core = dosecore_get(self);
    const uint64_t now_us = dosecore_get_u64(now_object);
    state_invariant_t broken;
    MASKED(broken = state_reconcile(core, now_us, 1u));
    return MP_OBJ_NEW_SMALL_INT(broken);
}
MP_DEFINE_CONST_FUN_OBJ_2(dosecore_clear_fault_obj, py_clear_fault);

static int32_t compare_counts(dosecore_obj_t *self) {
    const guard_t *guard = &self->core.guard;
    const uint32_t commanded = guard->commanded.value;
    const int32_t apart = (int32_t)(commanded - guard->confirmed.value - self->core.unconfirmed);
    const uint32_t more = commanded - self->looked;
    self->agreed = ((apart == self->apart) && (more <= 1u)) ? (self->agreed + more) : 0u;
    self->apart = apart;
    self->looked = commanded;
    return apart;
}

// apart() -> strokes ordered minus strokes seen, without the one in progress. To be called after every stroke.
static mp_obj_t py_apart(mp_obj_t self_object) {
    (void)dosecore_get(self_object);
    int32_t apart;
    MASKED(apart = compare_counts(MP_OBJ_TO_PTR(self_object)));
    return mp_obj_new_int(apart);
}
MP_DEFINE_CONST_FUN_OBJ_1(dosecore_apart_obj, py_apart);

static uint32_t strokes_over(const core_t *core) {
    return core->guard.commanded.value - core->in_flight;
}

// over() -> strokes that have started and are over
static mp_obj_t py_over(mp_obj_t self_object) {
    const core_t *core = dosecore_get(self_object);
    uint32_t over;
    MASKED(over = strokes_over(core));
    return mp_obj_new_int_from_uint(over);
}
MP_DEFINE_CONST_FUN_OBJ_1(dosecore_over_obj, py_over);

static bool forgive(dosecore_obj_t *self, uint64_t now_us) {
    core_t *core = &self->core;
    const int32_t stood = self->apart;
    const int32_t apart = compare_counts(self);
    bool forgiven = (self->agreed >= FORGIVE_STROKES) && (apart == stood) && ((apart == 1) || (apart == -1)) &&
                    !guard_faulted(&core->guard) && (core->in_flight == 0u);
    if (forgiven) {
        forgiven = state_reconcile(core, now_us, 0u) == STATE_OK;
        self->apart = 0;
        self->agreed = 0u;
    }
    return forgiven;
}

// forgive(now_us) -> bool: if the counts differ by one stroke and the rule allows it, a missed stroke counts as seen
// from now on, or a surplus one as not seen.
static mp_obj_t py_forgive(mp_obj_t self_object, mp_obj_t now_object) {
    (void)dosecore_get(self_object);
    const uint64_t now_us = dosecore_get_u64(now_object);
    bool forgiven;
    MASKED(forgiven = forgive(MP_OBJ_TO_PTR(self_object), now_us));
    return mp_obj_new_bool(forgiven);
}
MP_DEFINE_CONST_FUN_OBJ_2(dosecore_forgive_obj, py_forgive);
