// requests.c: the supervisor's requests and the interrupt's events: each argument checked, then one call of the core.
#include "core_object.h"
#include "py/runtime.h"

// The common part of the requests without arguments.
static mp_obj_t simple(dose_result_t (*request)(core_t *core, uint64_t now_us), mp_obj_t self, mp_obj_t now_object) {
    core_t *core = dosecore_get(self);
    const uint64_t now_us = dosecore_get_u64(now_object);
    dose_result_t result;
    MASKED(result = request(core, now_us));
    return MP_OBJ_NEW_SMALL_INT(result);
}

static mp_obj_t py_settle(mp_obj_t self, mp_obj_t now_us) {
    return simple(core_settle, self, now_us);
}
MP_DEFINE_CONST_FUN_OBJ_2(dosecore_settle_obj, py_settle);

static mp_obj_t py_promise(mp_obj_t self, mp_obj_t now_object, mp_obj_t back_object) {
    core_t *core = dosecore_get(self);
    const uint64_t now_us = dosecore_get_u64(now_object);
    const uint64_t back_us = dosecore_get_u64(back_object);
    bool promised;
    MASKED(promised = core_promise(core, now_us, back_us));
    return mp_obj_new_bool(promised);
}
MP_DEFINE_CONST_FUN_OBJ_3(dosecore_promise_obj, py_promise);

static mp_obj_t py_alive(mp_obj_t self, mp_obj_t now_object) {
    const core_t *core = dosecore_get(self);
    const uint64_t now_us = dosecore_get_u64(now_object);
    bool alive;
    MASKED(alive = core_alive(core, now_us));
    return mp_obj_new_bool(alive);
}
MP_DEFINE_CONST_FUN_OBJ_2(dosecore_alive_obj, py_alive);

static mp_obj_t py_set_basal(mp_obj_t self, mp_obj_t now_object, mp_obj_t rate_object) {
    core_t *core = dosecore_get(self);
    const uint64_t now_us = dosecore_get_u64(now_object);
    const uint32_t rate_mu_per_h = dosecore_get_u32(rate_object);
    dose_result_t result;
    MASKED(result = core_set_basal(core, now_us, rate_mu_per_h));
    return MP_OBJ_NEW_SMALL_INT(result);
}
MP_DEFINE_CONST_FUN_OBJ_3(dosecore_set_basal_obj, py_set_basal);

static mp_obj_t py_plan_basal(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    core_t *core = dosecore_get(args[0]);
    const uint64_t now_us = dosecore_get_u64(args[1]);
    const uint64_t boundary_us = dosecore_get_u64(args[2]);
    const uint32_t rate_mu_per_h = dosecore_get_u32(args[3]);
    dose_result_t result;
    MASKED(result = core_plan_basal(core, now_us, boundary_us, rate_mu_per_h));
    return MP_OBJ_NEW_SMALL_INT(result);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(dosecore_plan_basal_obj, 4, 4, py_plan_basal);

// temp_basal(now_us, kind, value, duration_us): kind 1 a rate in mU/h, 2 percent of the programmed rate.
static mp_obj_t py_temp_basal(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    core_t *core = dosecore_get(args[0]);
    const uint64_t now_us = dosecore_get_u64(args[1]);
    const basal_temp_t kind = (basal_temp_t)dosecore_get_u32(args[2]);
    const uint32_t value = dosecore_get_u32(args[3]);
    const uint64_t duration_us = dosecore_get_u64(args[4]);
    dose_result_t result;
    MASKED(result = core_temp_basal(core, now_us, kind, value, duration_us));
    return MP_OBJ_NEW_SMALL_INT(result);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(dosecore_temp_basal_obj, 5, 5, py_temp_basal);

static mp_obj_t py_cancel_temp(mp_obj_t self, mp_obj_t now_us) {
    return simple(core_cancel_temp, self, now_us);
}
MP_DEFINE_CONST_FUN_OBJ_2(dosecore_cancel_temp_obj, py_cancel_temp);

// bolus(now_us, normal strokes, square strokes=0, duration_us=0)
static mp_obj_t py_bolus(size_t n_args, const mp_obj_t *args) {
    const uint32_t square = (n_args > 3u) ? dosecore_get_u32(args[3]) : 0u;
    const uint64_t duration_us = (n_args > 4u) ? dosecore_get_u64(args[4]) : 0u;
    core_t *core = dosecore_get(args[0]);
    const uint64_t now_us = dosecore_get_u64(args[1]);
    const uint32_t normal = dosecore_get_u32(args[2]);
    dose_result_t result;
    MASKED(result = core_bolus(core, now_us, normal, square, duration_us));
    return MP_OBJ_NEW_SMALL_INT(result);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(dosecore_bolus_obj, 3, 5, py_bolus);

static mp_obj_t py_cancel_bolus(mp_obj_t self, mp_obj_t now_us) {
    return simple(core_cancel_bolus, self, now_us);
}
MP_DEFINE_CONST_FUN_OBJ_2(dosecore_cancel_bolus_obj, py_cancel_bolus);

static mp_obj_t py_suspend(mp_obj_t self, mp_obj_t now_us) {
    return simple(core_suspend, self, now_us);
}
MP_DEFINE_CONST_FUN_OBJ_2(dosecore_suspend_obj, py_suspend);

static mp_obj_t py_resume(mp_obj_t self, mp_obj_t now_us) {
    return simple(core_resume, self, now_us);
}
MP_DEFINE_CONST_FUN_OBJ_2(dosecore_resume_obj, py_resume);

// set_limits(basal_mu_per_h, bolus_mu, hour_mu, day_mu) -> (code, number of the refused limit)
static mp_obj_t py_set_limits(size_t n_args, const mp_obj_t *args) {
    (void)n_args;
    const guard_limits_t limits = {dosecore_get_u32(args[1]), dosecore_get_u32(args[2]), dosecore_get_u32(args[3]),
                                   dosecore_get_u32(args[4])};
    uint32_t refused = 0u;
    core_t *core = dosecore_get(args[0]);
    dose_result_t result;
    MASKED(result = core_set_limits(core, &limits, &refused));
    mp_obj_t items[2] = {MP_OBJ_NEW_SMALL_INT(result), MP_OBJ_NEW_SMALL_INT(refused)};
    return mp_obj_new_tuple(2, items);
}
MP_DEFINE_CONST_FUN_OBJ_VAR_BETWEEN(dosecore_set_limits_obj, 5, 5, py_set_limits);

static mp_obj_t py_permit(mp_obj_t self, mp_obj_t stroke_object) {
    core_t *core = dosecore_get(self);
    const uint32_t stroke = dosecore_get_u32(stroke_object);
    bool permitted;
    MASKED(permitted = core_permit(core, stroke));
    return mp_obj_new_bool(permitted);
}
MP_DEFINE_CONST_FUN_OBJ_2(dosecore_permit_obj, py_permit);

static mp_obj_t py_stop(mp_obj_t self, mp_obj_t now_us, mp_obj_t fault) {
    const uint32_t code = dosecore_get_u32(fault);
    if ((code < (uint32_t)GUARD_MEMORY_FAULT) || (code > (uint32_t)GUARD_SUPERVISOR)) {
        mp_raise_ValueError(MP_ERROR_TEXT("not a fault code"));
    }
    core_t *core = dosecore_get(self);
    const uint64_t at_us = dosecore_get_u64(now_us);
    MASKED(core_stop(core, at_us, (guard_verdict_t)code));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_3(dosecore_stop_obj, py_stop);

static mp_obj_t py_next_us(mp_obj_t self) {
    const core_t *core = dosecore_get(self);
    uint64_t due_us;
    MASKED(due_us = core_next_us(core));
    return dosecore_new_due(due_us);
}
MP_DEFINE_CONST_FUN_OBJ_1(dosecore_next_us_obj, py_next_us);

static mp_obj_t py_service(mp_obj_t self, mp_obj_t now_object) {
    core_t *core = dosecore_get(self);
    const uint64_t now_us = dosecore_get_u64(now_object);
    core_action_t action;
    MASKED(action = core_service(core, now_us));
    return MP_OBJ_NEW_SMALL_INT(action);
}
MP_DEFINE_CONST_FUN_OBJ_2(dosecore_service_obj, py_service);

static mp_obj_t py_confirmed(mp_obj_t self) {
    core_t *core = dosecore_get(self);
    MASKED(core_stroke_confirmed(core));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(dosecore_confirmed_obj, py_confirmed);

static mp_obj_t py_ended(mp_obj_t self) {
    core_t *core = dosecore_get(self);
    MASKED(core_stroke_ended(core));
    return mp_const_none;
}
MP_DEFINE_CONST_FUN_OBJ_1(dosecore_ended_obj, py_ended);
