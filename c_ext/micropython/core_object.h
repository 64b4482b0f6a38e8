// core_object.h: what the files of this binding share: the object of a dosecore.Core, and its methods.
#ifndef RELEVE_CORE_OBJECT_H
#define RELEVE_CORE_OBJECT_H

#include "../core/core.h"
#include "dosecore.h"
#include "py/obj.h"

typedef struct {
    mp_obj_base_t base;
    uint32_t *history;
    uint32_t steps;
    uint32_t burst_us;
    uint16_t period_us[MOTION_STEPS_MAX];
    int32_t apart;    // strokes ordered minus strokes seen, when last checked
    uint32_t looked;  // strokes ordered then
    uint32_t agreed;  // strokes in a row with that difference unchanged, each checked
    core_t core;
} dosecore_obj_t;

// One call of the core with its interrupt masked. Evaluate the arguments before: no exception may come in between.
#define MASKED(call)       \
    do {                   \
        dosecore_mask();   \
        call;              \
        dosecore_unmask(); \
    } while (0)

// A number of 32 bits from Python: raises ValueError for another.
uint32_t dosecore_get_u32(mp_obj_t object);

// A due time for Python. -1 stands for "never": it is a small int on every port.
mp_obj_t dosecore_new_due(uint64_t due_us);

extern const mp_obj_fun_builtin_fixed_t dosecore_settle_obj;
extern const mp_obj_fun_builtin_fixed_t dosecore_promise_obj;
extern const mp_obj_fun_builtin_fixed_t dosecore_alive_obj;
extern const mp_obj_fun_builtin_fixed_t dosecore_set_basal_obj;
extern const mp_obj_fun_builtin_var_t dosecore_plan_basal_obj;
extern const mp_obj_fun_builtin_var_t dosecore_temp_basal_obj;
extern const mp_obj_fun_builtin_fixed_t dosecore_cancel_temp_obj;
extern const mp_obj_fun_builtin_var_t dosecore_bolus_obj;
extern const mp_obj_fun_builtin_fixed_t dosecore_cancel_bolus_obj;
extern const mp_obj_fun_builtin_fixed_t dosecore_suspend_obj;
extern const mp_obj_fun_builtin_fixed_t dosecore_resume_obj;
extern const mp_obj_fun_builtin_var_t dosecore_set_limits_obj;
extern const mp_obj_fun_builtin_fixed_t dosecore_permit_obj;
extern const mp_obj_fun_builtin_fixed_t dosecore_stop_obj;
extern const mp_obj_fun_builtin_fixed_t dosecore_next_us_obj;
extern const mp_obj_fun_builtin_fixed_t dosecore_service_obj;
extern const mp_obj_fun_builtin_fixed_t dosecore_confirmed_obj;
extern const mp_obj_fun_builtin_fixed_t dosecore_ended_obj;
extern const mp_obj_fun_builtin_fixed_t dosecore_used_obj;
extern const mp_obj_fun_builtin_fixed_t dosecore_plan_obj;
extern const mp_obj_fun_builtin_fixed_t dosecore_save_obj;
extern const mp_obj_fun_builtin_fixed_t dosecore_save_into_obj;
extern const mp_obj_fun_builtin_fixed_t dosecore_ticks_obj;
extern const mp_obj_fun_builtin_fixed_t dosecore_load_obj;
extern const mp_obj_fun_builtin_var_t dosecore_state_obj;
extern const mp_obj_fun_builtin_fixed_t dosecore_clear_fault_obj;
extern const mp_obj_fun_builtin_fixed_t dosecore_apart_obj;
extern const mp_obj_fun_builtin_fixed_t dosecore_over_obj;
extern const mp_obj_fun_builtin_fixed_t dosecore_forgive_obj;
extern const mp_obj_fun_builtin_fixed_t dosecore_limits_obj;

#endif
