// dosecore.c: the MicroPython binding of the dose core: the object, its numbers, and the module.
//
// Core(stroke_nl=500, concentration_u_per_ml=400, spacing_us=0, motor=(steps, start_hz, max_hz, accel_hz_per_s),
//      history=2500, now_us=0). Methods mirror c_ext.host.Core on CPython, so that one vector file drives both.
#include "dosecore.h"

#include <string.h>

#include "../core/state.h"
#include "core_object.h"
#include "py/objint.h"
#include "py/runtime.h"
#include "py/smallint.h"

static const mp_obj_type_t dosecore_core_type;

core_t *dosecore_get(mp_obj_t object) {
    if (!mp_obj_is_type(object, &dosecore_core_type)) {
        mp_raise_TypeError(MP_ERROR_TEXT("not a dosecore.Core"));
    }
    dosecore_obj_t *self = MP_OBJ_TO_PTR(object);
    return &self->core;
}

uint32_t dosecore_steps(mp_obj_t object) {
    const dosecore_obj_t *self = MP_OBJ_TO_PTR(object);
    return self->steps;
}

uint32_t dosecore_burst_us(mp_obj_t object) {
    const dosecore_obj_t *self = MP_OBJ_TO_PTR(object);
    return self->burst_us;
}

uint32_t dosecore_plan(mp_obj_t object, uint16_t period_us[MOTION_STEPS_MAX]) {
    const dosecore_obj_t *self = MP_OBJ_TO_PTR(object);
    memcpy(period_us, self->period_us, sizeof(self->period_us));
    return self->steps;
}

uint64_t dosecore_get_u64(mp_obj_t object) {
    uint64_t value = 0u;
    if (mp_obj_is_small_int(object)) {
        const mp_int_t small = MP_OBJ_SMALL_INT_VALUE(object);
        if (small < 0) {
            mp_raise_ValueError(MP_ERROR_TEXT("negative time or count"));
        }
        value = (uint64_t)small;
    } else if (mp_obj_is_int(object)) {
        byte bytes[8];
        if ((mp_obj_int_sign(object) < 0) || !mp_obj_int_to_bytes_impl(object, false, sizeof(bytes), bytes)) {
            mp_raise_ValueError(MP_ERROR_TEXT("time or count outside 0..2^64-1"));
        }
        for (size_t i = sizeof(bytes); i > 0u; i--) {
            value = (value << 8u) | bytes[i - 1u];
        }
    } else {
        mp_raise_TypeError(MP_ERROR_TEXT("time or count is not an int"));
    }
    return value;
}

mp_obj_t dosecore_new_u64(uint64_t value) {
    return (value <= (uint64_t)MP_SMALL_INT_MAX) ? MP_OBJ_NEW_SMALL_INT((mp_int_t)value)
                                                 : mp_obj_new_int_from_ull(value);
}

uint32_t dosecore_get_u32(mp_obj_t object) {
    const uint64_t value = dosecore_get_u64(object);
    if (value > UINT32_MAX) {
        mp_raise_ValueError(MP_ERROR_TEXT("value above 2^32-1"));
    }
    return (uint32_t)value;
}

mp_obj_t dosecore_new_due(uint64_t due_us) {
    return (due_us == DOSE_NEVER) ? MP_OBJ_NEW_SMALL_INT(-1) : dosecore_new_u64(due_us);
}

static mp_obj_t core_make_new(const mp_obj_type_t *type, size_t n_args, size_t n_kw, const mp_obj_t *all_args) {
    enum { ARG_stroke_nl, ARG_concentration, ARG_spacing_us, ARG_motor, ARG_history, ARG_now_us };
    static const mp_arg_t allowed[] = {
        {MP_QSTR_stroke_nl, MP_ARG_INT, {.u_int = 500}},
        {MP_QSTR_concentration_u_per_ml, MP_ARG_INT, {.u_int = 400}},
        {MP_QSTR_spacing_us, MP_ARG_INT, {.u_int = 0}},
        {MP_QSTR_motor, MP_ARG_OBJ | MP_ARG_REQUIRED, {.u_rom_obj = MP_ROM_NONE}},
        {MP_QSTR_history, MP_ARG_INT, {.u_int = 2500}},
        {MP_QSTR_now_us, MP_ARG_OBJ, {.u_rom_obj = MP_ROM_INT(0)}},
    };
    mp_arg_val_t args[MP_ARRAY_SIZE(allowed)];
    mp_arg_parse_all_kw_array(n_args, n_kw, all_args, MP_ARRAY_SIZE(allowed), allowed, args);
    mp_obj_t *motor = NULL;
    mp_obj_get_array_fixed_n(args[ARG_motor].u_obj, 4, &motor);
    if ((args[ARG_history].u_int <= 0) || (args[ARG_history].u_int > 1000000) || (args[ARG_stroke_nl].u_int < 0) ||
        (args[ARG_concentration].u_int < 0) || (args[ARG_spacing_us].u_int < 0)) {
        mp_raise_ValueError(MP_ERROR_TEXT("core configuration out of range"));
    }
    const motion_motor_t constants = {dosecore_get_u32(motor[0]), dosecore_get_u32(motor[1]),
                                      dosecore_get_u32(motor[2]), dosecore_get_u32(motor[3])};
    const uint32_t length = (uint32_t)args[ARG_history].u_int;
    dosecore_obj_t *self = mp_obj_malloc(dosecore_obj_t, type);
    self->history = m_new(uint32_t, length);
    self->apart = 0;
    self->looked = 0u;
    self->agreed = 0u;
    self->steps = constants.steps_per_stroke;
    self->burst_us = motion_plan(&constants, self->period_us);
    const core_config_t config = {
        .stroke_nl = (uint32_t)args[ARG_stroke_nl].u_int,
        .concentration_u_per_ml = (uint32_t)args[ARG_concentration].u_int,
        .spacing_us = (uint32_t)args[ARG_spacing_us].u_int,
        .burst_us = self->burst_us,
        .history = self->history,
        .history_length = length,
    };
    if (!core_init(&self->core, dosecore_get_u64(args[ARG_now_us].u_obj), &config)) {
        mp_raise_ValueError(MP_ERROR_TEXT("core configuration out of range"));
    }
    return MP_OBJ_FROM_PTR(self);
}

static const mp_rom_map_elem_t core_locals_table[] = {
    {MP_ROM_QSTR(MP_QSTR_settle), MP_ROM_PTR(&dosecore_settle_obj)},
    {MP_ROM_QSTR(MP_QSTR_promise), MP_ROM_PTR(&dosecore_promise_obj)},
    {MP_ROM_QSTR(MP_QSTR_alive), MP_ROM_PTR(&dosecore_alive_obj)},
    {MP_ROM_QSTR(MP_QSTR_plan_basal), MP_ROM_PTR(&dosecore_plan_basal_obj)},
    {MP_ROM_QSTR(MP_QSTR_temp_basal), MP_ROM_PTR(&dosecore_temp_basal_obj)},
    {MP_ROM_QSTR(MP_QSTR_cancel_temp), MP_ROM_PTR(&dosecore_cancel_temp_obj)},
    {MP_ROM_QSTR(MP_QSTR_save), MP_ROM_PTR(&dosecore_save_obj)},
    {MP_ROM_QSTR(MP_QSTR_save_into), MP_ROM_PTR(&dosecore_save_into_obj)},
    {MP_ROM_QSTR(MP_QSTR_ticks), MP_ROM_PTR(&dosecore_ticks_obj)},
    {MP_ROM_QSTR(MP_QSTR_load), MP_ROM_PTR(&dosecore_load_obj)},
    {MP_ROM_QSTR(MP_QSTR_clear_fault), MP_ROM_PTR(&dosecore_clear_fault_obj)},
    {MP_ROM_QSTR(MP_QSTR_over), MP_ROM_PTR(&dosecore_over_obj)},
    {MP_ROM_QSTR(MP_QSTR_apart), MP_ROM_PTR(&dosecore_apart_obj)},
    {MP_ROM_QSTR(MP_QSTR_forgive), MP_ROM_PTR(&dosecore_forgive_obj)},
    {MP_ROM_QSTR(MP_QSTR_set_basal), MP_ROM_PTR(&dosecore_set_basal_obj)},
    {MP_ROM_QSTR(MP_QSTR_bolus), MP_ROM_PTR(&dosecore_bolus_obj)},
    {MP_ROM_QSTR(MP_QSTR_cancel_bolus), MP_ROM_PTR(&dosecore_cancel_bolus_obj)},
    {MP_ROM_QSTR(MP_QSTR_suspend), MP_ROM_PTR(&dosecore_suspend_obj)},
    {MP_ROM_QSTR(MP_QSTR_resume), MP_ROM_PTR(&dosecore_resume_obj)},
    {MP_ROM_QSTR(MP_QSTR_set_limits), MP_ROM_PTR(&dosecore_set_limits_obj)},
    {MP_ROM_QSTR(MP_QSTR_permit), MP_ROM_PTR(&dosecore_permit_obj)},
    {MP_ROM_QSTR(MP_QSTR_stop), MP_ROM_PTR(&dosecore_stop_obj)},
    {MP_ROM_QSTR(MP_QSTR_next_us), MP_ROM_PTR(&dosecore_next_us_obj)},
    {MP_ROM_QSTR(MP_QSTR_service), MP_ROM_PTR(&dosecore_service_obj)},
    {MP_ROM_QSTR(MP_QSTR_confirmed), MP_ROM_PTR(&dosecore_confirmed_obj)},
    {MP_ROM_QSTR(MP_QSTR_ended), MP_ROM_PTR(&dosecore_ended_obj)},
    {MP_ROM_QSTR(MP_QSTR_used), MP_ROM_PTR(&dosecore_used_obj)},
    {MP_ROM_QSTR(MP_QSTR_plan), MP_ROM_PTR(&dosecore_plan_obj)},
    {MP_ROM_QSTR(MP_QSTR_state), MP_ROM_PTR(&dosecore_state_obj)},
    {MP_ROM_QSTR(MP_QSTR_limits), MP_ROM_PTR(&dosecore_limits_obj)},
};
static MP_DEFINE_CONST_DICT(core_locals, core_locals_table);

static MP_DEFINE_CONST_OBJ_TYPE(dosecore_core_type, MP_QSTR_Core, MP_TYPE_FLAG_NONE, make_new, core_make_new,
                                locals_dict, &core_locals);

static const mp_rom_map_elem_t dosecore_globals_table[] = {
    {MP_ROM_QSTR(MP_QSTR___name__), MP_ROM_QSTR(MP_QSTR_dosecore)},
    {MP_ROM_QSTR(MP_QSTR_Core), MP_ROM_PTR(&dosecore_core_type)},
    {MP_ROM_QSTR(MP_QSTR_VERSION), MP_ROM_QSTR(MP_QSTR_2)},
    {MP_ROM_QSTR(MP_QSTR_STATE_BYTES), MP_ROM_INT(STATE_BYTES)},
};
static MP_DEFINE_CONST_DICT(dosecore_globals, dosecore_globals_table);

const mp_obj_module_t dosecore_module = {
    .base = {&mp_type_module},
    .globals = (mp_obj_dict_t *)&dosecore_globals,
};
MP_REGISTER_MODULE(MP_QSTR_dosecore, dosecore_module);
